"""Clients that leave or take nothing, results on their way to them, and the end of the service."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from made.pictures import compressed, photo
from made.web import Halting, Running, Standins, eventually, serving
from qgac.batch.restore import restore_file
from qgac.web import restoring, service
from qgac.web.limits import Limits
from qgac.web.reading import read
from qgac.web.service import Service


@dataclass
class Held:
    """A function whose calls wait until they are let go on."""

    function: Callable[..., Any]
    calls: int = 0
    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    let: threading.Event = field(default_factory=threading.Event)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        self.calls += 1
        self.begun.release()
        assert self.let.wait(30)
        return self.function(*arguments, **options)


class Noise:
    """A restorer that makes at once what no format compresses."""

    def bands(self, image: Any, *, dtype: Any = np.uint8, progress: Callable[[int, int], None]) -> Iterator[np.ndarray]:
        progress(1, 1)
        shape = image.height, image.width, *([] if len(image.components) == 1 else [len(image.components)])
        yield np.random.default_rng(0).uniform(0, 255, shape).astype(dtype)


def quick() -> Standins:
    return Standins(Noise())


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    """The writing of results."""
    found = Held(restore_file)
    monkeypatch.setattr(restoring, "restore_file", found)
    return found


def done(running: Running, content: bytes) -> str:
    """Return the name of a job that has ended."""
    identity = str(running.post("/api/jobs", content).json()["id"])
    assert running.finished(identity)["state"] == "done"
    return identity


def asking(running: Running, identity: str) -> socket.socket:
    """A client that has asked for a result as floats and reads nothing."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    sock.connect(("127.0.0.1", running.port))
    sock.sendall(
        f"GET /api/jobs/{identity}/result?format=tiff&depth=float HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    )
    return sock


def test_clients_that_take_nothing_do_not_shut_the_service() -> None:
    """What they are sent does not fit into the buffers in between; all connections are theirs for a while."""
    limits = Limits(connections=4, patience_seconds=0.5, max_pixels=2_000_000)
    with serving(Service(quick(), limits)) as running:
        identity = done(running, compressed(photo(900, 900), 5))
        clients = [asking(running, identity) for _ in range(limits.connections)]

        def answers() -> bool:
            try:
                return running.get("/healthz").status == 200
            except OSError:
                return False

        eventually(answers)
        assert running.ask("DELETE", f"/api/jobs/{identity}").status == 204
        assert running.leaves_nothing()
        for client in clients:
            client.close()


def test_a_result_is_not_written_for_who_has_gone(jpeg: bytes, held: Held) -> None:
    with serving(Service(quick(), Limits(readers=1))) as running:
        identity = done(running, jpeg)
        first = asking(running, identity)
        assert held.begun.acquire(timeout=30)
        for _ in range(5):
            asking(running, identity).close()  # while the first is being written
        first.close()
        held.let.set()
        assert running.ask("DELETE", f"/api/jobs/{identity}").status == 204
        assert running.leaves_nothing()
    assert held.calls == 1


def test_a_client_is_sent_so_many_results_at_a_time(jpeg: bytes, held: Held) -> None:
    with serving(Service(quick(), Limits(per_client=2))) as running, ThreadPoolExecutor(2) as clients:
        identity = done(running, jpeg)
        taking = [clients.submit(running.get, f"/api/jobs/{identity}/result") for _ in range(2)]
        assert held.begun.acquire(timeout=30)
        assert held.begun.acquire(timeout=30)
        answer = running.get(f"/api/jobs/{identity}/result")
        assert (answer.status, "2 results" in answer.detail) == (429, True)
        assert int(answer.headers["retry-after"]) >= 1
        held.let.set()
        assert [answer.result().status for answer in taking] == [200, 200]
        assert running.get(f"/api/jobs/{identity}/result").status == 200


def test_results_on_their_way_take_no_more_room_than_those_that_are_kept() -> None:
    limits = Limits(kept_bytes=12_000_000, patience_seconds=20)
    with serving(Service(quick(), limits)) as running:
        identity = done(running, compressed(photo(900, 900), 5))  # 9.7 MB
        clients = [asking(running, identity) for _ in range(2)]
        eventually(lambda: running.service.jobs._jobs[identity].taken > limits.kept_bytes)
        answer = running.get(f"/api/jobs/{identity}/result")
        assert (answer.status, "too much" in answer.detail) == (503, True)
        for client in clients:
            client.close()
        eventually(lambda: running.get(f"/api/jobs/{identity}/result").status == 200)


def test_so_many_results_are_kept(jpeg: bytes) -> None:
    with serving(Service(quick(), Limits(kept_results=2))) as running:
        jobs = [done(running, jpeg) for _ in range(3)]
        assert [running.get(f"/api/jobs/{job}").status for job in jobs] == [404, 200, 200]


def test_a_job_whose_client_never_learned_its_name_is_none(jpeg: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = Held(read)
    monkeypatch.setattr(service, "read", reading)
    with serving(Service(quick())) as running:
        client = running.raw()
        head = f"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(jpeg)}\r\n\r\n"
        client.sendall(head.encode() + jpeg)
        assert reading.begun.acquire(timeout=30)
        client.close()
        eventually(lambda: running.get("/healthz").status == 200)
        reading.let.set()
        assert running.leaves_nothing()
        assert all(count == 0 for count in running.service.jobs.states().values())


def test_who_follows_again_has_the_whole_time_to_come_back(halting: Halting, jpeg: bytes) -> None:
    with serving(Service(Standins(halting), Limits(grace_seconds=1.5))) as running:
        identity = str(running.post("/api/jobs", jpeg).json()["id"])
        assert halting.begun.acquire(timeout=10)
        for _ in range(2):  # the first time would be over during the second
            events = running.events(identity)
            assert next(events)["state"] == "running"
            events.close()  # type: ignore[attr-defined]
            threading.Event().wait(1)
        assert running.get(f"/api/jobs/{identity}").json()["state"] == "running"
        halting.let(10)


def test_what_comes_after_the_end_began_is_refused(jpeg: bytes) -> None:
    head = f"Host: localhost\r\nContent-Length: {len(jpeg)}\r\n\r\n"
    with serving(Service(quick())) as running:
        clients = [running.raw() for _ in range(2)]
        for client, path in zip(clients, ("/api/restore", "/api/jobs"), strict=True):
            client.sendall(f"POST {path} HTTP/1.1\r\n{head}".encode() + jpeg[:100])
        eventually(lambda: b'qgac_jobs{state="sent"} 2' in running.get("/metrics").body)
        running.service.jobs.stop_accepting()
        for client in clients:
            client.sendall(jpeg[100:])
            with client:
                assert client.recv(1000).startswith(b"HTTP/1.1 503")
        assert running.leaves_nothing()


def test_a_second_signal_ends_what_runs_after_its_tile(halting: Halting, jpeg: bytes) -> None:
    with serving(Service(Standins(halting))) as running:
        running.post("/api/jobs", jpeg)
        assert halting.begun.acquire(timeout=10)
        running.service.jobs.hurry()
        halting.let(1)
        eventually(lambda: halting.stopped == 1)
        assert running.leaves_nothing()


def test_a_folder_that_was_tidied_away_is_made_anew(jpeg: bytes) -> None:
    with serving(Service(quick())) as running:
        running.folder.rmdir()
        assert running.post("/api/restore", jpeg).status == 200
        assert running.leaves_nothing()


def test_no_room_is_told_as_that(jpeg: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**options: Any) -> str:
        raise OSError(28, "No space left on device")

    with serving(Service(quick())) as running:
        monkeypatch.setattr("qgac.web.jobs.tempfile.mkdtemp", full)
        answer = running.post("/api/info", jpeg)
        assert (answer.status, "No space left" in answer.detail) == (503, True)
        monkeypatch.undo()
        assert running.post("/api/info", jpeg).status == 200


def test_a_job_that_is_forgotten_while_its_result_is_written_leaves_nothing(
    running: Running, jpeg: bytes, held: Held
) -> None:
    identity = done(running, jpeg)
    with ThreadPoolExecutor(1) as client:
        answer = client.submit(running.get, f"/api/jobs/{identity}/result")
        assert held.begun.acquire(timeout=30)
        assert running.ask("DELETE", f"/api/jobs/{identity}").status == 204
        assert running.get(f"/api/jobs/{identity}").status == 404
        held.let.set()
        assert answer.result().body == running.post("/api/restore", jpeg).body  # who was served first gets it
    assert running.leaves_nothing()
