"""The eight views against samples that are flipped and transposed by NumPy, with SciPy's DCT in between."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from scipy.fft import dctn

from made.networks import tiny_network
from made.pictures import blocks_of
from qgac.coefficients.blocks import blocks_to_channels, interleave_maps
from qgac.models.self_ensemble import SelfEnsemble, View

VIEWS = [View(*flags) for flags in product((False, True), repeat=3)]


def seen(plane: np.ndarray, view: View) -> np.ndarray:
    plane = plane.T if view.transposed else plane
    plane = plane[::-1] if view.upside_down else plane
    return plane[:, ::-1] if view.left_right else plane


def channels_of(plane: np.ndarray) -> torch.Tensor:
    return blocks_to_channels(torch.from_numpy(dctn(blocks_of(plane), axes=(-2, -1), norm="ortho")))


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_of_coefficients_is_the_transform_of_the_view_of_samples(view: View) -> None:
    planes = np.random.default_rng(0).normal(0, 50, (2, 24, 40))
    maps = interleave_maps(torch.stack([channels_of(plane) for plane in planes])[None])
    expected = interleave_maps(torch.stack([channels_of(seen(plane, view).copy()) for plane in planes])[None])
    torch.testing.assert_close(view.of(maps), expected, rtol=0, atol=1e-10)
    torch.testing.assert_close(view.undone(view.of(maps)), maps, rtol=0, atol=0)


def test_tables_and_factors_are_transposed_with_the_picture() -> None:
    table = torch.arange(64.0).reshape(1, 8, 8)
    assert View(True, True, False).table(table)[0, 2, 5] == table[0, 5, 2]
    assert View(True, False, False).factors((1, 2)) == (2, 1)
    assert View(False, True, True).factors((1, 2)) == (1, 2)


def coefficients(generator: torch.Generator, *shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=generator) * 40


def steps(generator: torch.Generator, *shape: int) -> torch.Tensor:
    return torch.randint(1, 60, (*shape, 8, 8), generator=generator).float()


@pytest.mark.parametrize("view", VIEWS)
def test_views_of_luma_are_restored_to_views_of_the_result(view: View) -> None:
    generator = torch.Generator().manual_seed(1)
    network = tiny_network(strength=2)
    y, table = coefficients(generator, 1, 64, 5, 3), steps(generator, 1)
    ensemble = SelfEnsemble(network)
    result = ensemble.restore_y(view.of(y), view.table(table))
    torch.testing.assert_close(result, view.of(ensemble.restore_y(y, table)), rtol=0, atol=2e-3)
    if view != VIEWS[0]:  # which the network alone does not do
        plain = network.restore_y(view.of(y), view.table(table))
        assert (plain - view.of(network.restore_y(y, table))).abs().max() > 1


@pytest.mark.parametrize("factors", [(1, 1), (1, 2), (2, 1), (2, 2)])
@pytest.mark.parametrize("view", VIEWS)
def test_views_of_chroma_are_restored_to_views_of_the_result(view: View, factors: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(2)
    network = tiny_network(strength=2)
    chroma = coefficients(generator, 1, 128, 3, 2)
    y = coefficients(generator, 1, 64, 3 * factors[0], 2 * factors[1])
    tables, y_table = steps(generator, 1, 2), steps(generator, 1)
    ensemble = SelfEnsemble(network)
    result = ensemble.restore_chroma(
        view.of(chroma), view.table(tables), view.of(y), view.table(y_table), view.factors(factors)
    )
    expected = view.of(ensemble.restore_chroma(chroma, tables, y, y_table, factors))
    torch.testing.assert_close(result, expected, rtol=0, atol=2e-3)


def test_a_network_that_changes_nothing_still_does_not() -> None:
    generator = torch.Generator().manual_seed(3)
    network = tiny_network(strength=0)
    y, table = coefficients(generator, 1, 64, 4, 6), steps(generator, 1)
    torch.testing.assert_close(SelfEnsemble(network).restore_y(y, table), y, rtol=0, atol=1e-4)
    chroma, tables = coefficients(generator, 1, 128, 2, 3), steps(generator, 1, 2)
    expected = network.restore_chroma(chroma, tables, y, table, (2, 2))
    result = SelfEnsemble(network).restore_chroma(chroma, tables, y, table, (2, 2))
    torch.testing.assert_close(result, expected, rtol=0, atol=1e-3)


def test_transposed_views_need_the_transposed_subsampling(monkeypatch: pytest.MonkeyPatch) -> None:
    network = tiny_network(strength=2)
    asked: list[tuple[int, int]] = []
    restore = network.restore_chroma

    def noted(*arguments: torch.Tensor) -> torch.Tensor:
        asked.append(arguments[-1])  # type: ignore[arg-type]
        return restore(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(network, "restore_chroma", noted)
    generator = torch.Generator().manual_seed(4)
    given = (coefficients(generator, 1, 128, 2, 2), steps(generator, 1, 2))
    y, y_table = coefficients(generator, 1, 64, 2, 4), steps(generator, 1)
    SelfEnsemble(network).restore_chroma(*given, y, y_table, (1, 2))
    assert sorted(asked) == [(1, 2)] * 4 + [(2, 1)] * 4
    asked.clear()
    network.color_network.factors.discard((2, 1))
    SelfEnsemble(network).restore_chroma(*given, y, y_table, (1, 2))
    assert asked == [(1, 2)] * 4
