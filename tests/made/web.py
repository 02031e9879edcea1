"""The service in a thread of this process, spoken to over a socket as any client does."""

from __future__ import annotations

import http.client
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np

from qgac.web.choice import Choice
from qgac.web.restorers import Restorers
from qgac.web.server import Server, listen
from qgac.web.service import Service


def eventually(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@dataclass(frozen=True)
class Answer:
    """What the service said."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def detail(self) -> str:
        """The sentence of a problem."""
        assert self.headers["content-type"] == "application/problem+json"
        problem = self.json()
        assert problem["status"] == self.status
        return str(problem["detail"])


@dataclass(frozen=True)
class Running:
    """A service that runs."""

    port: int
    service: Service

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def folder(self) -> Path:
        """Where everything lies that was sent."""
        return self.service.jobs._folder

    def files(self) -> list[Path]:
        # Folders that go meanwhile have none.
        return [Path(folder, name) for folder, _, names in os.walk(self.folder) for name in names]

    def leaves_nothing(self) -> bool:
        """Whether no file is left; the client may have its answer a moment before."""
        eventually(lambda: self.files() == [])
        return True

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None, **query: Any
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            texts = {name: str(value).lower() if isinstance(value, bool) else value for name, value in query.items()}
            connection.request(method, f"{path}?{urlencode(texts)}" if query else path, body, headers or {})
            answer = connection.getresponse()
            lower = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, lower, answer.read())
        finally:
            connection.close()

    def post(self, path: str, body: bytes, **query: Any) -> Answer:
        return self.ask("POST", path, body, **query)

    def get(self, path: str, **query: Any) -> Answer:
        return self.ask("GET", path, **query)

    def raw(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def events(self, identity: str) -> Iterator[dict[str, Any]]:
        """Yield what the events of a job tell, until there are no more."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", f"/api/jobs/{identity}/events")
            answer = connection.getresponse()
            assert answer.status == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            for line in answer:
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])
        finally:
            connection.close()

    def finished(self, identity: str) -> dict[str, Any]:
        """Wait for the end of a job."""
        return list(self.events(identity))[-1]


@contextmanager
def serving(service: Service) -> Iterator[Running]:
    """Run a service until the end of the block."""
    ready = threading.Event()
    sock = listen("127.0.0.1", 0)
    server = Server(service, ready.set)
    thread = threading.Thread(target=server.run, args=([sock],))
    thread.start()
    try:
        assert ready.wait(30)
        yield Running(sock.getsockname()[1], service)
    finally:
        server.should_exit = True
        thread.join(60)
        sock.close()
    assert not thread.is_alive()


class Halting:
    """A restorer that makes gray pictures in ten tiles, each when it is let."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.tile = threading.Semaphore(0)
        self.stopped = 0

    def bands(self, image: Any, *, dtype: Any = np.uint8, progress: Callable[[int, int], None]) -> Iterator[np.ndarray]:
        self.begun.release()
        channels = len(image.components)
        for done in range(1, 11):
            assert self.tile.acquire(timeout=30)
            try:
                progress(done, 10)
            except BaseException:
                self.stopped += 1
                raise
        yield np.full((image.height, image.width, *([] if channels == 1 else [channels])), 128, dtype)

    def let(self, tiles: int) -> None:
        for _ in range(tiles):
            self.tile.release()


class Standins(Restorers):
    """Restorers that all are one stand-in."""

    def __init__(self, restorer: Any) -> None:
        self._restorer = restorer
        self._places = {"small": "small"}
        self.default = "small"

    def get(self, choice: Choice) -> Any:
        return self._restorer
