"""Metadata and the meaning of the components."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

import jpeg_writer as writer
import make_corpus
from qgac.jpeg.image import Density
from qgac.jpeg.reader import read_jpeg


def with_segments(*segments: bytes) -> bytes:
    parts = writer.random_parts([(1, 1)], 8, 8)
    return writer.sequential_file(parts, 8, 8, head=b"".join(segments))


def icc_segment(number: int, total: int, data: bytes) -> bytes:
    return writer.segment(0xE2, b"ICC_PROFILE\0" + bytes([number, total]) + data)


def test_what_pillow_wrote_is_found(corpus: dict[str, bytes]) -> None:
    metadata = read_jpeg(corpus["pillow_metadata"]).metadata
    assert metadata.exif == make_corpus.EXIF
    assert metadata.icc == make_corpus.ICC
    assert metadata.xmp == make_corpus.XMP
    assert metadata.comments == (b"Ahoy",)
    assert metadata.density == Density(1, 300, 150)
    assert metadata.iptc is None


def test_a_long_profile_is_what_pillow_puts_together() -> None:
    profile = bytes(range(251)) * 700
    data = make_corpus.encode(make_corpus.photo(16, 16), icc_profile=profile)
    assert read_jpeg(data).metadata.icc == profile


def test_profile_chunks_in_any_order() -> None:
    data = with_segments(icc_segment(2, 3, b"bb"), icc_segment(3, 3, b"c"), icc_segment(1, 3, b"a"))
    image = read_jpeg(data)
    assert image.metadata.icc == b"abbc"
    assert image.notes == ()


@pytest.mark.parametrize(
    "chunks",
    [[(1, 2)], [(1, 2), (1, 2)], [(1, 2), (2, 3)], [(0, 2)], [(1, 1), (2, 1)], [(2, 2), (3, 2)], [(1, 3), (3, 3)]],
)
def test_broken_profile_chains_are_ignored_with_a_note(chunks: list[tuple[int, int]]) -> None:
    image = read_jpeg(with_segments(*(icc_segment(number, total, b"x") for number, total in chunks)))
    assert image.metadata.icc is None
    assert image.notes == ("the ICC profile is incomplete and was left out, so colours may look different",)


def profile(size: int) -> bytes:
    return size.to_bytes(4, "big") + bytes(i % 251 for i in range(size - 4))


@pytest.mark.parametrize(
    ("numbers", "totals"),
    [
        ([1, 2, 3, 1, 2, 3], [3] * 6),  # stored twice
        ([1, 1, 2, 2, 3, 3], [3] * 6),
        ([0, 1, 2], [3] * 3),  # from 0
        ([2, 0, 1, 0], [3] * 4),
        ([1, 2, 3], [5] * 3),  # wrong count
        ([1, 2, 3], [1, 2, 3]),
        ([0, 1, 2], [2] * 3),
        ([1, 2, 3], [0] * 3),
        ([1, 3, 5], [3] * 3),
    ],
)
def test_profiles_that_are_whole_are_kept(numbers: list[int], totals: list[int]) -> None:
    whole = profile(300)
    pieces = dict(zip(sorted(set(numbers)), (whole[:100], whole[100:180], whole[180:]), strict=True))
    parts = [icc_segment(n, total, pieces[n]) for n, total in zip(numbers, totals, strict=True)]
    for data in (
        with_segments(*parts),
        with_segments(*parts[:1]).replace(writer.EOI, b"".join(parts[1:]) + writer.EOI),
    ):
        image = read_jpeg(data)
        assert image.metadata.icc == whole
        assert image.notes == ()


@pytest.mark.parametrize("numbers", [[1, 2], [2, 3], [1, 3], [0, 1]])
def test_profiles_of_a_wrong_count_that_are_not_whole_are_left_out(numbers: list[int]) -> None:
    whole = profile(300)
    pieces = {1: whole[:100], 2: whole[100:180], 3: whole[180:], 0: whole[:90]}
    image = read_jpeg(with_segments(*(icc_segment(n, 7, pieces[n]) for n in numbers)))
    assert image.metadata.icc is None
    assert "so colours may look different" in image.notes[0]


def test_a_profile_whose_chunks_all_have_the_same_number() -> None:
    whole = profile(300)
    image = read_jpeg(with_segments(*(icc_segment(1, 1, whole[at : at + 100]) for at in (0, 100, 200))))
    assert image.metadata.icc == whole
    assert image.notes == ()


def test_unequal_profiles_are_not_mixed() -> None:
    image = read_jpeg(with_segments(icc_segment(1, 1, profile(100)), icc_segment(1, 1, profile(200))))
    assert image.metadata.icc is None


@pytest.mark.parametrize(
    ("exif", "whole"),
    [
        (make_corpus.EXIF, True),
        (b"MM\0*\0\0\0\x08\0\0\0\0\0\0", True),
        (b"\xff\xff\xff\xff\0\0\0\x08\0\0", False),
        (b"II*\0\xff\0\0\0\0\0", False),
        (b"II*\0\x08\0\0\0\x02\0" + bytes(12), False),
        (b"II*\0", False),
        (b"MM*\0\0\0\0\x08\0\0\0\0\0\0", False),
    ],
)
def test_damaged_exif_is_told(exif: bytes, whole: bool) -> None:
    image = read_jpeg(with_segments(writer.segment(0xE1, b"Exif\0\0" + exif)))
    assert image.metadata.exif == exif
    assert image.notes == (() if whole else ("the EXIF data are damaged; only JPEG files keep them",))


def test_comments_iptc_and_unknown_segments() -> None:
    image = read_jpeg(
        with_segments(
            writer.segment(0xFE, b"one"),
            writer.segment(0xE1, b"something else"),
            writer.segment(0xED, b"Photoshop 3.0\0" + b"8BIM first"),
            writer.segment(0xED, b"Photoshop 3.0\0" + b" second"),
            writer.segment(0xFE, b""),
            writer.segment(0xEB, b"\xff\xd8\xff\xd9"),
        )
    )
    assert image.metadata.comments == (b"one", b"")
    assert image.metadata.iptc == b"Photoshop 3.0\0" + b"8BIM first second"
    assert image.metadata.exif is None
    assert image.metadata.xmp is None


@pytest.mark.parametrize(
    ("unit", "x", "y", "expected"),
    [(0, 1, 1, Density(0, 1, 1)), (2, 118, 118, Density(2, 118, 118)), (1, 0, 72, None), (3, 72, 72, None)],
)
def test_density(unit: int, x: int, y: int, expected: Density | None) -> None:
    assert read_jpeg(with_segments(writer.jfif(unit, x, y))).metadata.density == expected


@pytest.mark.parametrize("head", [b"", writer.jfif()])
@pytest.mark.parametrize("transform", [None, 0, 1, 2, 7])
@pytest.mark.parametrize("identifiers", [[1, 2, 3], list(b"RGB"), [0, 1, 2], list(b"YCc"), list(b"BGR"), [1, 1, 1]])
def test_colour_of_three_components_is_decided_as_libjpeg_does(
    head: bytes, transform: int | None, identifiers: list[int]
) -> None:
    parts = writer.random_parts([(1, 1)] * 3, 8, 8, identifiers=identifiers)
    adobe = b"" if transform is None else writer.adobe(transform)
    data = writer.sequential_file(parts, 8, 8, head=head + adobe)
    image = read_jpeg(data)
    # The oracle: with coloured differences at zero and a bright first component, RGB is red and YCbCr is grey.
    for part, value in zip(parts, (40, 0, 0), strict=True):
        part.coefficients[:] = 0
        part.coefficients[..., 0, 0] = value
    data = writer.sequential_file(parts, 8, 8, head=head + adobe)
    red, green, _ = Image.open(io.BytesIO(data)).getpixel((0, 0))
    assert image.color == ("YCbCr" if red == green else "RGB")
    assert not image.inverted


@pytest.mark.parametrize(("transform", "color"), [(None, "CMYK"), (0, "CMYK"), (2, "YCCK"), (1, "YCCK")])
def test_colour_of_four_components(transform: int | None, color: str) -> None:
    head = b"" if transform is None else writer.adobe(transform)
    image = read_jpeg(writer.sequential_file(writer.random_parts([(1, 1)] * 4, 8, 8), 8, 8, head=head))
    assert image.color == color
    assert image.inverted


def test_what_lies_behind_the_picture_is_noted(corpus: dict[str, bytes]) -> None:
    first = corpus["pillow_420"]
    further = ("the file holds further pictures, of which only the first was read",)
    assert read_jpeg(corpus["pillow_two_pictures"]).notes == further
    assert read_jpeg(first + bytes(64) + first).notes == further
    assert read_jpeg(first + b"x" * 77).notes == ("77 bytes behind the picture were ignored",)


def test_a_multi_picture_file_of_pillow() -> None:
    stream = io.BytesIO()
    pictures = [make_corpus.photo(24, 16), make_corpus.photo(16, 16)]
    pictures[0].save(stream, "MPO", save_all=True, append_images=pictures[1:])
    image = read_jpeg(stream.getvalue())
    assert (image.width, image.height) == (24, 16)
    assert image.notes == ("the file holds further pictures, of which only the first was read",)


def test_a_segment_longer_than_the_file_is_refused() -> None:
    data = with_segments(writer.segment(0xFE, b"text"))
    with pytest.raises(ValueError, match="longer than the rest of the file"):
        read_jpeg(data[:4] + struct.pack(">H", 60000) + data[6:])
