"""What all formats keep of a picture and its metadata, and files that are whole or not there."""

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

from made.metadata import METADATA, RESOURCES, SRGB, THUMBNAIL, XMP, exif_data, floats, restored, written
from qgac.jpeg.image import Density, Metadata
from qgac.pictures.bands import PictureInBands
from qgac.pictures.formats import Encoding, OutputError
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


@pytest.mark.parametrize("depth", [16, "float"])
def test_pixels_of_8_bit_make_no_deeper_picture(depth: Any) -> None:
    with pytest.raises(OutputError, match="restore them as uint16 or float32"):
        written(restored(), "tiff", Encoding(depth=depth))


@pytest.mark.parametrize(
    ("kind", "depth", "channels"),
    [(kind, 8, channels) for kind in ("png", "webp", "tiff", "jpeg") for channels in (1, 3)]
    + [("png", 16, channels) for channels in (1, 3)]
    + [("tiff", depth, channels) for depth in (16, "float") for channels in (1, 3)]
    + [("jpeg", 8, 4), ("tiff", 8, 4), ("tiff", 16, 4), ("tiff", "float", 4)],
)
def test_a_picture_in_bands_becomes_the_same_file(kind: str, depth: Any, channels: int) -> None:
    shape = (30, 41) if channels == 1 else (30, 41, channels)
    encoding = Encoding(depth=depth)
    metadata = replace(METADATA, icc=None)
    whole = replace(restored(shape, metadata), pixels=floats(shape).pixels)
    pixels = {8: whole.to_uint8, 16: whole.to_uint16, "float": whole.to_float32}[depth]()
    in_bands = PictureInBands(iter(np.split(pixels, [8, 24])), 30, 41, channels, metadata)
    assert written(in_bands, kind, encoding) == written(whole, kind, encoding)


@pytest.mark.parametrize("kind", ["png", "webp", "tiff", "jpeg"])
@pytest.mark.parametrize("height", [29, 31])
def test_bands_that_are_too_few_or_too_many_are_no_picture(kind: str, height: int) -> None:
    bands = iter(np.split(restored().pixels, [8, 24]))
    with pytest.raises(ValueError, match=rf"of {height} rows was given"):
        written(PictureInBands(bands, height, 41, 3, Metadata()), kind)


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


@pytest.mark.parametrize("kind", ["png", "webp", "tiff", "jpeg"])
def test_damaged_exif_is_kept_by_jpeg_only(kind: str) -> None:
    damaged = b"\xff\xff\xff\xff\0\0\0\x08\0\0 and so on"
    content = written(restored(metadata=replace(METADATA, exif=damaged)), kind)
    assert (damaged in content) == (kind == "jpeg")
    if kind != "jpeg":
        with Image.open(io.BytesIO(content)) as picture:
            assert ExifTags.Base.Make not in picture.getexif()


@pytest.mark.parametrize("kind", ["png", "webp", "tiff", "jpeg"])
def test_extended_xmp_is_kept_beside_the_main_packet_or_within_it(kind: str) -> None:
    rdf = b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">%s</rdf:RDF>'
    note = b'<rdf:Description xmlns:n="http://ns.adobe.com/xmp/note/" n:HasExtendedXMP="%s"/>' % (b"0A" * 16)
    extended = rdf % b'<rdf:Description xmlns:m="urn:m" m:more="much more"/>'
    metadata = Metadata(xmp=rdf % note, extended_xmp=extended)
    content = written(restored(metadata=metadata), kind)
    assert b'm:more="much more"' in content
    assert (b"HasExtendedXMP" in content) == (kind == "jpeg")
    with Image.open(io.BytesIO(content)) as picture:
        xmp = picture.info["xmp"]
    main = xmp if isinstance(xmp, bytes) else xmp.encode()
    assert main == metadata.xmp if kind == "jpeg" else b"much more" in main


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
