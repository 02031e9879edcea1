"""JPEG files of pixels and of coefficients, against Pillow and the reader."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from made.metadata import METADATA, exif_data, restored, written
from qgac.jpeg.image import Metadata
from qgac.jpeg.reader import read_jpeg
from qgac.pictures.exif import without_thumbnail
from qgac.pictures.formats import Encoding, OutputError


def test_jpeg_is_of_quality_95_without_subsampling() -> None:
    smooth = replace(restored(), pixels=np.full((30, 41, 3), (200, 30, 90), np.uint8))
    opened = Image.open(io.BytesIO(written(smooth, "jpeg")))
    assert [part[1:3] for part in opened.layer] == [(1, 1)] * 3
    assert opened.quantization[0][0] == 2  # 16 scaled by 10 %
    assert np.abs(np.asarray(opened).astype(int) - smooth.pixels).max() <= 3


def test_cmyk_jpeg_keeps_its_polarity() -> None:
    picture = replace(restored((30, 41, 4)), pixels=np.full((30, 41, 4), (10, 60, 120, 240), np.uint8))
    opened = Image.open(io.BytesIO(written(picture, "jpeg")))
    assert opened.mode == "CMYK"
    assert np.abs(np.asarray(opened).astype(int) - picture.pixels).max() <= 3


def test_quality_of_jpeg_files() -> None:
    opened = Image.open(io.BytesIO(written(restored(), "jpeg", Encoding(quality=50))))
    assert opened.quantization[0][0] == 16  # Annex K's table itself
    assert [part[1:3] for part in opened.layer] == [(1, 1)] * 3


@pytest.mark.parametrize("shape", [(30, 41, 3), (30, 41, 4)])
def test_coefficients_are_written_as_they_are_with_the_same_metadata(shape: tuple[int, ...]) -> None:
    levels = np.random.default_rng(2).integers(-9, 10, (4, 6, 8, 8)).astype(np.int16)
    image = restored(shape).image
    image = replace(
        image, components=tuple(replace(c, coefficients=levels + i) for i, c in enumerate(image.components))
    )
    coefficients, pixels = (read_jpeg(written(picture, "jpeg")) for picture in (image, restored(shape)))
    for mine, theirs in zip(coefficients.components, image.components, strict=True):
        np.testing.assert_array_equal(mine.coefficients, theirs.coefficients)
        np.testing.assert_array_equal(mine.table, theirs.table)
    assert coefficients.metadata == pixels.metadata
    expected = replace(METADATA, exif=without_thumbnail(exif_data()))
    assert coefficients.metadata == (expected if shape[2] == 3 else replace(expected, density=None))
    with pytest.raises(OutputError, match="choose jpeg"):
        written(image, "png")


def test_long_photoshop_resources_are_split() -> None:
    resources = np.random.default_rng(0).bytes(150_000)
    content = written(restored(metadata=Metadata(iptc=b"Photoshop 3.0\0" + resources)), "jpeg")
    parts = [data for name, data in Image.open(io.BytesIO(content)).applist if name == "APP13"]
    assert len(parts) == 3
    assert b"".join(part.removeprefix(b"Photoshop 3.0\0") for part in parts) == resources
