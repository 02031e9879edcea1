"""What people type before they have read the manual works, or points to what they meant."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import qgac
from made.command_line import environment, outputs, qgac_command, sentence, summary, usage_error
from made.files import make_jpeg
from qgac.cli import cli, main
from qgac.commands.restore import restore as restore_command
from qgac.files import names
from qgac.jpeg.reader import read_jpeg

pytestmark = pytest.mark.usefixtures("stand_in")


# --- without the word restore ---


@pytest.mark.parametrize(
    "arguments",
    [["photos/a.jpg"], ["-f", "photos/a.jpg"], ["photos/a.jpg", "-q"], ["photos/*.jpg"]],
)
def test_the_name_of_a_picture_is_enough(tree: Path, arguments: list[str]) -> None:
    result = qgac_command(*arguments)
    assert result.exit_code == 0, result.stderr
    assert Path("photos/a.restored.png").exists()


def test_so_is_a_folder_and_the_standard_input(tree: Path) -> None:
    assert summary(qgac_command("photos", "-o", "out")) == "restored 4, skipped 0, failed 0"
    result = qgac_command("-", stdin=Path("photos/a.jpg").read_bytes())
    assert result.stdout_bytes.startswith(b"\x89PNG")


def test_a_missing_picture_is_called_missing(tree: Path) -> None:
    assert sentence(qgac_command("gone.jpg")) == "gone.jpg: there is no such file; check the name"


def test_commands_come_before_files_of_their_name(tree: Path) -> None:
    Path("info").mkdir()
    assert qgac_command("info", "photos/a.jpg").stdout.startswith("photos/a.jpg\n  size ")
    assert "No such option '-q'" in usage_error(qgac_command("-q", "restore", "photos/a.jpg"))
    assert "No such command 'upscale'" in usage_error(qgac_command("upscale"))
    for slip in ("retsore", "./restore"):
        message = usage_error(qgac_command(slip, "photos/a.jpg"))
        assert f"No such command '{slip}'. Did you mean 'restore'?" in message


def test_help_and_version_are_commands_too() -> None:
    assert qgac_command("version").stdout == qgac_command("-V").stdout == f"qgac {qgac.__version__}\n"
    assert qgac_command("help", "restore").stdout == qgac_command("restore", "--help").stdout
    assert qgac_command("help", "analyze", "sheet").stdout == qgac_command("analyze", "sheet", "--help").stdout
    assert "│ restore " in qgac_command("help").stdout
    assert "No such command 'nonsense'" in usage_error(qgac_command("help", "nonsense"))


# --- an output without -o ---


@pytest.mark.parametrize("last", ["out.png", "out.TIF", "new/"])
def test_an_output_as_last_input_is_told_before_any_work(tree: Path, last: str) -> None:
    before = outputs(".")
    message = usage_error(qgac_command("restore", "photos/a.jpg", last))
    assert f"{last} does not exist; if the result is to go there, write -o {last}" in message
    assert outputs(".") == before


@pytest.mark.parametrize("last", ["out.jpg", "out"])
def test_what_may_be_a_slip_is_told_and_stops_nothing(tree: Path, last: str) -> None:
    result = qgac_command("restore", "photos/a.jpg", last)
    assert result.exit_code == 1
    assert f"qgac: {last}: there is no such file; check the name, or write -o {last} if the" in result.stderr
    assert Path("photos/a.restored.png").exists()


# --- options ---


@pytest.mark.parametrize(("word", "suffix"), [("jpg", ".jpg"), ("tif", ".tiff"), ("JPEG", ".jpg"), (".png", ".png")])
def test_formats_may_be_called_by_their_suffixes(tree: Path, word: str, suffix: str) -> None:
    assert qgac_command("restore", "photos/a.jpg", "--format", word).exit_code == 0
    assert Path(f"photos/a.restored{suffix}").exists()


def test_force_is_overwrite(tree: Path) -> None:
    assert qgac_command("restore", "photos/a.jpg").exit_code == 0
    for option in ("-f", "--force", "--overwrite"):
        assert qgac_command("restore", "photos/a.jpg").exit_code == 1
        assert qgac_command("restore", "photos/a.jpg", option).exit_code == 0


def test_a_folder_for_one_picture_needs_no_slash(tree: Path) -> None:
    assert qgac_command("restore", "photos/a.jpg", "--output-dir", "new", "-j", "1").exit_code == 0
    assert outputs("new") == ["a.png"]


def test_quiet_tells_failures_alone(tree: Path) -> None:
    result = qgac_command("restore", "photos/a.jpg", "-q")
    assert (result.exit_code, result.output) == (0, "")
    result = qgac_command("restore", "photos", "gone.jpg", "-o", "out", "--quiet")
    assert result.stderr == "qgac: gone.jpg: there is no such file; check the name\n"
    result = qgac_command("restore", "photos", "-o", "out", "--quiet", "--skip-existing")
    assert (result.exit_code, result.output) == (0, "")


def test_verbose_tells_of_every_picture(tree: Path) -> None:
    Path("out").mkdir()
    Path("out/b.png").write_bytes(b"there")
    result = qgac_command("restore", "photos", "-o", "out", "-v", "--skip-existing")
    lines = result.stderr.splitlines()
    assert lines[0] == "photos/b.JPEG skipped: out/b.png exists already"
    told = re.compile(r"photos/(.+)\.\w+ restored to out/\1\.png \(20 x 12, quality 75, \d+\.\d s\)")
    assert all(told.fullmatch(line) for line in lines[1:-1])
    assert len(lines) == 5
    assert summary(result) == "restored 3, skipped 1, failed 0"
    assert qgac_command("restore", "photos/b.JPEG", "-o", "out/b.png", "-v", "--skip-existing").stderr.count("\n") == 1


def test_a_dry_run_does_nothing(tree: Path) -> None:
    Path("photos/a.restored.png").write_bytes(b"there")
    before = outputs(".")
    result = qgac_command("restore", "photos", "--dry-run", "--model", "nonsense", "--report", "report.json")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"photos/{name} -> photos/{Path(name).with_suffix('.restored.png')}"
        for name in ("b.JPEG", "sub/c.jpe", "sub/deep/d.jfif")
    ]
    assert "qgac: photos/a.jpg: photos/a.restored.png exists already" in result.stderr
    result = qgac_command("restore", "photos", "-n", "--skip-existing", "-o", "new")
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "photos/sub/deep/d.jfif -> new/sub/deep/d.png")
    assert outputs(".") == before
    result = qgac_command("restore", "photos/a.jpg", "-n", "--in-place")
    assert result.stdout == "photos/a.jpg -> photos/a.jpg, the original becomes photos/a.original.jpg\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-q", "-v"], "--quiet and --verbose exclude one another"),
        (["-o", "x/", "--output-dir", "y"], "-o and --output-dir exclude one another"),
        (["--in-place", "-o", "x"], "--in-place says where the output goes"),
        (["--in-place", "--format", "png"], "--in-place says where the output goes"),
        (["--in-place", "--depth", "16"], "jpeg file cannot hold depth 16"),
        (["--in-place", "-"], "standard input (-) has no place"),
    ],
)
def test_contradictions_are_told_before_any_work(tree: Path, arguments: list[str], message: str) -> None:
    assert message in usage_error(qgac_command("restore", "photos/a.jpg", *arguments))


# --- options that there are not ---


def suggestion(*arguments: str) -> str:
    message = usage_error(qgac_command(*arguments))
    return re.sub(r" *[╭╰]─.*?─[╮╯] *", "", message[message.index("No such option") :])


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("--outdir", "--output-dir"),
        ("--out", "--output"),
        ("--overwite", "--overwrite"),
        ("--yes", "--overwrite"),
        ("--resume", "--skip-existing"),
        ("--workers", "--jobs"),
        ("-y", "--overwrite"),
    ],
)
def test_a_wrong_option_leads_to_the_right_one(wrong: str, right: str) -> None:
    assert suggestion("restore", "x.jpg", wrong) == f"No such option '{wrong}'. Did you mean '{right}'?"


def test_some_need_a_sentence() -> None:
    assert "folders are searched with all that is below them anyway" in suggestion("restore", "x", "--recursive")
    assert "write --device cuda" in suggestion("restore", "x", "--gpu")


@pytest.mark.parametrize(("command", "wrong"), [("info", "--verbose"), ("info", "--gpu"), ("restore", "--nonsense")])
def test_no_suggestion_is_better_than_a_wrong_one(command: str, wrong: str) -> None:
    """--verbose is like --overwrite to who only counts letters."""
    assert suggestion(command, "x.jpg", wrong) == f"No such option '{wrong}'."


def test_whatever_is_suggested_exists() -> None:
    from qgac.commands import hints

    known = {name for parameter in restore_command.params for name in parameter.opts}
    assert set(hints._SAME.values()) | {needed for needed, _ in hints._SENTENCES.values()} <= known
    assert not known & (set(hints._SAME) | set(hints._SENTENCES))


# --- in place ---


def test_in_place_keeps_the_original(tree: Path) -> None:
    before = Path("photos/a.jpg").read_bytes()
    result = qgac_command("photos/a.jpg", "--in-place")
    assert result.stderr == "photos/a.jpg restored to photos/a.jpg, the original is photos/a.original.jpg\n"
    assert Path("photos/a.original.jpg").read_bytes() == before
    after = Path("photos/a.jpg").read_bytes()
    assert after != before
    assert (read_jpeg(after).width, read_jpeg(after).height) == (20, 12)


def test_in_place_happens_once(tree: Path) -> None:
    assert summary(qgac_command("photos", "--in-place")) == "restored 4, skipped 0, failed 0"
    before = {path: path.read_bytes() for path in Path("photos").rglob("*") if path.is_file()}
    assert qgac_command("photos", "--in-place", "--skip-existing").exit_code == 0
    result = qgac_command("photos", "--in-place", "--overwrite")
    assert result.exit_code == 1
    assert "photos/a.original.jpg exists already, so a.jpg seems to be restored already" in result.stderr
    assert {path: path.read_bytes() for path in Path("photos").rglob("*") if path.is_file()} == before


def test_in_place_leaves_links_alone(tree: Path) -> None:
    Path("link.jpg").symlink_to("photos/a.jpg")
    assert "is a link" in sentence(qgac_command("link.jpg", "--in-place"))
    assert Path("link.jpg").is_symlink()


def test_in_place_takes_lists_and_a_name_twice(tree: Path) -> None:
    result = qgac_command("restore", "--files-from", "-", "--in-place", stdin=b"photos/a.jpg\n./photos/a.jpg\n")
    assert result.exit_code == 0
    assert Path("photos/a.original.jpg").exists()


# --- Windows and macOS, played ---


def test_a_picture_does_not_vanish_into_a_device(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "SYSTEM", "win32")
    line = sentence(qgac_command("restore", "photos/a.jpg", "-o", "nul.png"))
    assert line == "photos/a.jpg: nul.png is a name that this system keeps for something else; choose another"
    assert "no part of a file name" in usage_error(qgac_command("restore", "photos/a.jpg", "--suffix", "a:b"))
    assert "this system keeps" in usage_error(qgac_command("restore", "photos/a.jpg", "--report", "con.json"))
    assert "this system keeps" in sentence(qgac_command("info", "photos/a.jpg", "--heat-map", "aux.png"))


def test_outputs_that_differ_by_case_do_not_replace_one_another_on_a_mac(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_jpeg(tree / "other" / "A.jpg")
    assert qgac_command("restore", "photos/a.jpg", "other/A.jpg", "-o", "out", "-n").exit_code == 0
    monkeypatch.setattr(names, "SYSTEM", "darwin")
    message = usage_error(qgac_command("restore", "photos/a.jpg", "other/A.jpg", "-o", "out", "-f"))
    assert "would both become out/A.png" in message


def test_a_time_that_cannot_be_set_is_a_note(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of shares and folders of others, and of times before 1970 on Windows."""

    def refuse(*arguments: object, **options: object) -> None:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(os, "utime", refuse)
    result = qgac_command("restore", "photos/a.jpg", "--times")
    assert result.exit_code == 0
    assert "photos/a.jpg: note: its time could not be set (Invalid argument)" in result.stderr
    assert Path("photos/a.restored.png").exists()


def test_patterns_are_the_commands_own_matter(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the shell does not expand them, click would, and the tree below them would be lost."""
    seen = {}
    with monkeypatch.context() as played:
        played.setattr(type(cli), "main", lambda *arguments, **options: seen.update(options))
        main()
    assert seen["windows_expand_args"] is False
    for name in ("x.png", "y.png"):
        Image.new("RGB", (16, 16), 90).save(name)
    result = qgac_command("compare", "x.png", "[xy].png", "--markdown")
    assert [line.split(" ")[1] for line in result.stdout.splitlines()[2:]] == ["x.png", "y.png"]


@pytest.mark.parametrize("arguments", [["--help"], ["restore", "--help"], ["info", "x\u4e16.jpg"]])
def test_old_encodings_of_windows_are_enough(tree: Path, arguments: list[str]) -> None:
    make_jpeg(tree / "x\u4e16.jpg")
    result = subprocess.run(
        [sys.executable, "-m", "qgac", *arguments],
        env=environment() | {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"},
        capture_output=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.decode("cp1252").strip()
