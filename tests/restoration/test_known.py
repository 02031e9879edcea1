"""The projection in NumPy: re-quantising by SciPy's DCT gives the file's levels; and it is equal to PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from made.pictures import coefficients_of, quantized, samples_of
from qgac.coefficients import dct as differentiable
from qgac.coefficients.projection import project
from qgac.restoration import transform
from qgac.restoration.known import KnownPlane

FACTORS = [(1, 1), (1, 2), (2, 1), (2, 2), (1, 4), (4, 4), (1, 3), (3, 1)]


def channels(blocks: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(blocks).permute(2, 0, 1)[None]


def boxed(plane: np.ndarray, vertical: int, horizontal: int) -> np.ndarray:
    height, width = plane.shape
    return plane.reshape(height // vertical, vertical, width // horizontal, horizontal).mean((1, 3))


def known_part(blocks: np.ndarray, factors: tuple[int, int]) -> np.ndarray:
    """Coefficients (rows, columns, 64) -> blocks of the box-downsampled plane, in float64."""
    return coefficients_of(boxed(samples_of(blocks.reshape(*blocks.shape[:2], 8, 8).astype(float)), *factors))


@pytest.mark.parametrize("factors", FACTORS)
@pytest.mark.parametrize("strength", [0.1, 3.0, 100.0])
def test_requantising_gives_the_levels_back(factors: tuple[int, int], strength: float) -> None:
    generator = np.random.default_rng(1)
    table = generator.integers(1, 256, (8, 8))
    levels = np.round(generator.normal(0, 3, (3, 2, 8, 8)))
    restored = generator.normal(0, strength * 50, (3 * factors[0], 2 * factors[1], 64)).astype(np.float32)
    decoded = (levels * table).reshape(3, 2, 64).astype(np.float32)
    plane = KnownPlane(decoded, table.reshape(64).astype(np.float32), factors)
    result = plane.project(restored.copy())
    np.testing.assert_array_equal(quantized(known_part(result, factors), table), levels)
    steps = torch.from_numpy(table.astype(np.float32))[None]
    same = project(channels(restored), channels(decoded), steps, factors)[0].permute(1, 2, 0)
    np.testing.assert_allclose(result, same.numpy(), rtol=0, atol=5e-6 * (1000 + np.abs(restored).max()))


@pytest.mark.parametrize("step", [1, 3, 255, 65535])
@pytest.mark.parametrize("level", [0, 1, -1023, 2047, 32767])
@pytest.mark.parametrize("push", [-1e9, 1e9])
def test_extreme_levels_and_steps_survive_float32(step: int, level: int, push: float) -> None:
    table = np.full(64, step, np.float32)
    decoded = np.full((1, 1, 64), level * step, np.float32)
    result = KnownPlane(decoded, table).project(decoded + np.float32(push))
    assert result.dtype == np.float32
    np.testing.assert_array_equal(quantized(result, table), level)


@pytest.mark.parametrize("factors", FACTORS)
def test_transforms_are_those_of_the_networks(factors: tuple[int, int]) -> None:
    blocks = np.random.default_rng(2).normal(0, 50, (2 * factors[0], 3 * factors[1], 64)).astype(np.float32)
    samples = transform.idct(blocks)
    np.testing.assert_allclose(samples, samples_of(blocks.reshape(*blocks.shape[:2], 8, 8)), rtol=0, atol=2e-4)
    np.testing.assert_allclose(transform.dct(samples), blocks, rtol=0, atol=2e-4)
    for own, others in (
        (transform.shrink_box, differentiable.shrink_box),
        (transform.double_nearest, differentiable.double_nearest),
    ):
        expected = others(channels(blocks), *factors)[0].permute(1, 2, 0).numpy()
        np.testing.assert_allclose(own(blocks, *factors), expected, rtol=0, atol=1e-3)
