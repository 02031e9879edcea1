"""Tables and heights where few files have them: late, missing, zero, behind the data."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

import fuzz
import jpeg_writer as writer
import make_corpus
from qgac.jpeg.errors import JPEGError
from qgac.jpeg.reader import read_jpeg
from render import render


def test_each_component_keeps_the_table_its_first_scan_found(corpus: dict[str, bytes]) -> None:
    parts = writer.random_parts([(2, 2), (1, 1), (1, 1)], 53, 37)
    for index, component in enumerate(read_jpeg(corpus["late_tables"]).components):
        assert_array_equal(component.table, parts[index].table + index)


@pytest.mark.parametrize("places", [[63], [0], [1, 9, 17], list(range(64))])
@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_steps_of_zero_make_coefficients_zero(places: list[int], options: dict[str, object]) -> None:
    data = bytearray(make_corpus.encode(make_corpus.photo(64, 48), quality=90, **options))
    table = data.index(b"\xff\xdb") + 5
    for place in places:
        data[table + place] = 0
    for tolerant in (False, True):
        image = read_jpeg(bytes(data), tolerant=tolerant)
        assert image.missing == 0
        assert len(image.notes) == 1
        assert "step is zero" in image.notes[0]
        assert_array_equal(render(image), np.asarray(Image.open(io.BytesIO(data))), strict=True)
        levels = image.components[0].coefficients.reshape(-1, 64)[:, writer.ZIGZAG]
        assert not levels[:, places].any()
        assert (image.components[0].table > 0).all()
        assert image.components[1].coefficients.any()


def test_standard_huffman_tables_are_only_assumed_for_sequential_files(corpus: dict[str, bytes]) -> None:
    expected = read_jpeg(corpus["pillow_420"])
    image = read_jpeg(corpus["pillow_no_huffman_tables"])
    assert_array_equal(image.components[0].coefficients, expected.components[0].coefficients)
    progressive = make_corpus.without_segments(corpus["pillow_progressive"], {0xC4})
    with pytest.raises(JPEGError, match="Huffman table that the file does not hold"):
        read_jpeg(progressive)


@pytest.mark.parametrize("name", ["pillow_optimized", "pillow_progressive", "pillow_420"])
def test_huffman_tables_may_come_before_the_frame_header(corpus: dict[str, bytes], name: str) -> None:
    """Those of Annex K.3, which stand in for missing ones, must not replace them."""
    data = corpus[name]
    parts = fuzz.segments(data)
    scan = next(i for i, part in enumerate(parts) if part[1] == 0xDA)
    tables = [part for part in parts[:scan] if part[1] == 0xC4]
    others = [part for part in parts[:scan] if part[1] != 0xC4]
    moved = b"".join([others[0], *tables, *others[1:], *parts[scan:]])
    assert moved.index(b"\xff\xc4") < min(moved.find(bytes([0xFF, sof])) % len(moved) for sof in (0xC0, 0xC2))
    for component, expected in zip(read_jpeg(moved).components, read_jpeg(data).components, strict=True):
        assert_array_equal(component.coefficients, expected.coefficients)


def header_height(data: bytes, height: int) -> bytes:
    frame = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
    return data[: frame + 5] + height.to_bytes(2, "big") + data[frame + 7 :]


@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize(("restart", "junk"), [(0, b""), (3, b""), (0, b"\0\0"), (0, b"\xff\xff")])
@pytest.mark.parametrize("declared", [0, 65535, 200, 64, 80])
def test_the_height_behind_the_first_scan(declared: int, separate: bool, restart: int, junk: bytes) -> None:
    """Where it contradicts the frame header, the data decide."""
    parts = writer.random_parts([(2, 2), (1, 1), (1, 1)], 96, 80)
    scans = [[i] for i in range(3)] if separate else None
    written = writer.sequential_file(parts, 96, 80, dnl=True, restart=restart, scans=scans)
    height = written.index(b"\xff\xdc\0\4\0\x50")
    data = header_height(written[:height] + junk + written[height:], declared)
    for tolerant in (False, True):
        image = read_jpeg(data, tolerant=tolerant)
        assert image.height == 80
        writer.assert_same(image, parts)
        assert any(f"{declared} lines" in note for note in image.notes) == (declared not in (0, 80))


@pytest.mark.parametrize("late", [1, 16, 64, 81, 200, 65535])
def test_a_height_behind_the_data_that_is_not_theirs_is_passed_over(late: int) -> None:
    parts = writer.random_parts([(2, 2), (1, 1), (1, 1)], 96, 80)
    data = header_height(writer.sequential_file(parts, 96, 80, dnl=True), 80)
    data = data.replace(b"\xff\xdc\0\4\0\x50", b"\xff\xdc\0\4" + late.to_bytes(2, "big"))
    image = read_jpeg(data)
    if late == 81:  # which of the two is true, no data can tell
        assert image.height in (80, 81)
    else:
        assert image.height == 80
        writer.assert_same(image, parts)


def test_a_height_that_the_data_do_not_reach_is_damage() -> None:
    parts = writer.random_parts([(2, 2), (1, 1), (1, 1)], 96, 80)
    data = header_height(writer.sequential_file(parts, 96, 80, dnl=True), 65535)
    with pytest.raises(JPEGError, match="damaged"):
        read_jpeg(data.replace(b"\xff\xdc\0\4\0\x50", b"\xff\xdc\0\4\xff\xff"))
    scan = data.index(b"\xff\xda")
    truncated = data[: scan + 300] + data[data.index(b"\xff\xdc\0\4\0\x50") :]
    with pytest.raises(JPEGError, match="damaged"):
        read_jpeg(truncated)
    assert read_jpeg(truncated, tolerant=True).height == 80
