from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qgac.files import atomic
from qgac.files.atomic import whole_file, write_atomically

SOURCE = Path(atomic.__file__).parent.parent.parent

# Writes files of which each says how long it is, for ever: at once, or piece by piece.
ENDLESS = """
import sys
from pathlib import Path
from qgac.files.atomic import whole_file, write_atomically
folder, overwrite, at_once = Path(sys.argv[1]), sys.argv[2] == "True", sys.argv[3] == "True"
print("begun", flush=True)
number = 0
while True:
    number += 1
    size = 1000 + number * 7919 % 400_000
    name = f"{number % 20 if overwrite else number}.bin"
    content = size.to_bytes(8, "big") + b"x" * size
    if at_once:
        write_atomically(content, folder / name, overwrite=overwrite)
        continue
    with whole_file(folder / name, overwrite=overwrite) as partial:
        for start in range(0, len(content), 50_000):
            with partial.open("ab") as file:
                file.write(content[start : start + 50_000])
"""


def test_content_and_permissions_are_those_of_any_new_file(tmp_path: Path) -> None:
    write_atomically(b"content", tmp_path / "a")
    (tmp_path / "b").write_bytes(b"other")
    assert (tmp_path / "a").read_bytes() == b"content"
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
    assert (tmp_path / "a").stat().st_nlink == 1


@pytest.mark.parametrize("links", [True, False], ids=["hard links", "no hard links"])
def test_an_existing_file_is_replaced_only_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:
        _without_links(monkeypatch)
    path = tmp_path / "a"
    path.write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        write_atomically(b"new", path)
    assert path.read_bytes() == b"precious"
    write_atomically(b"new", path, overwrite=True)
    assert path.read_bytes() == b"new"
    write_atomically(b"other", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"other"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


@pytest.mark.parametrize("links", [True, False], ids=["hard links", "no hard links"])
def test_a_file_that_appears_at_the_last_moment_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:
        _without_links(monkeypatch)
    path = tmp_path / "a"
    monkeypatch.setattr(os, "fsync", lambda descriptor: path.write_bytes(b"somebody else's"))
    with pytest.raises(FileExistsError):
        write_atomically(b"mine", path)
    assert path.read_bytes() == b"somebody else's"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_that_leads_nowhere_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "away")
    with pytest.raises(FileExistsError):
        write_atomically(b"mine", tmp_path / "link")
    assert not (tmp_path / "away").exists()


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_full_disk_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overwrite: bool
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "a").write_bytes(b"precious")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(b"mine", tmp_path / ("a" if overwrite else "b"), overwrite=overwrite)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"precious"


@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("at_once", [True, False])
def test_whoever_is_killed_leaves_whole_files(tmp_path: Path, overwrite: bool, at_once: bool) -> None:
    generator = random.Random(5)
    environment = os.environ | {"PYTHONPATH": str(SOURCE)}
    for attempt in range(5):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        command = [sys.executable, "-c", ENDLESS, str(folder), str(overwrite), str(at_once)]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline()
            time.sleep(generator.uniform(0.02, 0.3))
            process.kill()
        for path in folder.iterdir():
            if path.name.startswith(".qgac-") and path.suffix == ".partial":
                continue
            content = path.read_bytes()
            assert len(content) == 8 + int.from_bytes(content[:8], "big")


def test_a_file_has_no_name_before_all_of_it_is_written(tmp_path: Path) -> None:
    with whole_file(tmp_path / "a") as partial:
        assert partial.parent == tmp_path
        assert partial.read_bytes() == b""
        partial.write_bytes(b"content")
        assert not (tmp_path / "a").exists()
    assert (tmp_path / "a").read_bytes() == b"content"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.skipif(sys.platform == "win32", reason="files have no such permissions there")
@pytest.mark.parametrize("again", [True, False])
def test_permissions_are_the_usual_ones_whoever_writes(tmp_path: Path, again: bool) -> None:
    """Libraries that write files may make them private, or put others in their place."""
    before = os.umask(0o026)
    try:
        with whole_file(tmp_path / "a") as partial:
            if again:
                partial.unlink()
            partial.write_bytes(b"content")
            partial.chmod(0o600)
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o7777 == 0o640


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit])
@pytest.mark.parametrize("overwrite", [True, False])
def test_a_block_that_fails_leaves_everything_as_it_was(
    tmp_path: Path, error: type[BaseException], overwrite: bool
) -> None:
    def fail() -> None:
        path = tmp_path / ("a" if overwrite else "b")
        with whole_file(path, overwrite=overwrite) as partial, partial.open("wb") as file:
            file.write(b"half")
            raise error

    (tmp_path / "a").write_bytes(b"precious")
    with pytest.raises(error):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"precious"


def test_a_block_that_takes_its_file_away_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "a") as partial:
        partial.unlink()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("links", [True, False], ids=["hard links", "no hard links"])
def test_a_file_that_appears_while_another_is_written_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:
        _without_links(monkeypatch)
    path = tmp_path / "a"

    def write() -> None:
        with whole_file(path) as partial:
            partial.write_bytes(b"mine")
            path.write_bytes(b"somebody else's")

    with pytest.raises(FileExistsError) as caught:
        write()
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"somebody else's"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_replaced_and_not_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"precious")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write_atomically(b"new", tmp_path / "link", overwrite=True)
    assert (tmp_path / "target").read_bytes() == b"precious"
    assert not (tmp_path / "link").is_symlink()
    assert (tmp_path / "link").read_bytes() == b"new"


def test_nothing_has_a_name_while_parts_are_waited_for(tmp_path: Path) -> None:
    def parts() -> Iterator[bytes]:
        for number in range(3):
            assert list(tmp_path.iterdir()) == []
            yield bytes([number]) * 700_000

    write_atomically(parts(), tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == bytes(700_000) + b"\1" * 700_000 + b"\2" * 700_000


def _without_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **options: Any) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
