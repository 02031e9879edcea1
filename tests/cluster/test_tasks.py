"""Tasks of about a minute: by pixels that headers tell, taken no earlier than needed."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from PIL import Image

from qgac.batch.jobs import Job
from qgac.cluster.stored import Stored
from qgac.cluster.tasks import Pace, pixels_in_header, pixels_of, tasks, with_pixels

CORPUS = sorted((Path(__file__).parent.parent / "jpeg" / "corpus").glob("*.jpg"))


def picture(size: int = 0, name: str = "memory://a/x.jpg") -> Stored:
    return Stored(name, "memory://out/x", None, size)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_headers_tell_what_pillow_reads(path: Path) -> None:
    try:
        with Image.open(path) as image:
            expected = image.width * image.height
    except OSError:
        pytest.skip("Pillow does not read it")
    assert pixels_in_header(path.read_bytes()) in (expected, None)


def test_most_headers_are_understood() -> None:
    assert sum(pixels_in_header(path.read_bytes()) is not None for path in CORPUS) > 0.8 * len(CORPUS)


@pytest.mark.parametrize("content", [b"", b"\xff\xd8", b"some text and no picture", b"\xff\xd8\xff\xe0\xff\xff"])
def test_what_has_no_header_tells_nothing(content: bytes) -> None:
    assert pixels_in_header(content) is None


def test_small_files_are_guessed_without_a_look_and_large_ones_read(tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    noise = Image.effect_noise((1000, 700), 100).convert("RGB")
    noise.save(path, quality=95)
    assert path.stat().st_size > 1 << 18
    assert pixels_of(Job("large", path, None, None)) == 700_000
    MemoryFileSystem().pipe_file("/a/large.jpg", path.read_bytes())
    assert pixels_of(picture(path.stat().st_size, "memory://a/large.jpg")) == 700_000
    MemoryFileSystem.store.clear()
    assert pixels_of(picture(10_000, "memory://a/never-asked-for.jpg")) == 60_000
    assert pixels_of(picture(1 << 20, "memory://a/gone.jpg")) > 1_000_000  # the worker will tell that it is gone


def test_small_pictures_go_together_and_a_large_one_alone() -> None:
    sizes = [10, 10, 10, 500, 40, 60, 30]
    made = list(tasks(((picture(size), size) for size in sizes), Pace(seconds=1, speed=100)))
    assert [[one.size for one in task if isinstance(one, Stored)] for task in made] == [[10] * 3, [500], [40, 60], [30]]


def test_what_needs_no_work_passes_at_once() -> None:
    done = {"status": "skipped"}
    made = tasks(iter([(done, 0), (picture(), 1), (done, 0), (done, 0), (picture(), 1)]), Pace(seconds=1, speed=10))
    assert [isinstance(item, dict) for item in made] == [True, True, True, False]


def test_a_million_pictures_are_not_taken_at_once() -> None:
    taken = itertools.count()
    endless = (picture(100 + 0 * next(taken)) for _ in itertools.count())
    made = tasks(with_pixels(endless, pixels_of), Pace(seconds=1, speed=60_000))
    assert len(next(made)) == 100
    assert next(taken) <= 1000


def test_the_pace_follows_what_was_measured() -> None:
    pace = Pace(seconds=60, speed=1000)
    assert pace.pixels == 60_000
    for _ in range(500):
        pace.learn(1_000_000, 0.5)
    assert pace.pixels == pytest.approx(60 * 2_000_000, rel=0.01)
