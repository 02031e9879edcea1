"""The rendering of every file equals libjpeg's (through Pillow) to the bit: the proof of reader and renderer."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image
from scipy.fft import idctn

import jpeg_writer as writer
import make_corpus
from qgac.jpeg.errors import JPEGError
from qgac.jpeg.reader import read_jpeg
from render import inverse_dct, render

NOT_FOR_PILLOW = {"late_height", "late_height_restart", "pillow_no_end"}


def frame_header(data: bytes) -> tuple[int, int]:
    """Marker and precision of the first frame header, found by walking the segments."""
    position = 2
    while True:
        while data[position + 1] == 0xFF:
            position += 1
        marker = data[position + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return marker, data[position + 4]
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")


def test_every_file_is_rendered_as_libjpeg_does_or_refused_for_its_kind(corpus_file: Path) -> None:
    data = corpus_file.read_bytes()
    marker, precision = frame_header(data)
    if marker >= 0xC9:
        with pytest.raises(JPEGError, match=r"arithmetic.*convert it"):
            read_jpeg(data)
    elif precision != 8:
        with pytest.raises(JPEGError, match=r"12 bits.*only 8"):
            read_jpeg(data)
    else:
        rendered = render(read_jpeg(data))
        assert rendered.dtype == np.uint8
        if corpus_file.stem not in NOT_FOR_PILLOW:
            assert_array_equal(rendered, np.asarray(Image.open(io.BytesIO(data))), strict=True)


@pytest.mark.parametrize("name", ["late_height", "late_height_restart"])
def test_a_height_behind_the_first_scan_counts_as_one_in_the_header(corpus: dict[str, bytes], name: str) -> None:
    data = corpus[name]
    lines = re.search(rb"\xff\xdc\0\x04(..)", data, re.DOTALL)
    assert lines is not None
    header = data.index(b"\xff\xc0")
    ordinary = data[: header + 5] + lines.group(1) + data[header + 7 :].replace(lines.group(0), b"", 1)
    assert_array_equal(render(read_jpeg(data)), np.asarray(Image.open(io.BytesIO(ordinary))), strict=True)


@pytest.mark.parametrize("width", range(1, 12))
@pytest.mark.parametrize("subsampling", ["4:2:0", "4:2:2"])
def test_upsampling_at_the_edges_of_narrow_pictures(width: int, subsampling: str) -> None:
    data = make_corpus.encode(make_corpus.photo(width, 11), quality=90, subsampling=subsampling)
    assert_array_equal(render(read_jpeg(data)), np.asarray(Image.open(io.BytesIO(data))), strict=True)


def test_inverse_dct_is_within_one_of_the_exact_one() -> None:
    generator = np.random.default_rng(3)
    table = generator.integers(1, 40, (8, 8)).astype(np.uint16)
    coefficients = np.rint(generator.laplace(0, 40, (500, 8, 8)) / table).astype(np.int16)
    exact = idctn(coefficients.astype(float) * table, axes=(1, 2), norm="ortho") + 128
    difference = inverse_dct(coefficients, table) - np.clip(exact, 0, 255)
    assert np.abs(difference).max() < 1.0
    assert abs(difference.mean()) < 0.02


def test_inverse_dct_of_a_mean_alone() -> None:
    block = np.zeros((1, 8, 8), np.int16)
    block[0, 0, 0] = 5
    assert_array_equal(inverse_dct(block, np.full((8, 8), 16, np.uint16)), np.full((1, 8, 8), 138, np.uint8))


def test_sampling_that_libjpeg_refuses_takes_the_nearest_sample() -> None:
    parts = writer.random_parts([(3, 1), (2, 1), (1, 1)], 24, 8)
    for part in parts:
        part.coefficients[:] = 0
    parts[1].coefficients[:, 1, 0, 0] = 40
    image = read_jpeg(writer.sequential_file(parts, 24, 8, head=writer.adobe(0)))
    green = render(image)[..., 1]
    changes = np.flatnonzero(np.diff(green[0].astype(int)))
    assert changes.tolist() == [11]  # sample 8 of 16 is the first one bright: columns 12..23
    assert (np.diff(green.astype(int), axis=0) == 0).all()
