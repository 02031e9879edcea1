from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from made import files as made_files
from made.files import EXITS, FAULTS, KILLS, make_jpeg
from qgac.batch.jobs import Event, Failed, Finished, Skipped, Started
from qgac.batch.plan import plan
from qgac.batch.restore import Settings
from qgac.batch.workers import RefusedError, restore_in_workers
from qgac.processors import processors


def run(inputs: list[str], make: Callable[[], Any], workers: int = 2, **options: Any) -> list[Event]:
    jobs = plan(inputs, output="out/").jobs
    return list(restore_in_workers(jobs, make, Settings(**options), workers=workers))


def children() -> set[int]:
    """Processes that this one has started and that are not gone, as the system sees them."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, rest = entry.parent.name, entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(rest[1]) == os.getpid() and rest[0] != "Z" and b"spawn_main" in (entry.parent / "cmdline").read_bytes():
            found.add(int(pid))
    return found


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are listed elsewhere here")


def test_every_picture_is_restored_once(tree: Path) -> None:
    Path("photos/b.JPEG").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    (tree / "out/sub").mkdir(parents=True)
    (tree / "out/sub/c.png").write_bytes(b"there")
    told: list[tuple[str, float]] = []
    jobs = plan(["photos"], output="out").jobs
    events = list(
        restore_in_workers(
            jobs,
            made_files.make_flat,
            Settings(skip_existing=True),
            workers=2,
            progress=lambda job, done: told.append((job.name, done.share)),
        )
    )
    assert sorted(event.job.name for event in events if isinstance(event, Started)) == sorted(job.name for job in jobs)
    outcomes = {getattr(event, "job", event).name: event for event in events if not isinstance(event, Started)}
    assert [type(outcomes[job.name]) for job in jobs] == [Finished, Failed, Skipped, Finished]
    assert sorted(told) == [(name, share) for name in ("photos/a.jpg", "photos/sub/deep/d.jfif") for share in (0.5, 1)]
    for name in ("out/a.png", "out/sub/deep/d.png"):
        with Image.open(name) as picture:
            assert picture.size == (20, 12)


@needs_proc
def test_a_process_that_dies_takes_one_picture_along(tree: Path) -> None:
    sizes = {"1": KILLS, "2": 8, "3": EXITS, "4": 8, "5": FAULTS, "6": KILLS, "7": 8, "8": 8}
    for name, width in sizes.items():
        make_jpeg(tree / "in" / f"{name}.jpg", size=(width, 8))
    before = children()
    events = run(["in"], made_files.make_deadly)
    assert children() <= before
    reasons = {Path(event.name).stem: event.message for event in events if isinstance(event, Failed)}
    assert sorted(reasons) == ["1", "3", "5", "6"]
    assert "was killed, perhaps for want of memory; use fewer --jobs" in reasons["1"] == reasons["6"]
    assert "ended (exit code 7)" in reasons["3"]
    assert "RuntimeError: shapes do not fit" in reasons["5"]
    assert sorted(path.name for path in Path("out").iterdir()) == ["2.png", "4.png", "7.png", "8.png"]


def test_without_a_restorer_nothing_is_done(tree: Path) -> None:
    with pytest.raises(RefusedError, match="there are no weights; fetch them"):
        run(["photos"], made_files.make_nothing)
    assert not Path("out").exists()


def test_a_process_that_dies_at_its_start_is_replaced_once(tree: Path) -> None:
    events = run(["photos"], made_files.make_end_once, workers=1)
    assert not [event for event in events if isinstance(event, Failed)]
    assert Path("out/a.png").exists()


def test_processes_that_cannot_begin_are_not_started_for_ever(tree: Path) -> None:
    events = run(["photos"], made_files.make_end)
    assert [event.name for event in events if isinstance(event, Failed)] == [
        "photos/a.jpg",
        "photos/b.JPEG",
        "photos/sub/c.jpe",
        "photos/sub/deep/d.jfif",
    ]
    assert all("(exit code 9) at its start" in event.message for event in events if isinstance(event, Failed))


@pytest.mark.parametrize("wish", [None, "3"])
def test_processors_are_shared_out(tree: Path, monkeypatch: pytest.MonkeyPatch, wish: str | None) -> None:
    if wish is None:
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    else:
        monkeypatch.setenv("OMP_NUM_THREADS", wish)
    events = run(["photos/a.jpg", "photos/b.JPEG"], made_files.make_thread_teller, workers=4)  # two are enough
    expected = wish or str(max(1, processors() // 2))
    # Not yet imported, PyTorch will heed it.
    assert [event.message for event in events if isinstance(event, Failed)] == 2 * [
        f"a fault of this program (ValueError: {expected} threads, torch False); restore it alone to see where, "
        "and report it"
    ]
    assert os.environ.get("OMP_NUM_THREADS") == wish


@needs_proc
def test_giving_up_ends_the_processes(tree: Path) -> None:
    before = children()
    events = restore_in_workers(plan(["photos"], output="out").jobs, made_files.make_slow, Settings(), workers=2)
    assert isinstance(next(events), Started)
    assert len(children() - before) == 2
    started = time.monotonic()
    events.close()
    assert time.monotonic() - started < 30  # not when the pictures are done
    assert children() <= before
    assert not Path("out").exists() or not list(Path("out").rglob("*.*"))


def test_interruption_is_not_kept_from_this_process(tree: Path) -> None:
    run(["photos/a.jpg"], made_files.make_flat, workers=1)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
