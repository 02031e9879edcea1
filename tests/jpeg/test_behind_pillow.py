from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

import qgac
from made.pictures import compressed, photo
from qgac.jpeg.errors import JPEGError
from qgac.jpeg.image import JPEGImage
from qgac.jpeg.reader import read_jpeg


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(compressed(photo(24, 40), 20))
    return path


def assert_same(found: JPEGImage, expected: JPEGImage) -> None:
    for one, other in zip(found.components, expected.components, strict=True):
        np.testing.assert_array_equal(one.coefficients, other.coefficients)


@pytest.mark.parametrize("loaded", [False, True])
@pytest.mark.parametrize("name", [str, Path])
def test_a_picture_opened_by_name_is_its_file(file: Path, loaded: bool, name: Callable[[Path], Any]) -> None:
    with Image.open(name(file)) as picture:
        if loaded:
            picture.load()
        assert_same(read_jpeg(picture), read_jpeg(file))
        np.testing.assert_array_equal(np.asarray(picture), np.asarray(Image.open(file)))  # and still of use


def test_one_opened_from_an_open_file_is_too(file: Path) -> None:
    with file.open("rb") as stream, Image.open(stream) as picture:
        assert_same(read_jpeg(picture), read_jpeg(file))
        assert picture.size == (40, 24)
        picture.load()
    with Image.open(io.BytesIO(file.read_bytes())) as picture:
        assert_same(read_jpeg(picture), read_jpeg(file))
        picture.load()


def test_several_pictures_in_a_file_lead_to_the_first(tmp_path: Path) -> None:
    first, second = (Image.fromarray(photo(24, 40, seed)) for seed in (1, 2))
    first.save(tmp_path / "two.mpo", "MPO", save_all=True, append_images=[second])
    with Image.open(tmp_path / "two.mpo") as picture:
        assert picture.format == "MPO"
        assert_same(read_jpeg(picture), read_jpeg(tmp_path / "two.mpo"))
        picture.seek(1)
        with pytest.raises(JPEGError, match="no longer what its file shows"):
            read_jpeg(picture)


def paint(picture: Image.Image) -> Image.Image:
    picture.putpixel((3, 4), (1, 2, 3))
    return picture


def draft(picture: Image.Image) -> Image.Image:
    picture.draft("RGB", (5, 3))
    return picture


def shrink(picture: Image.Image) -> Image.Image:
    picture.thumbnail((10, 10))
    return picture


@pytest.mark.parametrize("change", [paint, draft, shrink])
def test_a_picture_that_was_changed_is_not_its_file(file: Path, change: Callable[[Image.Image], Image.Image]) -> None:
    with (
        Image.open(file) as picture,
        pytest.raises(JPEGError, match="no longer what its file shows; pass the JPEG file itself"),
    ):
        read_jpeg(change(picture))


def test_so_is_a_file_that_was_changed(file: Path) -> None:
    with Image.open(file) as picture:
        picture.load()
        file.write_bytes(compressed(photo(24, 40, 3), 20))
        with pytest.raises(JPEGError, match="no longer what its file shows"):
            read_jpeg(picture)
        file.unlink()
        with pytest.raises(JPEGError, match="does not reach its file any more"):
            read_jpeg(picture)


@pytest.mark.parametrize("make", [lambda p: p.copy(), lambda p: p.convert("L"), ImageOps.mirror, lambda p: p.crop()])
def test_copies_have_lost_their_coefficients(file: Path, make: Callable[[Image.Image], Image.Image]) -> None:
    with Image.open(file) as picture, pytest.raises(JPEGError, match=r"made or changed in memory.*pass the JPEG"):
        read_jpeg(make(picture))


def test_other_formats_are_called_by_their_names(tmp_path: Path) -> None:
    Image.fromarray(photo(24, 40)).save(tmp_path / "photo.jpg", "PNG")
    with Image.open(tmp_path / "photo.jpg") as picture, pytest.raises(JPEGError, match="comes from a PNG file"):
        read_jpeg(picture)


def test_a_damaged_file_is_refused_for_its_damage(tmp_path: Path) -> None:
    (tmp_path / "cut.jpg").write_bytes(compressed(photo(24, 40), 60)[:-60])
    with Image.open(tmp_path / "cut.jpg") as picture:
        with pytest.raises(JPEGError, match="data end early"):
            read_jpeg(picture)
        assert read_jpeg(picture, tolerant=True).missing


def test_whoever_restores_may_pass_one(file: Path, network: qgac.Restorer) -> None:
    with Image.open(file) as picture:
        np.testing.assert_array_equal(network(picture).pixels, network(file).pixels)


def test_an_array_is_answered_in_a_sentence() -> None:
    with pytest.raises(TypeError, match=r"from bytes, a path, a binary file or a Pillow picture.*not from ndarray"):
        read_jpeg(np.zeros((8, 8, 3), np.uint8))  # type: ignore[arg-type]
