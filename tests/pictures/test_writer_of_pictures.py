from __future__ import annotations

import errno
import io
import os
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import ExifTags, Image

from made.metadata import GRAY, METADATA, RESOURCES, SRGB, THUMBNAIL, XMP, exif_data, floats, restored, written
from qgac.jpeg.image import Density, Metadata
from qgac.jpeg.reader import read_jpeg
from qgac.pictures.exif import without_thumbnail
from qgac.pictures.formats import Encoding, OutputError
from qgac.pictures.tiff import encode_tiff
from qgac.pictures.writer import write_picture


def raw_pixels(content: bytes) -> np.ndarray:
    """Decode with Pillow, without the turn by the orientation that it makes for TIFF alone."""
    picture = Image.open(io.BytesIO(content))
    turned = picture.format == "TIFF" and picture.getexif().get(274) == 6
    return np.rot90(np.asarray(picture)) if turned else np.asarray(picture)


# --- pixels ---


@pytest.mark.parametrize("kind", ["png", "webp", "tiff"])
@pytest.mark.parametrize("shape", [(1, 1, 3), (7, 5), (30, 41, 3), (700, 300, 3)])
def test_lossless_formats_keep_every_sample(kind: str, shape: tuple[int, ...]) -> None:
    picture = restored(shape, Metadata())
    samples = np.asarray(Image.open(io.BytesIO(written(picture, kind))))
    expected = picture.pixels
    if kind == "webp" and len(shape) == 2:
        expected = np.stack([expected] * 3, axis=-1)
    np.testing.assert_array_equal(samples, expected)


def test_tiff_keeps_cmyk() -> None:
    picture = restored((30, 41, 4), Metadata())
    opened = Image.open(io.BytesIO(written(picture, "tiff")))
    assert opened.mode == "CMYK"
    np.testing.assert_array_equal(np.asarray(opened), picture.pixels)


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


@pytest.mark.parametrize("shape", [(40, 41), (40, 41, 3), (40, 41, 4)])
def test_sixteen_bits_come_from_the_floats(shape: tuple[int, ...]) -> None:
    picture = floats(shape)
    samples = tifffile.imread(io.BytesIO(written(picture, "tiff", Encoding(depth=16))))
    assert samples.dtype == np.uint16
    assert len(np.unique(samples)) > 1024
    assert np.abs(samples - picture.pixels.astype(np.float64) * 257).max() < 0.505  # float32 may decide a tie
    if len(shape) < 3 or shape[2] == 3:
        content = written(picture, "png", Encoding(depth=16))
        assert content[24] == 16
        high = np.asarray(Image.open(io.BytesIO(content)))  # Pillow drops the low byte of colour
        np.testing.assert_array_equal(high, samples if len(shape) == 2 else samples >> 8)


@pytest.mark.parametrize("shape", [(40, 41), (40, 41, 3), (40, 41, 4)])
def test_floats_lie_between_zero_and_one(shape: tuple[int, ...]) -> None:
    picture = floats(shape)
    samples = tifffile.imread(io.BytesIO(written(picture, "tiff", Encoding(depth="float"))))
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples * 255.0, picture.pixels, rtol=1e-6)


@pytest.mark.parametrize("depth", [16, "float"])
def test_pixels_of_8_bit_make_no_deeper_picture(depth: Any) -> None:
    with pytest.raises(OutputError, match="restore them as uint16 or float32"):
        written(restored(), "tiff", Encoding(depth=depth))


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


def test_photoshop_resources_are_kept_in_png() -> None:
    texts = Image.open(io.BytesIO(written(restored(), "png"))).text  # type: ignore[attr-defined]
    assert bytes.fromhex("".join(texts["Raw profile type iptc"].split("\n")[3:])) == RESOURCES


# --- metadata ---


@pytest.mark.parametrize("kind", ["png", "webp", "tiff", "jpeg"])
def test_orientation_is_kept_and_pixels_are_not_turned(kind: str) -> None:
    picture = restored()
    content = written(picture, kind)
    assert Image.open(io.BytesIO(content)).getexif()[ExifTags.Base.Orientation] == 6
    if kind != "jpeg":
        np.testing.assert_array_equal(raw_pixels(content), picture.pixels)


@pytest.mark.parametrize("kind", ["png", "webp", "tiff", "jpeg"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_is_kept_without_the_thumbnail(kind: str, order: str) -> None:
    content = written(restored(metadata=Metadata(exif=exif_data(order))), kind)
    exif = Image.open(io.BytesIO(content)).getexif()
    assert exif[ExifTags.Base.Make] == "Camera of mine"
    assert exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.MakerNote] == b"maker's own note"
    assert exif.get_ifd(ExifTags.IFD.IFD1) == {}
    assert THUMBNAIL not in content
    # The offsets inside a maker's note hold only if it lies where it lay, counted from the start of the structure.
    start = content.index({"<": b"II*\0", ">": b"MM\0*"}[order])
    assert content.index(b"maker's own note") - start == exif_data(order).index(b"maker's own note")


@pytest.mark.parametrize("kind", ["png", "webp", "tiff", "jpeg"])
def test_profile_and_xmp_are_kept(kind: str) -> None:
    opened = Image.open(io.BytesIO(written(restored(), kind)))
    assert opened.info["icc_profile"] == SRGB
    xmp = opened.info["xmp"]
    assert (xmp if isinstance(xmp, bytes) else xmp.encode()) == XMP


@pytest.mark.parametrize(("kind", "digits"), [("png", 0), ("tiff", 6), ("jpeg", 6)])
def test_density_in_inches_is_kept(kind: str, digits: int) -> None:
    opened = Image.open(io.BytesIO(written(restored(), kind)))
    assert opened.info["dpi"] == pytest.approx((300, 150), abs=0.02 if digits == 0 else 0)


def test_density_in_centimetres_is_kept() -> None:
    picture = restored(metadata=Metadata(density=Density(2, 40, 80)))
    assert b"pHYs" + struct.pack(">IIB", 4000, 8000, 1) in written(picture, "png")
    tiff = Image.open(io.BytesIO(written(picture, "tiff")))
    assert (tiff.tag_v2[282], tiff.tag_v2[283], tiff.tag_v2[296]) == (40, 80, 3)
    jpeg = Image.open(io.BytesIO(written(picture, "jpeg")))
    assert (jpeg.info["jfif_unit"], jpeg.info["jfif_density"]) == (2, (40, 80))


def test_aspect_ratio_is_kept_and_square_pixels_are_not_worth_a_word() -> None:
    stretched = written(restored(metadata=Metadata(density=Density(0, 2, 1))), "png")
    opened = Image.open(io.BytesIO(stretched))
    opened.load()  # checks the sums of all chunks
    assert opened.info["aspect"] == (2, 1)
    assert b"pHYs" not in written(restored(metadata=Metadata(density=Density(0, 1, 1))), "png")


def test_comments_are_kept() -> None:
    assert Image.open(io.BytesIO(written(restored(), "tiff"))).tag_v2[270].encode("latin-1").decode() == "naïve"
    png = written(restored(), "png")
    assert b"tEXtComment\0" + "naïve".encode("latin-1") in png
    assert b"tEXtComment\0second" in png
    segments = Image.open(io.BytesIO(written(restored(), "jpeg"))).applist
    assert [data for name, data in segments if name == "COM"] == ["naïve".encode(), b"second"]


def test_photoshop_resources_are_kept() -> None:
    assert Image.open(io.BytesIO(written(restored(), "tiff"))).tag_v2[34377] == RESOURCES
    segments = Image.open(io.BytesIO(written(restored(), "jpeg"))).applist
    assert ("APP13", METADATA.iptc) in segments


def test_long_photoshop_resources_are_split() -> None:
    resources = np.random.default_rng(0).bytes(150_000)
    content = written(restored(metadata=Metadata(iptc=b"Photoshop 3.0\0" + resources)), "jpeg")
    parts = [data for name, data in Image.open(io.BytesIO(content)).applist if name == "APP13"]
    assert len(parts) == 3
    assert b"".join(part.removeprefix(b"Photoshop 3.0\0") for part in parts) == resources


@pytest.mark.parametrize(("shape", "kept"), [((8, 8), GRAY), ((8, 8, 3), SRGB)])
def test_png_takes_profiles_of_its_own_colour_only(shape: tuple[int, ...], kept: bytes) -> None:
    for profile in (GRAY, SRGB):
        opened = Image.open(io.BytesIO(written(restored(shape, Metadata(icc=profile)), "png")))
        assert opened.info.get("icc_profile") == (profile if profile == kept else None)


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


# --- files ---


def test_a_file_has_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "usual").write_bytes(b"")
    write_picture(restored(), tmp_path / "x.png", format="png")
    assert (tmp_path / "x.png").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_an_existing_file_stays_unless_told_otherwise(tmp_path: Path) -> None:
    target = tmp_path / "x.png"
    target.write_bytes(b"precious")
    with pytest.raises(OutputError, match=r"x\.png exists already; .*--overwrite"):
        write_picture(restored(), target, format="png")
    assert target.read_bytes() == b"precious"
    write_picture(restored(), str(target), format="png", overwrite=True)
    assert target.read_bytes() == written(restored(), "png")
    assert list(tmp_path.iterdir()) == [target]


def test_only_regular_files_are_replaced(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="not a regular file"):
        write_picture(restored(), tmp_path, format="png", overwrite=True)
    with pytest.raises(OutputError, match="not a regular file"):
        write_picture(restored(), os.devnull, format="png", overwrite=True)
    assert not Path(os.devnull).is_file()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="nowhere does not exist"):
        write_picture(restored(), tmp_path / "nowhere" / "x.png", format="png")


@pytest.mark.parametrize(
    ("error", "raised"),
    [(OSError(errno.ENOSPC, "No space left"), OutputError), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_what_is_not_complete_leaves_nothing(
    error: BaseException, raised: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "x.png"
    target.write_bytes(b"precious")

    def fail(descriptor: int) -> None:
        assert len(list(tmp_path.iterdir())) == 2  # the file to be, beside the old one
        raise error

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(raised):
        write_picture(restored(), target, format="png", overwrite=True)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("x.png", b"precious")]
