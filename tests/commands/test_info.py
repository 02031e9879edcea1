"""``qgac info``: limits, lists, the error of quantisation, and the heat map."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from qgac.cli import cli


def qgac_command(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(cli, ["info", *map(str, arguments)], input=stdin)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    y, x = np.mgrid[:48, :72]
    picture = np.stack([128 + 80 * np.sin(x / 5), 3.0 * x, 4.0 * y], -1).clip(0, 255).astype(np.uint8)
    Path("photos").mkdir()
    Image.fromarray(picture).save("photo.jpg", quality=40)
    Image.fromarray(picture).save("photos/one.jpg", quality=40)
    Image.fromarray(picture).convert("CMYK").save("ink.jpg", quality=90)
    return tmp_path


def test_large_pictures_are_refused_by_the_option_that_the_message_names(folder: Path) -> None:
    result = qgac_command("photo.jpg", "--max-pixels", "3455")
    assert result.exit_code == 1
    assert "raise the limit (--max-pixels)" in result.stderr
    assert qgac_command("photo.jpg", "--max-pixels", "3456").exit_code == 0


@pytest.mark.parametrize("given", [["photos"], ["photos/*.jpg"], ["photo.jpg", "ink.jpg"]])
def test_a_folder_a_pattern_and_several_files_give_a_list(folder: Path, given: list[str]) -> None:
    assert isinstance(json.loads(qgac_command(*given, "--json").stdout), list)


def test_one_file_gives_an_object_and_an_empty_folder_an_empty_list(folder: Path) -> None:
    assert json.loads(qgac_command("photo.jpg", "--json").stdout)["file"] == "photo.jpg"
    Path("empty").mkdir()
    result = qgac_command("empty", "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (1, [])


def test_the_error_of_each_component(folder: Path) -> None:
    luma, chroma, _ = json.loads(qgac_command("photo.jpg", "--json").stdout)["components"]
    table = np.array(luma["table"], float)
    assert luma["error"]["largest"] == pytest.approx(np.sqrt(np.square(table / 2).mean()), abs=1e-3)
    assert luma["error"]["uniform"] == pytest.approx(np.sqrt(np.square(table).mean() / 12), abs=1e-3)
    assert 0 < luma["error"]["expected"] < luma["error"]["uniform"]
    assert chroma["error"]["largest"] > luma["error"]["largest"]
    text = qgac_command("photo.jpg").stdout
    assert f"Y: about {luma['error']['expected']:.2f}, evenly spread" in text
    assert "Cr: about" in text
    assert "K: about" in qgac_command("ink.jpg").stdout


def test_a_heat_map_is_drawn_and_not_replaced(folder: Path) -> None:
    result = qgac_command("photo.jpg", "--heat-map", "map.png")
    assert (result.exit_code, result.stderr) == (0, "")
    with Image.open("map.png") as picture:
        assert picture.format == "PNG"
        assert picture.width >= 72
    content = Path("map.png").read_bytes()
    again = qgac_command("ink.jpg", "--heat-map", "map.png")
    assert again.exit_code == 1
    assert again.stderr == "qgac: map.png exists already; choose another name or overwrite it (--overwrite)\n"
    assert Path("map.png").read_bytes() == content
    assert qgac_command("ink.jpg", "--heat-map", "map.png", "--overwrite").exit_code == 0
    assert Path("map.png").read_bytes() != content


def test_a_heat_map_of_standard_input(folder: Path) -> None:
    result = qgac_command("-", "--heat-map", "map.png", "--json", stdin=Path("photo.jpg").read_bytes())
    assert json.loads(result.stdout)["file"] == "-"
    assert Image.open(io.BytesIO(Path("map.png").read_bytes())).format == "PNG"


def test_a_heat_map_is_of_one_picture_and_goes_where_it_can(folder: Path) -> None:
    assert qgac_command("photo.jpg", "ink.jpg", "--heat-map", "map.png").exit_code == 2
    assert not Path("map.png").exists()
    result = qgac_command("photo.jpg", "--heat-map", "nowhere/map.png")
    assert result.exit_code == 1
    assert "nowhere/map.png cannot be written" in result.stderr
