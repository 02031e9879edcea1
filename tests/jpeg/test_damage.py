"""Truncated and damaged files: refused by default, and in tolerant reading filled up as libjpeg does it."""

from __future__ import annotations

import io
import re

import jpeg_writer as writer
import make_corpus
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from qgac.jpeg.image import JPEGError
from qgac.jpeg.reader import read_jpeg
from qgac.jpeg.render import render


def libjpeg(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def data_start(data: bytes) -> int:
    """Where the entropy-coded data of the first scan begin."""
    scan = data.index(b"\xff\xda")
    return scan + 2 + int.from_bytes(data[scan + 2 : scan + 4], "big")


@pytest.mark.parametrize("name", ["pillow_420", "pillow_progressive", "restart_1", "separate_scans", "late_height"])
def test_every_truncation_is_refused(corpus: dict[str, bytes], name: str) -> None:
    data = corpus[name]
    for end in [*range(2, 60), *range(60, len(data) - 2, 37), len(data) - 4, len(data) - 3]:
        for tail in (b"", writer.EOI):
            with pytest.raises(JPEGError):
                read_jpeg(data[:end] + tail)


def test_a_missing_end_marker_alone_is_only_noted(corpus: dict[str, bytes]) -> None:
    for name in ("pillow_420", "pillow_progressive", "cmyk_adobe"):
        for missing in (1, 2):
            image = read_jpeg(corpus[name][:-missing])
            assert image.notes == ("the end-of-image marker is missing",)
            assert image.missing == 0.0
            whole = read_jpeg(corpus[name])
            assert_array_equal(image.components[-1].coefficients, whole.components[-1].coefficients)


@pytest.mark.parametrize(
    "name", ["pillow_420", "pillow_444", "pillow_gray", "pillow_cmyk", "mixed_scans", "long_codes"]
)
def test_truncated_sequential_files_end_in_grey_as_with_libjpeg(corpus: dict[str, bytes], name: str) -> None:
    data = corpus[name]
    start = data_start(data)
    scan_end = data.index(b"\xff\xda", start) if name == "mixed_scans" else len(data) - 2
    shares = []
    for end in range(start + 200, scan_end - 8, max(1, (scan_end - start) // 40)):
        if data[end - 1] == 0xFF:
            continue
        image = read_jpeg(data[:end], tolerant=True)
        if name != "mixed_scans":  # there libjpeg also misses the second scan, and gives up
            assert_array_equal(render(image), libjpeg(data[:end] + writer.EOI), strict=True)
        assert 0 < image.missing < 1
        assert any("end early" in note for note in image.notes)
        shares.append(image.missing)
    assert shares == sorted(shares, reverse=True)
    assert len(shares) > 15


def test_truncated_progressive_files_keep_the_bits_that_came(corpus: dict[str, bytes]) -> None:
    data = corpus["pillow_progressive"]
    whole = read_jpeg(data).components[0].coefficients
    shares, errors = [], []
    for scan in list(re.finditer(rb"\xff\xda\0", data))[1:]:
        image = read_jpeg(data[: scan.start()], tolerant=True)
        coefficients = image.components[0].coefficients
        # What has come is the magnitude without its last bits.
        assert (np.abs(coefficients[..., 1:, 1:]) <= np.abs(whole[..., 1:, 1:])).all()
        shares.append(image.missing)
        errors.append(int(np.abs(coefficients.astype(int) - whole).sum()))
    assert shares == sorted(shares, reverse=True)
    assert errors == sorted(errors, reverse=True)
    assert 0 < shares[-1] < 0.6
    assert read_jpeg(data, tolerant=True).missing == 0.0


def intervals(data: bytes) -> tuple[bytes, list[bytes], bytes]:
    """Head, restart intervals (each with the marker before it) and tail of a file of one scan."""
    start = data_start(data)
    body = re.split(rb"(?=\xff[\xd0-\xd7])", data[start:-2])
    return data[:start], body, data[-2:]


@pytest.mark.parametrize("lost", [[1], [3], [3, 4], [7], [2, 5]])
def test_lost_restart_intervals_are_left_out_as_with_libjpeg(lost: list[int]) -> None:
    picture = make_corpus.photo(80, 128)
    data = make_corpus.encode(picture, quality=80, subsampling="4:4:4", restart_marker_rows=1)
    head, body, tail = intervals(data)
    assert len(body) == 16
    damaged = head + b"".join(part for i, part in enumerate(body) if i not in lost) + tail
    with pytest.raises(JPEGError, match=r"restart markers are missing or wrong|end early"):
        read_jpeg(damaged)
    image = read_jpeg(damaged, tolerant=True)
    # libjpeg draws the first block of a lost interval from zero bits, which is no better than the grey that follows.
    same = np.repeat([row not in lost for row in range(16)], 8)
    assert_array_equal(render(image)[same], libjpeg(damaged)[same], strict=True)
    assert (render(image)[~same] == 128).all()
    assert image.missing == pytest.approx(len(lost) / 16)


def test_damage_stays_within_its_restart_interval() -> None:
    picture = make_corpus.photo(80, 128)
    data = make_corpus.encode(picture, quality=80, subsampling="4:4:4", restart_marker_rows=1)
    head, body, tail = intervals(data)
    whole = read_jpeg(data).components[0].coefficients
    generator = np.random.default_rng(1)
    refused = 0
    for _ in range(40):
        row = int(generator.integers(1, 16))
        noise = generator.integers(0, 255, len(body[row]) - 2).astype(np.uint8).tobytes()
        parts = [*body[:row], body[row][:2] + noise, *body[row + 1 :]]
        damaged = head + b"".join(parts) + tail
        try:
            read_jpeg(damaged)
        except JPEGError:
            refused += 1
        image = read_jpeg(damaged, tolerant=True)
        others = [i for i in range(16) if i != row]
        assert_array_equal(image.components[0].coefficients[others], whole[others])
        assert image.missing < 1 / 16 + 1e-9
    assert refused > 35


def test_a_marker_in_the_data_that_cannot_be_ends_only_its_interval() -> None:
    data = make_corpus.encode(make_corpus.photo(80, 128), quality=80, subsampling="4:4:4", restart_marker_rows=1)
    head, body, tail = intervals(data)
    body[5] = body[5][:20] + b"\xff\x42" + body[5][22:]
    image = read_jpeg(head + b"".join(body) + tail, tolerant=True)
    whole = read_jpeg(data)
    others = [i for i in range(16) if i != 5]
    assert_array_equal(image.components[0].coefficients[others], whole.components[0].coefficients[others])
    assert 0 < image.missing < 1 / 16


def test_stray_bytes_between_segments(corpus: dict[str, bytes]) -> None:
    data = corpus["pillow_420"]
    position = data.index(b"\xff\xc0")
    damaged = data[:position] + b"stray" + data[position:]
    with pytest.raises(JPEGError, match="stray bytes"):
        read_jpeg(damaged)
    image = read_jpeg(damaged, tolerant=True)
    assert_array_equal(render(image), libjpeg(damaged), strict=True)
    assert image.notes == ("stray bytes between the segments were passed over",)


def test_few_bytes_left_over_are_noted_and_many_are_damage(corpus: dict[str, bytes]) -> None:
    data = corpus["pillow_420"]
    image = read_jpeg(data[:-2] + bytes(4) + data[-2:])
    assert image.notes == ("4 needless bytes after the data of a scan were passed over",)
    many = data[:-2] + bytes(100) + data[-2:]
    with pytest.raises(JPEGError, match="more data than its blocks need"):
        read_jpeg(many)
    assert read_jpeg(many, tolerant=True).missing == 0.0


def test_tolerant_reading_stops_at_what_it_cannot_pass(corpus: dict[str, bytes]) -> None:
    data = corpus["separate_scans"]
    scans = [match.start() for match in re.finditer(rb"\xff\xda\0\x08\x01", data)]
    assert len(scans) == 3
    damaged = data[: scans[1] + 5] + b"\x77" + data[scans[1] + 6 :]
    with pytest.raises(JPEGError, match="names components"):
        read_jpeg(damaged)
    image = read_jpeg(damaged, tolerant=True)
    whole = read_jpeg(data)
    assert_array_equal(image.components[0].coefficients, whole.components[0].coefficients)
    assert not image.components[1].coefficients.any()
    assert_array_equal(image.components[1].table, whole.components[1].table)
    assert image.missing == pytest.approx(24 / 59)  # the picture has 35 blocks of luma and 2 x 12 of chroma
    assert any(note.startswith("reading stopped before the end") for note in image.notes)


def test_tolerant_reading_refuses_when_nothing_is_left(corpus: dict[str, bytes]) -> None:
    data = corpus["pillow_420"]
    for end in (2, 20, data.index(b"\xff\xc0"), data.index(b"\xff\xda"), data_start(data), data_start(data) + 2):
        with pytest.raises(JPEGError, match=r"damaged beyond repair.*get an undamaged copy"):
            read_jpeg(data[:end], tolerant=True)
