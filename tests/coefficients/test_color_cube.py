"""The range of samples against what is claimed of it: no larger error, nothing against the file, no needless change."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from made.pictures import coefficients_of, photo, quantized, samples_of
from qgac.coefficients.blocks import blocks_to_channels
from qgac.coefficients.color import rgb_to_ycbcr, ycbcr_to_rgb
from qgac.coefficients.color_cube import RGB_OF_YCBCR, SAMPLE, KnownPlane, keep_range
from qgac.coefficients.dct import dct, idct
from qgac.coefficients.projection import project

FACTORS = [(1, 1), (1, 2), (2, 1), (2, 2), (1, 4), (4, 4), (1, 3)]


def boxed(plane: NDArray[np.float64], vertical: int, horizontal: int) -> NDArray[np.float64]:
    height, width = plane.shape
    return plane.reshape(height // vertical, vertical, width // horizontal, horizontal).mean((1, 3))


def known(plane: NDArray[np.float64], table: NDArray[np.int64], factors: tuple[int, int]) -> KnownPlane:
    """What a file would say about a plane of samples around zero."""
    levels = quantized(coefficients_of(boxed(plane, *factors)), table)
    return KnownPlane(
        blocks_to_channels(torch.from_numpy(levels * table))[None], torch.from_numpy(table.astype(float))[None], factors
    )


def levels_of(samples: torch.Tensor, plane: KnownPlane) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Levels of restored samples, and of the file."""
    table = plane.table[0].numpy()
    own = quantized(coefficients_of(boxed(samples.double().numpy(), *plane.factors)), table)
    return own, np.moveaxis(plane.decoded[0].double().numpy(), 0, -1).reshape(own.shape) / table


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
    truth = rgb_to_ycbcr(torch.from_numpy(extreme_colors(generator, height, width))).numpy() - 128
    # Beyond the picture there may be anything, out of any range.
    truth[:, size[0] :] = generator.normal(0, 300, truth[:, size[0] :].shape)
    truth[:, :, size[1] :] = generator.normal(0, 300, truth[:, :, size[1] :].shape)
    planes = [
        known(plane, generator.integers(1, steps, (8, 8)), own)
        for plane, own in zip(truth, ((1, 1), factors, factors), strict=True)
    ]
    restored = torch.from_numpy(truth + generator.normal(0, noise, truth.shape))
    for index, plane in enumerate(planes):
        restored[index] = idct(project(dct(restored[index][None]), plane.decoded, plane.table, plane.factors))[0]
    result = keep_range(restored.clone(), planes, size, bounded=RGB_OF_YCBCR).numpy()
    before, after = np.square(restored.numpy() - truth).sum(), np.square(result - truth).sum()
    # A truth within 1/256 step of the end of its interval lies just outside of the one that is clamped to.
    slack = sum(
        float(p.table.square().sum()) / 256**2 * p.decoded[0, 0].numel() * p.factors[0] * p.factors[1] for p in planes
    )
    assert after <= before + slack


@pytest.mark.parametrize("factors", FACTORS)
@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_requantising_gives_the_levels_back(factors: tuple[int, int], kind: torch.dtype) -> None:
    generator = np.random.default_rng(3)
    truth = rgb_to_ycbcr(torch.from_numpy(extreme_colors(generator, 16 * factors[0], 24 * factors[1]))).numpy() - 128
    table = generator.integers(3, 60, (8, 8))
    planes = [known(plane, table, own) for plane, own in zip(truth, ((1, 1), factors, factors), strict=True)]
    planes = [KnownPlane(p.decoded.to(kind), p.table.to(kind), p.factors) for p in planes]
    wild = torch.from_numpy(truth + generator.normal(0, 200, truth.shape)).to(kind)
    result = keep_range(wild, planes, truth.shape[1:], bounded=RGB_OF_YCBCR)
    for plane, samples in zip(planes, result, strict=True):
        np.testing.assert_array_equal(*levels_of(samples, plane))


@pytest.mark.parametrize("factors", [(1, 1), (2, 2)])
def test_ringing_beyond_white_and_black_is_mended(factors: tuple[int, int]) -> None:
    rgb = np.where(photo(64, 96)[..., :1] > 120, 255.0, 0.0).repeat(3, 2).transpose(2, 0, 1)
    truth = rgb_to_ycbcr(torch.from_numpy(rgb)).numpy() - 128
    planes = [known(p, np.full((8, 8), 24), own) for p, own in zip(truth, ((1, 1), factors, factors), strict=True)]
    decoded = torch.stack([torch.from_numpy(samples_of(_blocks(p))).kron(torch.ones(p.factors)) for p in planes])
    result = keep_range(decoded.clone(), planes, (64, 96), bounded=RGB_OF_YCBCR)

    def error(samples: torch.Tensor) -> float:
        return float((ycbcr_to_rgb(samples + 128).clamp(0, 255) - torch.from_numpy(rgb)).square().mean())

    assert error(result) < 0.9 * error(decoded)


def _blocks(plane: KnownPlane) -> NDArray[np.float64]:
    channels = plane.decoded[0].numpy()
    return np.moveaxis(channels, 0, -1).reshape(*channels.shape[1:], 8, 8)


def test_only_mcus_that_leave_the_range_change() -> None:
    samples = torch.zeros(3, 32, 48)
    samples[0, 3, 4] = 140  # in the first MCU
    samples[1, 20, 40] = 90  # a blue beyond 255 in the last one
    samples[0, 20, 40] = 60
    planes = [
        KnownPlane(torch.zeros(1, 64, 4 // v, 6 // u), torch.full((1, 8, 8), 400.0), (v, u))
        for v, u in ((1, 1), (2, 2), (2, 2))
    ]
    result = keep_range(samples.clone(), planes, (32, 48), bounded=RGB_OF_YCBCR)
    changed = (result != samples).any(0)
    assert changed[:16, :16].any()
    assert changed[16:, 32:].any()
    changed[:16, :16] = changed[16:, 32:] = False
    assert not changed.any()
    rgb = ycbcr_to_rgb(result + 128)
    assert rgb.max() < 257.5  # two levels are left to the rounding of pixels
    # Nothing is known beyond the picture.
    untouched = keep_range(samples.clone(), planes, (3, 48), bounded=RGB_OF_YCBCR)
    assert torch.equal(untouched, samples)


def test_a_plane_alone_keeps_to_bytes() -> None:
    generator = np.random.default_rng(5)
    truth = extreme_colors(generator, 24, 40)[0] - 128
    plane = known(truth, np.full((8, 8), 40), (1, 1))
    decoded = torch.from_numpy(samples_of(_blocks(plane)))
    result = keep_range(decoded[None].clone(), [plane], (24, 40), bounded=SAMPLE)[0]
    assert np.square(result.numpy() - truth).sum() < np.square(decoded.numpy() - truth).sum()
    np.testing.assert_array_equal(*levels_of(result, plane))
