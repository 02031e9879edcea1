"""`qgac restore`: what its options about formats and quality make of pictures, network included."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from click.testing import Result
from PIL import Image

from made.command_line import qgac_command, usage_error
from made.files import make_jpeg
from made.networks import tiny_weights
from made.pictures import compressed
from made.pictures import photo as photo_samples
from qgac.jpeg.reader import read_jpeg
from qgac.restoration.restorer import Restorer


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_weights(tmp_path_factory.mktemp("weights") / "tiny.safetensors", strength=2)


@pytest.fixture
def photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A JPEG file, alone in the working folder."""
    monkeypatch.chdir(tmp_path)
    Path("photo.jpg").write_bytes(compressed(photo_samples(40, 50), 30))
    return Path("photo.jpg")


def restore(model: Path, *arguments: str) -> Result:
    return qgac_command("restore", *arguments, "--model", model)


def done(result: Result) -> None:
    assert result.exit_code == 0, result.stderr


def refused(result: Result) -> str:
    """Return the message of a command that did nothing, in one line."""
    assert list(Path().glob("*restored*")) == []
    return usage_error(result)


def test_depths(model: Path, photo: Path) -> None:
    exact = Restorer(model)(photo, dtype="float32").pixels.astype(np.float64)
    done(restore(model, "photo.jpg", "--depth", "16"))
    content = Path("photo.restored.png").read_bytes()
    assert content[24] == 16
    with Image.open(io.BytesIO(content)) as opened:  # Pillow keeps the high byte
        assert np.abs(np.asarray(opened) - exact * 257 / 256).max() <= 1
    done(restore(model, "photo.jpg", "--depth", "16", "-o", "sixteen.tif"))
    sixteen = tifffile.imread("sixteen.tif")
    assert np.abs(sixteen - 257 * exact).max() <= 0.51
    assert len(np.unique(sixteen)) > 256
    done(restore(model, "photo.jpg", "--depth", "float"))
    floats = tifffile.imread("photo.restored.tiff")
    assert floats.dtype == np.float32
    np.testing.assert_allclose(floats * 255, exact, atol=1e-3)


def test_consistent(model: Path, photo: Path) -> None:
    done(restore(model, "photo.jpg", "--consistent", "--quality", "100"))
    source, found = read_jpeg(photo), read_jpeg(Path("photo.restored.jpg"))
    for fine, coarse in zip(found.components, source.components, strict=True):
        assert (fine.table == 1).all()
        difference = fine.coefficients - coarse.coefficients * coarse.table.astype(np.int64)
        assert (2 * np.abs(difference) < coarse.table).all()
        assert difference.any()


def test_quality(model: Path, photo: Path) -> None:
    done(restore(model, "photo.jpg", "-o", "out.jpg", "--quality", "50"))
    with Image.open("out.jpg") as opened:
        assert opened.quantization[0][0] == 16  # type: ignore[attr-defined]


@pytest.mark.parametrize("options", [{"best": True}, {"strength": 0.5}, {"strength": 0.0}])
def test_options_of_the_restorer_reach_it(model: Path, photo: Path, options: dict[str, Any]) -> None:
    flags = ["--best"] if "best" in options else ["--strength", str(options["strength"])]
    done(restore(model, "photo.jpg", *flags))
    with Image.open("photo.restored.png") as opened:
        np.testing.assert_array_equal(np.asarray(opened), Restorer(model, **options)(photo).pixels)
    assert (Restorer(model)(photo).pixels != Restorer(model, **options)(photo).pixels).any()


def test_srgb(model: Path, photo: Path) -> None:
    make_jpeg(Path("inks.jpg"), "CMYK")
    result = restore(model, "inks.jpg", "--srgb")
    done(result)
    assert "inks.jpg: note: the CMYK picture has no ICC profile" in result.stderr
    with Image.open("inks.restored.png") as opened:
        assert opened.mode == "RGB"
    done(restore(model, "inks.jpg"))
    with Image.open("inks.restored.tiff") as opened:
        assert opened.mode == "CMYK"


def test_a_format_without_cmyk_is_told_before_any_work(model: Path, photo: Path) -> None:
    make_jpeg(Path("inks.jpg"), "CMYK", (2000, 2000))
    result = restore(model, "inks.jpg", "--format", "webp")
    assert result.exit_code == 1
    assert (
        "a webp file cannot hold CMYK; choose tiff or jpeg (--format), or convert the colours (--srgb)" in result.stderr
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--depth", "16", "--format", "webp"], "webp file cannot hold depth 16"),
        (["--depth", "float", "-o", "x.png"], "png file cannot hold depth float; choose tiff"),
        (["--consistent", "-o", "x.png"], "choose jpeg"),
        (["--consistent", "--no-projection"], "exclude one another"),
        (["--srgb", "--depth", "16"], "8-bit pixels only"),
        (["--srgb", "--consistent"], "leave --srgb or --consistent out"),
        (["--quality", "90"], "--quality is for jpeg outputs"),
        (["--quality", "101"], "101"),
        (["--strength", "1.5"], "1.5"),
    ],
)
def test_contradictions_end_before_any_work(model: Path, photo: Path, options: list[str], message: str) -> None:
    assert message in refused(restore(model, "photo.jpg", *options))
