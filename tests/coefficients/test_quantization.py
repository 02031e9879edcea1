from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from qgac.coefficients.quantization import chroma_table, luma_table, nearest_quality, quality_of


def pillow_tables(quality: int) -> list[np.ndarray]:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG", quality=quality)
    with Image.open(file) as picture:
        tables = picture.quantization
    # Pillow gives a table as a list in natural order.
    return [np.array(tables[index], dtype=np.uint16).reshape(8, 8) for index in (0, 1)]


@pytest.mark.parametrize("quality", range(1, 101))
def test_tables_are_those_of_libjpeg(quality: int) -> None:
    luma, chroma = pillow_tables(quality)
    np.testing.assert_array_equal(luma_table(quality), luma)
    np.testing.assert_array_equal(chroma_table(quality), chroma)


@pytest.mark.parametrize("table", [luma_table, chroma_table])
def test_form_of_a_table(table: Callable[..., Any]) -> None:
    values = table(37)
    assert values.shape == (8, 8)
    assert values.dtype == np.uint16
    values[0, 0] = 0  # a fresh copy each time
    assert table(37)[0, 0] > 0


def test_quality_0_acts_as_1() -> None:
    np.testing.assert_array_equal(luma_table(0), luma_table(1))


@pytest.mark.parametrize("quality", [-1, 101])
def test_qualities_out_of_range(quality: int) -> None:
    with pytest.raises(ValueError, match="not between 0 and 100"):
        luma_table(quality)


@pytest.mark.parametrize("chroma", [False, True])
def test_quality_of_a_table_from_a_file(chroma: bool) -> None:
    for quality in range(1, 101):
        table = pillow_tables(quality)[chroma]
        found = quality_of(table, chroma=chroma)
        assert found is not None
        # The lowest quality that has this table.
        np.testing.assert_array_equal((chroma_table if chroma else luma_table)(found), table)
        assert found <= quality
        assert found == quality or quality > 95 or quality < 5, (quality, found)


def test_tables_of_no_quality() -> None:
    assert quality_of(luma_table(50) + 1) is None
    assert quality_of(luma_table(50), chroma=True) is None
    assert quality_of(luma_table(50).astype(np.int64) + 65536) is None
    assert quality_of(luma_table(50).astype(np.int64).tolist()) == 50


@pytest.mark.parametrize("chroma", [False, True])
@pytest.mark.parametrize("quality", [5, 37, 75, 98])
def test_the_nearest_quality_of_a_libjpeg_table_is_its_own(quality: int, chroma: bool) -> None:
    table = (chroma_table if chroma else luma_table)(quality)
    assert nearest_quality(table, chroma=chroma, low=5, high=98) == quality


@pytest.mark.parametrize(("quality", "nearest"), [(1, 5), (3, 5)])
def test_the_nearest_quality_stays_within_the_range(quality: int, nearest: int) -> None:
    assert nearest_quality(luma_table(quality), low=5, high=98) == nearest
    assert nearest_quality(luma_table(100), low=5, high=98) in (97, 98)  # the same at the low frequencies


def test_the_nearest_quality_goes_by_the_size_of_the_steps() -> None:
    """A flat table of step s lies nearest to tables whose low-frequency steps are about s."""
    qualities = [nearest_quality(np.full((8, 8), step)) for step in (2, 8, 32, 128, 65535)]
    assert qualities == sorted(qualities, reverse=True)
    steps = luma_table(nearest_quality(np.full((8, 8), 32)))[:4, :4]
    assert 24 < np.exp(np.log(steps.astype(float)).mean()) < 40
    jittered = luma_table(40) + np.random.default_rng(0).integers(-1, 2, (8, 8))
    assert abs(nearest_quality(jittered) - 40) <= 2
