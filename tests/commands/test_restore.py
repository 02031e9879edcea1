"""`qgac restore` with a stand-in for the network: what users meet around the pictures."""

from __future__ import annotations

import io
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from PIL import Image

import made_files
import qgac
from made_files import KILLS, make_jpeg
from qgac.cli import cli
from qgac.commands import restore as command

SOURCE, TESTS = Path(qgac.__file__).parent.parent, Path(made_files.__file__).parent

# The command in a process of its own, with the stand-in that is named first.
PROGRAM = """
import sys, made_files, qgac.commands.restore as command
from qgac.cli import main
command._restorer = getattr(made_files, sys.argv.pop(1))
main()
"""

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and devices are another matter there")


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_restorer", made_files.make_flat)


def restore(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(cli, ["restore", *arguments], input=stdin)


def start(stand_in: Callable[..., Any], *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": f"{SOURCE}{os.pathsep}{TESTS}"}
    line = [sys.executable, "-c", PROGRAM, stand_in.__name__, "restore", *arguments]
    return subprocess.Popen(line, env=environment, stderr=subprocess.PIPE, start_new_session=True, **options)


def usage_error(result: Result) -> str:
    """Return the message of a command that did nothing, in one line."""
    assert result.exit_code == 2
    assert result.stdout == ""
    return " ".join(result.stderr.replace("│", " ").split())


def summary(result: Result) -> str:
    return result.stderr.splitlines()[-1].rpartition(" in ")[0]


def outputs(folder: str) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file())


# --- lists ---


def test_names_come_from_the_standard_input(tree: Path) -> None:
    result = restore("--files-from", "-", "-o", "out", stdin=b"photos/a.jpg\nphotos/sub/c.jpe\n\n")
    assert (result.exit_code, summary(result)) == (0, "restored 2, skipped 0, failed 0")
    assert outputs("out") == ["photos/a.png", "photos/sub/c.png"]


def test_names_come_from_a_file_and_end_with_zero(tree: Path) -> None:
    make_jpeg(tree / "a\nb.jpg")
    Path("list").write_bytes(b"a\nb.jpg\0photos/a.jpg\0gone.jpg\0")
    result = restore("--files-from", "list", "-0", "photos/b.JPEG", "-o", "out")
    assert (result.exit_code, summary(result)) == (1, "restored 3, skipped 0, failed 1")
    assert "qgac: gone.jpg: there is no such file; check the list" in result.stderr
    assert outputs("out") == ["a\nb.png", "b.png", "photos/a.png"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--files-from", "nope"], "the list nope: No such file or directory; check the name"),
        (["--files-from", "."], "the list .: Is a directory"),
        (["--files-from", "-"], "the list - names no file; check it"),
    ],
)
def test_lists_that_are_none_end_in_one_sentence(tree: Path, arguments: list[str], message: str) -> None:
    result = restore(*arguments, stdin=b"\n\n")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"qgac: {message}")
    assert len(result.stderr.splitlines()) == 1


# --- batches ---


def test_a_batch_reports_and_goes_on_where_it_stopped(tree: Path) -> None:
    Path("photos/a.jpg").write_bytes(Path("photos/a.jpg").read_bytes()[:-20])
    make_jpeg(tree / "photos" / "big.jpg", size=(KILLS, 8))
    command._restorer = made_files.make_deadly  # put back by the fixture
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
    monkeypatch.setattr(command, "_restorer", made_files.make_nothing)
    for inputs in (["photos"], ["photos/a.jpg"]):
        result = restore(*inputs, "-o", "out/")
        assert (result.exit_code, result.stderr) == (1, "qgac: there are no weights; fetch them\n")


@posix
def test_one_progress_display_tells_an_estimate(tree: Path) -> None:
    ours, theirs = os.openpty()
    environment = os.environ | {"PYTHONPATH": f"{SOURCE}{os.pathsep}{TESTS}", "TERM": "xterm", "COLUMNS": "100"}
    line = [sys.executable, "-c", PROGRAM, "make_flat", "restore", "photos", "-o", "out", "--jobs", "2"]
    with subprocess.Popen(line, env=environment, stderr=theirs) as process:
        os.close(theirs)
        content = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # how Linux tells the end
                break
            if not part:
                break
            content += part
        os.close(ours)
    assert process.returncode == 0
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", content.decode())
    displays = [part for part in re.split(r"[\r\n]+", shown) if "%" in part]
    assert displays
    assert all(re.fullmatch(r"(photos/\S+)? *\S* +\d+% +(\d+:\d\d:\d\d|-:--:--) +[0-4]/4 *", part) for part in displays)
    shares = [int(re.findall(r"(\d+)%", part)[0]) for part in displays]
    assert shares == sorted(shares)
    assert displays[-1].rstrip().endswith("4/4")
    assert shown.rstrip().splitlines()[-1].startswith("restored 4, skipped 0, failed 0 in ")


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
def test_whoever_kills_a_batch_finds_whole_pictures_and_goes_on(tree: Path) -> None:
    generator = random.Random(3)
    for number in range(40):
        make_jpeg(tree / "many" / f"{number}.jpg", size=(300 + number, 300))
    arguments = ["many", "-o", "out", "--skip-existing", "--jobs", "2"]
    for _ in range(2):
        with start(made_files.make_flat, *arguments) as process:
            count = len(outputs("out")) if Path("out").exists() else 0
            wait_for(lambda count=count: Path("out").exists() and len(outputs("out")) > count)  # type: ignore[misc]
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


# --- errors ---


@posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_a_full_disk_behind_the_standard_output_ends_in_one_sentence(tree: Path) -> None:
    with (
        Path("/dev/full").open("wb") as full,
        start(made_files.make_flat, "photos/a.jpg", "-o", "-", stdout=full) as process,
    ):
        assert process.wait(200) == 1
        assert process.stderr is not None
        message = process.stderr.read().decode()
    assert message == (
        "qgac: photos/a.jpg: the output cannot be written (No space left on device); check its free space\n"
    )


@posix
def test_a_full_disk_under_a_file_ends_in_one_sentence(tree: Path) -> None:
    """A limit on the size of files stands in for the disk."""
    resource = pytest.importorskip("resource")
    make_jpeg(tree / "x.jpg", size=(60, 60))

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    with start(made_files.make_flat, "x.jpg", preexec_fn=limit) as process:
        assert process.wait(200) == 1
        assert process.stderr is not None
        message = process.stderr.read().decode()
    assert message == (
        "qgac: x.jpg: x.restored.png cannot be written (File too large); "
        "check the folder's permissions and free space\n"
    )
    assert [path.name for path in tree.iterdir() if "qgac" in path.name or path.suffix == ".png"] == []


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n", "a PNG file"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a HEIC picture"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "a WebP file"),
        (b"%PDF-1.7\n", "a PDF document"),
    ],
)
def test_foreign_files_are_called_by_their_names(tree: Path, content: bytes, kind: str) -> None:
    Path("x.jpg").write_bytes(content + bytes(40))
    result = restore("x.jpg")
    assert result.exit_code == 1
    assert result.stderr == (
        f"qgac: x.jpg: this is {kind} and no JPEG, whatever its name says; only JPEG files can be restored\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no pictures are named; name files or folders, or a list of them (--files-from)"),
        (["photos", "-0"], "-0 is about a list of names"),
        (["photos", "--overwrite", "--skip-existing"], "exclude one another"),
        (["-", "--times"], "standard input and output have no time"),
        (["photos/a.jpg", "-o", "-", "--times"], "standard input and output have no time"),
        (["-", "-o", "photos"], "standard input has no name; name a file in photos (-o)"),
        (["photos/a.jpg", "-o", "new"], "or write new/ for a folder"),
        (["photos", "--report", "photos"], "is not a file in an existing folder"),
        (["photos", "--report", "no/report.json"], "is not a file in an existing folder"),
        (["photos", "--report", "photos/notes.txt"], "exists already and is no report"),
        (["photos/a.jpg", "-o", "x.png", "--report", "./x.png"], "would both become x.png"),
        (["photos", "--jobs", "0"], "0 is not in the range x>=1"),
    ],
)
def test_contradictions_are_told_before_any_work(tree: Path, arguments: list[str], message: str) -> None:
    before = outputs(".")
    assert message in usage_error(restore(*arguments, stdin=b""))
    assert outputs(".") == before


def test_a_file_that_may_not_be_read_does_not_stop_the_others(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever parses the arguments must not refuse it; reading it will. Root may read all, so it is only played."""
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.R_OK)
    assert restore("photos/a.jpg").exit_code == 0


def test_a_report_that_could_not_be_written_is_told_before_the_work(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "locked").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "locked")
    message = usage_error(restore("photos/a.jpg", "--report", "locked/report.json"))
    assert "the folder locked may not be written to" in message
    assert not Path("photos/a.restored.png").exists()


def test_a_report_replaces_another_file_only_when_asked(tree: Path) -> None:
    assert restore("photos/a.jpg", "--report", "photos/notes.txt", "--overwrite").exit_code == 0
    assert json.loads(Path("photos/notes.txt").read_text())["restored"] == 1


# --- options that go to the pictures ---


def test_times_and_stripping_reach_the_pictures(tree: Path) -> None:
    make_jpeg(tree / "x.jpg", comment="a secret")
    os.utime("x.jpg", (1e9, 1e9))
    assert restore("x.jpg", "-o", "plain.png").exit_code == 0
    assert b"secret" in Path("plain.png").read_bytes()
    assert restore("x.jpg", "-o", "bare.png", "--strip", "--times").exit_code == 0
    assert b"secret" not in Path("bare.png").read_bytes()
    assert Path("bare.png").stat().st_mtime == 1e9
    assert restore("x.jpg", "--suffix", "-clean").exit_code == 0
    assert Path("x-clean.png").exists()


# --- help and completion ---


def test_help_is_a_manual() -> None:
    text = restore("--help").stdout
    for part in ("Input", "Output", "Restoration", "Batches and resources", "Examples", "Exit codes", "Environment"):
        assert re.search(rf"^[╭─ ]*{part}\b", text, re.MULTILINE), part
    assert "  1  at least one picture failed; the others are there\n" in re.sub(r" +\n", "\n", text)
    for parameter in cli.commands["restore"].params:
        for option in parameter.opts if parameter.param_type_name == "option" else ():
            assert option in text


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("qgac resto", "plain,restore"),
        ("qgac restore --skip", "plain,--skip-existing"),
        ("qgac restore --format w", "plain,webp"),
        ("qgac restore pho", "file,pho"),
        ("qgac restore x.jpg -o pho", "file,pho"),
    ],
)
def test_shells_complete(words: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_QGAC_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    output = io.StringIO()
    monkeypatch.setattr(sys, "stdout", output)
    with pytest.raises(SystemExit):
        cli(prog_name="qgac", args=[])
    assert output.getvalue().splitlines() == [expected]
