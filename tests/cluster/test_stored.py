"""Which pictures a store holds and where each goes: as on one machine, folder by folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from qgac.batch.plan import PlanError, plan
from qgac.cluster import stored
from qgac.cluster.storage import StorageError
from qgac.cluster.stored import Stored, check_addresses, stored_pictures


@pytest.fixture
def store() -> Iterator[MemoryFileSystem]:
    yield MemoryFileSystem()
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


def put(store: MemoryFileSystem, *names: str) -> None:
    for name in names:
        store.pipe_file(name, b"content")


def places(*inputs: str, **options: Any) -> dict[str, str]:
    found = list(stored_pictures(inputs, **options))
    pictures = [picture for picture in found if isinstance(picture, Stored)]
    assert len(pictures) == len(found), found
    return {picture.name: picture.stem + picture.suffixes[0] for picture in pictures}


def entries(*inputs: str, **options: Any) -> dict[str, dict[str, Any]]:
    return {found["input"]: found for found in stored_pictures(inputs, **options) if isinstance(found, dict)}


@pytest.mark.parametrize(
    "options",
    [{}, {"suffix": ".clean"}, {"output": "out"}, {"output": "out", "suffix": "-x"}, {"output": "photos/out/"},
     {"output": "out", "format": "jpeg"}, {"format": "tiff"}],
)  # fmt: skip
def test_the_places_are_those_of_one_machine(options: dict[str, Any], tree: Path) -> None:
    for name in ("photos/out/old.jpg", "photos/sub/old.clean.jpg"):
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).write_bytes(b"")
    expected = {job.name: str(job.destination) for job in plan(["photos"], **options).jobs}
    assert len(expected) >= 4
    assert places("photos", **options) == expected


def test_single_files_and_folders_go_into_one_place(store: MemoryFileSystem) -> None:
    put(store, "/a/one.jpg", "/a/sub/two.jpg", "/b/sub/three.jpg", "/c/four.jpg")
    assert places("memory://a", "memory://b/", "memory://c/four.jpg", output="memory://out") == {
        "memory://a/one.jpg": "memory://out/one.png",
        "memory://a/sub/two.jpg": "memory://out/sub/two.png",
        "memory://b/sub/three.jpg": "memory://out/sub/three.png",
        "memory://c/four.jpg": "memory://out/four.png",
    }


def test_two_pictures_never_become_one_file(store: MemoryFileSystem) -> None:
    put(store, "/a/sub/x.jpg", "/b/sub/x.jpeg", "/b/sub/y.jpg")
    found = list(stored_pictures(["memory://a", "memory://b"], output="memory://out"))
    assert [picture.name for picture in found if isinstance(picture, Stored)] == [
        "memory://a/sub/x.jpg",
        "memory://b/sub/y.jpg",
    ]
    (failed,) = (entry for entry in found if isinstance(entry, dict))
    assert failed["input"] == "memory://b/sub/x.jpeg"
    assert "would become the same file as memory://a/sub/x.jpg" in failed["reason"]


def test_an_input_is_never_replaced(store: MemoryFileSystem) -> None:
    put(store, "/a/x.jpg", "/b/x.jpg", "/b/y.restored.jpg", "/b/y.jpg")
    for inputs, output in ((["memory://a"], "memory://a"), (["memory://a", "memory://b/x.jpg"], "memory://b")):
        found = entries(*inputs, output=output, format="jpeg")
        assert all(entry["status"] == "failed" for entry in found.values())
        assert any("is itself one of the inputs" in entry["reason"] for entry in found.values())
    # An earlier result is no input.
    assert places("memory://b/y.jpg", format="jpeg") == {"memory://b/y.jpg": "memory://b/y.restored.jpg"}


def test_what_is_there_is_skipped_by_one_listing_a_folder(
    store: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, *(f"/a/{folder}/{number}.jpg" for folder in "pq" for number in range(50)))
    put(store, *(f"/out/p/{number}.png" for number in range(50)), "/out/q/7.tiff")
    listed: list[str] = []
    list_folder = stored.list_folder

    def counted(address: str) -> Any:
        listed.append(address)
        return list_folder(address)

    monkeypatch.setattr(stored, "list_folder", counted)
    found = list(stored_pictures(["memory://a"], output="memory://out", skip_existing=True))
    skipped = [entry for entry in found if isinstance(entry, dict)]
    assert {entry["output"] for entry in skipped} == {f"memory://out/p/{number}.png" for number in range(50)}
    assert {entry["status"] for entry in skipped} == {"skipped"}
    # A TIFF file is the result of a picture in CMYK, which only the file tells.
    assert {picture.name: picture.taken for picture in found if isinstance(picture, Stored) and picture.taken} == {
        "memory://a/q/7.jpg": (".tiff",)
    }
    assert sorted(listed) == [
        "memory://a", "memory://a/p", "memory://a/q", "memory://out/p", "memory://out/q",
    ]  # fmt: skip


def test_no_folder_is_listed_before_it_is_needed(store: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store, *(f"/a/{number:03}/x.jpg" for number in range(100)))
    found = stored_pictures(["memory://a"], output="memory://out")
    next(found)
    monkeypatch.setattr(stored, "list_folder", lambda address: pytest.fail(f"{address} is listed"))
    found.close()  # type: ignore[attr-defined]


def test_inputs_that_lead_nowhere_are_told_and_do_not_stop_the_others(store: MemoryFileSystem) -> None:
    put(store, "/a/x.jpg")
    found = list(stored_pictures(["memory://gone", "memory://a/gone.jpg", "memory://a"], output="memory://out"))
    failed = {entry["input"]: entry["reason"] for entry in found if isinstance(entry, dict)}
    assert set(failed) == {"memory://gone", "memory://a/gone.jpg"}
    assert all("no such" in reason for reason in failed.values())
    assert sum(isinstance(picture, Stored) for picture in found) == 1


@pytest.mark.parametrize("output", ["https://host/folder", "memory://out/a.png"])
def test_an_output_that_is_no_folder_to_write_to_is_refused(output: str) -> None:
    with pytest.raises(PlanError):
        check_addresses(["memory://a"], output)


def test_stores_are_checked_before_any_work() -> None:
    with pytest.raises(StorageError, match="not known"):
        check_addresses(["nowhere://a"], "memory://out")
    with pytest.raises(StorageError, match="not known"):
        check_addresses(["memory://a"], "nowhere://out")
