from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from qgac.batch import Event, Failed, Finished, Job, PlanError, Started, plan, restore_files
from qgac.inputs import find_jpegs
from qgac.jpeg.image import JPEGImage
from qgac.restorer import Restored


def make_jpeg(path: Path, mode: str = "RGB", size: tuple[int, int] = (20, 12)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, 90 if mode == "L" else (90, 120, 40, 10)[: len(mode)]).save(path, "JPEG")
    return path


def flat(image: JPEGImage, progress: Any = None) -> Restored:
    """Stand in for a restorer: a gray picture of the right shape."""
    channels = {1: (), 3: (3,), 4: (4,)}[len(image.components)]
    if progress is not None:
        progress(1, 2)
        progress(2, 2)
    return Restored(np.full((image.height, image.width, *channels), 128, np.uint8), image)


def run(jobs: tuple[Job, ...], restorer: Any = flat, **options: Any) -> list[Event]:
    return [event for event in restore_files(jobs, restorer, **options) if not isinstance(event, Started)]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder `photos` as the working folder's only content."""
    for name in ("a.jpg", "b.JPEG", "sub/c.jpe", "sub/deep/d.jfif", ".hidden/e.jpg", "._f.jpg", "g.restored.jpg"):
        make_jpeg(tmp_path / "photos" / name)
    (tmp_path / "photos" / "notes.txt").write_text("no picture")
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- which files ---


def test_folders_are_searched_recursively(tree: Path) -> None:
    found, failures = find_jpegs(["photos"])
    assert [str(file.relative) for file in found] == ["a.jpg", "b.JPEG", "sub/c.jpe", "sub/deep/d.jfif"]
    assert failures == []


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("photos/*", ["a.jpg", "b.JPEG"]),
        ("photos/*.jpg", ["a.jpg"]),
        ("photos/**/*.j*", ["a.jpg", "sub/c.jpe", "sub/deep/d.jfif"]),
        ("./photos/s?b/*", ["c.jpe"]),
        ("*/[ab].*", ["photos/a.jpg", "photos/b.JPEG"]),
    ],
)
def test_patterns_are_expanded(tree: Path, pattern: str, expected: list[str]) -> None:
    found, failures = find_jpegs([pattern])
    relative = [str(file.relative) for file in found]
    if pattern == "./photos/s?b/*":
        expected = [f"sub/{name}" for name in expected]  # what follows the first wildcard is mirrored
    assert relative == expected
    assert all(file.path.is_file() for file in found)
    assert failures == []


def test_a_file_may_be_named_as_it_likes(tree: Path) -> None:
    odd = make_jpeg(tree / "what[1]*.dat")
    found, failures = find_jpegs([odd.name])
    assert [file.path.name for file in found] == [odd.name]
    assert failures == []


@pytest.mark.parametrize(
    ("text", "message"), [("nope.jpg", "no such file"), ("x*.jpg", "matches this pattern"), ("empty", "no JPEG files")]
)
def test_inputs_that_lead_to_nothing_are_told(tree: Path, text: str, message: str) -> None:
    (tree / "empty").mkdir()
    found, failures = find_jpegs([text, "photos/a.jpg"])
    assert len(found) == 1
    assert [failure.name for failure in failures] == [text]
    assert message in failures[0].message


# --- where they go ---


def destinations(*inputs: str, **options: Any) -> list[str]:
    return [str(job.destination) for job in plan(inputs, **options).jobs]


def test_results_lie_beside_their_sources(tree: Path) -> None:
    assert destinations("photos/a.jpg") == ["photos/a.restored.png"]
    assert destinations("photos", format="jpeg")[-1] == "photos/sub/deep/d.restored.jpg"


def test_one_file_goes_to_a_file_or_into_a_folder(tree: Path) -> None:
    assert destinations("photos/a.jpg", output="x.tif") == ["x.tif"]
    assert plan(["photos/a.jpg"], output="x.tif").jobs[0].format == "tiff"
    assert destinations("photos/a.jpg", output="photos") == ["photos/a.png"]
    assert destinations("photos/a.jpg", output="new/") == ["new/a.png"]
    assert destinations("photos/a.jpg", output="x", format="webp") == ["x"]


def test_a_tree_is_mirrored(tree: Path) -> None:
    expected = ["out/a.webp", "out/b.webp", "out/sub/c.webp", "out/sub/deep/d.webp"]
    assert destinations("photos", output="out", format="webp") == expected


def test_results_of_an_earlier_run_are_no_inputs(tree: Path) -> None:
    make_jpeg(tree / "photos" / "out" / "a.jpg")
    assert destinations("photos", output="photos/out", format="jpeg")[0] == "photos/out/a.jpg"
    assert len(destinations("photos", output="photos/out", format="jpeg")) == 4
    assert len(destinations("photos", output=".")) == 5  # but an output folder around the inputs hides none of them


def test_a_file_named_twice_is_restored_once(tree: Path) -> None:
    assert destinations("photos/a.jpg", "./photos/a.jpg", "photos/*.jpg") == ["photos/a.restored.png"]


@pytest.mark.parametrize(
    ("inputs", "options", "message"),
    [
        (["photos/a.jpg"], {"output": "x.png", "format": "webp"}, "named as png but --format says webp"),
        (["photos/a.jpg"], {"output": "x.bmp"}, "no suffix of a picture file"),
        (["photos"], {"output": "x.png"}, "need a folder"),
        (["photos", "photos/a.jpg"], {"output": "photos/notes.txt"}, "is a file"),
        (["photos/a.jpg", "-"], {}, "take one picture"),
        (["photos"], {"output": "-"}, "take one picture"),
        (["-"], {"output": "photos"}, "has no name"),
        (["photos/a.jpg"], {"output": "photos/a.jpg"}, "itself one of the inputs"),
        (["photos/a.jpg", "photos/b.JPEG"], {"output": "photos", "format": "jpeg"}, "itself one of the inputs"),
        (["photos/a.jpg", "photos/twin/a.jpg"], {"output": "out"}, "would both become out/a.png"),
    ],
)
def test_contradictions_are_told_before_any_work(
    tree: Path, inputs: list[str], options: dict[str, Any], message: str
) -> None:
    make_jpeg(tree / "photos" / "twin" / "a.jpg", size=(9, 9))
    with pytest.raises(PlanError, match=message):
        plan(inputs, **options)


def test_two_suffixes_of_one_name_collide(tree: Path) -> None:
    make_jpeg(tree / "a.jpg")
    make_jpeg(tree / "a.jpeg")
    with pytest.raises(PlanError, match=r"a\.jpg and a\.jpeg would both become a\.restored\.png"):
        plan(["a.jpg", "a.jpeg"])


def test_links_do_not_hide_that_an_output_is_an_input(tree: Path) -> None:
    Path("link.jpg").symlink_to("photos/a.jpg")
    os.link("photos/a.jpg", "hard.jpg")
    for name in ("link.jpg", "hard.jpg"):
        with pytest.raises(PlanError, match="itself one of the inputs"):
            plan(["photos/a.jpg"], output=name)


def test_cmyk_does_not_replace_a_source_named_tiff(tree: Path) -> None:
    make_jpeg(tree / "x.tiff", "CMYK")
    with pytest.raises(PlanError, match="itself one of the inputs"):
        plan(["x.tiff"], output=".")


# --- restoring ---


def test_a_bad_file_does_not_stop_the_others(tree: Path) -> None:
    Path("photos/a.jpg").write_bytes(b"")
    Path("photos/b.JPEG").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    events = run(plan(["photos"], output="out").jobs)
    assert [type(event) for event in events] == [Failed, Failed, Finished, Finished]
    assert [event.name for event in events if isinstance(event, Failed)] == ["photos/a.jpg", "photos/b.JPEG"]
    assert sorted(str(file) for file in Path("out").rglob("*.*")) == ["out/sub/c.png", "out/sub/deep/d.png"]
    with Image.open("out/sub/c.png") as picture:
        assert picture.size == (20, 12)


def test_a_job_starts_advances_and_finishes(tree: Path) -> None:
    (job,) = plan(["photos/a.jpg"]).jobs
    told: list[Any] = []
    for event in restore_files((job,), flat, progress=lambda job, share: told.append((job.name, share))):  # type: ignore[arg-type]
        told.append(event)
    assert told[0] == Started(job)
    assert told[1:3] == [("photos/a.jpg", 0.5), ("photos/a.jpg", 1.0)]
    finished = told[3]
    assert isinstance(finished, Finished)
    assert (finished.destination, finished.width, finished.height) == (Path("photos/a.restored.png"), 20, 12)
    assert job.size == Path("photos/a.jpg").stat().st_size


def test_cmyk_becomes_tiff(tree: Path) -> None:
    make_jpeg(tree / "ink.jpg", "CMYK")
    (event,) = run(plan(["ink.jpg"]).jobs)
    assert isinstance(event, Finished)
    assert event.destination == Path("ink.restored.tiff")
    with Image.open("ink.restored.tiff") as picture:
        assert picture.mode == "CMYK"


def test_existing_results_cost_no_work(tree: Path) -> None:
    def never(image: JPEGImage, progress: Any = None) -> Restored:
        raise AssertionError("restored in vain")

    Path("photos/a.restored.png").write_bytes(b"precious")
    (event,) = run(plan(["photos/a.jpg"]).jobs, never)
    assert isinstance(event, Failed)
    assert "exists already" in event.message
    assert Path("photos/a.restored.png").read_bytes() == b"precious"
    (event,) = run(plan(["photos/a.jpg"]).jobs, overwrite=True)
    assert isinstance(event, Finished)


def test_a_folder_that_cannot_be_made_is_told(tree: Path) -> None:
    (event,) = run(plan(["photos/a.jpg"], output="photos/notes.txt/out/").jobs)
    assert isinstance(event, Failed)
    assert "photos/notes.txt/out cannot be made" in event.message


def test_a_file_that_vanishes_is_told(tree: Path) -> None:
    jobs = plan(["photos/a.jpg"]).jobs
    Path("photos/a.jpg").unlink()
    (event,) = run(jobs)
    assert event == Failed(
        "photos/a.jpg", "cannot be read (No such file or directory); check the file and its permissions"
    )


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_want_of_memory_is_told(tree: Path, error: Exception) -> None:
    def greedy(image: JPEGImage, progress: Any = None) -> Restored:
        raise error

    (event,) = run(plan(["photos/a.jpg"]).jobs, greedy)
    assert isinstance(event, Failed)
    assert "--tile" in event.message


def test_faults_of_the_program_are_not_taken_for_bad_files(tree: Path) -> None:
    def broken(image: JPEGImage, progress: Any = None) -> Restored:
        raise RuntimeError("shapes do not fit")

    with pytest.raises(RuntimeError, match="shapes"):
        run(plan(["photos/a.jpg"]).jobs, broken)


def test_standard_streams(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = io.BytesIO()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path("photos/a.jpg").read_bytes())))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(output))
    (event,) = run(plan(["-"], format="webp").jobs)
    assert isinstance(event, Finished)
    assert event.destination is None
    assert Image.open(io.BytesIO(output.getvalue())).format == "WEBP"
