from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from made.command_line import qgac_command, sentence


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (24, 40, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    return tmp_path


run = partial(qgac_command, "evaluate")


def test_table_on_the_output_and_files_beside(folder: Path, tmp_path: Path) -> None:
    files = {kind: tmp_path / f"result.{kind}" for kind in ("json", "markdown", "csv")}
    options = [part for kind, file in files.items() for part in (f"--{kind}", file)]
    result = run("--root", folder, "--quality", 10, 90, "--jpeg-only", "--jobs", 1, *options)
    assert result.exit_code == 0, result.output
    assert result.stdout == files["markdown"].read_text()
    assert [line.split("|")[1].strip() for line in result.stdout.splitlines()[4:6]] == ["10", "90"]
    assert len(json.loads(files["json"].read_text())["measurements"]) == 2
    assert len(files["csv"].read_text().splitlines()) == 1 + 2 * 2


def test_files_are_replaced_only_when_asked(folder: Path, tmp_path: Path) -> None:
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


def test_a_cluster_has_an_extra_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("ray", "qgac.cluster.connection"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, "ray", None)
    result = run("--root", folder, "--jpeg-only", "--cluster", "local")
    assert sentence(result) == (
        "qgac evaluate needs ray, which is not installed; install it: pip install 'qgac[cluster]'"
    )


def test_qualities_may_be_given_in_every_way(folder: Path) -> None:
    for way in (("--quality", "30", "7"), ("--quality", "7,30"), ("--quality", 30, "--quality", 7)):
        result = run("--root", folder, *way, "--jpeg-only", "--jobs", 1)
        assert [line.split("|")[1].strip() for line in result.stdout.splitlines()[4:6]] == ["7", "30"]


@pytest.mark.parametrize("way", [("--quality", "0"), ("--quality", "10", "x"), ("--quality", "10,101"), ("10",)])
def test_wrong_qualities(folder: Path, way: Any) -> None:
    result = run("--root", folder, *way)
    assert result.exit_code == 2
    assert "--quality" in result.stderr


def test_classic5_is_gray_by_default(folder: Path) -> None:
    from qgac.evaluation.test_sets import BENCHMARKS

    for name in BENCHMARKS["classic5"].names:
        Image.new("L", (16, 16), 50).save(folder / f"{name}.png")
    result = run("--dataset", "classic5", "--root", folder, "--quality", 10, "--jpeg-only", "--jobs", 1)
    assert "Classic-5, Y" in result.stdout
    assert "29.84 / 29.43 / 0.837" in result.stdout


def test_failures_are_one_sentence(folder: Path, tmp_path: Path) -> None:
    result = run("--root", folder, "--dataset", "live1")
    assert result.exit_code == 1
    assert "lacks 29 of the 29 pictures" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    result = run("--root", folder, "--model", tmp_path / "none.safetensors", "--jobs", 1)
    assert result.exit_code == 1
    assert "none.safetensors" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_blends_that_cannot_be(folder: Path) -> None:
    result = run("--root", folder, "--blend-with", "other.safetensors")
    assert result.exit_code == 2
    assert "add --blend" in result.stderr
    assert run("--root", folder, "--blend", 1.5).exit_code == 2
    result = run("--root", folder, "--jpeg-only", "--blend", 0.7)
    assert result.exit_code == 1
    assert "without a model there is nothing to blend with" in result.stderr


def test_a_result_that_could_not_be_written_is_noticed_before_measuring(folder: Path, tmp_path: Path) -> None:
    result = run("--root", folder, "--model", "nowhere", "--json", tmp_path / "missing" / "result.json")
    assert result.exit_code == 2
    assert "there is no folder" in result.stderr


def test_other_programs_are_measured_beside(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.py"
    copy.write_text("import sys; from PIL import Image; Image.open(sys.argv[1]).save(sys.argv[2])")
    methods = [f"{name}={sys.executable} {copy} {{input}} {{output}}" for name in ("one", "the other")]
    options = [part for method in methods for part in ("--method", method)]
    result = run("--root", folder, "--quality", 10, "--jpeg-only", "--jobs", 1, *options)
    assert result.exit_code == 0, result.output
    header, _, row = (line.split(" | ") for line in result.stdout.splitlines()[2:5])
    assert header == ["| quality", "JPEG", "JPEG, Pillow", "one", "the other |"]
    assert row[2] == row[3] == row[4].removesuffix(" |")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--method", "x=y {input}"], "must have one {input} and one {output}"),
        (["--method", "x=y {input} {output}", "--method", "x=z {input} {output}"], "two methods have one name"),
        (["--resume"], "name it (--json)"),
    ],
)
def test_methods_that_cannot_be(folder: Path, options: list[str], message: str) -> None:
    result = run("--root", folder, *options)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", " ").split())


def test_a_program_that_fails_ends_in_one_sentence_and_loses_nothing(folder: Path, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((24, 40, 3), np.uint8)).save(folder / "b.png")
    fails = tmp_path / "fails.py"  # of the second picture, which is black
    fails.write_text(
        "import sys; from PIL import Image; p = Image.open(sys.argv[1]); p.getbbox() or sys.exit('all is black');"
        "p.save(sys.argv[2])"
    )
    out = tmp_path / "results"
    out.mkdir()
    line = ("--root", folder, "--quality", 10, "--jpeg-only", "--jobs", 1, "--json", out / "result.json")
    method = ("--method", f"x={sys.executable} {fails} {{input}} {{output}}")
    result = run(*line, *method)
    assert (result.exit_code, result.stderr) == (1, "qgac: x failed with exit code 1: all is black\n")
    assert [path.name for path in out.iterdir()] == ["result.json.partial"]
    fails.write_text("import sys; from PIL import Image; Image.open(sys.argv[1]).save(sys.argv[2])")
    measured = json.loads((out / "result.json.partial").read_text())["measurements"]
    result = run(*line, *method, "--resume")
    assert result.exit_code == 0, result.output
    assert [path.name for path in out.iterdir()] == ["result.json"]
    content = json.loads((out / "result.json").read_text())["measurements"]
    assert [entry["picture"] for entry in content] == ["a.png", "b.png"]
    assert content[0] == measured[0]  # its time tells that it was not measured again


def test_a_part_of_the_pictures(folder: Path) -> None:
    Image.fromarray(np.zeros((24, 40, 3), np.uint8)).save(folder / "b.png")
    result = run("--root", folder, "--quality", 10, "--jpeg-only", "--jobs", 1, "--limit", 1)
    assert "the first 1 pictures" in result.stdout.splitlines()[0]
