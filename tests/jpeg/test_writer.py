"""The writer against the reader, libjpeg (through Pillow), and optimal codes worked out by brute force."""

from __future__ import annotations

import io
from dataclasses import replace
from math import ceil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from qgac.jpeg.encoder import codes_of, shortest_code
from qgac.jpeg.errors import DamageError, JPEGError
from qgac.jpeg.huffman import expand_codes
from qgac.jpeg.image import Color, Component, Density, JPEGImage, Metadata
from qgac.jpeg.reader import read_jpeg
from qgac.jpeg.writer import write_jpeg

CORPUS = sorted((Path(__file__).parent / "corpus").glob("**/*.jpg"))
NOT_FOR_PILLOW = {"late_height", "late_height_restart", "pillow_no_end"}  # it refuses them
SAMPLINGS = {
    "gray": [(1, 1)],
    "gray, declared larger": [(2, 2)],
    "4:4:4": [(1, 1)] * 3,
    "4:2:0": [(2, 2), (1, 1), (1, 1)],
    "4:2:2": [(1, 2), (1, 1), (1, 1)],
    "mixed": [(2, 2), (1, 2), (2, 1)],
    "thirds": [(3, 1), (1, 1), (1, 1)],
    "eleven blocks": [(2, 4), (2, 1), (1, 1)],
    "four": [(2, 2), (1, 1), (1, 1), (2, 2)],
}


def image_of(
    width: int, height: int, samplings: list[tuple[int, int]], color: Color, *, largest: int = 20, density: float = 0.2
) -> JPEGImage:
    generator = np.random.default_rng(width + height)
    down, across = max(v for v, _ in samplings), max(u for _, u in samplings)
    components = []
    for vertical, horizontal in samplings:
        rows = ceil(ceil(height * vertical / down) / 8)
        columns = ceil(ceil(width * horizontal / across) / 8)
        levels = generator.integers(-largest, largest + 1, (rows, columns, 8, 8))
        levels *= generator.random(levels.shape) < density
        table = generator.integers(1, 256, (8, 8)).astype(np.uint16)
        components.append(Component(levels.astype(np.int16), table, horizontal, vertical))
    return JPEGImage(width, height, color, tuple(components), Metadata(), "baseline", color in ("CMYK", "YCCK"))


def assert_same(found: JPEGImage, expected: JPEGImage) -> None:
    assert (found.width, found.height, found.color, found.inverted) == (
        expected.width,
        expected.height,
        expected.color,
        expected.inverted,
    )
    for mine, theirs in zip(found.components, expected.components, strict=True):
        np.testing.assert_array_equal(mine.coefficients, theirs.coefficients)
        np.testing.assert_array_equal(mine.table, theirs.table)
        assert (mine.horizontal, mine.vertical) == (theirs.horizontal, theirs.vertical)
    assert found.notes == ()


def color_of(samplings: list[tuple[int, int]]) -> Color:
    return {1: "gray", 3: "YCbCr", 4: "YCCK"}[len(samplings)]  # type: ignore[return-value]


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (61, 45), (16, 100)])
@pytest.mark.parametrize("name", SAMPLINGS)
def test_what_is_written_is_read(name: str, size: tuple[int, int]) -> None:
    image = image_of(*size, SAMPLINGS[name], color_of(SAMPLINGS[name]))
    assert_same(read_jpeg(write_jpeg(image)), image)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_files_of_others_are_rewritten_without_loss(path: Path) -> None:
    try:
        image = read_jpeg(path)
    except JPEGError:
        pytest.skip("not readable, as it should be")
    content = write_jpeg(image)
    assert_same(read_jpeg(content), replace(image, notes=()))
    if path.stem in NOT_FOR_PILLOW:
        return
    with Image.open(path) as before, Image.open(io.BytesIO(content)) as after:
        assert after.mode == before.mode
        np.testing.assert_array_equal(np.asarray(after), np.asarray(before))  # libjpeg sees the same as well


@pytest.mark.parametrize("color", ["RGB", "CMYK", "YCCK", "YCbCr"])
def test_colours_are_told(color: Color) -> None:
    image = image_of(20, 9, [(1, 1)] * (4 if color in ("CMYK", "YCCK") else 3), color)
    content = write_jpeg(image)
    assert_same(read_jpeg(content), image)
    with Image.open(io.BytesIO(content)) as opened:
        assert opened.mode == ("CMYK" if len(image.components) == 4 else "RGB")


def test_large_levels_and_steps_make_an_extended_file() -> None:
    image = image_of(40, 40, SAMPLINGS["4:2:0"], "YCbCr", largest=1000)
    assert read_jpeg(write_jpeg(image)).process == "baseline"
    large = image_of(40, 40, SAMPLINGS["4:2:0"], "YCbCr", largest=16000)
    found = read_jpeg(write_jpeg(large))
    assert_same(found, large)
    assert found.process == "extended"
    wide = replace(image, components=tuple(replace(c, table=c.table * np.uint16(256)) for c in image.components))
    found = read_jpeg(write_jpeg(wide))
    assert_same(found, wide)
    assert found.process == "extended"


@pytest.mark.parametrize(("place", "levels"), [((0, 0), (32767, -1)), ((0, 0), (-32768, 0)), ((7, 7), (0, -32768))])
def test_what_no_code_can_announce_is_refused(place: tuple[int, int], levels: tuple[int, int]) -> None:
    coefficients = np.zeros((1, 2, 8, 8), np.int16)
    coefficients[(0, slice(None), *place)] = levels
    component = Component(coefficients, np.ones((8, 8), np.uint16), 1, 1)
    with pytest.raises(OverflowError, match="larger than a JPEG file can hold"):
        write_jpeg(JPEGImage(16, 8, "gray", (component,), Metadata(), "extended"))


@pytest.mark.parametrize("density", [0.0, 0.01, 1.0])
def test_empty_and_full_blocks(density: float) -> None:
    image = image_of(60, 50, SAMPLINGS["4:4:4"], "YCbCr", density=density)
    assert_same(read_jpeg(write_jpeg(image)), image)


def test_metadata_come_back() -> None:
    generator = np.random.default_rng(0)
    metadata = Metadata(
        exif=b"II*\0" + generator.bytes(50),
        icc=generator.bytes(200_000),
        xmp=b"<x/>",
        iptc=b"Photoshop 3.0\0" + generator.bytes(150_000),
        comments=(b"first", b"\xff\xd9 second"),
        density=Density(2, 118, 119),
    )
    image = replace(image_of(9, 9, SAMPLINGS["gray"], "gray"), metadata=metadata)
    assert read_jpeg(write_jpeg(image)).metadata == metadata


def test_files_are_no_larger_than_those_of_libjpeg() -> None:
    samples = np.random.default_rng(0).normal(128, 30, (64, 64, 3)).clip(0, 255).astype(np.uint8)
    for quality in (10, 60, 95):
        buffer = io.BytesIO()
        Image.fromarray(samples).save(buffer, "JPEG", quality=quality, optimize=True)
        assert len(write_jpeg(read_jpeg(buffer.getvalue()))) <= len(buffer.getvalue())


# The codes.


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(st.integers(0, 255), st.integers(1, 10**9), min_size=1))
def test_codes_are_prefix_codes_for_all_that_occurs(occurring: dict[int, int]) -> None:
    counts = np.zeros(256, np.int64)
    for symbol, count in occurring.items():
        counts[symbol] = count
    table = shortest_code(counts, "AC", 1)
    assert sorted(table.symbols) == sorted(occurring)
    assert sum(table.lengths) == len(occurring)
    assert (table.kind, table.slot, len(table.lengths)) == ("AC", 1, 16)
    words = expand_codes(table)  # raises where codes collide
    assert words[-1] == 0  # no code is made of ones alone
    for symbol, entry in enumerate(codes_of(table)):
        if counts[symbol]:
            length, code = int(entry) >> 16, int(entry) & 0xFFFF
            assert words[code << (16 - length)] == length << 8 | symbol


def test_the_code_is_the_shortest() -> None:
    """Kraft's inequality with a place kept free, all lengths tried: five symbols are few enough."""
    counts = np.zeros(256, np.int64)
    counts[[3, 5, 17, 33, 34]] = [100, 40, 40, 7, 1]
    lengths = codes_of(shortest_code(counts, "DC", 0)) >> 16
    found = int((lengths * counts).sum())
    best = min(
        sum(length * count for length, count in zip(trial, [100, 40, 40, 7, 1], strict=True))
        for trial in np.ndindex(6, 6, 6, 6, 6)
        if min(trial) > 0 and sum(2.0**-length for length in trial) <= 1 - 2.0**-5
    )
    assert found == best


def test_codes_longer_than_16_bits_are_shortened() -> None:
    counts = np.zeros(256, np.int64)
    counts[:40] = [round(1.7**i) for i in range(40)]  # like Fibonacci's numbers: one more bit for each
    table = shortest_code(counts, "AC", 0)
    lengths = codes_of(table)[:40] >> 16
    assert lengths.max() <= 16
    assert sum(2.0 ** -int(length) for length in lengths) < 1
    assert (np.diff(lengths) <= 0).all()


def test_a_broken_code_would_be_noticed() -> None:
    table = shortest_code(np.eye(1, 256, dtype=np.int64)[0], "DC", 0)
    with pytest.raises(DamageError):
        expand_codes(replace(table, lengths=b"\3" + bytes(15), symbols=b"\0\1\2"))
