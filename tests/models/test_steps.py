"""The two steps against the algorithm written out: samples repeated and averaged by NumPy, transformed by SciPy."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
import torch

from made.networks import tiny_network
from made.pictures import coefficients_of, quantized, samples_of
from qgac.coefficients.blocks import blocks_to_channels, channels_to_blocks
from qgac.models import steps

HALF = 0.5 - 1 / 256  # steps, on either side of the decoded coefficient

FACTORS = [(1, 1), (2, 2), (1, 2), (2, 1)]


class Made(NamedTuple):
    """Levels of a file (planes, rows, columns, 8, 8), their tables (planes, 8, 8), and a restored Y as its guide."""

    levels: np.ndarray
    tables: np.ndarray
    y: torch.Tensor
    y_table: torch.Tensor

    @property
    def decoded(self) -> np.ndarray:
        return self.levels * self.tables[:, None, None]


def made(rows: int, columns: int, factors: tuple[int, int], planes: int = 2, seed: int = 0) -> Made:
    generator = np.random.default_rng(seed)
    levels = np.round(generator.normal(0, 2, (planes, rows, columns, 8, 8)))
    y = torch.from_numpy(generator.normal(0, 40, (1, 64, rows * factors[0], columns * factors[1]))).float()
    y_table = torch.from_numpy(generator.integers(1, 40, (1, 8, 8))).float()
    return Made(levels, generator.integers(2, 60, (planes, 8, 8)), y, y_table)


def as_maps(planes: np.ndarray) -> torch.Tensor:
    """Blocks (2, rows, columns, 8, 8) as the network has them: (1, 128, rows, columns), channel 2 f + plane."""
    return torch.from_numpy(planes.transpose(3, 4, 0, 1, 2).reshape(1, 128, *planes.shape[1:3])).float()


def of_maps(maps: torch.Tensor, plane: int) -> np.ndarray:
    """The inverse of :func:`as_maps` for one plane."""
    return maps[0, plane::2].double().permute(1, 2, 0).unflatten(-1, (8, 8)).numpy()


def repeated(plane: np.ndarray, vertical: int, horizontal: int) -> np.ndarray:
    return plane.repeat(vertical, 0).repeat(horizontal, 1)


def box_means(plane: np.ndarray, vertical: int, horizontal: int) -> np.ndarray:
    height, width = plane.shape
    return plane.reshape(height // vertical, vertical, width // horizontal, horizontal).mean((1, 3))


def test_y_is_restored_and_clamped_to_its_interval() -> None:
    network = tiny_network(strength=2)
    file = made(4, 5, (1, 1), planes=1)
    table = torch.from_numpy(file.tables).float()
    decoded = blocks_to_channels(torch.from_numpy(file.decoded)).float()
    restored = network.restore_y(decoded, table)
    plain = channels_to_blocks(restored[0]).double().numpy()
    low, high = (file.decoded[0] + sign * HALF * file.tables[0] for sign in (-1, 1))
    assert np.mean((plain < low) | (plain > high)) > 0.2  # there is something to clamp

    assert torch.equal(steps.restore_y(network, decoded, table, projected=False), restored)
    result = channels_to_blocks(steps.restore_y(network, decoded, table)[0]).double().numpy()
    np.testing.assert_allclose(result, np.minimum(np.maximum(plain, low), high), rtol=0, atol=1e-4)
    np.testing.assert_array_equal(quantized(result, file.tables[0]), file.levels[0])


@pytest.mark.parametrize("factors", FACTORS)
def test_chroma_is_restored_and_clamped_in_its_box_means(factors: tuple[int, int]) -> None:
    network = tiny_network(strength=2)
    file = made(2, 3, factors)
    tables = torch.from_numpy(file.tables[None]).float()
    restored = network.restore_chroma(as_maps(file.decoded), tables, file.y, file.y_table, factors)

    given = (network, as_maps(file.decoded), tables, file.y, file.y_table, factors)
    plain = steps.restore_chroma(*given, projected=False)
    results = steps.restore_chroma(*given)
    for plane in range(2):
        expected = of_maps(restored, plane)
        np.testing.assert_allclose(channels_to_blocks(plain[plane][0]).numpy(), expected, rtol=0, atol=5e-3)

        means = coefficients_of(box_means(samples_of(expected), *factors))
        interval = HALF * file.tables[plane]
        clamped = means.clip(file.decoded[plane] - interval, file.decoded[plane] + interval)
        assert np.abs(clamped - means).max() > 1
        moved = repeated(samples_of(clamped - means), *factors)
        result = channels_to_blocks(results[plane][0]).double().numpy()
        np.testing.assert_allclose(samples_of(result), samples_of(expected) + moved, rtol=0, atol=5e-3)
        known = coefficients_of(box_means(samples_of(result), *factors))
        np.testing.assert_array_equal(quantized(known, file.tables[plane]), file.levels[plane])


def test_each_of_a_batch_is_restored_as_if_alone() -> None:
    network = tiny_network(strength=2)
    files = [made(2, 3, (2, 2), seed=seed) for seed in (1, 2)]
    together = steps.restore_chroma(
        network,
        torch.cat([as_maps(file.decoded) for file in files]),
        torch.from_numpy(np.stack([file.tables for file in files])).float(),
        torch.cat([file.y for file in files]),
        torch.cat([file.y_table for file in files]),
        (2, 2),
    )
    for index, file in enumerate(files):
        tables = torch.from_numpy(file.tables[None]).float()
        alone = steps.restore_chroma(network, as_maps(file.decoded), tables, file.y, file.y_table, (2, 2))
        for plane in range(2):
            torch.testing.assert_close(together[plane][index : index + 1], alone[plane], rtol=0, atol=1e-3)


def test_gradients_reach_both_networks_but_not_through_what_is_clamped() -> None:
    network = tiny_network(strength=2).requires_grad_(True)
    file = made(2, 2, (2, 2))
    table = torch.full((1, 8, 8), 1.0)
    y = steps.restore_y(network, file.y.round(), table)
    tables = torch.from_numpy(file.tables[None]).float()
    cb, cr = steps.restore_chroma(network, as_maps(file.decoded), tables, y, table, (2, 2))
    (cb.square().sum() + cr.square().sum()).backward()
    for part in (network.y_network, network.color_network):
        assert any(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in part.parameters())

    far = torch.full((1, 64, 2, 2), 1e6, requires_grad=True)
    restored = steps.restore_y(_Constant(far), file.y[:, :, :2, :2].round(), table)  # type: ignore[arg-type]
    restored.sum().backward()
    assert far.grad is not None
    assert not far.grad.any()


class _Constant:
    """A network that says the same whatever it is given."""

    def __init__(self, answer: torch.Tensor) -> None:
        self._answer = answer

    def restore_y(self, y: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
        return self._answer
