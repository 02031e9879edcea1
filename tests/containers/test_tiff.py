"""TIFF files of JPEG strips and tiles: libtiff, through Pillow, shows what is expected of the restored ones."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from made.containers import Refiner, restored
from made.pictures import photo
from made.tiffs import jpeg_tiff
from qgac.batch.jobs import Failed, Finished
from qgac.containers.container import Limits
from qgac.containers.tiff import TIFFFile
from qgac.jpeg.image import JPEGImage


def pages(content: bytes) -> list[np.ndarray]:
    with Image.open(io.BytesIO(content)) as picture:
        result = []
        for number in range(getattr(picture, "n_frames", 1)):
            picture.seek(number)
            result.append(np.asarray(picture).astype(int))
        return result


def after(path: Path) -> bytes:
    return path.with_name(f"{path.stem}.restored{path.suffix}").read_bytes()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("tile", [(32, 48), (64, 128), (256, 256), None])
@pytest.mark.parametrize("options", [{}, {"shared": False}, {"subsampling": 0}, {"subsampling": 1}, {"gray": True}])
def test_strips_and_tiles_are_exchanged(tmp_path: Path, tile: Any, order: Any, options: dict[str, Any]) -> None:
    pixels = photo(70, 100)
    options = dict(options)
    if options.pop("gray", False):
        pixels = pixels[..., 0]
    source = tmp_path / "x.tif"
    source.write_bytes(jpeg_tiff(pixels, tile, order=order, **options))
    (before,) = pages(source.read_bytes())
    for shift in (0, 20):
        assert isinstance(restored(source, Refiner(shift), overwrite=True), Finished)
        (new,) = pages(after(source))
        assert new.shape == before.shape
        assert (new - before).mean() == pytest.approx(shift, abs=0.5)
        assert shift or (new == before).all()


def test_a_bigtiff_is_one_again(tmp_path: Path) -> None:
    source = tmp_path / "x.tiff"
    source.write_bytes(jpeg_tiff(photo(70, 100), big=True))
    assert isinstance(restored(source, Refiner(20)), Finished)
    assert after(source)[:4] == b"II+\0"
    assert (pages(after(source))[0] - pages(source.read_bytes())[0]).mean() == pytest.approx(20, abs=0.5)


def test_a_page_is_one_picture(tmp_path: Path) -> None:
    """What lies at both sides of the border of two tiles is known to the network together."""
    source = tmp_path / "x.tif"
    source.write_bytes(jpeg_tiff(photo(64, 96), (32, 48)))
    seen: list[JPEGImage] = []

    class Watcher(Refiner):
        def refine(self, image: JPEGImage, **options: Any) -> JPEGImage:
            seen.append(image)
            return super().refine(image, **options)

    restored(source, Watcher())
    (image,) = seen
    assert (image.width, image.height, image.color) == (96, 64, "YCbCr")
    assert [part.coefficients.shape[:2] for part in image.components] == [(8, 12), (4, 6), (4, 6)]


def test_several_pages_and_tags_stay(tmp_path: Path) -> None:
    """A file of Pillow's: JPEG pages, one without compression, resolution and a description."""
    source = tmp_path / "x.tif"
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[270] = "what it shows"
    with TiffImagePlugin.AppendingTiffWriter(str(source), new=True) as file:
        for seed, compression in enumerate(["jpeg", "raw", "jpeg"]):
            picture = Image.fromarray(photo(50, 70, seed + 1))
            picture.save(file, "TIFF", compression=compression, quality=30, dpi=(300, 300), tiffinfo=tags)
            file.newFrame()
    outcome = restored(source, Refiner(20))
    assert isinstance(outcome, Finished)
    assert [picture.name for picture in outcome.pictures] == ["page 1", "page 3"]
    old, new = pages(source.read_bytes()), pages(after(source))
    assert [(b - a).mean() > 5 for a, b in zip(old, new, strict=True)] == [True, False, True]
    assert (old[1] == new[1]).all()
    with Image.open(io.BytesIO(after(source))) as picture:
        assert picture.tag_v2[270] == "what it shows"  # type: ignore[attr-defined]
        assert picture.info["dpi"] == (300, 300)


def test_old_places_are_used_again(tmp_path: Path) -> None:
    """Tables that stay as they are make the new data as small as the old ones."""

    class Same(Refiner):
        def refine(self, image: JPEGImage, **options: Any) -> JPEGImage:
            return image

    source = tmp_path / "x.tif"
    source.write_bytes(jpeg_tiff(photo(64, 96), shared=False))
    restored(source, Same())
    assert len(after(source)) < 1.1 * source.stat().st_size
    assert (pages(after(source))[0] == pages(source.read_bytes())[0]).all()


@pytest.mark.parametrize(
    ("tag", "value", "reason"),
    [
        (262, 2, None),
        (262, 9, "colours of this kind"),
        (284, 2, "its colours are in separate planes"),
        (277, 4, "colours of this kind"),
    ],
)
def test_colours_that_are_not_understood_stay(tmp_path: Path, tag: int, value: int, reason: str | None) -> None:
    content = bytearray(jpeg_tiff(photo(64, 96), subsampling=0))
    if tag == 284:  # not there: in the place of one that nobody needs
        place = content.rfind(struct.pack("<HHI", 258, 3, 3))
        content[place : place + 12] = struct.pack("<HHIHH", 284, 3, 1, value, 0)
    else:
        place = content.rfind(struct.pack("<HHI", tag, 3, 1))
        content[place + 8 : place + 10] = struct.pack("<H", value)
    (tmp_path / "x.tif").write_bytes(content)
    (picture,) = TIFFFile(tmp_path / "x.tif").pictures
    if reason is None:
        assert picture.read(Limits(False, 10_000)).color == "RGB"
        return
    outcome = restored(tmp_path / "x.tif")
    assert isinstance(outcome, Failed)
    assert reason in outcome.message


def test_tiles_of_different_tables_stay(tmp_path: Path) -> None:
    content = jpeg_tiff(photo(64, 96), shared=False)
    position = content.rfind(b"\xff\xdb")
    (tmp_path / "x.tif").write_bytes(content[: position + 5] + b"\x07" + content[position + 6 :])
    outcome = restored(tmp_path / "x.tif")
    assert isinstance(outcome, Failed)
    assert "compressed in different ways" in outcome.message


def test_large_pages_are_refused_before_they_are_read(tmp_path: Path) -> None:
    (tmp_path / "x.tif").write_bytes(jpeg_tiff(photo(64, 96)))
    outcome = restored(tmp_path / "x.tif", max_pixels=6000)
    assert isinstance(outcome, Failed)
    assert "raise the limit (--max-pixels)" in outcome.message


@pytest.mark.parametrize(
    "content", [b"", b"II*\0", b"II*\0\xff\xff\xff\xff", b"\xff\xd8\xff", b"MM\0*\0\0\0\x08\0\0\0\0\0\x08"]
)
def test_what_is_no_file_of_the_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.tif").write_bytes(content)
    outcome = restored(tmp_path / "x.tif")
    assert isinstance(outcome, Failed)
    assert "; " in outcome.message


def with_entry(content: bytes, tag: int, value: int) -> bytes:
    """Give a tag of the first directory, of one SHORT, another value."""
    (start,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, start)
    places = [start + 2 + 12 * index for index in range(count)]
    tags = [struct.unpack_from("<H", content, place)[0] for place in places]
    place = places[tags.index(tag)]
    return content[:place] + struct.pack("<HHIHH", tag, 3, 1, value, 0) + content[place + 12 :]


def test_the_older_kind_of_jpeg_is_called_so(tmp_path: Path) -> None:
    """Compression 6 of TIFF 6.0, section 22, of which every program had its own idea."""
    source = tmp_path / "x.tif"
    source.write_bytes(with_entry(jpeg_tiff(photo(64, 96)), 259, 6))
    outcome = restored(source)
    assert isinstance(outcome, Failed)
    assert outcome.message == (
        "it holds no JPEG picture to restore; page 1 is an old kind of JPEG in TIFF (compression 6), left as it was; "
        "save it anew first; name another file"
    )
