"""`qgac restore` with a stand-in for the network: what users meet around the pictures."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from functools import partial
from pathlib import Path

import pytest

from made import files as made_files
from made.command_line import outputs, posix, qgac_command, start, summary, usage_error
from made.files import make_jpeg
from qgac.cli import cli
from qgac.commands.restore import restore as restore_command

pytestmark = pytest.mark.usefixtures("stand_in")

restore = partial(qgac_command, "restore")


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
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a HEIC picture"),
        (b"%PDF-1.7\n", "a PDF document"),
    ],
)
def test_foreign_files_are_called_by_their_names(tree: Path, content: bytes, kind: str) -> None:
    Path("x.jpg").write_bytes(content + bytes(40))
    result = restore("x.jpg")
    assert result.exit_code == 1
    assert result.stderr == (f"qgac: x.jpg: this is {kind} and no JPEG, whatever its name says; give a JPEG file\n")


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
        (["", "--in-place"], "a name is empty, as of a variable that is not set"),
        (["photos/a.jpg", ""], "a name is empty"),
        (["photos", "-o", ""], "a name is empty"),
        (["photos", "--output-dir", ""], "a name is empty"),
        (["--files-from", ""], "a name is empty"),
        (["photos/a.jpg", "--strength", "nan"], "'nan' is not a number; give one in the range 0<=x<=1"),
        (["photos/a.jpg", "--blend", "NaN"], "'NaN' is not a number; give one in the range 0<=x<=1"),
        (["photos/a.jpg", "--grid", "1,1"], "--grid is for PNG files and the like, and none is named"),
        (["photos", "--quality-was", "20"], "--quality-was is for PNG files and the like"),
        (["photos/a.jpg", "--rescaled", "20"], "--rescaled is for PNG files and the like"),
        (["photos", "--break-signatures"], "--break-signatures is for documents that are signed, and none is named"),
    ],
)
def test_contradictions_are_told_before_any_work(tree: Path, arguments: list[str], message: str) -> None:
    before = outputs(".")
    assert message in usage_error(restore(*arguments, stdin=b""))
    assert outputs(".") == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\r\n\x1a\n", "this PNG file cannot be read; get an undamaged copy"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "this WEBP file cannot be read; get an undamaged copy, or convert it to PNG"),
        (
            b"II*\0\x08\0\0\0",
            "this TIFF file (or camera's raw file) cannot be read; get an undamaged copy, or convert it to PNG",
        ),
    ],
)
def test_damaged_files_of_other_kinds_are_called_so_whatever_their_names(
    tree: Path, content: bytes, message: str
) -> None:
    Path("x.jpg").write_bytes(content + bytes(40))
    result = restore("x.jpg")
    assert result.exit_code == 1
    assert result.stderr == f"qgac: x.jpg: {message}\n"


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
    for parameter in restore_command.params:
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


@posix
def test_names_with_control_characters_take_one_line(tree: Path) -> None:
    Path("photos/a.jpg").rename("one\ntwo\x1b[31m.jpg")
    escaped = r"one\ntwo\x1b[31m"
    result = restore("gone\r.jpg", "one\ntwo\x1b[31m.jpg", "--dry-run")
    assert result.stdout == f"{escaped}.jpg -> {escaped}.restored.png\n"
    assert result.stderr == "qgac: gone\\r.jpg: there is no such file; check the name\n"
    result = restore("one\ntwo\x1b[31m.jpg")
    assert result.exit_code == 0
    assert result.stderr.splitlines()[-1] == f"{escaped}.jpg restored to {escaped}.restored.png"
    again = restore("one\ntwo\x1b[31m.jpg", "--skip-existing")
    assert again.stderr == f"{escaped}.jpg skipped: {escaped}.restored.png exists already\n"
