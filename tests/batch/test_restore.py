from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from made.files import Gray, Standin, flat, make_jpeg
from qgac.batch.jobs import Event, Failed, Finished, Job, Skipped, Started
from qgac.batch.plan import plan
from qgac.batch.restore import Settings, restore_files
from qgac.jpeg.image import JPEGImage


def run(jobs: tuple[Job, ...], restorer: Any = flat, **options: Any) -> list[Event]:
    events = restore_files(jobs, restorer if restorer is flat else Standin(restorer), Settings(**options))  # type: ignore[arg-type]
    return [event for event in events if not isinstance(event, Started)]


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
    progress = lambda job, done: told.append((job.name, done.share))  # noqa: E731
    for event in restore_files((job,), flat, Settings(), progress=progress):  # type: ignore[arg-type]
        told.append(event)
    assert told[0] == Started(job)
    assert told[1:3] == [("photos/a.jpg", 0.5), ("photos/a.jpg", 1.0)]
    finished = told[3]
    assert isinstance(finished, Finished)
    assert (finished.destination, finished.width, finished.height) == (Path("photos/a.restored.png"), 20, 12)
    assert finished.quality == 75  # Pillow's own
    assert job.size == Path("photos/a.jpg").stat().st_size


def test_cmyk_becomes_tiff(tree: Path) -> None:
    make_jpeg(tree / "ink.jpg", "CMYK")
    (event,) = run(plan(["ink.jpg"]).jobs)
    assert isinstance(event, Finished)
    assert event.destination == Path("ink.restored.tiff")
    with Image.open("ink.restored.tiff") as picture:
        assert picture.mode == "CMYK"


@pytest.mark.parametrize("kind", ["png", "webp", "tiff", "jpeg"])
def test_no_format_needs_the_whole_picture_at_once(tree: Path, kind: Any) -> None:
    class InBands(Standin):
        def __call__(self, image: JPEGImage, *arguments: Any, **options: Any) -> Any:
            raise AssertionError("restored as a whole")

        def bands(self, image: JPEGImage, **options: Any) -> Iterator[np.ndarray]:
            yield from (np.full((4, 20, 3), shade, np.uint8) for shade in (10, 120, 240))

    _, finished = restore_files(plan(["photos/a.jpg"], format=kind).jobs, InBands(flat.restore), Settings())  # type: ignore[arg-type]
    assert isinstance(finished, Finished)
    with Image.open(str(finished.destination)) as picture:
        shades = np.asarray(picture.convert("L"))[[1, 5, 9], 9]
    assert np.abs(shades - np.array([10, 120, 240])).max() <= 3


def test_existing_results_cost_no_work(tree: Path) -> None:
    def never(image: JPEGImage, progress: Any = None, **options: Any) -> Gray:
        raise AssertionError("restored in vain")

    Path("photos/a.restored.png").write_bytes(b"precious")
    (event,) = run(plan(["photos/a.jpg"]).jobs, never)
    assert isinstance(event, Failed)
    assert "exists already" in event.message
    assert Path("photos/a.restored.png").read_bytes() == b"precious"
    (event,) = run(plan(["photos/a.jpg"]).jobs, overwrite=True)
    assert isinstance(event, Finished)


def test_cmyk_is_skipped_under_the_name_it_gets(tree: Path) -> None:
    make_jpeg(tree / "ink.jpg", "CMYK")
    Path("ink.restored.tiff").write_bytes(b"precious")
    (job,) = plan(["ink.jpg"], skip_existing=True).jobs
    assert run((job,), skip_existing=True) == [Skipped(job, Path("ink.restored.tiff"))]
    assert Path("ink.restored.tiff").read_bytes() == b"precious"


def test_a_file_that_appears_during_the_work_stays(tree: Path) -> None:
    def overtaken(image: JPEGImage, progress: Any = None, **options: Any) -> Gray:
        Path("photos/a.restored.png").write_bytes(b"somebody else's")
        return flat(image)

    (event,) = run(plan(["photos/a.jpg"]).jobs, overtaken)
    assert isinstance(event, Failed)
    assert "exists already" in event.message
    assert Path("photos/a.restored.png").read_bytes() == b"somebody else's"
    assert not list(Path("photos").glob(".qgac-*"))


def test_outputs_may_have_the_time_of_their_sources(tree: Path) -> None:
    moment = 1_234_567_890_123_456_789
    os.utime("photos/a.jpg", ns=(moment, moment))
    jobs = plan(["photos/a.jpg"]).jobs
    run(jobs)
    assert abs(Path("photos/a.restored.png").stat().st_mtime_ns - moment) > 1e15
    run(jobs, keep_times=True, overwrite=True)
    assert abs(Path("photos/a.restored.png").stat().st_mtime_ns - moment) < 2e9  # FAT has steps of two seconds


@pytest.mark.parametrize("kind", ["png", "webp", "tiff", "jpeg"])
def test_stripping_leaves_colours_and_direction(tree: Path, kind: Any) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation], exif[ExifTags.Base.Artist] = 6, "somebody"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[1] = "N"
    make_jpeg(tree / "x.jpg", icc_profile=profile, exif=exif, comment="a secret", xmp=b"<a-secret/>", dpi=(300, 300))
    (event,) = run(plan(["x.jpg"], format=kind).jobs)
    assert isinstance(event, Finished)
    assert event.destination is not None
    assert b"somebody" in event.destination.read_bytes()
    run(plan(["x.jpg"], format=kind).jobs, strip=True, overwrite=True)
    content = event.destination.read_bytes()
    assert b"somebody" not in content
    assert b"secret" not in content
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.info["icc_profile"] == profile
        kept = picture.getexif()
        assert kept[ExifTags.Base.Orientation] == 6
        assert not kept.get_ifd(ExifTags.IFD.GPSInfo)
        assert kind == "tiff" or dict(kept) == {ExifTags.Base.Orientation: 6}
        assert picture.info.get("dpi", (72, 72)) != (300, 300)


def test_stripping_an_upright_picture_leaves_no_exif(tree: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation], exif[ExifTags.Base.Artist] = 1, "somebody"
    make_jpeg(tree / "x.jpg", exif=exif)
    run(plan(["x.jpg"]).jobs, strip=True)
    with Image.open("x.restored.png") as picture:
        assert "exif" not in picture.info


def test_a_folder_that_may_not_be_written_to_is_told_before_the_work(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(image: JPEGImage, progress: Any = None, **options: Any) -> Gray:
        raise AssertionError("restored in vain")

    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "photos")
    (event,) = run(plan(["photos/a.jpg"]).jobs, never)
    assert event == Failed(
        "photos/a.jpg",
        "the folder photos may not be written to; choose another, or change its permissions",
    )


def test_a_file_that_may_not_be_read_is_told(tree: Path) -> None:
    """Also to root, to whom nothing is forbidden but this."""
    jobs = plan(["photos/a.jpg"]).jobs
    Path("photos/a.jpg").unlink()
    Path("photos/a.jpg").mkdir()
    (event,) = run(jobs)
    assert isinstance(event, Failed)
    assert "cannot be read (" in event.message


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
    def greedy(image: JPEGImage, progress: Any = None, **options: Any) -> Gray:
        raise error

    (event,) = run(plan(["photos/a.jpg"]).jobs, greedy)
    assert isinstance(event, Failed)
    assert "--tile" in event.message


def test_faults_of_the_program_are_not_taken_for_bad_files(tree: Path) -> None:
    def broken(image: JPEGImage, progress: Any = None, **options: Any) -> Gray:
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
