"""``qgac info``: what it tells, limits, lists, the error of quantisation, and the heat map."""

from __future__ import annotations

import io
import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from made.command_line import qgac_command, sentence, usage_error
from made.pasts import decoded, saved_again, scene
from made.pictures import compressed, photo

info = partial(qgac_command, "info")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    picture = Image.fromarray(photo(48, 72))
    Path("photos").mkdir()
    picture.save("photo.jpg", quality=40)
    picture.save("photos/one.jpg", quality=40)
    picture.convert("CMYK").save("ink.jpg", quality=90)
    return tmp_path


def test_info_describes_a_picture(folder: Path) -> None:
    Image.fromarray(photo(24, 40)).save("photo.jpg", quality=35, progressive=True, comment="hello", dpi=(72, 72))
    result = info("photo.jpg")
    assert result.exit_code == 0
    for text in ("40 x 24 pixels", "4:2:0 (2x2, 1x1, 1x1)", "progressive", "luma 35, chroma 35", "'hello'", "72 x 72"):
        assert text in result.stdout


@pytest.mark.parametrize(
    ("options", "sampling"),
    [({"subsampling": "4:4:4"}, "4:4:4"), ({"subsampling": "4:2:2"}, "4:2:2"), ({"subsampling": "4:2:0"}, "4:2:0")],
)
def test_info_as_json(folder: Path, options: dict[str, Any], sampling: str) -> None:
    content = compressed(photo(24, 40), 60, **options)
    Path("photo.jpg").write_bytes(content)
    entry = json.loads(info("photo.jpg", "--json").stdout)
    assert (entry["file"], entry["width"], entry["height"], entry["color"]) == ("photo.jpg", 40, 24, "YCbCr")
    assert (entry["sampling"], entry["bytes"]) == (sampling, len(content))
    assert entry["quality"] == {"luma": 60, "chroma": 60}
    assert entry["bytes_per_pixel"] == pytest.approx(len(content) / 960, abs=1e-4)
    with Image.open("photo.jpg") as source:
        assert [step for row in entry["components"][1]["table"] for step in row] == source.quantization[1]


def test_info_tells_custom_tables_and_lists_several_inputs(folder: Path) -> None:
    Image.fromarray(photo(24, 40)).convert("L").save("gray.jpg", qtables=[[3] * 64])
    result = info("gray.jpg", "nope.jpg", "-", "--json", stdin=compressed(photo(24, 40), 50))
    assert result.exit_code == 1
    assert result.stderr == "qgac: nope.jpg: there is no such file; check the name\n"
    stream, gray = json.loads(result.stdout)
    assert (stream["file"], stream["quality"]["luma"]) == ("-", 50)
    assert gray["quality"] == {"luma": "custom", "chroma": None}
    assert gray["sampling"] is None


def test_info_about_a_bad_file_is_one_sentence(folder: Path) -> None:
    Path("photo.jpg").write_bytes(b"nothing")
    assert sentence(info("photo.jpg", "--json")).startswith("photo.jpg: ")


def test_large_pictures_are_refused_by_the_option_that_the_message_names(folder: Path) -> None:
    result = info("photo.jpg", "--max-pixels", "3455")
    assert result.exit_code == 1
    assert "raise the limit (--max-pixels)" in result.stderr
    assert info("photo.jpg", "--max-pixels", "3456").exit_code == 0


@pytest.mark.parametrize("given", [["photos"], ["photos/*.jpg"], ["photo.jpg", "ink.jpg"]])
def test_a_folder_a_pattern_and_several_files_give_a_list(folder: Path, given: list[str]) -> None:
    assert isinstance(json.loads(info(*given, "--json").stdout), list)


def test_one_file_gives_an_object_and_an_empty_folder_an_empty_list(folder: Path) -> None:
    assert json.loads(info("photo.jpg", "--json").stdout)["file"] == "photo.jpg"
    Path("empty").mkdir()
    result = info("empty", "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (1, [])


def test_the_error_of_each_component(folder: Path) -> None:
    luma, chroma, _ = json.loads(info("photo.jpg", "--json").stdout)["components"]
    table = np.array(luma["table"], float)
    assert luma["error"]["largest"] == pytest.approx(np.sqrt(np.square(table / 2).mean()), abs=1e-3)
    assert luma["error"]["uniform"] == pytest.approx(np.sqrt(np.square(table).mean() / 12), abs=1e-3)
    assert 0 < luma["error"]["expected"] < luma["error"]["uniform"]
    assert chroma["error"]["largest"] > luma["error"]["largest"]
    text = info("photo.jpg").stdout
    assert f"Y: about {luma['error']['expected']:.2f}, evenly spread" in text
    assert "Cr: about" in text
    assert "K: about" in info("ink.jpg").stdout


def test_a_heat_map_is_drawn_and_not_replaced(folder: Path) -> None:
    result = info("photo.jpg", "--heat-map", "map.png")
    assert (result.exit_code, result.stderr) == (0, "")
    with Image.open("map.png") as picture:
        assert picture.format == "PNG"
        assert picture.width >= 72
    content = Path("map.png").read_bytes()
    again = info("ink.jpg", "--heat-map", "map.png")
    assert again.exit_code == 1
    assert again.stderr == "qgac: map.png exists already; choose another name or overwrite it (--overwrite)\n"
    assert Path("map.png").read_bytes() == content
    assert info("ink.jpg", "--heat-map", "map.png", "--overwrite").exit_code == 0
    assert Path("map.png").read_bytes() != content


def test_a_heat_map_never_replaces_its_picture(folder: Path) -> None:
    before = Path("photo.jpg").read_bytes()
    Path("misnamed.png").write_bytes(before)
    for name in ("misnamed.png", "../" + folder.name + "/misnamed.png"):
        result = info("misnamed.png", "--heat-map", name, "--overwrite")
        assert "itself; choose another name (--heat-map)" in usage_error(result)
    assert Path("misnamed.png").read_bytes() == before
    assert "is a PNG picture" in usage_error(info("photo.jpg", "--heat-map", "photo.jpg", "--overwrite"))
    assert Path("photo.jpg").read_bytes() == before


def test_a_heat_map_of_standard_input(folder: Path) -> None:
    result = info("-", "--heat-map", "map.png", "--json", stdin=Path("photo.jpg").read_bytes())
    assert json.loads(result.stdout)["file"] == "-"
    assert Image.open(io.BytesIO(Path("map.png").read_bytes())).format == "PNG"


def test_a_heat_map_is_of_one_picture_and_goes_where_it_can(folder: Path) -> None:
    assert info("photo.jpg", "ink.jpg", "--heat-map", "map.png").exit_code == 2
    assert not Path("map.png").exists()
    result = info("photo.jpg", "--heat-map", "nowhere/map.png")
    assert result.exit_code == 1
    assert "nowhere/map.png cannot be written" in result.stderr


def test_what_a_progressive_file_leaves_out_has_no_bound(folder: Path) -> None:
    content = compressed(photo(24, 40), 60, progressive=True)
    second = content.index(b"\xff\xda", content.index(b"\xff\xda") + 2)
    tables = content.rindex(b"\xff\xc4", 0, second)
    Path("means.jpg").write_bytes(content[:tables] + b"\xff\xd9")
    entry = json.loads(info("means.jpg", "--json").stdout)
    assert entry["missing"] == 0
    assert "of the refinement out" in entry["notes"][0]
    for part in entry["components"]:
        assert part["error"]["expected"] > 0
        assert part["error"]["largest"] is part["error"]["uniform"] is None
    assert "without a bound" in info("means.jpg").stdout


def test_info_tells_the_past_of_pixels(folder: Path) -> None:
    Image.fromarray(decoded(compressed(scene(), 40))).save("picture.png")
    entry = json.loads(info("picture.png", "--json").stdout)
    assert (entry["format"], entry["width"], entry["height"]) == ("PNG", 200, 168)
    assert entry["past"]["outcome"] == "compressed"
    assert entry["past"]["luma"]["name"] == "libjpeg at quality 40"
    text = info("picture.png").stdout
    for words in ("these are the pixels of a JPEG", "blocks begin at 0,0", "libjpeg at quality 40", "table of chroma"):
        assert words in text
    Image.fromarray(scene()).save("picture.png")
    assert "no trace of a JPEG" in info("picture.png").stdout


def test_info_looks_for_an_earlier_compression_if_asked(folder: Path) -> None:
    Path("twice.jpg").write_bytes(saved_again(scene(320, 400), 20, 75, 4, 4))
    assert "earlier" not in json.loads(info("twice.jpg", "--json").stdout)
    assert json.loads(info("twice.jpg", "--json", "--earlier").stdout)["earlier"]["grid"] == {"x": 4, "y": 4}
    assert "libjpeg at quality 20, blocks begin at 4,4" in info("twice.jpg", "--earlier").stdout
    assert "no earlier compression found" in info("photo.jpg", "--earlier").stdout


def test_info_draws_no_heat_map_of_pixels(folder: Path) -> None:
    Image.fromarray(scene()).save("picture.png")
    result = info("picture.png", "--heat-map", "map.png")
    assert result.exit_code == 1
    assert "nothing to draw a heat map of" in result.stderr
    assert not Path("map.png").exists()


def test_an_empty_name_is_not_this_folder(folder: Path) -> None:
    assert "a name is empty" in usage_error(qgac_command("info", ""))
