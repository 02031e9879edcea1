"""TIFF files of all depths against tifffile, and Pillow where it reads them."""

from __future__ import annotations

import errno
import io
import tempfile
import tracemalloc
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from made.metadata import exif_data, floats, restored, written
from qgac.jpeg.image import Density, Metadata
from qgac.pictures import tiff
from qgac.pictures.formats import Encoding, OutputError
from qgac.pictures.tiff import tiff_parts

BIG_ENDIAN_EXIF = b"MM\0*\0\0\0\x08\0\0\0\0\0\0"


def encode_tiff(pixels: np.ndarray, **metadata: Any) -> bytes:
    return b"".join(tiff_parts([pixels], len(pixels), **metadata))


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


def test_tiff_keeps_cmyk() -> None:
    picture = restored((30, 41, 4), Metadata())
    opened = Image.open(io.BytesIO(written(picture, "tiff")))
    assert opened.mode == "CMYK"
    np.testing.assert_array_equal(np.asarray(opened), picture.pixels)


@pytest.mark.parametrize("shape", [(40, 41), (40, 41, 3), (40, 41, 4)])
def test_floats_lie_between_zero_and_one(shape: tuple[int, ...]) -> None:
    picture = floats(shape)
    samples = tifffile.imread(io.BytesIO(written(picture, "tiff", Encoding(depth="float"))))
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples * 255.0, picture.pixels, rtol=1e-6)


def test_tiff_leaves_out_what_exif_says_about_another_layout() -> None:
    """Cameras write YCbCr, strips and sampling into EXIF's main directory; in a TIFF file they would count."""
    exif = Image.Exif()
    exif[262], exif[278], exif[530], exif[305] = 6, 1, (2, 2), "Software"
    picture = restored(metadata=Metadata(exif=exif.tobytes()[6:]))
    opened = Image.open(io.BytesIO(written(picture, "tiff")))
    assert opened.tag_v2[262] == 2
    assert opened.tag_v2[305] == "Software"
    assert 530 not in opened.tag_v2
    np.testing.assert_array_equal(np.asarray(opened), picture.pixels)


@pytest.mark.parametrize("exif", [b"", b"II*\0", b"nonsense" * 9, exif_data()[:30], b"II*\0\xff\xff\xff\xff\0\0"])
def test_damaged_exif_does_not_spoil_a_tiff_file(exif: bytes) -> None:
    pixels = restored((9, 5, 3)).pixels
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(encode_tiff(pixels, exif=exif)))), pixels)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("ends", [(1,), (7, 8, 19), (10,)])
def test_a_picture_that_comes_in_pieces_is_the_same_file(
    ends: tuple[int, ...], dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 11, 3)).astype(dtype)
    monkeypatch.setattr(tiff, "_STRIP_BYTES", 3 * pixels[0].nbytes)
    content = b"".join(tiff_parts(iter(np.split(pixels, ends)), 20, exif=exif_data()))
    assert content == encode_tiff(pixels, exif=exif_data())
    with tifffile.TiffFile(io.BytesIO(content)) as file:
        assert file.pages[0].rowsperstrip == 3
        assert len(file.pages[0].dataoffsets) == 7
        np.testing.assert_array_equal(file.pages[0].asarray(), pixels)


@pytest.mark.parametrize("height", [19, 21])
def test_pieces_that_are_too_few_or_too_many_are_no_picture(height: int) -> None:
    with pytest.raises(ValueError, match=f"of {height} rows was given 20"):
        list(tiff_parts([np.zeros((20, 11), np.uint8)], height))


def test_neither_the_pixels_nor_the_file_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiff, "_HELD_BYTES", 1 << 20)
    generator = np.random.default_rng(0)
    bands = (generator.integers(0, 256, (100, 1000, 3), np.uint8) for _ in range(100))  # 30 MB that no code shortens
    length = 0
    tracemalloc.start()
    try:
        for part in tiff_parts(bands, 10_000):
            length += len(part)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert length > 30_000_000
    assert peak < 6_000_000


def test_no_room_to_wait_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def __init__(self, size: int) -> None:
            super().__init__()

        def write(self, data: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", Full)
    with pytest.raises(OutputError, match=rf"waits in {tempfile.gettempdir()} .*No space left.*\(TMPDIR\)"):
        written(restored(), "tiff")
