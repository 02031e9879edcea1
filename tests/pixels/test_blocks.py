from __future__ import annotations

import numpy as np

from made.pictures import blocks_of, coefficients_of
from qgac.coefficients.block_dct import blocks_at, plane_of, transform, transform_back
from qgac.pixels.blocks import known_blocks, telling, windows


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(-128, 128, shape).astype(np.float32)


def test_blocks_are_those_of_the_plane_at_any_offset_and_go_back() -> None:
    plane = noise(35, 42)
    blocks = blocks_at(plane, 3, 5)
    assert np.array_equal(blocks.reshape(4, 4, 8, 8), blocks_of(plane[3:, 5:37]))
    assert np.array_equal(plane_of(blocks), plane[3:, 5:37])


def test_the_transform_is_scipys() -> None:
    plane = noise(16, 24)
    coefficients = transform(blocks_at(plane, 0, 0))
    assert np.allclose(coefficients.reshape(2, 3, 8, 8), coefficients_of(plane), atol=1e-3)
    assert np.allclose(transform_back(coefficients), blocks_at(plane, 0, 0), atol=1e-3)


def test_blocks_with_unknown_samples_are_left_out() -> None:
    plane = noise(16, 16)
    unknown = np.zeros((16, 16), bool)
    unknown[3, 12] = True
    assert np.array_equal(known_blocks(plane, unknown, 0, 0), np.delete(blocks_at(plane, 0, 0).reshape(-1, 64), 1, 0))


def test_blocks_tell_once_and_by_how_many_samples_share_an_error() -> None:
    textured, column, row = noise(64), np.tile(noise(8), 8), np.repeat(noise(8), 8)
    flat = np.full(64, 3, np.float32)
    blocks = np.stack([textured, flat, column, textured + 4, row, flat, column - 1, flat + 1]).astype(np.float32)
    both, one, none = (set(kind.tolist()) for kind in telling(blocks))
    assert both in ({0}, {3})
    assert len(one) == 2
    assert one & {4}
    assert none in ({1, 7}, {5, 7})


def test_windows_are_aligned_spread_and_within_the_picture() -> None:
    assert list(windows((300, 200), 60_000)) == [(slice(0, 300), slice(0, 200))]
    parts = list(windows((3000, 4000), 200_000))
    assert 100_000 < sum((rows.stop - rows.start) * (columns.stop - columns.start) for rows, columns in parts) < 250_000
    assert all(rows.start % 16 == columns.start % 16 == 0 for rows, columns in parts)
    assert max(rows.stop for rows, _ in parts) > 2900
    assert max(columns.stop for _, columns in parts) > 3900
