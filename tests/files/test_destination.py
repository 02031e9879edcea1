from __future__ import annotations

import os
from pathlib import Path

import pytest

from qgac.files.destination import Obstacle, identity, obstacle, place


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("there").write_bytes(b"precious")
    Path("folder").mkdir()
    Path("link").symlink_to("there")
    Path("lost").symlink_to("nowhere")
    Path("way").symlink_to("folder")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "overwrite", "expected"),
    [
        ("new", False, None),
        ("new", True, None),
        ("folder/new", False, None),
        ("there", False, Obstacle.EXISTS),
        ("there", True, None),
        ("link", False, Obstacle.EXISTS),
        ("link", True, None),  # the link is replaced, not what it leads to
        ("folder", False, Obstacle.NO_FILE),
        ("folder", True, Obstacle.NO_FILE),
        (os.devnull, True, Obstacle.NO_FILE),
        ("lost", False, Obstacle.NO_FILE),
        ("lost", True, Obstacle.NO_FILE),
        ("missing/new", True, Obstacle.NO_FOLDER),
        ("there/new", True, Obstacle.NO_FOLDER),
    ],
)
def test_what_is_there_decides(folder: Path, name: str, overwrite: bool, expected: Obstacle | None) -> None:
    for path in (Path(name), folder / name):
        assert obstacle(path, overwrite=overwrite) is expected
    assert Path("there").read_bytes() == b"precious"
    assert sorted(path.name for path in folder.iterdir()) == ["folder", "link", "lost", "there", "way"]


@pytest.mark.parametrize("name", ["there", "./there", "folder/../there", "link", "twin"])
def test_what_is_read_is_never_replaced_whatever_it_is_called(folder: Path, name: str) -> None:
    Path("twin").hardlink_to("there")
    for overwrite in (True, False):
        assert obstacle(Path(name), overwrite=overwrite, read=[Path("folder"), Path("there")]) is Obstacle.READ
    assert obstacle(Path(name), overwrite=True, read=[Path("folder")]) is None


def test_a_file_that_is_read_but_missing_is_known_by_its_name(folder: Path) -> None:
    assert obstacle(Path("new"), overwrite=True, read=[folder / "new"]) is Obstacle.READ
    assert obstacle(Path("new"), overwrite=True, read=[folder / "folder/new"]) is None


@pytest.mark.parametrize("name", ["folder/new", "way/new", "way/../folder/./new"])
def test_two_files_do_not_go_to_one_place(folder: Path, name: str) -> None:
    others = [Path("other"), folder / "folder" / "new"]
    assert obstacle(Path(name), overwrite=True, others=others) is Obstacle.NAMED_TWICE
    assert obstacle(Path(name).with_name("else"), overwrite=True, others=others) is None
    assert place(Path(name)) == folder / "folder" / "new"


def test_a_folder_that_nobody_may_write_to(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may write anywhere, so it is only played."""
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "folder" and mode == os.W_OK | os.X_OK)
    assert obstacle(Path("folder/new"), overwrite=False) is Obstacle.LOCKED_FOLDER
    assert obstacle(Path("new"), overwrite=False) is None
    Path("folder/new").write_bytes(b"")
    assert obstacle(Path("folder/new"), overwrite=True) is Obstacle.LOCKED_FOLDER
    assert obstacle(Path("folder/new"), overwrite=False) is Obstacle.EXISTS


def test_names_of_one_file_are_identical(folder: Path) -> None:
    assert identity(Path("there")) == identity(Path("link")) == identity(folder / "there")
    assert identity(Path("there")) != identity(Path("folder"))
    assert identity(Path("new")) == identity(folder / "new") != identity(Path("else"))
