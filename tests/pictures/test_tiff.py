"""TIFF files of all depths against tifffile, and Pillow where it reads them."""

from __future__ import annotations

import io

import numpy as np
import pytest
import tifffile
from PIL import Image

from qgac.jpeg.image import Density
from qgac.pictures import tiff
from qgac.pictures.tiff import encode_tiff

BIG_ENDIAN_EXIF = b"MM\0*\0\0\0\x08\0\0\0\0\0\0"


@pytest.mark.parametrize("exif", [None, BIG_ENDIAN_EXIF])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("shape", [(7, 5), (30, 41, 3), (30, 41, 4), (300, 500, 3)])
def test_every_sample_comes_back(shape: tuple[int, ...], dtype: str, exif: bytes | None) -> None:
    generator = np.random.default_rng(0)
    if dtype == "float32":
        pixels = generator.random(shape, dtype=np.float32)
    else:
        pixels = generator.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
    content = encode_tiff(pixels, exif=exif)
    assert content[:2] == (b"II" if exif is None else b"MM")
    with tifffile.TiffFile(io.BytesIO(content)) as file:
        page = file.pages[0]
        found = page.asarray()
        assert (
            page.photometric.name
            == {2: "MINISBLACK", 3: "RGB", 4: "SEPARATED"}[len(shape) if len(shape) == 2 else shape[2]]
        )
    assert found.dtype == pixels.dtype
    np.testing.assert_array_equal(found, pixels)


def test_pillow_reads_gray_of_all_depths() -> None:
    ramp = np.linspace(0, 1, 35, dtype=np.float32).reshape(5, 7)
    for pixels in (ramp, (ramp * 65535).astype(np.uint16), (ramp * 255).astype(np.uint8)):
        with Image.open(io.BytesIO(encode_tiff(pixels))) as opened:
            np.testing.assert_array_equal(np.asarray(opened), pixels)


def test_files_beyond_four_gigabytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40), np.uint8)
    size = len(encode_tiff(pixels))
    monkeypatch.setattr(tiff, "_LARGEST", size)
    assert len(encode_tiff(pixels)) == size
    monkeypatch.setattr(tiff, "_LARGEST", size - 1)
    with pytest.raises(OverflowError, match="4 GiB"):
        encode_tiff(pixels)


@pytest.mark.parametrize(
    ("density", "expected"),
    [(Density(1, 300, 300), (300, 300, 2)), (Density(0, 2, 1), (72, 72, 2)), (Density(0, 1, 1), (72, 72, 2))],
)
def test_a_mere_aspect_ratio_does_not_replace_the_resolution_in_exif(
    density: Density, expected: tuple[int, int, int]
) -> None:
    exif = Image.Exif()
    exif.update({282: 72.0, 283: 72.0, 296: 2})
    content = encode_tiff(np.zeros((3, 3), np.uint8), exif=exif.tobytes()[6:], density=density)
    with tifffile.TiffFile(io.BytesIO(content)) as file:
        tags = file.pages[0].tags
        (x, by), (y, by_too), unit = (tags[number].value for number in (282, 283, 296))
    assert (x / by, y / by_too, unit) == expected
