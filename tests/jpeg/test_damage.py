"""Truncated and damaged files: refused by default, and in tolerant reading filled up as libjpeg does it."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image, ImageFile

import fuzz
import jpeg_writer as writer
import make_corpus
from qgac.jpeg.errors import JPEGError
from qgac.jpeg.reader import read_jpeg
from render import render


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
            if name == "pillow_progressive" and tail and data[end : end + 2] == b"\xff\xda" and end > data_start(data):
                # Properly ended between two scans: less refined, but whole.
                (note,) = read_jpeg(data[:end] + tail).notes
                assert "of the refinement out" in note
                continue
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


def pillow_decodes_the_rest(data: bytes, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    with monkeypatch.context() as patch:
        patch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
        return libjpeg(data)


def bits_to_come(data: bytes) -> dict[int, list[int]]:
    """For each component, the bits that the scans begun leave open of each coefficient; -1 where none has begun."""
    state: dict[int, list[int]] = {}
    for part in fuzz.segments(data):
        if part[1] == 0xC2:
            state = {part[10 + 3 * i]: [-1] * 64 for i in range(part[9])}
        if part[1] == 0xDA:
            number = part[4]
            first, last, approximation = part[5 + 2 * number : 8 + 2 * number]
            for i in range(number):
                state[part[5 + 2 * i]][first : last + 1] = [approximation & 15] * (last + 1 - first)
    return state


def libjpeg_smooths(data: bytes) -> bool:
    """Whether libjpeg smooths over block borders (``smoothing_ok`` in ``jdcoefct.c``)."""
    state = bits_to_come(data).values()
    return all(bits[0] >= 0 for bits in state) and any(bit != 0 for bits in state for bit in bits[1:10])


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("pillow_progressive", 100),
        ("pillow_progressive_444", 250),
        ("pillow_progressive_gray", 50),
        ("pillow_progressive_restart", 100),
        ("progressive_written", 40),
    ],
)
def test_truncated_progressive_files_look_as_with_libjpeg_unless_it_smooths(
    corpus: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, name: str, least: int
) -> None:
    data = corpus[name]
    parts = fuzz.segments(data)
    starts = np.cumsum([0, *map(len, parts)])
    compared = 0
    for part, start in zip(parts, starts.tolist(), strict=False):
        if part[1] != 0xDA:
            continue
        for end in range(start + 16, start + len(part), 3):
            if data[end - 1] == 0xFF or libjpeg_smooths(data[:end]):
                continue
            image = read_jpeg(data[:end], tolerant=True)
            assert image.missing > 0
            rendered, expected = render(image), pillow_decodes_the_rest(data[:end], monkeypatch)
            different = np.argwhere((rendered != expected).reshape(*rendered.shape[:2], -1).any(-1))
            if len(different):  # at most the block in which the data end
                assert (np.ptp(different, axis=0) < 16).all(), end
            compared += 1
    assert compared > least


@pytest.mark.parametrize("name", ["pillow_422", "pillow_restart_rows", "pillow_quality_100", "pillow_cmyk"])
def test_truncated_sequential_files_look_as_pillow_loads_them(
    corpus: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    data = corpus[name]
    start = data_start(data)
    exact = number = 0
    for end in range(start + 250, len(data) - 8, (len(data) - start) // 60):
        if data[end - 1] == 0xFF:
            continue
        image = read_jpeg(data[:end], tolerant=True)
        expected = pillow_decodes_the_rest(data[:end], monkeypatch)
        different = np.argwhere((render(image) != expected).any(-1))
        number += 1
        exact += len(different) == 0
        # At most the block in which the data end, or the first one of the restart interval that follows.
        assert len(different) == 0 or (np.ptp(different, axis=0) < 8).all(), end
        assert "the picture data end early" in image.notes[0] or "restart markers are missing" in image.notes[0]
        assert image.notes[-1] == f"{image.missing:.1%} of the picture data are missing"
    assert number > 40
    assert exact > 0.8 * number


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


def test_what_leads_past_the_end_is_called_the_end(corpus: dict[str, bytes]) -> None:
    """Cut here, the zero bits behind the end make a coefficient that does not fit."""
    with pytest.raises(JPEGError, match="the picture data end early"):
        read_jpeg(corpus["pillow_progressive_444"][:6408])


def test_fill_bytes_within_the_data_are_damage(corpus: dict[str, bytes]) -> None:
    data = corpus["pillow_quality_100"]
    position = data.index(b"\xff\0", data_start(data))
    damaged = data[:position] + b"\xff" + data[position:]
    with pytest.raises(JPEGError, match="damaged"):
        read_jpeg(damaged)
    image = read_jpeg(damaged, tolerant=True)
    assert image.notes == ("fill bytes within the data of a scan were left out",)
    whole = read_jpeg(data)
    for component, expected in zip(image.components, whole.components, strict=True):
        assert_array_equal(component.coefficients, expected.coefficients)
