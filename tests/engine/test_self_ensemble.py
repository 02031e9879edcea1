"""The eight views against samples that are flipped and transposed by NumPy, with SciPy's DCT in between."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.fft import dctn

from made.networks import tiny_network
from made.pictures import blocks_of
from qgac.engine.self_ensemble import SelfEnsemble, View
from qgac.engine.torch_engine import TorchEngine

VIEWS = [View(*flags) for flags in product((False, True), repeat=3)]


def seen(plane: np.ndarray, view: View) -> np.ndarray:
    plane = plane.T if view.transposed else plane
    plane = plane[::-1] if view.upside_down else plane
    return plane[:, ::-1] if view.left_right else plane


def coefficients_of(plane: np.ndarray) -> np.ndarray:
    blocks = dctn(blocks_of(plane), axes=(-2, -1), norm="ortho")
    return blocks.reshape(*blocks.shape[:2], 64)


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_of_coefficients_is_the_transform_of_the_view_of_samples(view: View) -> None:
    plane = np.random.default_rng(0).normal(0, 50, (24, 40))
    blocks = coefficients_of(plane)
    np.testing.assert_allclose(view.of(blocks), coefficients_of(seen(plane, view).copy()), rtol=0, atol=1e-10)
    np.testing.assert_array_equal(view.undone(view.of(blocks)), blocks)


def test_tables_and_factors_are_transposed_with_the_picture() -> None:
    table = np.arange(64, dtype=np.float32)
    assert View(True, True, False).table(table)[2 * 8 + 5] == table[5 * 8 + 2]
    assert View(True, False, False).factors((1, 2)) == (2, 1)
    assert View(False, True, True).factors((1, 2)) == (1, 2)


def coefficients(generator: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    return generator.normal(0, 40, (rows, columns, 64)).astype(np.float32)


def steps(generator: np.random.Generator) -> np.ndarray:
    return generator.integers(1, 60, 64).astype(np.float32)


@pytest.mark.parametrize("view", VIEWS)
def test_views_of_luma_are_restored_to_views_of_the_result(view: View) -> None:
    generator = np.random.default_rng(1)
    engine = TorchEngine(tiny_network(strength=2))
    y, table = coefficients(generator, 5, 3), steps(generator)
    ensemble = SelfEnsemble(engine)
    result = ensemble.restore_y(view.of(y), view.table(table))
    np.testing.assert_allclose(result, view.of(ensemble.restore_y(y, table)), rtol=0, atol=2e-3)
    if view != VIEWS[0]:  # which the network alone does not do
        plain = engine.restore_y(view.of(y), view.table(table))
        assert np.abs(plain - view.of(engine.restore_y(y, table))).max() > 1


@pytest.mark.parametrize("factors", [(1, 1), (1, 2), (2, 1), (2, 2)])
@pytest.mark.parametrize("view", VIEWS)
def test_views_of_chroma_are_restored_to_views_of_the_result(view: View, factors: tuple[int, int]) -> None:
    generator = np.random.default_rng(2)
    chroma = coefficients(generator, 3, 2), coefficients(generator, 3, 2)
    y = coefficients(generator, 3 * factors[0], 2 * factors[1])
    tables, y_table = (steps(generator), steps(generator)), steps(generator)
    ensemble = SelfEnsemble(TorchEngine(tiny_network(strength=2)))
    results = ensemble.restore_chroma(
        (view.of(chroma[0]), view.of(chroma[1])),
        (view.table(tables[0]), view.table(tables[1])),
        view.of(y),
        view.table(y_table),
        view.factors(factors),
    )
    for result, plain in zip(results, ensemble.restore_chroma(chroma, tables, y, y_table, factors), strict=True):
        np.testing.assert_allclose(result, view.of(plain), rtol=0, atol=2e-3)


def test_a_network_that_changes_nothing_still_does_not() -> None:
    generator = np.random.default_rng(3)
    engine = TorchEngine(tiny_network(strength=0))
    y, table = coefficients(generator, 4, 6), steps(generator)
    np.testing.assert_allclose(SelfEnsemble(engine).restore_y(y, table), y, rtol=0, atol=1e-4)
    chroma = coefficients(generator, 2, 3), coefficients(generator, 2, 3)
    tables = steps(generator), steps(generator)
    expected = engine.restore_chroma(chroma, tables, y, table, (2, 2))
    result = SelfEnsemble(engine).restore_chroma(chroma, tables, y, table, (2, 2))
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-3)


def test_transposed_views_need_the_transposed_subsampling(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = TorchEngine(tiny_network(strength=2))
    asked: list[tuple[int, int]] = []
    restore = engine.restore_chroma

    def noted(*arguments: object) -> tuple[np.ndarray, np.ndarray]:
        asked.append(arguments[-1])  # type: ignore[arg-type]
        return restore(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "restore_chroma", noted)
    generator = np.random.default_rng(4)
    chroma = coefficients(generator, 2, 2), coefficients(generator, 2, 2)
    given = chroma, (steps(generator), steps(generator)), coefficients(generator, 2, 4), steps(generator), (1, 2)
    SelfEnsemble(engine).restore_chroma(*given)
    assert sorted(asked) == [(1, 2)] * 4 + [(2, 1)] * 4
    asked.clear()
    monkeypatch.setattr(engine, "factors", engine.factors - {(2, 1)})
    SelfEnsemble(engine).restore_chroma(*given)
    assert asked == [(1, 2)] * 4
