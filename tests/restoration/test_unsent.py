"""Progressive files that leave bits out: what is restored keeps to what was sent, and is no worse than decoding."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

import fuzz
import jpeg_writer as writer
import make_corpus
from made.pictures import photo
from qgac.inspection.uncertainty import expected_map, quantization_error
from qgac.jpeg.errors import JPEGError
from qgac.jpeg.image import NEVER, JPEGImage
from qgac.jpeg.reader import read_jpeg
from qgac.jpeg.writer import write_jpeg
from qgac.metrics.psnr import psnr
from qgac.restoration.restorer import Restorer
from render import render


def first_scans(data: bytes, number: int) -> bytes:
    """Keep so many scans of a file, and end it properly."""
    kept, scans = [], 0
    for part in fuzz.segments(data):
        scans += part[1] == 0xDA
        if scans <= number:
            kept.append(part)
    return b"".join(kept).removesuffix(writer.EOI) + writer.EOI


def intervals(image: JPEGImage, index: int) -> tuple[np.ndarray, np.ndarray]:
    """The ends of the intervals of a component, by the standard's point transform, one coefficient at a time."""
    component = image.components[index]
    lowest = np.empty(component.coefficients.shape)
    highest = lowest.copy()
    for place, level in np.ndenumerate(component.coefficients):
        u, v = place[2:]
        bits = 0 if component.unsent is None else int(component.unsent[u, v])
        if bits == NEVER:
            lowest[place], highest[place] = -np.inf, np.inf
            continue
        more = (1 << bits) - 1
        dc = u == v == 0
        low = int(level) if dc or level > 0 else int(level) - more
        high = int(level) + more if dc or level >= 0 else int(level)
        lowest[place] = (low - 0.5) * int(component.table[u, v])
        highest[place] = (high + 0.5) * int(component.table[u, v])
    return lowest, highest


@pytest.fixture(scope="module")
def restorer() -> Restorer:
    return Restorer("small", device="cpu")


def compressed(picture: Image.Image, **options: object) -> bytes:
    return make_corpus.encode(picture, progressive=True, **options)


PICTURE = Image.fromarray(photo(96, 112))
FILES = {
    "4:2:0": compressed(PICTURE, quality=75),
    "4:4:4": compressed(PICTURE, quality=90, subsampling="4:4:4"),
    "gray": compressed(PICTURE.convert("L"), quality=60),
}
SCANS = {"4:2:0": (1, 3, 5, 8), "4:4:4": (1, 2, 6, 9), "gray": (1, 2, 4, 5)}
CASES = pytest.mark.parametrize(("kind", "scans"), [(kind, scans) for kind in FILES for scans in SCANS[kind]])


@CASES
def test_files_that_leave_bits_out_open_with_a_note(kind: str, scans: int) -> None:
    data = first_scans(FILES[kind], scans)
    whole = read_jpeg(FILES[kind])
    for tolerant in (False, True):
        image = read_jpeg(data, tolerant=tolerant)
        assert image.missing == 0.0
        assert len(image.notes) == 1
        assert "of the refinement out" in image.notes[0]
        for index, component in enumerate(whole.components):
            lowest, highest = intervals(image, index)
            true = component.coefficients.astype(float) * component.table
            assert (lowest < true).all()
            assert (true < highest).all()
    assert all(component.unsent is None for component in whole.components)


def test_what_was_sent_is_known_exactly() -> None:
    """Of the first scans of libjpeg's script: DC but for one bit, AC of luma 1 to 5 but for two, chroma but for one."""
    image = read_jpeg(first_scans(FILES["4:2:0"], 4))
    luma, blue, red = (component.unsent for component in image.components)
    assert luma is not None
    assert blue is not None
    assert red is not None
    assert luma[0, 0] == blue[0, 0] == red[0, 0] == 1
    assert [luma[0, 1], luma[1, 0], luma[2, 0], luma[1, 1], luma[0, 2]] == [2] * 5
    assert luma[0, 3] == luma[7, 7] == NEVER
    assert set(red.reshape(-1)[1:].tolist()) == {1}
    assert set(blue.reshape(-1)[1:].tolist()) == {1}


@pytest.mark.parametrize("data", [FILES["4:2:0"], FILES["gray"]])
def test_scans_that_are_lost_are_damage(data: bytes) -> None:
    """There are bytes that no scan accounts for, or no end."""
    parts = fuzz.segments(data)
    last = next(index for index in reversed(range(len(parts))) if parts[index][1] == 0xDA)
    for broken in (b"\xfe\xda" + parts[last][2:], b"\xff\x5a" + parts[last][2:]):
        with pytest.raises(JPEGError, match=r"missing|damaged"):
            read_jpeg(b"".join([*parts[:last], broken, *parts[last + 1 :]]))
    with pytest.raises(JPEGError, match="ends early"):
        read_jpeg(b"".join(parts[:last]))


def test_a_component_of_which_nothing_came_is_damage() -> None:
    parts = writer.random_parts([(1, 1)] * 3, 16, 16)
    head = writer.SOI + b"".join(writer.dqt(part.slot, part.table) for part in parts[:2])
    head += writer.sof(parts, 16, 16, 0xC2) + writer.dht()
    data = head + writer.sos(parts[:1], 0, 0) + writer.progressive_dc_data(parts, [0], 0) + writer.EOI
    with pytest.raises(JPEGError, match="scans of the picture are missing"):
        read_jpeg(data)


@CASES
def test_what_is_restored_keeps_to_what_was_sent(restorer: Restorer, kind: str, scans: int) -> None:
    image = read_jpeg(first_scans(FILES[kind], scans))
    for strength in (1.0, 0.5):
        refined = read_jpeg(write_jpeg(Restorer("small", device="cpu", strength=strength).refine(image)))
        for index, component in enumerate(refined.components):
            assert component.unsent is None
            lowest, highest = intervals(image, index)
            values = component.coefficients.astype(float) * component.table
            assert (lowest < values).all()
            assert (values < highest).all()


@CASES
def test_restoring_is_no_worse_than_decoding(restorer: Restorer, kind: str, scans: int) -> None:
    """Neither than the plain decode, nor than libjpeg's, which smooths over block borders."""
    data = first_scans(FILES[kind], scans)
    image = read_jpeg(data)
    original = np.asarray(PICTURE.convert("L") if kind == "gray" else PICTURE)
    restored = psnr(restored=restorer(image).pixels, reference=original)
    assert restored >= psnr(restored=render(image), reference=original)
    assert restored >= psnr(restored=np.asarray(Image.open(io.BytesIO(data))), reference=original)


@pytest.mark.parametrize("scans", [1, 5])
def test_tiles_make_no_difference(restorer: Restorer, scans: int) -> None:
    image = read_jpeg(first_scans(FILES["4:2:0"], scans))
    tiled = Restorer("small", device="cpu", tile=32)(image, dtype=np.float32).pixels
    np.testing.assert_allclose(tiled, restorer(image, dtype=np.float32).pixels, atol=2e-2)


@CASES
def test_the_expected_error_is_near_the_true_one(kind: str, scans: int) -> None:
    image = read_jpeg(first_scans(FILES[kind], scans))
    component, whole = image.components[0], read_jpeg(FILES[kind]).components[0]
    error = quantization_error(component)
    differences = (component.coefficients.astype(float) - whole.coefficients) * component.table
    actual = float(np.sqrt(np.square(differences).mean() + quantization_error(whole).expected ** 2))
    assert 0.5 * actual < error.expected < 2 * actual
    never = (component.unsent == NEVER).any()
    assert np.isinf(error.largest) == np.isinf(error.uniform) == never
    assert error.expected < error.largest
    assert np.isfinite(expected_map(image)).all()
    if not never:
        assert np.abs(differences).max() < np.sqrt(64) * error.largest
