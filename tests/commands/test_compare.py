"""``qgac compare``: the scores of the metrics, and one sentence for whatever cannot be compared."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio

from made.command_line import qgac_command
from qgac import psnr_b, ssim
from qgac.evaluation.comparison import ComparisonError, open_picture
from qgac.evaluation.comparison import compare as score

compare = partial(qgac_command, "compare")


def noisy(size: tuple[int, int] = (70, 45), noise: float = 8, seed: int = 0) -> Image.Image:
    y, x = np.mgrid[: size[1], : size[0]]
    waves = np.stack([128 + 90 * np.sin(x / 9), 2.0 * x + y, 128 + 60 * np.cos(x / 5 + y / 7)], -1)
    waves += np.random.default_rng(seed).normal(0, noise, waves.shape)
    return Image.fromarray(waves.clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_pictures_are_compared_as_they_are_stored(tmp_path: Path, orientation: int, mode: str) -> None:
    stored = noisy().convert(mode)
    exif = Image.Exif()
    exif[0x0112] = orientation
    for name in ("a.tiff", "a.jpg") if mode == "CMYK" else ("a.tiff", "a.jpg", "a.png"):
        stored.save(tmp_path / name, exif=exif, quality=100)
        samples = open_picture(tmp_path / name)
        assert samples.shape == np.asarray(stored).shape
        assert np.abs(samples.astype(int) - np.asarray(stored)).mean() < (5 if name == "a.jpg" else 1e-9)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    original = noisy(noise=0)
    original.save("original.png")
    noisy(noise=8).save("noisy.png")
    original.save("photo.jpg", quality=20)
    original.convert("L").save("gray.png")
    original.resize((35, 45)).save("small.png")
    Path("text.png").write_text("nothing")
    return tmp_path


def test_scores_are_those_of_the_metrics(folder: Path) -> None:
    original, other = (np.asarray(Image.open(name)) for name in ("original.png", "noisy.png"))
    scores = score(other, original)
    assert scores.psnr == pytest.approx(peak_signal_noise_ratio(original, other))
    assert scores.ssim == pytest.approx(ssim(restored=other, reference=original), abs=1e-12)
    assert scores.psnr_b == pytest.approx(psnr_b(restored=other, reference=original))
    assert scores.psnr_b <= scores.psnr


def test_bands_of_a_tall_picture_leave_no_trace() -> None:
    original, other = (np.asarray(noisy((24, 1100), noise).convert("L")) for noise in (0, 12))
    assert score(other, original).ssim == pytest.approx(ssim(restored=other, reference=original), abs=1e-12)


def test_a_table_of_several_pictures(folder: Path) -> None:
    result = compare("original.png", "noisy.png", "photo.jpg", "original.png")
    assert result.exit_code == 0
    lines = [line for line in result.stdout.splitlines() if "." in line]
    expected = score(np.asarray(Image.open("photo.jpg")), np.asarray(Image.open("original.png")))
    assert lines[1].split() == ["photo.jpg", f"{expected.psnr:.2f}", f"{expected.psnr_b:.2f}", f"{expected.ssim:.4f}"]
    assert lines[2].split()[1] == "inf"
    assert lines[2].split()[-1] == "1.0000"


def test_json_has_no_infinity(folder: Path) -> None:
    result = compare("original.png", "noisy.png", "original.png", "--json")
    document = json.loads(result.stdout, parse_constant=pytest.fail)
    assert document["original"] == "original.png"
    first, second = document["pictures"]
    assert first["file"] == "noisy.png"
    assert 25 < first["psnr"] < 35
    assert second["psnr"] is None
    assert second["ssim"] == 1


def test_markdown(folder: Path) -> None:
    Path("noisy.png").rename("a|b.png")
    lines = compare("original.png", "a|b.png", "--markdown").stdout.splitlines()
    assert lines[:2] == ["| picture | PSNR | PSNR-B | SSIM |", "|---|---:|---:|---:|"]
    assert lines[2].startswith("| a\\|b.png | ")


def test_one_bad_file_does_not_stop_the_others(folder: Path) -> None:
    result = compare("original.png", "text.png", "gray.png", "small.png", "missing.png", ".", "noisy.png")
    assert result.exit_code == 1
    assert "noisy.png" in result.stdout
    text, gray, small, missing, directory = result.stderr.splitlines()
    assert text == "qgac: text.png: this is no picture that Pillow can open; convert it to PNG"
    assert gray == "qgac: gray.png: the picture is gray and the original RGB; convert one of them"
    assert small == "qgac: small.png: the picture has 35 x 45 pixels and the original 70 x 45; crop or scale one"
    assert missing.startswith("qgac: missing.png: cannot be read (No such file")
    assert directory.startswith("qgac: .: cannot be read (Is a directory")


@pytest.mark.parametrize("original", ["text.png", "missing.png"])
def test_a_bad_original_ends_the_command(folder: Path, original: str) -> None:
    result = compare(original, "noisy.png")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"qgac: {original}: ")
    assert len(result.stderr.splitlines()) == 1


def test_options_that_exclude_each_other(folder: Path) -> None:
    assert compare("original.png", "noisy.png", "--json", "--markdown").exit_code == 2
    assert compare("original.png").exit_code == 2


def test_large_pictures_can_be_refused(folder: Path) -> None:
    result = compare("original.png", "noisy.png", "--max-pixels", "3149")
    assert "70 x 45 pixels, more than the limit" in result.stderr
    assert compare("original.png", "noisy.png", "--max-pixels", "3150").exit_code == 0


def test_truncated_files_are_told(folder: Path) -> None:
    content = Path("photo.jpg").read_bytes()
    Path("photo.jpg").write_bytes(content[: len(content) // 2])
    result = compare("original.png", "photo.jpg")
    assert result.exit_code == 1
    assert "photo.jpg: the file is damaged (" in result.stderr


def test_kinds_that_are_the_same_samples(folder: Path) -> None:
    picture = Image.open("original.png")
    expected = np.asarray(picture)
    opaque = picture.copy()
    opaque.putalpha(255)
    opaque.save("opaque.png")
    assert np.array_equal(open_picture("opaque.png"), expected)
    opaque.putpixel((3, 3), (0, 0, 0, 254))
    opaque.save("transparent.png")
    with pytest.raises(ComparisonError, match="transparent in places"):
        open_picture("transparent.png")
    picture.quantize(16).save("palette.png")
    assert open_picture("palette.png").shape == expected.shape
    gray = np.asarray(picture.convert("L"))
    Image.fromarray(gray.astype(np.uint16) * 257).save("deep.png")
    deep = open_picture("deep.png")
    assert np.abs(deep * 255 - gray).max() < 1e-9
    assert score(deep, gray).psnr == np.inf or score(deep, gray).psnr > 200
    picture.convert("CMYK").save("inks.tiff")
    assert open_picture("inks.tiff").shape == (45, 70, 4)
    Image.fromarray(gray.astype(np.float32)).save("float.tiff")
    with pytest.raises(ComparisonError, match="mode F"):
        open_picture("float.tiff")


def test_tiny_pictures_are_refused() -> None:
    with pytest.raises(ComparisonError, match="15 x 40 pixels are too small"):
        score(np.zeros((40, 15), np.uint8), np.zeros((40, 15), np.uint8))
