"""Windows and macOS are played: which names they refuse and which they take for the same is documented by both."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from qgac.files import names
from qgac.files.destination import Obstacle, identity, obstacle
from qgac.files.names import folded, has_forbidden_name, is_part_of_a_name

FORBIDDEN_ON_WINDOWS = [
    "NUL", "nul.png", "con.tar.gz", "Aux.webp", "prn .png", "com1", "LPT9.jpg", "com¹.png", "conin$",
    "photo.", "photo.png ", "a:b.png", "a?.png", "x<y.png", "tab\t.png", "aux/photo.png", "a:/photo.png",
]  # fmt: skip
ALLOWED_ON_WINDOWS = [
    "nulls.png", "console.png", "com10.png", "com0.png", "my con.png", "x.nul", ".hidden", "../photo.png", "a b.c.png",
]  # fmt: skip


@pytest.mark.parametrize("name", FORBIDDEN_ON_WINDOWS)
def test_windows_keeps_names_for_other_things(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "SYSTEM", "win32")
    assert has_forbidden_name(Path(name))
    for system in ("linux", "darwin"):
        monkeypatch.setattr(names, "SYSTEM", system)
        assert not has_forbidden_name(Path(name))


@pytest.mark.parametrize("name", ALLOWED_ON_WINDOWS)
def test_names_that_look_like_those_are_free(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "SYSTEM", "win32")
    assert not has_forbidden_name(Path(name))


def test_nothing_is_written_to_a_device_of_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "SYSTEM", "win32")
    assert obstacle(tmp_path / "nul.png", overwrite=True) is Obstacle.FORBIDDEN_NAME
    assert obstacle(tmp_path / "null.png", overwrite=True) is None


@pytest.mark.parametrize(
    ("text", "on_windows", "elsewhere"),
    [("-clean", True, True), ("a/b", False, False), ("a\0b", False, False), ("a\\b", False, True), (":x", False, True)],
)
def test_what_may_stand_in_a_name(
    text: str, on_windows: bool, elsewhere: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for system, expected in (("win32", on_windows), ("darwin", elsewhere), ("linux", elsewhere)):
        monkeypatch.setattr(names, "SYSTEM", system)
        assert is_part_of_a_name(text) is expected


@pytest.mark.parametrize(
    ("first", "second", "alike_on"),
    [
        ("A.JPG", "a.jpg", {"win32", "darwin"}),
        ("Ä.png", "ä.png", {"win32", "darwin"}),
        (unicodedata.normalize("NFD", "é.png"), unicodedata.normalize("NFC", "é.png"), {"darwin"}),
        ("a.png", "b.png", set()),
        ("a.png", "a.png", {"win32", "darwin", "linux"}),
    ],
)
def test_names_of_one_file(first: str, second: str, alike_on: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for system in ("win32", "darwin", "linux"):
        monkeypatch.setattr(names, "SYSTEM", system)
        assert (folded(first) == folded(second)) is (system in alike_on)


def test_two_files_that_differ_by_case_go_to_one_place_on_a_mac(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, other = tmp_path / "new.json", tmp_path / "New.json"
    assert obstacle(new, overwrite=True, others=[other]) is None
    monkeypatch.setattr(names, "SYSTEM", "darwin")
    assert obstacle(new, overwrite=True, others=[other]) is Obstacle.NAMED_TWICE


def test_files_without_numbers_are_told_apart_by_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some shares of a network give every file the number 0, by which all would be the same."""
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"")
    second.write_bytes(b"")
    (tmp_path / "link").symlink_to("a")
    status = type("Status", (), {"st_dev": 1, "st_ino": 0})()
    monkeypatch.setattr(Path, "stat", lambda path, **options: status)
    assert identity(first) != identity(second)
    assert identity(first) == identity(tmp_path / "link")
