"""Jobs: progress, one restoration for every format, the region first, cancelling, and the limits of the line."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from made.command_line import qgac_command, usage_error
from made.pasts import decoded, file_of, saved_again, scene
from made.pictures import compressed, photo
from made.web import Halting, Running, Standins, eventually, serving
from qgac.web.limits import Limits
from qgac.web.service import Service

FORMATS: list[dict[str, Any]] = [
    {},
    {"depth": 16},
    {"format": "tiff", "depth": "float"},
    {"format": "tiff"},
    {"format": "webp"},
    {"format": "jpeg", "quality": 70},
    {"srgb": True},
    {"strip": True},
]


@pytest.fixture
def strict(halting: Halting) -> Iterator[Running]:
    """A service with room for three pictures, two of one client, which restores when it is let."""
    limits = Limits(queue=3, per_client=2, grace_seconds=0.2, seconds=20)
    with serving(Service(Standins(halting), limits)) as found:
        try:
            yield found
        finally:
            halting.let(100)


def begin(running: Running, jpeg: bytes, **query: Any) -> str:
    answer = running.post("/api/jobs", jpeg, **query)
    assert answer.status == 202, answer.body
    return str(answer.json()["id"])


def state(running: Running, identity: str) -> str:
    return str(running.get(f"/api/jobs/{identity}").json()["state"])


@pytest.mark.parametrize("name", ["photo", "large", "twice", "pillow_metadata", "ycck", "pillow_gray"])
def test_every_format_of_a_job_is_the_file_of_the_command(
    name: str, running: Running, jpeg: bytes, weights: Path, tmp_path: Path
) -> None:
    corpus = Path(__file__).parents[1] / "jpeg" / "corpus"
    made = {"photo": jpeg, "large": compressed(photo(300, 200), 30)}  # of several bands for whoever would choose them
    made["twice"] = saved_again(scene(160, 208), 20, 85, 4, 4)
    content = made.get(name) or (corpus / f"{name}.jpg").read_bytes()
    source = tmp_path / "photo.jpg"
    source.write_bytes(content)
    identity = begin(running, content)
    assert running.finished(identity)["state"] == "done"
    for number, options in enumerate(FORMATS):
        words: list[object] = []
        for option, value in options.items():
            words += [f"--{option}"] if isinstance(value, bool) else [f"--{option}", value]
        result = qgac_command("restore", source, "-o", f"{tmp_path}/{number}/", "--model", weights, *words)
        answer = running.get(f"/api/jobs/{identity}/result", **options)
        if result.exit_code:  # WebP and PNG hold no CMYK
            assert answer.status == 422
            assert answer.detail in result.stderr
        else:
            (file,) = (tmp_path / str(number)).iterdir()
            content = file.read_bytes()
            if "srgb" in options:  # its profile holds the second when it was made
                answered, written = (np.asarray(Image.open(io.BytesIO(part))) for part in (answer.body, content))
                assert np.array_equal(answered, written)
            else:
                assert answer.body == content, options
    assert running.ask("DELETE", f"/api/jobs/{identity}").status == 204
    assert running.leaves_nothing()
    assert running.get(f"/api/jobs/{identity}/result").status == 404


PASTS = [
    {"earlier": "off"},
    {"earlier": "30"},
    {"grid": "5,2", "quality_was": 20},
    {"rescaled": "off"},
    {"rescaled": "25"},
]


@pytest.mark.parametrize("told", PASTS, ids=str)
def test_what_is_told_of_the_past_is_taken_as_by_the_command(
    told: dict[str, Any], running: Running, weights: Path, tmp_path: Path
) -> None:
    """A JPEG that was saved twice, and pixels that are no JPEG any more."""
    picture = scene(96, 120)
    twice = saved_again(picture, 20, 85, 4, 4)
    content, name = (
        (twice, "a.jpg") if "earlier" in told else (file_of(decoded(compressed(picture, 20))[2:, 5:]), "a.png")
    )
    source = tmp_path / name
    source.write_bytes(content)
    words = [str(part) for key, value in told.items() for part in (f"--{key.replace('_', '-')}", value)]
    result = qgac_command("restore", source, "-o", tmp_path / "out.png", "--model", weights, *words)
    assert result.exit_code == 0, result.stderr
    written = (tmp_path / "out.png").read_bytes()
    answer = running.post("/api/restore", content, **told)
    assert answer.body == written
    identity = begin(running, content, **told)
    end = running.finished(identity)
    assert running.get(f"/api/jobs/{identity}/result").body == written
    assert end["notes"] == json.loads(answer.headers["qgac-notes"])
    running.ask("DELETE", f"/api/jobs/{identity}")


@pytest.mark.parametrize(
    "told",
    [
        {"grid": "8,0"},
        {"grid": "3"},
        {"quality_was": 0},
        {"earlier": "never"},
        {"earlier": "101"},
        {"rescaled": "x"},
        {"rescaled": "30", "grid": "3,5"},
        {"rescaled": "30", "quality_was": 20},
    ],
    ids=str,
)
def test_a_past_that_cannot_be_is_refused_in_the_words_of_the_command(
    told: dict[str, Any], running: Running, jpeg: bytes, tmp_path: Path
) -> None:
    options = {f"--{key.replace('_', '-')}": value for key, value in told.items()}
    words = [word for option in options.items() for word in option]
    (tmp_path / "a.jpg").write_bytes(jpeg)
    for address in ("/api/restore", "/api/jobs"):
        answer = running.post(address, jpeg, **told)
        assert answer.status == 422
        assert all(option in answer.detail for option in options)
        if told != {"quality_was": 0}:  # which the command's own parser checks
            assert answer.detail in usage_error(qgac_command("restore", tmp_path / "a.jpg", *words))
    assert running.leaves_nothing()


def test_a_consistent_file_goes_back_behind_no_file(running: Running, jpeg: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg)
    answer = running.post("/api/restore", jpeg, format="jpeg", consistent=True, earlier="30")
    assert answer.status == 422
    words = ["--consistent", "--earlier", "30"]
    assert answer.detail in usage_error(qgac_command("restore", tmp_path / "a.jpg", *words))
    assert running.post("/api/restore", jpeg, format="jpeg", consistent=True, earlier="auto").status == 200


def test_a_job_keeps_no_coefficients(running: Running, jpeg: bytes) -> None:
    identity = begin(running, jpeg)
    running.finished(identity)
    answer = running.get(f"/api/jobs/{identity}/result", consistent=True)
    assert (answer.status, "/api/restore" in answer.detail) == (422, True)
    running.ask("DELETE", f"/api/jobs/{identity}")


def test_events_tell_the_place_in_the_line_and_the_tiles(strict: Running, halting: Halting, jpeg: bytes) -> None:
    first, second = begin(strict, jpeg), begin(strict, jpeg)
    assert strict.get(f"/api/jobs/{second}").json()["position"] == 1
    events = strict.events(second)
    assert (next(events)["state"], halting.begun.acquire(timeout=10)) == ("waiting", True)
    assert strict.get(f"/api/jobs/{second}/result").status == 409
    halting.let(10)
    assert strict.finished(first)["state"] == "done"
    assert halting.begun.acquire(timeout=10)
    halting.let(10)
    told = list(events)
    assert [event["state"] for event in told][-1] == "done"
    assert all(event["position"] == 0 for event in told)
    tiles = [(event["done"], event["tiles"]) for event in told]
    assert tiles == sorted(tiles)
    assert tiles[-1] == (10, 10)


def test_cancelling_stops_after_the_tile_and_removes_everything(strict: Running, halting: Halting, jpeg: bytes) -> None:
    first, second = begin(strict, jpeg), begin(strict, jpeg)
    assert halting.begun.acquire(timeout=10)
    assert strict.ask("DELETE", f"/api/jobs/{second}").status == 204
    assert strict.get(f"/api/jobs/{second}").status == 404
    assert strict.ask("DELETE", f"/api/jobs/{first}").status == 204
    halting.let(1)
    eventually(lambda: halting.stopped == 1)
    eventually(lambda: strict.files() == [])
    assert 'qgac_jobs_total{outcome="cancelled"} 2' in strict.get("/metrics").body.decode()


def test_a_job_that_nobody_follows_any_more_is_cancelled(strict: Running, halting: Halting, jpeg: bytes) -> None:
    identity = begin(strict, jpeg)
    assert halting.begun.acquire(timeout=10)
    events = strict.events(identity)
    assert next(events)["state"] == "running"
    events.close()  # type: ignore[attr-defined]
    eventually(lambda: strict.get(f"/api/jobs/{identity}").status == 404)
    halting.let(1)
    eventually(lambda: halting.stopped == 1 and strict.files() == [])


def test_a_client_that_goes_away_ends_its_request(strict: Running, halting: Halting, jpeg: bytes) -> None:
    client = strict.raw()
    head = f"POST /api/restore HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(jpeg)}\r\n\r\n"
    client.sendall(head.encode() + jpeg)
    assert halting.begun.acquire(timeout=10)
    client.close()
    time.sleep(0.3)
    halting.let(1)
    eventually(lambda: halting.stopped == 1 and strict.files() == [])


def test_a_full_line_and_a_busy_client_are_told_when_to_come_again(strict: Running, jpeg: bytes) -> None:
    for _ in range(2):
        begin(strict, jpeg)
    answer = strict.post("/api/jobs", jpeg)
    assert answer.status == 429
    assert int(answer.headers["retry-after"]) >= 1
    other = {"X-Forwarded-For": "192.0.2.7"}  # as a proxy on this machine says it
    assert strict.ask("POST", "/api/jobs", jpeg, other).status == 202
    answer = strict.ask("POST", "/api/info", jpeg, {"X-Forwarded-For": "192.0.2.8"})
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert "limit" in answer.detail
    assert strict.get("/healthz").status == 200


def test_what_takes_too_long_is_ended(halting: Halting, jpeg: bytes) -> None:
    with serving(Service(Standins(halting), Limits(seconds=0.05))) as running:
        identity = begin(running, jpeg)
        assert halting.begun.acquire(timeout=10)
        time.sleep(0.1)
        halting.let(1)
        last = running.finished(identity)
        assert (last["state"], last["problem"]["status"]) == ("failed", 503)
        assert "0.05 seconds" in last["problem"]["detail"]
        assert running.get(f"/api/jobs/{identity}/result").status == 503
        assert running.leaves_nothing()
        halting.let(20)


def test_a_fault_is_told_without_a_trace(jpeg: bytes, caplog: pytest.LogCaptureFixture) -> None:
    class Faulty:
        def bands(self, image: Any, **options: Any) -> Any:
            raise KeyError("/secret/path")

    with serving(Service(Standins(Faulty()))) as running:
        answer = running.post("/api/restore", jpeg)
        assert answer.status == 500
        assert b"secret" not in answer.body
        assert b"Traceback" not in answer.body
        assert running.leaves_nothing()
    assert "/secret/path" in caplog.text


@pytest.mark.parametrize("cause", [MemoryError(), OSError(28, "No space left on device", "/secret/path")], ids=repr)
def test_what_the_machine_lacks_is_told_as_that(cause: Exception, jpeg: bytes) -> None:
    class Short:
        def bands(self, image: Any, **options: Any) -> Any:
            raise cause

    with serving(Service(Standins(Short()))) as running:
        last = running.finished(begin(running, jpeg))
        assert (last["state"], last["problem"]["status"]) == ("failed", 503)
        assert "secret" not in last["problem"]["detail"]
        assert running.leaves_nothing()


def test_results_are_forgotten_in_time_and_when_room_is_short(weights: Path, jpeg: bytes) -> None:
    from qgac.web.restorers import Restorers

    restorers = Restorers(str(weights))
    kept = 60 * 90 * 12 + len(jpeg)
    with serving(Service(restorers, Limits(kept_bytes=2 * kept, keep_seconds=1))) as running:
        jobs = []
        for _ in range(3):
            jobs.append(begin(running, jpeg))
            running.finished(jobs[-1])
        assert [running.get(f"/api/jobs/{job}").status for job in jobs] == [404, 200, 200]
        time.sleep(1.2)
        assert running.get(f"/api/jobs/{jobs[2]}").status == 404
        assert running.leaves_nothing()


def test_a_result_that_nobody_asks_for_goes_though_nobody_comes(weights: Path, jpeg: bytes) -> None:
    from qgac.web.restorers import Restorers

    with serving(Service(Restorers(str(weights)), Limits(keep_seconds=0.5))) as running:
        running.finished(begin(running, jpeg))
        assert running.files() != []
        assert running.leaves_nothing()


def test_the_part_in_view_is_restored_first_as_it_will_be(running: Running) -> None:
    pixels = photo(400, 480)
    content = compressed(pixels, 30)
    identity = begin(running, content, view="160,100,100,80")
    told = list(running.events(identity))
    assert told[-1]["region"] == [160, 100, 100, 80]
    region = running.get(f"/api/jobs/{identity}/region")
    assert region.headers["content-type"] == "image/png"
    whole = running.get(f"/api/jobs/{identity}/result")
    part = np.asarray(Image.open(io.BytesIO(region.body)), np.int16)
    same = np.asarray(Image.open(io.BytesIO(whole.body)), np.int16)[100:180, 160:260]
    assert part.shape == same.shape
    assert np.abs(part - same).max() <= 1  # float rounding
    assert (part != same).mean() < 1e-3
    running.ask("DELETE", f"/api/jobs/{identity}")


@pytest.mark.parametrize("view", ["0,0,90,60", "5000,5000,10,10"])
def test_a_view_of_everything_or_nothing_has_no_region(view: str, running: Running, jpeg: bytes) -> None:
    identity = begin(running, jpeg, view=view)
    assert running.finished(identity)["region"] is None
    assert running.get(f"/api/jobs/{identity}/region").status == 404
    running.ask("DELETE", f"/api/jobs/{identity}")


def test_a_view_that_is_none_is_refused(running: Running, jpeg: bytes) -> None:
    assert running.post("/api/jobs", jpeg, view="all").status == 422


def test_the_end_finishes_what_runs_and_refuses_what_waits(halting: Halting, jpeg: bytes) -> None:
    import threading

    answers: dict[str, Any] = {}
    with serving(Service(Standins(halting), Limits())) as running:
        threads = [
            threading.Thread(target=lambda name=name: answers.update({name: running.post("/api/restore", jpeg)}))
            for name in ("runs", "waits")
        ]
        threads[0].start()
        assert halting.begun.acquire(timeout=10)
        threads[1].start()
        eventually(lambda: b'qgac_jobs{state="waiting"} 1' in running.get("/metrics").body)
        ending = threading.Timer(0.5, halting.let, [10])
        ending.start()
    for thread in threads:
        thread.join(10)
    assert answers["runs"].status == 200
    assert answers["waits"].status == 503
    assert not running.folder.exists()
