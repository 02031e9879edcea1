from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from made.pasts import scene
from made.pictures import compressed
from qgac.jpeg.errors import JPEGError, TooLargeError
from qgac.jpeg.image import Density, Metadata
from qgac.pictures.formats import Encoding, Format
from qgac.pictures.writer import write_picture
from qgac.pixels.files import Picture, is_picture, picture_behind, read_picture
from qgac.restoration.picture import Restored
from qgac.restoration.second_hand import stand_in


def file_of(kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(scene(20, 30)).save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP"])
def test_pictures_are_known_by_their_content_and_read(kind: str) -> None:
    content = file_of(kind, **({"lossless": True} if kind == "WEBP" else {}))
    assert is_picture(content)
    picture = read_picture(content)
    assert picture.kind == kind
    assert np.array_equal(picture.pixels, scene(20, 30))


def test_metadata_of_a_png_are_kept() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = read_picture(file_of("PNG", exif=exif.tobytes(), icc_profile=b"profile"))
    assert picture.metadata.icc == b"profile"
    assert picture.metadata.exif is not None
    assert picture.metadata.exif[:2] in (b"II", b"MM")


@pytest.mark.parametrize("content", [b"", b"nothing", compressed(scene(20, 30), 50), b"RIFF0000WAVE"])
def test_other_files_are_none(content: bytes) -> None:
    assert not is_picture(content)
    assert picture_behind(content) is None


def test_what_is_left_out_is_noted() -> None:
    assert read_picture(file_of("PNG")).notes == ()
    frames = [Image.fromarray(scene(20, 30)).rotate(angle) for angle in (90, 180)]
    several = read_picture(file_of("TIFF", save_all=True, append_images=frames))
    assert several.notes == ("only the first of its 3 pictures is taken",)
    assert np.array_equal(several.pixels, scene(20, 30))
    palette = io.BytesIO()
    Image.fromarray(scene(20, 30)).quantize(8).save(palette, "PNG", transparency=3)
    assert read_picture(palette.getvalue()).notes == ("its transparency is left out",)


def test_the_same_is_noted_of_pillow_pictures(tmp_path: Path) -> None:
    clear = picture_behind(Image.fromarray(scene(20, 30)).convert("RGBA"))
    assert clear is not None
    assert clear.notes == ("its transparency is left out",)
    frames = [Image.fromarray(scene(20, 30)).rotate(angle) for angle in (90, 180)]
    (tmp_path / "a.tif").write_bytes(file_of("TIFF", save_all=True, append_images=frames))
    with Image.open(tmp_path / "a.tif") as opened:
        first = picture_behind(opened)
        opened.seek(1)
        second = picture_behind(opened)
    assert first is not None
    assert second is not None
    assert first.notes == ("only the first of its 3 pictures is taken",)
    assert second.notes == ("only number 2 of its 3 pictures is taken",)
    (tmp_path / "b.tif").write_bytes(file_of("TIFF"))
    with Image.open(tmp_path / "b.tif") as opened:
        opened.load()
    closed = picture_behind(opened)
    assert closed is not None
    assert closed.notes == ()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
def test_a_tiff_file_is_not_turned_and_keeps_its_metadata(orientation: int, compression: str | None) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "Maker"
    picture = read_picture(file_of("TIFF", exif=exif, compression=compression, dpi=(300, 200)))
    assert np.array_equal(picture.pixels, scene(20, 30))
    assert picture.metadata.density == Density(1, 300, 200)
    kept = Image.Exif()
    kept.load(picture.metadata.exif)
    assert (kept[0x0112], kept[0x010F]) == (orientation, "Maker")
    assert set(kept) <= {0x0112, 0x010F, 0x011A, 0x011B, 0x0128}  # no strips, no sizes


def test_a_tiff_file_that_pillow_has_turned_is_not_turned_again() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(io.BytesIO(file_of("TIFF", exif=exif))) as opened:
        picture = picture_behind(opened)
        assert picture is not None
        assert np.array_equal(picture.pixels, np.asarray(opened))
    kept = Image.Exif()
    kept.load(picture.metadata.exif or b"")
    assert kept.get(0x0112, 1) == 1


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_the_pixel_density_is_kept(kind: str) -> None:
    assert read_picture(file_of(kind, dpi=(300, 200))).metadata.density == Density(1, 300, 200)
    assert read_picture(file_of("WEBP", lossless=True)).metadata.density is None


@pytest.mark.parametrize(("space", "kept"), [(b"RGB ", True), (b"GRAY", False)])
def test_of_a_palette_an_rgb_profile_is_kept(space: bytes, kept: bool) -> None:
    profile = bytes(16) + space + bytes(8)
    palette = io.BytesIO()
    Image.fromarray(scene(20, 30)).quantize(8).save(palette, "PNG", icc_profile=profile)
    picture = read_picture(palette.getvalue())
    assert picture.metadata.icc == (profile if kept else None)
    note = "its ICC profile is not one of the colours that its pixels become, and is left out"
    assert picture.notes == (() if kept else (note,))


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_colours_of_16_bits_are_refused(kind: Format) -> None:
    file, source = io.BytesIO(), stand_in(Picture("array", scene(20, 30), Metadata()))
    deep = Restored(scene(20, 30).astype(np.float32), source)
    write_picture(deep, file, format=kind, encoding=Encoding(depth=16))
    content = file.getvalue()
    with Image.open(io.BytesIO(content)) as opened:
        assert opened.mode == "RGB"  # as which Pillow cuts it off
    with pytest.raises(JPEGError, match="more than 8 bits"):
        read_picture(content)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP"])
def test_what_cannot_be_opened_is_told_by_its_kind(kind: str) -> None:
    with pytest.raises(JPEGError, match=f"^this {kind} file.* cannot be read; get an undamaged copy"):
        read_picture(file_of(kind)[:12] + bytes(30))


def test_refusals_are_sentences() -> None:
    with pytest.raises(TooLargeError, match=r"30 x 20 = 0.0 million pixels, more than the limit of 0.0001 million"):
        read_picture(file_of("PNG"), max_pixels=100)
    with pytest.raises(JPEGError, match="cannot be decoded"):
        read_picture(file_of("PNG")[:200])
    deep = io.BytesIO()
    Image.fromarray(np.zeros((4, 4), np.uint16)).save(deep, "PNG")
    with pytest.raises(JPEGError, match="more than 8 bits"):
        read_picture(deep.getvalue())


def test_what_a_source_is(tmp_path: Path) -> None:
    path, jpeg = tmp_path / "a.png", tmp_path / "a.jpg"
    path.write_bytes(file_of("PNG"))
    jpeg.write_bytes(compressed(scene(20, 30), 50))
    for source in (path, str(path), path.read_bytes(), memoryview(path.read_bytes()), scene(20, 30)):
        picture = picture_behind(source)
        assert picture is not None
        assert np.array_equal(picture.pixels, scene(20, 30))
    for other in (jpeg, jpeg.read_bytes(), object()):
        assert picture_behind(other) is None
    with Image.open(jpeg) as opened:
        assert picture_behind(opened) is None
        turned = opened.rotate(90)
    assert picture_behind(turned) is not None
    with Image.open(path) as opened:
        assert picture_behind(opened) is not None
    with jpeg.open("rb") as file:
        assert picture_behind(file) is None
        assert file.tell() == 0
    with path.open("rb") as file:
        assert picture_behind(file) is not None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert picture_behind(tmp_path / "pipe") is None


def png_of(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("kind", [np.asarray, lambda picture: picture, png_of])
def test_the_limit_of_pixels_holds_for_whatever_is_given(kind: Callable[[Image.Image], Any]) -> None:
    source = kind(Image.new("RGB", (20, 10)))
    assert picture_behind(source, max_pixels=200) is not None
    with pytest.raises(TooLargeError, match="20 x 10"):
        picture_behind(source, max_pixels=199)


def test_inks_that_become_colours_are_told() -> None:
    inks = Image.new("CMYK", (20, 10), (10, 20, 30, 40))
    found = picture_behind(inks)
    assert found is not None
    assert ["inks" in note for note in found.notes] == [True]
    assert found.pixels.shape == (10, 20, 3)
