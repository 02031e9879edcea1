import json
from functools import partial

import numpy as np
import pytest
from PIL import Image

from made.command_line import qgac_command


@pytest.fixture
def folder(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (24, 40, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    return tmp_path


run = partial(qgac_command, "evaluate")


def test_table_on_the_output_and_files_beside(folder, tmp_path):
    files = {kind: tmp_path / f"result.{kind}" for kind in ("json", "markdown", "csv")}
    options = [part for kind, file in files.items() for part in (f"--{kind}", file)]
    result = run("--root", folder, "--quality", 10, 90, "--jpeg-only", "--jobs", 1, *options)
    assert result.exit_code == 0, result.output
    assert result.stdout == files["markdown"].read_text()
    assert [line.split("|")[1].strip() for line in result.stdout.splitlines()[4:6]] == ["10", "90"]
    assert len(json.loads(files["json"].read_text())["measurements"]) == 2
    assert len(files["csv"].read_text().splitlines()) == 1 + 2 * 2


def test_files_are_replaced_only_when_asked(folder, tmp_path):
    old = tmp_path / "a.png"
    before = old.read_bytes()
    for option in ("--json", "--markdown", "--csv"):
        result = run("--root", folder, "--jpeg-only", "--jobs", 1, option, old)
        assert result.exit_code == 2
        assert "(--overwrite)" in result.stderr
    assert old.read_bytes() == before
    other = tmp_path / "old.md"
    other.write_text("old")
    for options in (("--overwrite", "--markdown", other), ("--markdown", other, "--overwrite")):
        assert run("--root", folder, "--jpeg-only", "--jobs", 1, *options).exit_code == 0
    assert other.read_text().startswith("#")


def test_qualities_may_be_given_in_every_way(folder):
    for way in (("--quality", "30", "7"), ("--quality", "7,30"), ("--quality", 30, "--quality", 7)):
        result = run("--root", folder, *way, "--jpeg-only", "--jobs", 1)
        assert [line.split("|")[1].strip() for line in result.stdout.splitlines()[4:6]] == ["7", "30"]


@pytest.mark.parametrize("way", [("--quality", "0"), ("--quality", "10", "x"), ("--quality", "10,101"), ("10",)])
def test_wrong_qualities(folder, way):
    result = run("--root", folder, *way)
    assert result.exit_code == 2
    assert "--quality" in result.stderr


def test_classic5_is_gray_by_default(folder):
    from qgac.evaluation.test_sets import BENCHMARKS

    for name in BENCHMARKS["classic5"].names:
        Image.new("L", (16, 16), 50).save(folder / f"{name}.png")
    result = run("--dataset", "classic5", "--root", folder, "--quality", 10, "--jpeg-only", "--jobs", 1)
    assert "Classic-5, Y" in result.stdout
    assert "29.84 / 29.43 / 0.837" in result.stdout


def test_failures_are_one_sentence(folder, tmp_path):
    result = run("--root", folder, "--dataset", "live1")
    assert result.exit_code == 1
    assert "lacks 29 of the 29 pictures" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    result = run("--root", folder, "--model", tmp_path / "none.safetensors", "--jobs", 1)
    assert result.exit_code == 1
    assert "none.safetensors" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_blends_that_cannot_be(folder):
    result = run("--root", folder, "--blend-with", "other.safetensors")
    assert result.exit_code == 2
    assert "add --blend" in result.stderr
    assert run("--root", folder, "--blend", 1.5).exit_code == 2
    result = run("--root", folder, "--jpeg-only", "--blend", 0.7)
    assert result.exit_code == 1
    assert "without a model there is nothing to blend with" in result.stderr


def test_a_result_that_could_not_be_written_is_noticed_before_measuring(folder, tmp_path):
    result = run("--root", folder, "--model", "nowhere", "--json", tmp_path / "missing" / "result.json")
    assert result.exit_code == 2
    assert "there is no folder" in result.stderr
