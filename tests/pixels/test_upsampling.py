from __future__ import annotations

import numpy as np
import pytest

from made.pictures import S420, S422, S440, Sampling, make_image
from qgac.pixels.upsampling import doubled, halved, repeated
from render import upsample


def sample_plane() -> np.ndarray:
    rows, columns = np.mgrid[:30, :40]
    noise = np.random.default_rng(0).normal(0, 9, rows.shape)
    plane: np.ndarray = np.rint(120 + 40 * np.sin(rows / 5) * np.cos(columns / 4) + noise).clip(0, 255)
    return plane


@pytest.mark.parametrize(("samplings", "factors"), [(S420, (2, 2)), (S422, (1, 2)), (S440, (2, 1))])
def test_what_libjpeg_upsamples_comes_back(samplings: list[Sampling], factors: tuple[int, int]) -> None:
    plane = sample_plane()
    image = make_image(40 * factors[1], 30 * factors[0], samplings)
    wide = upsample(plane.astype(np.uint8), image.components[1], image).astype(np.float32)
    # Its errors have the variance of rounding, 1/12, so that one in twelve is above a half.
    assert (np.rint(halved(wide, *factors)) == plane).mean() > 0.9
    assert np.abs(halved(wide, *factors) - plane).max() < 1.5
    assert np.abs(doubled(plane.astype(np.float32), *factors) - wide).max() <= 0.75


@pytest.mark.parametrize("factors", [(2, 2), (1, 2), (2, 1)])
def test_halving_undoes_doubling(factors: tuple[int, int]) -> None:
    plane = sample_plane().astype(np.float32)
    assert np.allclose(halved(doubled(plane, *factors), *factors), plane, atol=0.01)


def test_repetition_is_told_from_interpolation() -> None:
    plane = sample_plane().astype(np.float32)
    assert repeated(plane.repeat(2, 0).repeat(2, 1), 2, 2)
    assert not repeated(doubled(plane, 2, 2), 2, 2)
