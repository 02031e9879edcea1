"""Refined coefficients: rounding them by the source's steps, in exact integers, gives the source's levels."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from made.networks import tiny_network
from made.pictures import (
    GRAY,
    MIXED,
    S411,
    S420,
    S422,
    S444,
    Sampling,
    coefficients_of,
    file_blocks,
    make_image,
    samples_of,
)
from qgac.jpeg.image import Component, JPEGImage
from qgac.jpeg.reader import read_jpeg
from qgac.jpeg.writer import write_jpeg
from qgac.restoration.refinement import refined_levels, refined_table
from qgac.restoration.restorer import Restorer

SAMPLINGS: dict[str, list[Sampling]] = {
    "gray": GRAY,
    "4:4:4": S444,
    "4:2:2": S422,
    "4:2:0": S420,
    "4:1:1": S411,
    "mixed": MIXED,
    "YCCK": [(2, 2), (1, 1), (1, 1), (2, 2)],
}


def rounds_to(value: int, step: int) -> int | None:
    """The level a value is rounded to; None for a tie, which encoders decide differently."""
    level = round(Fraction(value, step))
    return None if abs(Fraction(value, step) - level) == Fraction(1, 2) else level


def assert_source_follows(refined: JPEGImage, source: JPEGImage) -> None:
    for fine, coarse in zip(refined.components, source.components, strict=True):
        assert (fine.horizontal, fine.vertical) == (coarse.horizontal, coarse.vertical)
        assert (fine.table <= coarse.table).all()
        values = fine.coefficients.astype(np.int64) * fine.table
        remainder = values - coarse.coefficients.astype(np.int64) * coarse.table
        assert (2 * np.abs(remainder) < coarse.table).all()


@settings(max_examples=300, deadline=None)
@given(
    step=st.integers(1, 65535),
    share=st.floats(0, 1),
    level=st.integers(-32767, 32767),
    restored=st.one_of(st.floats(-1e5, 1e5, width=32), st.sampled_from([-3e38, 3e38])),
)
def test_any_number_rounds_back(step: int, share: float, level: int, restored: float) -> None:
    finer = max(1, round(share * step))
    blocks = np.full((1, 8, 8), restored, np.float32)
    tables = (np.full((8, 8), step, np.uint16), np.full((8, 8), finer, np.uint16))
    bounded = level if finer * 32767 > abs(level) * step + step else level // 64
    result = int(refined_levels(blocks, np.full((1, 8, 8), bounded, np.int16), *tables)[0, 0, 0])
    if abs(bounded) * step + step < 32767 * finer:  # what 16 bits hold
        assert rounds_to(result * finer, step) == bounded


@pytest.mark.parametrize("step", [1, 2, 3, 4, 7, 12, 17])
def test_the_nearest_allowed_level_is_taken(step: int) -> None:
    """Against a search through all levels, for every finer step and restored values in and out of the interval."""
    for finer in range(1, step + 1):
        for level in (-2, 0, 3):
            allowed = [n for n in range(-70, 70) if rounds_to(n * finer, step) == level]
            assert allowed
            for restored in np.linspace((level - 0.8) * step, (level + 0.8) * step, 7, dtype=np.float32):
                arguments = np.full((8, 8), restored), np.full((8, 8), level, np.int16)
                tables = np.full((8, 8), step, np.uint16), np.full((8, 8), finer, np.uint16)
                result = int(refined_levels(*arguments, *tables)[4, 4])
                assert result in allowed
                distance = min(abs(n * finer - float(restored)) for n in allowed)
                assert abs(result * finer - float(restored)) == pytest.approx(distance, abs=1e-3)


def test_tables_are_those_of_the_quality_where_finer_than_the_source() -> None:
    levels = np.zeros((1, 1, 8, 8), np.int16)
    steps = np.arange(1, 65, dtype=np.uint16).reshape(8, 8)
    finest = np.full((8, 8), 10, np.uint16)
    np.testing.assert_array_equal(refined_table(Component(levels, steps, 1, 1), finest), np.minimum(steps, 10))


def test_steps_are_coarser_where_levels_would_be_too_large() -> None:
    levels = np.zeros((1, 1, 8, 8), np.int16)
    levels[..., 1, 1] = -900
    levels[..., 0, 0] = 900
    table = refined_table(Component(levels, np.full((8, 8), 20, np.uint16), 1, 1), np.ones((8, 8), np.uint16))
    assert table[1, 1] == 18  # (900 * 20 + 10) / 1023, rounded up
    assert table[0, 0] == 9  # (900 * 20 + 10) / 2046, rounded up
    assert (np.delete(table.reshape(64), [0, 9]) == 1).all()


@pytest.mark.parametrize("level", [-32767, -2000, 1100, 20000])
@pytest.mark.parametrize("step", [1, 16, 60, 65535])
def test_the_source_follows_where_it_is_no_picture(level: int, step: int) -> None:
    """Levels and steps far outside of what samples of 8 bits give; they must not wrap around."""
    component = Component(np.full((1, 2, 8, 8), level, np.int16), np.full((8, 8), step, np.uint16), 1, 1)
    table = refined_table(component, np.ones((8, 8), np.uint16))
    restored = np.full((1, 2, 8, 8), (level + 0.4) * step, np.float32)
    refined = refined_levels(restored, component.coefficients, component.table, table)
    for value, finer in zip(refined[0, 1].reshape(64), table.reshape(64), strict=True):
        assert rounds_to(int(value) * int(finer), step) == level


@pytest.mark.parametrize("dc", [-1024, 1016])
@pytest.mark.parametrize("step", [1, 16, 255])
def test_pictures_have_the_finest_dc(dc: int, step: int) -> None:
    """Black and white, whatever the table."""
    component = Component(np.full((1, 1, 8, 8), round(dc / step), np.int16), np.full((8, 8), step, np.uint16), 1, 1)
    assert refined_table(component, np.ones((8, 8), np.uint16))[0, 0] == 1


@pytest.mark.parametrize("project", [True, False])
@pytest.mark.parametrize("quality", [1, 60, 95, 100])
@pytest.mark.parametrize("name", SAMPLINGS)
def test_the_source_follows_from_the_file(name: str, quality: int, project: bool) -> None:
    samplings = SAMPLINGS[name]
    image = make_image(61, 45, samplings, "YCCK" if len(samplings) == 4 else None, inverted=len(samplings) == 4)
    refined = Restorer(tiny_network(strength=8), project=project, tile=64).refine(image, quality=quality)
    assert_source_follows(read_jpeg(write_jpeg(refined)), image)
    if quality >= 95:
        decoded = zip(refined.components, image.components, strict=True)
        changes = [f.coefficients * f.table.astype(int) - c.coefficients * c.table.astype(int) for f, c in decoded]
        assert all((change != 0).mean() > 0.3 for change in changes)  # it shows more than the source


@pytest.mark.parametrize("name", SAMPLINGS)
def test_the_file_holds_what_was_restored(name: str) -> None:
    """Whole numbers nearest to the restored coefficients, of chroma to those of its box means."""
    samplings = SAMPLINGS[name]
    image = make_image(61, 45, samplings, "YCCK" if len(samplings) == 4 else None, quality=10)
    restorer = Restorer(tiny_network(strength=0.2))  # most of it within the intervals
    refined = restorer.refine(image, quality=100)
    largest = max(v for v, _ in samplings), max(u for _, u in samplings)
    for component, restored in zip(refined.components, restorer.coefficients(image), strict=True):
        assert (component.table == 1).all()
        blocks = file_blocks(restored)
        rows, columns = component.coefficients.shape[:2]
        down, across = largest[0] // component.vertical, largest[1] // component.horizontal
        if name != "mixed" and (down, across) != (1, 1):
            samples = samples_of(blocks)
            height, width = samples.shape
            blocks = coefficients_of(samples.reshape(height // down, down, width // across, across).mean((1, 3)))
        errors = np.abs(component.coefficients - blocks[:rows, :columns])
        assert errors.max() < 1.01  # where the end of an interval lies between whole numbers
        assert np.median(errors) < 0.3


def test_without_restoration_the_file_holds_the_decoded_picture() -> None:
    image = make_image(61, 45, S420)
    counts: list[tuple[int, int]] = []
    refined = Restorer(tiny_network(strength=2), strength=0, tile=32).refine(
        image, quality=100, progress=lambda *count: counts.append(count)
    )
    assert counts == [(done, len(counts)) for done in range(1, len(counts) + 1)]
    for fine, coarse in zip(refined.components, image.components, strict=True):
        np.testing.assert_array_equal(fine.coefficients, coarse.coefficients * coarse.table.astype(int))


def test_what_is_not_coefficients_stays() -> None:
    image = replace(make_image(20, 20, S420), notes=("a note",), process="progressive")
    refined = Restorer(tiny_network()).refine(image)
    assert (refined.width, refined.height, refined.color, refined.notes) == (20, 20, "YCbCr", ("a note",))
    assert refined.process == "baseline"
