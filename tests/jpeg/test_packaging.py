"""What costs no coefficient is passed over with a note; what makes one doubtful is refused as before."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

import fuzz
import jpeg_writer as writer
import make_corpus
from qgac.jpeg.errors import JPEGError
from qgac.jpeg.image import JPEGImage
from qgac.jpeg.reader import read_jpeg
from render import render

BASELINE = make_corpus.encode(make_corpus.photo(96, 80), quality=60)
PROGRESSIVE = make_corpus.encode(make_corpus.photo(96, 80), quality=60, progressive=True)
RESTARTS = make_corpus.encode(make_corpus.photo(96, 80), quality=60, restart_marker_blocks=4)
KINDS = pytest.mark.parametrize("data", [BASELINE, PROGRESSIVE, RESTARTS], ids=["baseline", "progressive", "restarts"])

# No bytes 0xFF, since these begin markers, which may mean something.
NOISE = bytes(np.random.default_rng(5).integers(0, 255, 5000).astype(np.uint8))


def libjpeg(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def assert_opens(data: bytes, original: bytes, note: str, *, in_libjpeg: bool = True) -> JPEGImage:
    """Both ways of reading give all coefficients of the original, and one note."""
    expected = read_jpeg(original)
    for tolerant in (False, True):
        image = read_jpeg(data, tolerant=tolerant)
        assert image.notes == (note,)
        assert image.missing == 0.0
        for component, whole in zip(image.components, expected.components, strict=True):
            assert_array_equal(component.coefficients, whole.coefficients, strict=True)
            assert_array_equal(component.table, whole.table, strict=True)
    if in_libjpeg:
        assert_array_equal(render(image), libjpeg(data), strict=True)
    return image


def needless(number: int) -> str:
    return f"{number} needless {'byte' if number == 1 else 'bytes'} after the data of a scan {were(number)} passed over"


def stray(number: int) -> str:
    return f"{number} stray {'byte' if number == 1 else 'bytes'} between the segments {were(number)} passed over"


def were(number: int) -> str:
    return "was" if number == 1 else "were"


@KINDS
@pytest.mark.parametrize("size", [1, 2, 17, 100, 5000])
@pytest.mark.parametrize("content", [b"\0", b"\x7f", b"text of any kind. ", NOISE], ids=["nul", "7F", "text", "noise"])
def test_junk_after_a_scan(data: bytes, size: int, content: bytes) -> None:
    junk = (content * size)[:size]
    assert_opens(data[:-2] + junk + writer.EOI, data, needless(size))


def test_junk_with_markers_in_it() -> None:
    """As soon as all coefficients are there, nothing in the junk means anything but the end of the picture."""
    for number in range(20):
        generator = np.random.default_rng(number)
        junk = bytes(generator.integers(0, 256, 2000).astype(np.uint8)).replace(b"\xff\xd8\xff", b"")
        for marker in (0x00, 0x01, 0x42, 0xC0, 0xC4, 0xDA, 0xDB, 0xDD, 0xD3, 0xE1, 0xFE, 0xC3, 0xF7, 0xD8):
            place = int(generator.integers(len(junk)))
            junk = junk[:place] + bytes([0xFF, marker]) + junk[place:]
        junk = b"a" + junk.replace(b"\xff\xd9", b"")
        image = read_jpeg(BASELINE[:-2] + junk + writer.EOI)
        for component, whole in zip(image.components, read_jpeg(BASELINE).components, strict=True):
            assert_array_equal(component.coefficients, whole.coefficients)
        counts = [int(note.split()[0]) for note in image.notes if "passed over" in note]
        assert len(junk) - 40 < sum(counts) <= len(junk)  # stuffed bytes count once, fill bytes not at all


@pytest.mark.parametrize("byte", [0x00, 0x55, 0x80])
@pytest.mark.parametrize(("padded", "size"), [([1], 1), ([0], 8), ([0, 2, 4], 3), ([1, 2, 3], 40)])
def test_padding_before_restart_markers(byte: int, padded: list[int], size: int) -> None:
    parts = re.split(rb"(?=\xff[\xd0-\xd7])", RESTARTS)
    assert len(parts) == 8
    for index in padded:
        parts[index] += bytes([byte]) * size
    total = size * len(padded)
    note = f"{total} padding {'byte' if total == 1 else 'bytes'} within the data of a scan {were(total)} passed over"
    assert_opens(b"".join(parts), RESTARTS, note)


@pytest.mark.parametrize("markers", [b"\xff\xd7", b"\xff\xd0\xff\xd1", b"\xff\xd3\xff\xd3\xff\xd3"])
@KINDS
def test_restart_markers_after_the_last_interval(data: bytes, markers: bytes) -> None:
    note = f"{len(markers)} needless bytes of restart markers were passed over"
    assert_opens(data[:-2] + markers + writer.EOI, data, note)


def test_repeated_restart_markers() -> None:
    """Here libjpeg loses an interval."""
    for marker in (b"\xff\xd0", b"\xff\xd3", b"\xff\xd6"):
        data = RESTARTS.replace(marker, 3 * marker)
        assert_opens(data, RESTARTS, "4 needless bytes of restart markers were passed over", in_libjpeg=False)


def joints(data: bytes) -> list[int]:
    """Where segments of the header begin."""
    parts = fuzz.segments(data)
    first_scan = next(index for index, part in enumerate(parts) if part[1] == 0xDA)
    return np.cumsum([len(part) for part in parts])[:first_scan].tolist()


@KINDS
@pytest.mark.parametrize(
    "junk", [b"\0", b"\0\0\0", b"a few stray bytes", b"\xff\x01", b"\xff\x5b", b"\xff\xd3", b"\xff\0"]
)
def test_stray_bytes_between_segments(data: bytes, junk: bytes) -> None:
    places = joints(data)
    assert len(places) > 5
    for place in places[:1] + places[3:-1:2]:
        joined = data[:place] + junk + data[place:]
        in_libjpeg = place > 2 and junk not in (b"\xff\x01", b"\xff\x5b")  # these Pillow refuses
        assert_opens(joined, data, stray(len(junk)), in_libjpeg=in_libjpeg)


def test_stray_bytes_at_every_joint_are_counted_together() -> None:
    parts = fuzz.segments(BASELINE)
    data = b"".join([parts[0], b"\0\0".join(parts[1:])])
    assert_opens(data, BASELINE, stray(2 * (len(parts) - 2)))


@pytest.mark.parametrize("marker", [0xC8, 0xF0, 0xF9, 0xFD])
def test_unknown_segments(marker: int) -> None:
    place = joints(BASELINE)[2]
    unknown = writer.segment(marker, b"whatever")
    note = "12 needless bytes of unknown segments were passed over"
    assert_opens(BASELINE[:place] + unknown + BASELINE[place:], BASELINE, note, in_libjpeg=False)


@pytest.mark.parametrize("marker", [0xFE, 0xE0, 0xE5, 0xDB, 0xC4])
@pytest.mark.parametrize("length", [0, 1])
def test_segments_that_do_not_even_hold_their_length(marker: int, length: int) -> None:
    for place in (2, joints(BASELINE)[1], joints(BASELINE)[-1]):
        joined = BASELINE[:place] + bytes([0xFF, marker, 0, length]) + BASELINE[place:]
        note = "4 needless bytes of segments without a length were passed over"
        assert_opens(joined, BASELINE, note, in_libjpeg=marker == 0xFE and length == 0)


@pytest.mark.parametrize("marker", [0xE0, 0xE1, 0xE2, 0xED, 0xFE])
@pytest.mark.parametrize("error", [-2, -1, 1, 2])
def test_lengths_that_are_slightly_wrong(marker: int, error: int) -> None:
    payload = b"any payload \xff\xd8 with \xff\xd9 in it"
    wrong = bytes([0xFF, marker]) + (len(payload) + 2 + error).to_bytes(2, "big") + payload
    for place in joints(BASELINE)[1:]:
        joined = BASELINE[:place] + wrong + BASELINE[place:]
        plural = "byte" if abs(error) == 1 else "bytes"
        surplus = f"{error} surplus {plural} of a segment's declared length {were(error)} passed over"
        note = stray(-error) if error < 0 else surplus
        assert_opens(joined, BASELINE, note, in_libjpeg=error < 0)


@pytest.mark.parametrize(
    "before", [b"\r\n", b"\xff", b"\0" * 128, b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n\r\n", NOISE[:3000]]
)
@KINDS
def test_bytes_before_the_picture(data: bytes, before: bytes) -> None:
    number = len(before)
    note = f"{number} needless {'byte' if number == 1 else 'bytes'} before the picture {were(number)} passed over"
    image = assert_opens(before + data, data, note, in_libjpeg=False)
    assert_array_equal(render(image), libjpeg(data))
    stream = read_jpeg(io.BytesIO(before + data))
    assert stream.notes == image.notes


@pytest.mark.parametrize(
    "head", [b"FUJIFILMCCD-RAW ", b"ID3\x04", b"II*\0\x08\0\0\0", b"\x89PNG\r\n\x1a\n", b"%PDF-1.4"]
)
def test_the_preview_in_another_kind_of_file_is_not_taken_for_the_picture(head: bytes) -> None:
    with pytest.raises(JPEGError, match="no JPEG"):
        read_jpeg(head + bytes(100) + BASELINE)


def test_the_picture_is_looked_for_at_the_beginning_only() -> None:
    with pytest.raises(JPEGError, match="not a JPEG file"):
        read_jpeg(b"a" * 5000 + BASELINE)
    with pytest.raises(JPEGError, match="not a JPEG file"):
        read_jpeg(b"some text \xff\xd8\xff\x42 and more of it")


def damaged(data: bytes, change: Callable[[bytes, int, np.random.Generator], bytes]) -> list[bytes]:
    start = data.index(b"\xff\xda") + 14
    generators = [np.random.default_rng(number) for number in range(60)]
    return [change(data, int(g.integers(start + 20, len(data) - 60)), g) for g in generators]


def test_data_that_lost_their_place_are_refused() -> None:
    """Inserted data leave blocks over, which go on to a proper end: they are no junk, and the others are doubtful."""
    plain = make_corpus.encode(make_corpus.photo(200, 150).convert("L"), quality=80)
    for length in (40, 100, 200):
        files = damaged(plain, lambda data, place, _, n=length: data[:place] + data[place - n : place] + data[place:])
        refused = alike = 0
        for data in files:
            try:
                image = read_jpeg(data)
            except JPEGError:
                refused += 1
                continue
            alike += np.array_equal(image.components[0].coefficients, read_jpeg(plain).components[0].coefficients)
        assert refused + alike > 0.8 * len(files), (refused, alike)


@KINDS
def test_lost_markers_of_segments_are_no_stray_bytes(data: bytes) -> None:
    """The table behind a damaged marker is lost, and what it would have changed is not known."""
    for place in joints(data)[1:]:
        if data[place + 1] not in (0xDB, 0xC4, 0xDD, 0xC0, 0xC2):
            continue
        for code in (0x5B, 0xD2, 0x00):
            with pytest.raises(JPEGError, match="marker of a segment is damaged"):
                read_jpeg(data[: place + 1] + bytes([code]) + data[place + 2 :])


def test_a_picture_that_begins_before_the_first_one_is_complete_is_damage() -> None:
    scan = BASELINE.index(b"\xff\xda")
    with pytest.raises(JPEGError, match="another picture begins"):
        read_jpeg(BASELINE[:scan] + BASELINE)


def test_a_second_picture_without_an_end_of_the_first_one() -> None:
    image = read_jpeg(BASELINE[:-2] + PROGRESSIVE)
    assert image.process == "baseline"
    assert image.notes == (
        "the end-of-image marker is missing",
        "the file holds further pictures, of which only the first was read",
    )
    assert_array_equal(render(image), libjpeg(BASELINE))
