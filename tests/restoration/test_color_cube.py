"""The range of samples against what is claimed of it: no larger error, nothing against the file, no needless change."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from made.pictures import coefficients_of, photo, quantized, samples_of
from qgac.coefficients.color import rgb_to_ycbcr, ycbcr_to_rgb
from qgac.coefficients.sample_range import RGB_OF_YCBCR, SAMPLE
from qgac.restoration.color_cube import keep_range
from qgac.restoration.known import KnownPlane
from qgac.restoration.transform import dct, idct

FACTORS = [(1, 1), (1, 2), (2, 1), (2, 2), (1, 4), (4, 4), (1, 3)]


def boxed(plane: NDArray[np.float64], vertical: int, horizontal: int) -> NDArray[np.float64]:
    height, width = plane.shape
    return plane.reshape(height // vertical, vertical, width // horizontal, horizontal).mean((1, 3))


def known(plane: NDArray[np.float64], table: NDArray[np.int64], factors: tuple[int, int]) -> KnownPlane:
    """What a file would say about a plane of samples around zero."""
    levels = quantized(coefficients_of(boxed(plane, *factors)), table)
    decoded = (levels * table).reshape(*levels.shape[:2], 64)
    return KnownPlane(decoded.astype(np.float32), table.astype(np.float32).reshape(64), factors)


def levels_of(samples: NDArray[np.float32], plane: KnownPlane) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Levels of restored samples, and of the file."""
    table = plane.table.reshape(8, 8).astype(float)
    own = quantized(coefficients_of(boxed(samples.astype(float), *plane.factors)), table)
    return own, plane.decoded.reshape(own.shape) / table


def ycbcr_of(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    ycbcr: NDArray[np.float64] = rgb_to_ycbcr(torch.from_numpy(rgb)).numpy() - 128
    return ycbcr


def rgb_of(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    rgb: NDArray[np.float32] = ycbcr_to_rgb(torch.from_numpy(samples + 128)).numpy()
    return rgb


def extreme_colors(generator: np.random.Generator, height: int, width: int) -> NDArray[np.float64]:
    """RGB with much of it at the ends of the range: (3, H, W)."""
    coarse = generator.integers(-80, 336, (3, -(-height // 3), -(-width // 3))).repeat(3, 1).repeat(3, 2)
    return (coarse[:, :height, :width] + generator.normal(0, 8, (3, height, width))).clip(0, 255)


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    factors=st.sampled_from(FACTORS),
    noise=st.floats(0.1, 60),
    steps=st.integers(2, 120),
    beyond=st.tuples(st.integers(0, 15), st.integers(0, 15)),
)
def test_never_further_from_the_truth_in_y_cb_and_cr(
    seed: int, factors: tuple[int, int], noise: float, steps: int, beyond: tuple[int, int]
) -> None:
    generator = np.random.default_rng(seed)
    height, width = 16 * factors[0], 16 * factors[1]
    size = height - beyond[0], width - beyond[1]
    truth = ycbcr_of(extreme_colors(generator, height, width))
    # Beyond the picture there may be anything, out of any range.
    truth[:, size[0] :] = generator.normal(0, 300, truth[:, size[0] :].shape)
    truth[:, :, size[1] :] = generator.normal(0, 300, truth[:, :, size[1] :].shape)
    planes = [
        known(plane, generator.integers(1, steps, (8, 8)), own)
        for plane, own in zip(truth, ((1, 1), factors, factors), strict=True)
    ]
    restored = (truth + generator.normal(0, noise, truth.shape)).astype(np.float32)
    for samples, plane in zip(restored, planes, strict=True):
        samples[...] = idct(plane.project(dct(samples)))
    result = keep_range(restored.copy(), planes, size, bounded=RGB_OF_YCBCR)
    before, after = np.square(restored - truth).sum(), np.square(result - truth).sum()
    # A truth within 1/256 step of the end of its interval lies just outside of the one that is clamped to.
    slack = sum(
        float(np.square(p.table).sum()) / 256**2 * p.decoded[..., 0].size * p.factors[0] * p.factors[1] for p in planes
    )
    assert after <= before * (1 + 1e-5) + slack


@pytest.mark.parametrize("factors", FACTORS)
def test_requantising_gives_the_levels_back(factors: tuple[int, int]) -> None:
    generator = np.random.default_rng(3)
    truth = ycbcr_of(extreme_colors(generator, 16 * factors[0], 24 * factors[1]))
    table = generator.integers(3, 60, (8, 8))
    planes = [known(plane, table, own) for plane, own in zip(truth, ((1, 1), factors, factors), strict=True)]
    wild = (truth + generator.normal(0, 200, truth.shape)).astype(np.float32)
    result = keep_range(wild, planes, truth.shape[1:], bounded=RGB_OF_YCBCR)
    for plane, samples in zip(planes, result, strict=True):
        np.testing.assert_array_equal(*levels_of(samples, plane))


@pytest.mark.parametrize("factors", [(1, 1), (2, 2)])
def test_ringing_beyond_white_and_black_is_mended(factors: tuple[int, int]) -> None:
    rgb = np.where(photo(64, 96)[..., :1] > 120, 255.0, 0.0).repeat(3, 2).transpose(2, 0, 1)
    truth = ycbcr_of(rgb)
    planes = [known(p, np.full((8, 8), 24), own) for p, own in zip(truth, ((1, 1), factors, factors), strict=True)]
    decoded = np.stack([np.kron(samples_of(_blocks(p)), np.ones(p.factors)) for p in planes]).astype(np.float32)
    result = keep_range(decoded.copy(), planes, (64, 96), bounded=RGB_OF_YCBCR)

    def error(samples: NDArray[np.float32]) -> float:
        return float(np.square(rgb_of(samples).clip(0, 255) - rgb).mean())

    assert error(result) < 0.9 * error(decoded)


def _blocks(plane: KnownPlane) -> NDArray[np.float64]:
    return plane.decoded.reshape(*plane.decoded.shape[:2], 8, 8).astype(float)


def test_only_mcus_that_leave_the_range_change() -> None:
    samples = np.zeros((3, 32, 48), np.float32)
    samples[0, 3, 4] = 140  # in the first MCU
    samples[1, 20, 40] = 90  # a blue beyond 255 in the last one
    samples[0, 20, 40] = 60
    planes = [
        KnownPlane(np.zeros((4 // v, 6 // u, 64), np.float32), np.full(64, 400, np.float32), (v, u))
        for v, u in ((1, 1), (2, 2), (2, 2))
    ]
    result = keep_range(samples.copy(), planes, (32, 48), bounded=RGB_OF_YCBCR)
    changed = (result != samples).any(0)
    assert changed[:16, :16].any()
    assert changed[16:, 32:].any()
    changed[:16, :16] = changed[16:, 32:] = False
    assert not changed.any()
    assert rgb_of(result).max() < 257.5  # two levels are left to the rounding of pixels
    # Nothing is known beyond the picture.
    untouched = keep_range(samples.copy(), planes, (3, 48), bounded=RGB_OF_YCBCR)
    np.testing.assert_array_equal(untouched, samples)


def test_a_plane_alone_keeps_to_bytes() -> None:
    generator = np.random.default_rng(5)
    truth = extreme_colors(generator, 24, 40)[0] - 128
    plane = known(truth, np.full((8, 8), 40), (1, 1))
    decoded = samples_of(_blocks(plane)).astype(np.float32)
    result = keep_range(decoded[None].copy(), [plane], (24, 40), bounded=SAMPLE)[0]
    assert np.square(result - truth).sum() < np.square(decoded - truth).sum()
    np.testing.assert_array_equal(*levels_of(result, plane))
