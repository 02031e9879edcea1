"""`qgac restore` of pictures that were JPEGs before, with the shipped networks."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from made.command_line import qgac_command, sentence, usage_error
from made.pasts import decoded, file_of, saved_again, scene
from made.pictures import compressed

restore = partial(qgac_command, "restore")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_png_is_restored_and_a_picture_of_no_jpeg_stays(here: Path) -> None:
    content = compressed(scene(64, 80)[..., 0], 20)
    Path("a.jpg").write_bytes(content)
    Image.fromarray(decoded(content)).save("b.png")
    Image.fromarray(scene(64, 80)).save("c.png")
    result = restore("a.jpg", "b.png", "c.png", "-o", "out", "--report", "report.json")
    assert result.exit_code == 0
    pictures = {name: np.asarray(Image.open(f"out/{name}.png")) for name in "abc"}
    assert np.abs(pictures["a"].astype(int) - pictures["b"]).max() <= 1
    assert np.array_equal(pictures["c"], scene(64, 80))
    notes = {
        Path(entry["input"]).name: entry["notes"] for entry in json.loads(Path("report.json").read_text())["files"]
    }
    assert notes["b.png"] == ["restored as the JPEG it was: libjpeg at quality 20, blocks beginning at 0,0"]
    assert notes["c.png"] == [
        "no trace of a JPEG was found, so the picture was left as it is (restoring, blurring or editing leaves none)"
    ]
    assert notes["a.jpg"] == []


def test_pixels_from_the_standard_input_and_with_hints(here: Path) -> None:
    Image.fromarray(scene(64, 80)).save("c.png")
    result = restore(
        "-",
        "-o",
        "out.png",
        "--grid",
        "3,5",
        "--quality-was",
        "20",
        "--report",
        "r.json",
        stdin=Path("c.png").read_bytes(),
    )
    assert result.exit_code == 0
    assert "quality 20, blocks beginning at 3,5" in Path("r.json").read_text()
    assert not np.array_equal(np.asarray(Image.open("out.png")), scene(64, 80))


def test_a_file_saved_twice_is_told_and_can_be_kept_to(here: Path) -> None:
    Path("twice.jpg").write_bytes(saved_again(scene(320, 400)[..., 1], 20, 75, 4, 4))
    for earlier, told in (("auto", True), ("off", False), ("20", True)):
        assert restore("twice.jpg", "-o", f"{earlier}.png", "--earlier", earlier, "--report", "r.json").exit_code == 0
        (entry,) = json.loads(Path("r.json").read_text())["files"]
        assert ["this JPEG was one before" in note for note in entry["notes"]] == [True] * told
    assert Path("auto.png").read_bytes() == Path("20.png").read_bytes()
    assert Path("auto.png").read_bytes() != Path("off.png").read_bytes()
    assert restore("twice.jpg", "-o", "default.png").exit_code == 0
    assert Path("default.png").read_bytes() == Path("auto.png").read_bytes()


def test_a_tiff_file_of_pixels_is_a_picture_and_one_of_jpeg_strips_stays_one(here: Path) -> None:
    content = compressed(scene(64, 80)[..., 0], 20)
    Image.fromarray(decoded(content)).save("a.tif", compression="tiff_lzw")
    Image.fromarray(scene(64, 80)).save("b.tif", compression="jpeg")
    Image.fromarray(scene(64, 80)).save("c.tif", save_all=True, append_images=[Image.fromarray(scene(64, 80))])
    result = restore("a.tif", "b.tif", "c.tif", "-o", "out", "--report", "report.json")
    assert result.exit_code == 1
    assert "c.tif: it holds no JPEG picture to restore" in result.stderr
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.png", "b.tif"]
    entries = json.loads(Path("report.json").read_text())["files"]
    notes = {Path(entry["input"]).name: entry["notes"] for entry in entries if "notes" in entry}
    assert notes["a.tif"] == ["restored as the JPEG it was: libjpeg at quality 20, blocks beginning at 0,0"]


@pytest.mark.parametrize(("kind", "suffix"), [("PNG", "png"), ("WEBP", "webp"), ("TIFF", "tif")])
def test_in_place_a_picture_stays_of_its_kind_and_the_original_is_kept(here: Path, kind: str, suffix: str) -> None:
    content = file_of(decoded(compressed(scene(64, 80)[..., 0], 20)), kind)
    name = Path(f"a.{suffix}")
    name.write_bytes(content)
    result = restore(name, "--in-place")
    assert result.exit_code == 0, result.stderr
    assert Path(f"a.original.{suffix}").read_bytes() == content
    assert sorted(path.name for path in here.iterdir()) == sorted([f"a.original.{suffix}", f"a.{suffix}"])
    assert restore(f"a.original.{suffix}", "-o", "other.png").exit_code == 0
    with Image.open(name) as found, Image.open("other.png") as other:
        assert found.format == kind
        assert np.array_equal(np.asarray(found.convert("RGB")), np.asarray(other.convert("RGB")))
    assert "seems to be restored already" in sentence(restore(name, "--in-place"))


def test_in_place_a_bmp_file_and_what_needs_a_jpeg_are_refused(here: Path) -> None:
    before = {"a.bmp": file_of(scene(64, 80), "BMP"), "b.png": file_of(scene(64, 80))}
    for name, content in before.items():
        Path(name).write_bytes(content)
    assert sentence(restore("a.bmp", "--in-place")) == "a.bmp: is a BMP file, and none is written; leave --in-place out"
    assert "consistent" in usage_error(restore("b.png", "--in-place", "--consistent"))
    assert {path.name: path.read_bytes() for path in here.iterdir()} == before


def test_what_of_a_file_is_left_out_is_told(here: Path) -> None:
    pixels = np.dstack([scene(64, 80), np.full((64, 80), 99, np.uint8)])
    Image.fromarray(pixels).save("a.png")
    assert restore("a.png", "-o", "out.png", "--report", "r.json").exit_code == 0
    (entry,) = json.loads(Path("r.json").read_text())["files"]
    assert entry["notes"] == [
        "its transparency is left out",
        "no trace of a JPEG was found, so the picture was left as it is (restoring, blurring or editing leaves none)",
    ]
    assert "its transparency is left out" in qgac_command("info", "a.png").stdout


def test_there_is_nothing_to_be_consistent_with(here: Path) -> None:
    Image.fromarray(scene(64, 80)).save("c.png")
    result = restore("c.png", "-o", "out.jpg", "--consistent")
    assert result.exit_code == 1
    assert "there is no file to be consistent with" in result.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--grid", "8,0"], "a column and a row from 0 to 7"),
        (["--grid", "3"], "a column and a row from 0 to 7"),
        (["--earlier", "never"], "auto, off or a quality from 1 to 100"),
        (["--earlier", "0"], "auto, off or a quality from 1 to 100"),
    ],
)
def test_hints_that_are_none_are_refused_before_any_work(here: Path, options: list[str], words: str) -> None:
    Path("a.jpg").write_bytes(compressed(scene(16, 16), 50))
    assert words in usage_error(restore("a.jpg", *options))
