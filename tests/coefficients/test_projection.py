"""The projection against its definition: re-quantising in float64, by scipy's DCT, gives the file's coefficients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from made.pictures import coefficients_of, quantized, samples_of
from qgac.coefficients.blocks import blocks_to_channels, channels_to_blocks
from qgac.coefficients.projection import project

FACTORS = [(1, 1), (1, 2), (2, 1), (2, 2), (1, 4), (4, 4), (1, 3), (3, 1)]


def boxed(plane: np.ndarray, vertical: int, horizontal: int) -> np.ndarray:
    height, width = plane.shape
    return plane.reshape(height // vertical, vertical, width // horizontal, horizontal).mean((1, 3))


def known_part(channels: torch.Tensor, factors: tuple[int, int]) -> np.ndarray:
    """Coefficients (64, h, w) -> blocks of the box-downsampled plane, in float64."""
    return coefficients_of(boxed(samples_of(channels_to_blocks(channels).double().numpy()), *factors))


def as_channels(blocks: np.ndarray) -> torch.Tensor:
    return blocks_to_channels(torch.from_numpy(blocks.astype(np.float32)))[None]


def as_table(table: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(table.astype(np.float32))[None]


@pytest.mark.parametrize("factors", FACTORS)
@pytest.mark.parametrize("strength", [0.1, 3.0, 100.0])
def test_requantising_gives_the_levels_back(factors: tuple[int, int], strength: float) -> None:
    generator = np.random.default_rng(1)
    table = generator.integers(1, 256, (8, 8))
    levels = np.round(generator.normal(0, 3, (3, 2, 8, 8)))
    restored = generator.normal(0, strength * 50, (64, 3 * factors[0], 2 * factors[1])).astype(np.float32)
    result = project(torch.from_numpy(restored)[None], as_channels(levels * table), as_table(table), factors)[0]
    np.testing.assert_array_equal(quantized(known_part(result, factors), table), levels)


@pytest.mark.parametrize("step", [1, 3, 255, 65535])
@pytest.mark.parametrize("level", [0, 1, 1023, 2047, 32767])
@pytest.mark.parametrize("push", [-1e9, 1e9])
def test_extreme_levels_and_steps_survive_float32(step: int, level: int, push: float) -> None:
    for levels in (np.full((1, 1, 8, 8), level), np.full((1, 1, 8, 8), -level)):
        table = np.full((8, 8), step)
        decoded = as_channels(levels * table)
        result = project(decoded + push, decoded, as_table(table))
        assert result.dtype == torch.float32
        requantized = quantized(channels_to_blocks(result[0]).numpy(), table.astype(np.float32))
        np.testing.assert_array_equal(requantized, levels)


@pytest.mark.parametrize("step", [1, 65535])
@pytest.mark.parametrize("factors", [(2, 2), (1, 2)])
def test_extreme_levels_survive_in_subsampled_planes(step: int, factors: tuple[int, int]) -> None:
    generator = np.random.default_rng(2)
    # The largest that an 8-bit picture can hold: a DC of 8 * 128, AC in proportion.
    levels = generator.choice([-1023, 0, 1023], (3, 3, 8, 8)) * (np.add.outer(np.arange(8), np.arange(8)) == 0)
    levels += generator.integers(-100, 101, levels.shape)
    table = np.full((8, 8), step)
    restored = generator.normal(0, 300 * step, (1, 64, 3 * factors[0], 3 * factors[1])).astype(np.float32)
    result = project(torch.from_numpy(restored), as_channels(levels * table), as_table(table), factors)[0]
    np.testing.assert_array_equal(quantized(known_part(result, factors), table), levels)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), factors=st.sampled_from(FACTORS), strength=st.floats(0.01, 20))
def test_never_further_from_the_truth(seed: int, factors: tuple[int, int], strength: float) -> None:
    generator = np.random.default_rng(seed)
    table = generator.integers(1, 100, (8, 8))
    truth = generator.normal(0, 40, (64, 2 * factors[0], factors[1]))
    levels = quantized(known_part(torch.from_numpy(truth), factors), table)
    restored = truth + generator.normal(0, strength * 20, truth.shape)
    result = project(
        torch.from_numpy(restored)[None],
        blocks_to_channels(torch.from_numpy(levels * table))[None],
        torch.from_numpy(table.astype(np.float64))[None],
        factors,
    )[0].numpy()
    before, after = np.square(restored - truth).sum(), np.square(result - truth).sum()
    # A truth within 1/256 step of the end of its interval lies just outside of the one that is clamped to.
    slack = np.square(table / 256).sum() * levels[..., 0, 0].size * factors[0] * factors[1]
    assert after <= before + slack


@pytest.mark.parametrize("factors", FACTORS)
def test_projecting_twice_changes_nothing(factors: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(3)
    decoded = torch.randn(1, 64, 2, 3, generator=generator, dtype=torch.float64) * 30
    restored = torch.randn(1, 64, 2 * factors[0], 3 * factors[1], generator=generator, dtype=torch.float64) * 90
    table = torch.full((1, 8, 8), 10.0, dtype=torch.float64)
    once = project(restored, decoded, table, factors)
    assert not torch.allclose(once, restored)
    torch.testing.assert_close(project(once, decoded, table, factors), once, rtol=0, atol=1e-9)


@pytest.mark.parametrize("factors", FACTORS)
def test_what_agrees_with_the_file_is_left_alone(factors: tuple[int, int]) -> None:
    generator = np.random.default_rng(4)
    restored = generator.normal(0, 50, (64, 2 * factors[0], 3 * factors[1]))
    table = np.full((8, 8), 7)
    decoded = known_part(torch.from_numpy(restored), factors) + generator.uniform(-3.4, 3.4, (2, 3, 8, 8))
    result = project(torch.from_numpy(restored)[None], as_channels(decoded).double(), as_table(table).double(), factors)
    np.testing.assert_allclose(result[0].numpy(), restored, atol=1e-9)


@pytest.mark.parametrize("factors", FACTORS)
def test_the_box_mean_of_the_result_is_the_clamped_box_mean(factors: tuple[int, int]) -> None:
    generator = np.random.default_rng(5)
    restored = generator.normal(0, 80, (64, 2 * factors[0], 2 * factors[1]))
    decoded, table = generator.normal(0, 40, (2, 2, 8, 8)), generator.integers(1, 60, (8, 8))
    result = project(
        torch.from_numpy(restored)[None],
        blocks_to_channels(torch.from_numpy(decoded))[None],
        torch.from_numpy(table.astype(np.float64))[None],
        factors,
    )[0]
    half = table * (0.5 - 1 / 256)
    expected = known_part(torch.from_numpy(restored), factors).clip(decoded - half, decoded + half)
    np.testing.assert_allclose(known_part(result, factors), expected, atol=1e-9)


@pytest.mark.parametrize("factors", [(1, 1), (1, 2), (2, 2)])
def test_planes_together_are_each_plane_with_its_own_table(factors: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(6)
    restored = torch.randn(2, 2, 64, 2 * factors[0], 2 * factors[1], generator=generator) * 90
    decoded = torch.randn(2, 2, 64, 2, 2, generator=generator) * 30
    tables = torch.randint(1, 50, (2, 2, 8, 8), generator=generator).float()
    result = project(restored, decoded, tables, factors)
    for plane in range(2):
        alone = project(restored[:, plane], decoded[:, plane], tables[:, plane], factors)
        torch.testing.assert_close(result[:, plane], alone, rtol=0, atol=1e-4)
    assert result.shape == restored.shape
