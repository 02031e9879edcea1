from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from made.command_line import qgac_command
from made.metadata import exif_data, floats, restored
from made.networks import tiny_weights
from made.pictures import compressed, photo
from qgac.jpeg.image import Metadata
from qgac.pictures.formats import OutputError
from qgac.pictures.save import save, stripped
from qgac.restoration.restorer import Restorer


@pytest.mark.parametrize("name", ["x.png", "x.webp", "x.tif", "x.jpg"])
@pytest.mark.parametrize("options", [{}, {"strip": True}], ids=["all", "stripped"])
def test_the_file_is_that_of_the_command(tmp_path: Path, name: str, options: dict[str, bool]) -> None:
    model = tiny_weights(tmp_path / "tiny.safetensors", strength=2)
    source = tmp_path / "photo.jpg"
    exif = Image.Exif()
    exif[274], exif[271] = 8, "Camera"
    source.write_bytes(compressed(photo(24, 40), 20, exif=exif, comment="a comment", dpi=(300, 300), xmp=b"<x/>"))
    flags = [f"--{option}" for option in options]
    (tmp_path / "command").mkdir()
    assert qgac_command("restore", source, "-o", tmp_path / "command" / name, "--model", model, *flags).exit_code == 0
    save(Restorer(model)(source), tmp_path / name, **options)
    assert (tmp_path / name).read_bytes() == (tmp_path / "command" / name).read_bytes()


def test_pixels_keep_their_precision_where_the_format_can(tmp_path: Path) -> None:
    picture = floats((30, 41, 3))
    save(picture, tmp_path / "x.tiff")
    np.testing.assert_allclose(tifffile.imread(tmp_path / "x.tiff"), picture.pixels / 255, rtol=1e-6)
    save(picture, tmp_path / "x.png")
    assert (tmp_path / "x.png").read_bytes()[24] == 16
    save(picture, tmp_path / "eight.png", depth=8)
    with Image.open(tmp_path / "eight.png") as opened:
        np.testing.assert_array_equal(np.asarray(opened), np.rint(picture.pixels))
    for name in ("x.webp", "x.jpg"):
        save(picture, tmp_path / name)
        with Image.open(tmp_path / name) as opened:
            assert opened.size == (41, 30)
    save(restored(), tmp_path / "y.png")
    assert (tmp_path / "y.png").read_bytes()[24] == 8


def test_an_open_file_stays_open() -> None:
    file = io.BytesIO(b"before")
    file.seek(6)
    save(restored(), file)
    assert file.getvalue().startswith(b"before\x89PNG")
    inks = io.BytesIO()
    save(restored((30, 41, 4)), inks)
    assert inks.getvalue()[:2] in (b"II", b"MM")


def test_an_existing_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(b"precious")
    with pytest.raises(OutputError, match="exists already"):
        save(restored(), path)
    assert path.read_bytes() == b"precious"
    save(restored(), str(path), overwrite=True)
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("x.bmp", {}, r"x\.bmp has no suffix of a picture file; use \.png"),
        ("x", {}, "no suffix"),
        ("x.png", {"format": "webp"}, "named as png but is to be webp"),
        ("x.jpg", {"depth": 16}, "cannot hold depth 16"),
        ("x.jpg", {"quality": 0}, "between 1 and 100"),
        ("x.png", {"srgb": True, "depth": 16}, "8-bit pixels only"),
        ("no/x.png", {}, "does not exist"),
    ],
)
def test_what_cannot_be_is_told(tmp_path: Path, name: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(OutputError, match=message):
        save(restored(), tmp_path / name, **options)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_inks_become_colours_with_a_warning(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot hold CMYK"):
        save(restored((30, 41, 4)), tmp_path / "x.png")
    with pytest.warns(UserWarning, match="no ICC profile"):
        save(restored((30, 41, 4), Metadata()), tmp_path / "x.png", srgb=True)
    with Image.open(tmp_path / "x.png") as opened:
        assert opened.mode == "RGB"


def test_stripping_leaves_what_the_look_depends_on() -> None:
    found = stripped(Metadata(exif=exif_data(), icc=b"profile", xmp=b"<x/>", comments=(b"secret",)))
    assert found == Metadata(exif=found.exif, icc=b"profile")
    assert found.exif is not None
    exif = Image.Exif()
    exif.load(found.exif)
    assert dict(exif) == {274: 6}
