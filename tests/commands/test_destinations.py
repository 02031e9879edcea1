"""Files that the research commands write: never in the place of another, unless asked, or of what they read."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from made.command_line import qgac_command, usage_error
from qgac.evaluation.record import Evaluation


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("set").mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    for name in ("a", "b"):
        Image.fromarray(pixels).save(f"set/{name}.png")
    return Path("set")


SHEET = ("analyze", "sheet", "set/a.png", "--quality", "10", "--crop", "0,0,16")
EVALUATE = ("evaluate", "--root", "set", "--quality", "10", "--jpeg-only", "--jobs", "1")


@pytest.mark.parametrize("there", ["out.png", "out.csv"])
@pytest.mark.parametrize("named", ["out", "out.png"])
def test_either_file_of_a_figure_is_kept(pictures: Path, there: str, named: str) -> None:
    Path(there).write_text("old")
    assert f"{there} exists already" in usage_error(qgac_command(*SHEET, "-o", named))
    assert Path(there).read_text() == "old"
    assert qgac_command(*SHEET, "-o", named, "--overwrite").exit_code == 0
    assert Path(there).read_bytes() != b"old"


def test_a_judges_key_is_kept(pictures: Path) -> None:
    Path("blind.key.csv").write_text("old")
    result = qgac_command("analyze", "blind", "set/a.png", "-o", "blind")
    assert "blind.key.csv exists already" in usage_error(result)


@pytest.mark.parametrize(
    "command",
    [
        (*SHEET, "-o", "set/a"),
        (*EVALUATE, "--json", "set/b.png"),
        ("analyze", "sheet", "--root", "set", "-o", "set/../set/b"),
        ("plot", "gain", "result.csv", "-o", "result"),
        ("evaluate", "--root", "set", "--model", "net.safetensors", "--csv", "net.safetensors"),
    ],
)
def test_what_is_read_is_not_replaced_even_when_asked(pictures: Path, command: tuple[str, ...]) -> None:
    for name in ("result.csv", "net.safetensors"):
        Path(name).write_text("old")
    before = {path: path.read_bytes() for path in Path().rglob("*.*")}
    assert "is read; choose another name" in usage_error(qgac_command(*command, "--overwrite"))
    assert {path: path.read_bytes() for path in Path().rglob("*.*")} == before


def test_two_outputs_are_not_one_file(pictures: Path) -> None:
    assert "named for two things" in usage_error(qgac_command(*EVALUATE, "--json", "r", "--csv", "set/../r"))


def test_what_is_no_file_is_not_replaced(pictures: Path) -> None:
    result = qgac_command(*EVALUATE, "--csv", "/dev/null", "--overwrite")
    assert "no file that can be replaced" in usage_error(result)


def test_a_file_that_appears_meanwhile_is_kept(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from qgac.evaluation import tables

    to_csv = tables.to_csv

    def slowly(evaluation: Evaluation) -> str:
        Path("late.csv").write_text("another's")
        return to_csv(evaluation)

    monkeypatch.setattr(tables, "to_csv", slowly)
    result = qgac_command(*EVALUATE, "--csv", "late.csv")
    assert result.exit_code == 1
    assert result.stderr.startswith("qgac: late.csv: ")
    assert Path("late.csv").read_text() == "another's"


def test_results_made_again_replace_the_old_ones(pictures: Path) -> None:
    for options in ((), ("--overwrite",)):
        result = qgac_command(*EVALUATE, "--json", "r.json", "--csv", "r.csv", *options)
        assert result.exit_code == 0, result.output


def test_a_folder_that_may_not_be_written_to_is_told_before_the_work(
    pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write anywhere, so it is only played."""
    Path("locked").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "locked")
    message = usage_error(qgac_command(*EVALUATE, "--json", "locked/r.json"))
    assert "locked may not be written to; choose another" in message


def test_a_missing_folder_is_told_before_the_work(pictures: Path) -> None:
    message = usage_error(qgac_command(*EVALUATE, "--json", "nowhere/r.json"))
    assert "there is no folder" in message
    assert "make it first" in message
    assert not Path("nowhere").exists()


def test_a_link_that_leads_nowhere_stays(pictures: Path) -> None:
    Path("link").symlink_to("nowhere")
    for options in ((), ("--overwrite",)):
        assert "no file that can be replaced" in usage_error(qgac_command(*EVALUATE, "--json", "link", *options))
    assert Path("link").is_symlink()
    assert not Path("nowhere").exists()
