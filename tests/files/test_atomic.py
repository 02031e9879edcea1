from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from qgac.files import atomic
from qgac.files.atomic import write_atomically

SOURCE = Path(atomic.__file__).parent.parent.parent

# Writes files of which each says how long it is, for ever.
ENDLESS = """
import sys
from pathlib import Path
from qgac.files.atomic import write_atomically
folder, overwrite = Path(sys.argv[1]), sys.argv[2] == "True"
print("begun", flush=True)
number = 0
while True:
    number += 1
    size = 1000 + number * 7919 % 400_000
    name = f"{number % 20 if overwrite else number}.bin"
    write_atomically(size.to_bytes(8, "big") + b"x" * size, folder / name, overwrite=overwrite)
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
def test_whoever_is_killed_leaves_whole_files(tmp_path: Path, overwrite: bool) -> None:
    generator = random.Random(5)
    environment = os.environ | {"PYTHONPATH": str(SOURCE)}
    for attempt in range(5):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        command = [sys.executable, "-c", ENDLESS, str(folder), str(overwrite)]
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


def _without_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **options: Any) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
