from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from made.pasts import scene
from made.pictures import compressed
from qgac.jpeg.errors import JPEGError, TooLargeError
from qgac.pixels.files import is_picture, picture_behind, read_picture


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
