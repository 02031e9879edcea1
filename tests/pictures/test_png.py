"""PNG files against a decoder written from the standard, and against Pillow, which reads 16-bit colour as 8-bit."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, PngImagePlugin

from made.metadata import GRAY, RESOURCES, SRGB, restored, written
from qgac.jpeg.image import Density, Metadata
from qgac.pictures import png
from qgac.pictures.png import png_parts


def encode_png(pixels: np.ndarray, **metadata: Any) -> bytes:
    return b"".join(png_parts([pixels], len(pixels), **metadata))


def chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    found, position = [], 8
    while position < len(content):
        (length,) = struct.unpack_from(">I", content, position)
        kind, data = content[position + 4 : position + 8], content[position + 8 : position + 8 + length]
        assert struct.unpack_from(">I", content, position + 8 + length)[0] == zlib.crc32(kind + data)
        found.append((kind, data))
        position += 12 + length
    assert [kind for kind, _ in found][0 :: len(found) - 1] == [b"IHDR", b"IEND"]
    return found


def decoded(content: bytes) -> tuple[np.ndarray, set[int]]:
    """Undo the filters byte by byte, as the standard words them (9.2); return samples and the filters that occur."""
    found = chunks(content)
    width, height, bits, color, *rest = struct.unpack(">IIBBBBB", found[0][1])
    assert rest == [0, 0, 0]
    channels = {0: 1, 2: 3}[color]
    pixel, stride = channels * bits // 8, width * channels * bits // 8
    data = zlib.decompress(b"".join(data for kind, data in found if kind == b"IDAT"))
    assert len(data) == height * (stride + 1)
    rows, filters = [bytearray(stride)], set()
    for y in range(height):
        number, row = data[y * (stride + 1)], bytearray(data[y * (stride + 1) + 1 : (y + 1) * (stride + 1)])
        above = rows[-1]
        for x in range(stride):
            a = row[x - pixel] if x >= pixel else 0
            b = above[x]
            c = above[x - pixel] if x >= pixel else 0
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            row[x] = (row[x] + (0, a, b, (a + b) // 2, paeth)[number]) % 256
        filters.add(number)
        rows.append(row)
    samples = np.frombuffer(b"".join(rows[1:]), ">u2" if bits == 16 else np.uint8)
    return samples.reshape((height, width) if channels == 1 else (height, width, 3)), filters


def picture(shape: tuple[int, ...], dtype: type) -> np.ndarray:
    """Rows that suit each filter: noise, ramps, repeated rows, smooth shades."""
    generator = np.random.default_rng(0)
    largest = np.iinfo(dtype).max
    y, x = np.mgrid[: shape[0], : shape[1]]
    smooth = (np.sin(x / 5) * np.cos(y / 7) + 1) / 2
    plane = np.where(y < shape[0] // 4, generator.random(y.shape), smooth)
    plane = np.where((y > shape[0] // 2) & (y < 3 * shape[0] // 4), x / shape[1], plane)
    plane[-2:] = generator.random(shape[1])
    return np.broadcast_to((plane * largest).reshape(*shape[:2], *[1] * (len(shape) - 2)), shape).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 3), (40, 33), (40, 33, 3), (3, 1, 3)])
def test_every_sample_comes_back(shape: tuple[int, ...], dtype: type) -> None:
    pixels = picture(shape, dtype)
    content = encode_png(pixels)
    samples, filters = decoded(content)
    np.testing.assert_array_equal(samples, pixels)
    if shape[0] == 40:
        assert len(filters) >= 3  # so that more than one of them is tested
    with Image.open(io.BytesIO(content)) as opened:
        expected = pixels if dtype == np.uint8 or pixels.ndim == 2 else pixels >> 8
        np.testing.assert_array_equal(np.asarray(opened), expected)


@settings(max_examples=60, deadline=None)
@given(
    pixels=arrays.arrays(
        st.sampled_from([np.uint8, np.uint16]),
        st.one_of(
            st.tuples(st.integers(1, 9), st.integers(1, 9)), st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))
        ),
    )
)
def test_any_samples_come_back(pixels: np.ndarray) -> None:
    np.testing.assert_array_equal(decoded(encode_png(pixels))[0], pixels)


@pytest.mark.parametrize("rows", [1, 3, 7])
def test_bands_leave_no_trace(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = picture((20, 11, 3), np.uint8)
    expected = decoded(encode_png(pixels))
    monkeypatch.setattr(png, "_BAND_BYTES", rows * 33)
    found = decoded(encode_png(pixels))
    np.testing.assert_array_equal(found[0], expected[0])
    assert found[1] == expected[1]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("ends", [(1,), (7, 8, 19), (10,)])
def test_a_picture_that_comes_in_pieces_is_the_same_file(ends: tuple[int, ...], dtype: type) -> None:
    pixels = picture((20, 11, 3), dtype)
    content = b"".join(png_parts(iter(np.split(pixels, ends)), 20))
    found, expected = decoded(content), decoded(encode_png(pixels))
    np.testing.assert_array_equal(found[0], pixels)
    assert found[1] == expected[1]


@pytest.mark.parametrize("height", [19, 21])
def test_pieces_that_are_too_few_or_too_many_are_no_picture(height: int) -> None:
    with pytest.raises(ValueError, match=f"of {height} rows was given 20"):
        list(png_parts([picture((20, 11), np.uint8)], height))


def test_strided_pixels_are_the_same_picture() -> None:
    pixels = picture((20, 22, 3), np.uint16)[::2, ::-2]
    np.testing.assert_array_equal(decoded(encode_png(pixels))[0], pixels)


def test_files_are_about_as_small_as_those_of_pillow() -> None:
    generator = np.random.default_rng(1)
    pixels = (picture((300, 300, 3), np.uint8) * 0.9 + generator.normal(8, 2, (300, 300, 3))).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    assert len(encode_png(pixels)) < 1.05 * len(buffer.getvalue())


def test_long_photoshop_resources_become_a_raw_profile() -> None:
    resources = b"8BIM" + np.random.default_rng(0).bytes(5000)
    texts = [
        data for kind, data in chunks(encode_png(picture((2, 2), np.uint8), photoshop=resources)) if kind == b"zTXt"
    ]
    assert len(texts) == 1
    keyword, _, rest = texts[0].partition(b"\0")
    assert keyword == b"Raw profile type iptc"
    text = zlib.decompress(rest[1:]).decode()
    assert rest[0] == 0
    # As ImageMagick writes and reads it: a line with the name, one with the length, then hexadecimal digits.
    empty, name, length, *digits = text.split("\n")
    assert (empty, name, int(length)) == ("", "iptc", len(resources))
    assert bytes.fromhex("".join(digits)) == resources


def test_comments_that_latin_1_cannot_hold_are_kept() -> None:
    comments = ("naïve".encode(), "日本".encode(), b"caf\xe9", b"zero\0within\0")
    content = encode_png(picture((2, 2), np.uint8), comments=comments)
    kinds = [(kind, data) for kind, data in chunks(content) if kind in (b"tEXt", b"iTXt")]
    assert kinds == [
        (b"tEXt", b"Comment\0na\xefve"),
        (b"iTXt", b"Comment\0\0\0\0\0" + "日本".encode()),
        (b"tEXt", b"Comment\0caf\xe9"),
        (b"tEXt", b"Comment\0zero within"),
    ]


def test_metadata_lie_where_the_standard_wants_them() -> None:
    content = encode_png(
        picture((4, 4, 3), np.uint16),
        exif=b"II*\0",
        icc=b"profile",
        xmp=b"<x/>",
        photoshop=b"8BIM",
        comments=(b"a", b"b"),
        density=Density(1, 300, 72),
    )
    kinds = [kind for kind, _ in chunks(content)]
    assert kinds == [b"IHDR", b"iCCP", b"pHYs", b"eXIf", b"iTXt", b"tEXt", b"tEXt", b"zTXt", b"IDAT", b"IEND"]
    with Image.open(io.BytesIO(content)) as opened:
        assert isinstance(opened, PngImagePlugin.PngImageFile)
        opened.load()
        assert opened.info["icc_profile"] == b"profile"
        assert opened.info["xmp"] == b"<x/>"
        assert opened.info["exif"] == b"Exif\0\0II*\0"
        assert opened.info["dpi"] == pytest.approx((300, 72), abs=0.02)


def test_photoshop_resources_are_kept_in_png() -> None:
    texts = Image.open(io.BytesIO(written(restored(), "png"))).text  # type: ignore[attr-defined]
    assert bytes.fromhex("".join(texts["Raw profile type iptc"].split("\n")[3:])) == RESOURCES


@pytest.mark.parametrize(("shape", "kept"), [((8, 8), GRAY), ((8, 8, 3), SRGB)])
def test_png_takes_profiles_of_its_own_colour_only(shape: tuple[int, ...], kept: bytes) -> None:
    for profile in (GRAY, SRGB):
        opened = Image.open(io.BytesIO(written(restored(shape, Metadata(icc=profile)), "png")))
        assert opened.info.get("icc_profile") == (profile if profile == kept else None)
