"""Files by address: whole or not there, tried again while that may help, and one sentence for what does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import known_implementations

from qgac.cluster import storage
from qgac.cluster.storage import Listing, StorageError, check_root, fetch, join, list_folder, put, read, size_of

QUICK = (0.0, 0.0)


@pytest.fixture(params=["memory", "file"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    address = "memory://archive" if request.param == "memory" else tmp_path.as_uri()
    yield address
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


@pytest.fixture
def content(tmp_path: Path) -> Path:
    path = tmp_path / "content"
    path.write_bytes(b"0123456789")
    return path


class Busy(MemoryFileSystem):  # type: ignore[misc]
    """A store that is overloaded for a while."""

    protocol = "busy"
    cachable = False
    left = 0
    error: Exception = OSError("503 Slow Down")

    def _may(self) -> None:
        if Busy.left:
            Busy.left -= 1
            raise Busy.error

    def cat_file(self, path: str, **options: Any) -> Any:
        self._may()
        return super().cat_file(path.removeprefix("busy:/"), **options)


@pytest.fixture
def busy() -> Iterator[str]:
    fsspec.register_implementation("busy", Busy, clobber=True)
    MemoryFileSystem().pipe_file("/a.jpg", b"content")
    yield "busy://a.jpg"
    Busy.left, Busy.error = 0, OSError("503 Slow Down")
    MemoryFileSystem.store.clear()


def test_what_is_put_is_listed_and_fetched(root: str, content: Path, tmp_path: Path) -> None:
    address = join(root, "photos/sub", "a.jpg")
    put(content, address, overwrite=False)
    assert list_folder(join(root, "photos")) == Listing(["sub"], {})
    assert list_folder(join(root, "photos", "sub")) == Listing([], {"a.jpg": 10})
    assert size_of(address) == 10
    assert size_of(join(root, "photos")) is None
    assert read(address, 4) == b"0123"
    fetch(address, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == content.read_bytes()


def test_a_folder_that_is_not_there_is_none(root: str, content: Path) -> None:
    put(content, join(root, "a.jpg"), overwrite=False)
    assert list_folder(join(root, "gone")) is None
    assert list_folder(join(root, "a.jpg")) is None


def test_a_local_file_is_never_replaced_unless_asked(content: Path, tmp_path: Path) -> None:
    target = tmp_path / "out" / "a.png"
    put(content, str(target), overwrite=False)
    content.write_bytes(b"other")
    with pytest.raises(StorageError, match=r"a\.png: exists already; .*--skip-existing"):
        put(content, str(target), overwrite=False)
    assert target.read_bytes() == b"0123456789"
    put(content, str(target), overwrite=True)
    assert target.read_bytes() == b"other"
    assert [path.name for path in target.parent.iterdir()] == ["a.png"]  # nothing half-written stays


def test_an_overloaded_store_is_asked_again(busy: str) -> None:
    Busy.left = 2
    assert read(busy, 4, patience=QUICK) == b"cont"
    Busy.left = 3
    with pytest.raises(StorageError, match=r"busy://a\.jpg: the store cannot be used \(503 Slow Down\)"):
        read(busy, 4, patience=QUICK)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError("a"), "there is no such file"),
        (PermissionError("Forbidden"), r"access is refused \(Forbidden\)"),
        (type("NoCredentialsError", (Exception,), {})("Unable to locate"), "no credentials were found"),
    ],
)
def test_what_waiting_does_not_help_is_told_at_once(busy: str, error: Exception, said: str) -> None:
    Busy.left, Busy.error = 1, error
    with pytest.raises(StorageError, match=said):
        read(busy, 4, patience=(60.0,))


def test_the_usual_patience_outlasts_a_minute_of_overload() -> None:
    assert sum(storage.PATIENCE) >= 60


@pytest.mark.parametrize(
    "address",
    ["s3://key:secret@bucket/photos", "https://host/a.jpg?X-Amz-Signature=0123", "https://host/a.jpg?sig=1&token=2"],
)
def test_credentials_do_not_belong_in_addresses(address: str) -> None:
    with pytest.raises(StorageError, match="must hold no credentials") as raised:
        check_root(address)
    assert "secret" not in str(raised.value)
    assert "0123" not in str(raised.value)


def test_an_unknown_kind_of_address_is_told() -> None:
    with pytest.raises(StorageError, match="this kind of address is not known"):
        check_root("nowhere://bucket/photos")


def test_a_store_without_its_library_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = {"class": "no_such_module.Store", "err": "Install no_such_module"}
    monkeypatch.setitem(known_implementations, "lacking", lacking)
    with pytest.raises(StorageError, match=r"not installed \(Install no_such_module\)"):
        check_root("lacking://bucket/photos")
