from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from qgac.batch.originals import check_original, is_taken, original_kept, original_of
from qgac.pictures.formats import OutputError


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"before")
    return path


@pytest.fixture(params=["hard links", "no hard links"])
def links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    if request.param == "no hard links":
        monkeypatch.setattr(os, "link", refuse)


def replace_by(content: bytes, path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(content)
    other.replace(path)


def test_the_name_keeps_its_suffix() -> None:
    assert original_of(Path("a.b/photo.x.JPG")) == Path("a.b/photo.x.original.JPG")


@pytest.mark.usefixtures("links")
def test_the_original_stays_with_its_time_and_permissions(source: Path) -> None:
    os.utime(source, (1e9, 1e9))
    source.chmod(0o640)
    original = original_of(source)
    with original_kept(source, original):
        assert original.read_bytes() == source.read_bytes() == b"before"
        replace_by(b"after", source)
    assert (source.read_bytes(), original.read_bytes()) == (b"after", b"before")
    assert original.stat().st_mtime == 1e9
    assert source.stat().st_mode & 0o777 == original.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in source.parent.iterdir()) == ["photo.jpg", "photo.original.jpg"]


@pytest.mark.usefixtures("links")
def test_a_failure_before_the_replacement_leaves_all_as_it_was(source: Path) -> None:
    with pytest.raises(RuntimeError), original_kept(source, original_of(source)):
        raise RuntimeError
    assert [path.name for path in source.parent.iterdir()] == ["photo.jpg"]
    assert source.read_bytes() == b"before"


@pytest.mark.usefixtures("links")
def test_a_failure_after_the_replacement_leaves_the_original(source: Path) -> None:
    def replace_and_fail() -> None:
        replace_by(b"after", source)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), original_kept(source, original_of(source)):
        replace_and_fail()
    assert original_of(source).read_bytes() == b"before"


@pytest.mark.usefixtures("links")
def test_what_a_killed_process_leaves_is_no_obstacle(source: Path) -> None:
    kept = original_kept(source, original_of(source))
    kept.__enter__()  # and no more: the process is gone
    assert not is_taken(source, original_of(source))
    with original_kept(source, original_of(source)):
        replace_by(b"after", source)
    assert original_of(source).read_bytes() == b"before"


def test_another_file_of_that_name_is_never_touched(source: Path) -> None:
    original = original_of(source)
    original.write_bytes(b"precious")
    assert is_taken(source, original)
    with pytest.raises(OutputError, match=r"photo\.original\.jpg exists already.*--skip-existing"):
        check_original(source, original)
    with pytest.raises(OutputError), original_kept(source, original):
        pytest.fail("it must not come to this")
    assert original.read_bytes() == b"precious"


def test_a_full_disk_is_told(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", fail)
    monkeypatch.setattr("shutil.copyfile", fail)
    with (
        pytest.raises(OutputError, match=r"cannot be kept as .*No space left on device"),
        original_kept(source, original_of(source)),
    ):
        pytest.fail("it must not come to this")
    assert [path.name for path in source.parent.iterdir()] == ["photo.jpg"]


def test_what_may_not_be_read_is_taken(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may read all, so it is only played."""
    original_of(source).write_bytes(source.read_bytes())

    def refuse(*arguments: object, **options: object) -> bool:
        raise PermissionError

    monkeypatch.setattr("filecmp.cmp", refuse)
    assert is_taken(source, original_of(source))
