"""`qgac restore` of many pictures with a stand-in for the network: what is told, resumed and left behind."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from made import files as made_files
from made.command_line import PROGRAM, on_a_terminal, outputs, posix, qgac_command, start, summary, usage_error
from made.files import KILLS, make_jpeg
from qgac.batch import many

pytestmark = pytest.mark.usefixtures("stand_in")

restore = partial(qgac_command, "restore")


# --- reports ---


def test_a_report_never_takes_the_place_of_a_picture(tree: Path) -> None:
    Path("here").symlink_to(".")
    for name in ("./one.png", "photos/../one.png", "here/one.png"):
        result = restore("photos/a.jpg", "-o", "one.png", "--report", name, "--overwrite")
        assert "would both become" in usage_error(result)
    assert not Path("one.png").exists()


def test_a_report_never_takes_the_place_of_a_tiff_to_come(tree: Path) -> None:
    """Only the file tells that its picture is CMYK, which PNG cannot hold."""
    make_jpeg(tree / "ink.jpg", mode="CMYK")
    result = restore("ink.jpg", "-o", "out/", "--report", "out/ink.tiff")
    assert "is not a file in an existing folder" in usage_error(result)
    Path("out").mkdir()
    assert "would both become" in usage_error(restore("ink.jpg", "-o", "out/", "--report", "out/ink.tiff"))


def test_a_report_goes_into_a_file(tree: Path) -> None:
    assert "goes into a file" in usage_error(restore("photos/a.jpg", "-o", "one.png", "--report", "-"))
    assert not Path("-").exists()


def test_a_report_never_replaces_what_is_read(tree: Path) -> None:
    before = Path("photos/a.jpg").read_bytes()
    Path("names.txt").write_text("photos/a.jpg\n")
    os.link("photos/a.jpg", "other.jpg")
    for options in (
        ("photos/a.jpg", "-o", "one.png", "--report", "photos/a.jpg"),
        ("photos/a.jpg", "-o", "one.png", "--report", "other.jpg"),
        ("--files-from", "names.txt", "-o", "out/", "--report", "names.txt"),
    ):
        result = restore(*options, "--overwrite")
        assert "which is read; choose another name" in usage_error(result)
    assert Path("photos/a.jpg").read_bytes() == before
    assert Path("names.txt").read_text() == "photos/a.jpg\n"


# --- batches ---


def test_a_batch_reports_and_goes_on_where_it_stopped(tree: Path) -> None:
    Path("photos/a.jpg").write_bytes(Path("photos/a.jpg").read_bytes()[:-20])
    make_jpeg(tree / "photos" / "big.jpg", size=(KILLS, 8))
    many.new_restorer = made_files.make_deadly  # put back by the fixture
    arguments = ["photos", "-o", "out", "--jobs", "2", "--report", "report.json"]
    result = restore(*arguments)
    assert (result.exit_code, summary(result)) == (1, "restored 3, skipped 0, failed 2")
    assert len([line for line in result.stderr.splitlines() if line.startswith("qgac: photos/a.jpg: ")]) == 1
    assert "qgac: photos/big.jpg: the process that restored it was killed" in result.stderr
    report = json.loads(Path("report.json").read_text())
    assert (report["restored"], report["skipped"], report["failed"]) == (3, 0, 2)
    by_input = {entry["input"]: entry for entry in report["files"]}
    assert "damaged" in by_input["photos/a.jpg"]["reason"]
    assert "killed" in by_input["photos/big.jpg"]["reason"]
    assert by_input["photos/sub/c.jpe"]["output"] == "out/sub/c.png"
    assert by_input["photos/sub/c.jpe"]["quality"] == 75

    before = {path: path.stat().st_mtime_ns for path in Path("out").rglob("*.png")}
    for name in ("a", "big"):
        make_jpeg(tree / "photos" / f"{name}.jpg")
    result = restore(*arguments, "--skip-existing")  # the report of before may be replaced
    assert (result.exit_code, summary(result)) == (0, "restored 2, skipped 3, failed 0")
    assert all(path.stat().st_mtime_ns == moment for path, moment in before.items())
    assert json.loads(Path("report.json").read_text())["skipped"] == 3
    result = restore(*arguments, "--skip-existing")
    assert (result.exit_code, summary(result)) == (0, "restored 0, skipped 5, failed 0")


def test_a_single_picture_may_be_skipped(tree: Path) -> None:
    Path("photos/a.restored.png").touch()
    result = restore("photos/a.jpg", "--skip-existing")
    assert (result.exit_code, result.stderr) == (
        0,
        "photos/a.jpg skipped: photos/a.restored.png exists already\n",
    )


def test_a_picture_may_go_to_two_places(tree: Path) -> None:
    result = restore("photos", "photos/sub/deep", "-o", "out")
    assert (result.exit_code, summary(result)) == (0, "restored 5, skipped 0, failed 0")
    assert outputs("out") == ["a.png", "b.png", "d.png", "sub/c.png", "sub/deep/d.png"]


def test_a_folder_of_nothing_but_results_is_told(tree: Path) -> None:
    make_jpeg(tree / "in" / "out" / "a.jpg")
    result = restore("in", "-o", "in/out")
    assert result.exit_code == 1
    assert result.stderr == (
        "qgac: there is nothing to restore but earlier results in the output folder; name other inputs\n"
    )


def test_failures_of_a_long_batch_are_told_again_at_its_end(tree: Path) -> None:
    names = [f"gone{number}.jpg" for number in range(20)]
    result = restore(*names, "photos/a.jpg")
    lines = result.stderr.splitlines()
    assert lines[-2] == "qgac: failed: gone19.jpg: there is no such file; check the name"
    assert len(lines) == 41
    assert len(restore(*names[:5]).stderr.splitlines()) == 6


def test_a_model_that_is_not_there_is_told_once(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qgac.batch.many.new_restorer", made_files.make_nothing)
    for inputs in (["photos"], ["photos/a.jpg"]):
        result = restore(*inputs, "-o", "out/")
        assert (result.exit_code, result.stderr) == (1, "qgac: there are no weights; fetch them\n")


@posix
def test_one_progress_display_tells_an_estimate(tree: Path) -> None:
    shown = on_a_terminal("-c", PROGRAM, "make_flat", "restore", "photos", "-o", "out", "--jobs", "2")
    displays = [part for part in shown if "%" in part]
    assert displays
    assert all(re.fullmatch(r"(photos/\S+)? *\S* +\d+% +(\d+:\d\d:\d\d|-:--:--) +[0-4]/4 *", part) for part in displays)
    shares = [int(re.findall(r"(\d+)%", part)[0]) for part in displays]
    assert shares == sorted(shares)
    assert displays[-1].rstrip().endswith("4/4")
    assert shown[-1].startswith("restored 4, skipped 0, failed 0 in ")


# --- interruptions ---


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 200
    while not condition():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.02)


def group_is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


@posix
@pytest.mark.parametrize(
    ("number", "to_all", "code", "last"),
    [
        (signal.SIGINT, True, 130, "qgac: interrupted"),  # Ctrl-C reaches the workers too
        (signal.SIGTERM, False, 143, None),
        (signal.SIGKILL, False, -9, None),
    ],
)
def test_an_end_leaves_no_half_file_and_no_process(
    tree: Path, number: signal.Signals, to_all: bool, code: int, last: str | None
) -> None:
    with start(made_files.make_slow, "photos", "-o", "out", "--jobs", "2") as process:
        wait_for(lambda: len(list(tree.glob("begun-*"))) == 2)
        (os.killpg if to_all else os.kill)(process.pid, number)
        assert process.wait(200) == code
        wait_for(lambda: group_is_gone(process.pid))
        assert process.stderr is not None
        lines = process.stderr.read().decode().splitlines()
    if last is None:
        assert lines == [] or number == signal.SIGKILL  # of what is killed, Python's own resource tracker may complain
    else:
        assert lines == ["qgac: restored 0, skipped 0, failed 0, 4 left; go on with --skip-existing", last]
    assert not Path("out").exists() or outputs("out") == []


@posix
@pytest.mark.parametrize("to_all", [False, True])
def test_being_terminated_twice_is_as_quiet_as_once(tree: Path, to_all: bool) -> None:
    with start(made_files.make_slow, "photos", "-o", "out", "--jobs", "2") as process:
        wait_for(lambda: len(list(tree.glob("begun-*"))) == 2)
        for _ in range(20):
            (os.killpg if to_all else os.kill)(process.pid, signal.SIGTERM)
            time.sleep(0.005)
        assert process.wait(200) == 143
        wait_for(lambda: group_is_gone(process.pid))
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert outputs("out") == []


@posix
def test_a_batch_does_not_wait_for_pipes(tree: Path) -> None:
    os.mkfifo(tree / "photos" / "pipe.jpg")
    os.mkfifo(tree / "photos" / "sub" / "other.jpeg")
    with start(made_files.make_flat, "photos", "-o", "out") as process:
        assert process.wait(200) == 0
        assert process.stderr is not None
        lines = process.stderr.read().decode().splitlines()
    assert [line for line in lines if "photos/pipe.jpg: a pipe, a socket or a device" in line]
    assert [line for line in lines if "photos/sub/other.jpeg: a pipe, a socket or a device" in line]
    assert lines[-1].startswith("restored 4, skipped 0, failed 0")


@posix
def test_whoever_kills_a_batch_finds_whole_pictures_and_goes_on(tree: Path) -> None:
    generator = random.Random(3)
    for number in range(40):
        make_jpeg(tree / "many" / f"{number}.jpg", size=(300 + number, 300))
    arguments = ["many", "-o", "out", "--skip-existing", "--jobs", "2"]
    for _ in range(2):
        with start(made_files.make_flat, *arguments) as process:
            count = len(list(Path().glob("out/*.png")))
            wait_for(lambda count=count: len(list(Path().glob("out/*.png"))) > count)  # type: ignore[misc]
            time.sleep(generator.uniform(0, 0.1))
            os.killpg(process.pid, signal.SIGKILL)
        for name in outputs("out"):
            if not name.startswith(".qgac-"):
                with Image.open(Path("out", name)) as picture:
                    picture.load()
                    assert picture.size == (300 + int(Path(name).stem), 300)
    count = len([name for name in outputs("out") if name.endswith(".png")])
    assert 0 < count < 40
    result = restore(*arguments)
    assert (result.exit_code, summary(result)) == (0, f"restored {40 - count}, skipped {count}, failed 0")
    assert restore("out", "-o", "again").stderr.startswith("qgac: out: no JPEG files in this folder")
