"""The local linear model against its definition, window by window, and what it is for: chroma that follows Y."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from made.networks import EVERY_SAMPLING, tiny_network
from made.pictures import photo
from qgac.coefficients.blocks import interleave_maps, separate_maps
from qgac.coefficients.color import rgb_to_ycbcr
from qgac.coefficients.dct import dct, idct, shrink_box
from qgac.models.guided_chroma import REACH, TRUST_REACH, guided, mixed, trust

FACTORS = [(2, 2), (1, 2), (2, 1)]


def boxed(plane: np.ndarray, vertical: int, horizontal: int) -> np.ndarray:
    height, width = plane.shape
    return plane.reshape(height // vertical, vertical, width // horizontal, horizontal).mean((1, 3))


def windows(plane: np.ndarray) -> np.ndarray:
    """All windows of 3x3, one in the middle of which each sample is; what is at the ends is repeated beyond them."""
    return np.lib.stride_tricks.sliding_window_view(np.pad(plane, 1, mode="edge"), (3, 3))


def stretched(plane: np.ndarray, factor: int, axis: int) -> np.ndarray:
    positions = ((np.arange(factor * plane.shape[axis]) + 0.5) / factor - 0.5).clip(0, plane.shape[axis] - 1)
    known = np.arange(plane.shape[axis])
    return np.apply_along_axis(lambda line: np.interp(positions, known, line), axis, plane)


def samples(shape: tuple[int, ...], seed: int = 0) -> torch.Tensor:
    return 40 * torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("factors", FACTORS)
def test_it_is_a_linear_fit_in_every_window(factors: tuple[int, int]) -> None:
    y, chroma = samples((1, 1, 6 * factors[0], 7 * factors[1])), samples((1, 1, 6, 7), 1)
    full, small = y[0, 0].numpy(), chroma[0, 0].numpy()
    coarse = boxed(full, *factors)
    slope, offset = np.empty_like(small), np.empty_like(small)
    for r, c in np.ndindex(*small.shape):
        of_y, of_chroma = windows(coarse)[r, c], windows(small)[r, c]
        slope[r, c] = np.cov(of_y.ravel(), of_chroma.ravel(), bias=True)[0, 1] / (of_y.var() + 1)
        offset[r, c] = of_chroma.mean() - slope[r, c] * of_y.mean()
    averages = (windows(plane).mean((2, 3)) for plane in (slope, offset))
    slope, offset = (stretched(stretched(plane, factors[0], 0), factors[1], 1) for plane in averages)
    expected = slope * full + offset
    expected += np.kron(small - boxed(expected, *factors), np.ones(factors))
    np.testing.assert_allclose(guided(y, chroma, factors)[0, 0].numpy(), expected, atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), factors=st.sampled_from(FACTORS))
def test_means_over_boxes_stay(seed: int, factors: tuple[int, int]) -> None:
    y, chroma = samples((2, 1, 8 * factors[0], 8 * factors[1]), seed), samples((2, 2, 8, 8), seed + 1)
    result = guided(y, chroma, factors).numpy()
    means = [[boxed(plane, *factors) for plane in pictures] for pictures in result]
    np.testing.assert_allclose(means, chroma.numpy(), atol=1e-9)


def picture() -> torch.Tensor:
    return rgb_to_ycbcr(torch.from_numpy(photo(96, 96).transpose(2, 0, 1).astype(float))) - 128


@pytest.mark.parametrize("factors", FACTORS)
def test_chroma_that_follows_y_is_found_and_trusted(factors: tuple[int, int]) -> None:
    y = picture()[None, :1]
    chroma = torch.cat((0.5 * y + 3, 20 - 0.3 * y), 1)
    small = torch.nn.functional.avg_pool2d(chroma, factors)
    repeated = small.repeat_interleave(factors[0], 2).repeat_interleave(factors[1], 3)
    found = guided(y, small, factors)
    assert (found - chroma).square().mean() < 0.02 * (repeated - chroma).square().mean()
    assert trust(y, small, torch.full((1, 2, 1, 1), 0.1), factors).median() > 0.9


def test_chroma_that_does_not_follow_y_is_not() -> None:
    y = picture()[None, :1]
    smooth = torch.linspace(-60, 60, 48, dtype=y.dtype) + 0.02 * samples((1, 1, 48, 48), 3)
    assert trust(y, smooth, torch.full((1, 1, 1, 1), 0.1), (2, 2)).median() < 0.45
    # Where nothing can be told from the noise, neither is better.
    unknown = trust(y, smooth, torch.full((1, 1, 1, 1), 1e6), (2, 2))
    torch.testing.assert_close(unknown, torch.full_like(unknown, 0.5), rtol=0, atol=1e-3)


@pytest.mark.parametrize("factors", FACTORS)
@pytest.mark.parametrize(("function", "reach"), [("guided", REACH), ("trust", TRUST_REACH)])
def test_stated_reach_is_the_true_one(function: str, reach: int, factors: tuple[int, int]) -> None:
    side, middle = 2 * reach + 12, reach + 6
    y = samples((1, 1, side * factors[0], side * factors[1])).requires_grad_()
    chroma = samples((1, 1, side, side), 1).requires_grad_()
    noise = torch.ones(1, 1, 1, 1, dtype=y.dtype)
    farthest = 0
    result = guided(y, chroma, factors) if function == "guided" else trust(y, chroma, noise, factors)
    for shift in range(2):  # a box may lie left or right in the one it is part of a scale lower
        for v, u in np.ndindex(*factors):
            pixel = result[0, 0, (middle + shift) * factors[0] + v, (middle + shift) * factors[1] + u]
            gradients = torch.autograd.grad(pixel, (y, chroma), retain_graph=True)
            for gradient, size in zip(gradients, (factors, (1, 1)), strict=True):
                touched = gradient[0, 0].nonzero() // torch.tensor(size)
                farthest = max(farthest, int((touched - middle - shift).abs().max()))
    assert farthest == reach


def test_the_mixture_goes_from_one_to_the_other() -> None:
    y, restored = samples((1, 1, 16, 16)), samples((1, 2, 16, 16), 1)
    change = samples((1, 2, 16, 16), 2)
    half, none = torch.full_like(restored, 0.5), torch.zeros_like(restored)
    model = guided(y, torch.nn.functional.avg_pool2d(restored, 2), (2, 2))

    def mix(doubt: float, changed: torch.Tensor = none) -> torch.Tensor:
        return mixed(y, restored, half, changed, none + doubt, (2, 2))

    torch.testing.assert_close(mix(0), (model + restored) / 2)
    torch.testing.assert_close(mix(-40), restored)
    torch.testing.assert_close(mix(40), model)
    torch.testing.assert_close(mix(40, change), model + change)


@pytest.mark.parametrize("factors", EVERY_SAMPLING)
@torch.no_grad()
def test_a_network_that_has_learned_nothing_leaves_means_over_boxes(factors: tuple[int, int]) -> None:
    ycbcr = picture()[:, : 48 * factors[0], : 48 * factors[1]].float()
    y = dct(ycbcr[None, 0])
    chroma = shrink_box(dct(ycbcr[None, 1:]), *factors)
    tables = torch.full((1, 2, 8, 8), 4.0)
    restored = tiny_network(strength=0, guided=True).restore_chroma(
        interleave_maps(chroma), tables, y, tables[:, 0], factors
    )
    planes = separate_maps(restored, 2)
    torch.testing.assert_close(shrink_box(planes, *factors), chroma, rtol=0, atol=0.5)
    if factors != (1, 1):
        plain = dct(idct(chroma).repeat_interleave(factors[0], -2).repeat_interleave(factors[1], -1))
        errors = [(candidate - dct(ycbcr[None, 1:])).square().mean() for candidate in (planes, plain)]
        assert errors[0] < 0.95 * errors[1]
