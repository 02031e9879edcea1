"""One picture on its way through the service, and the thread that works on it."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

import anyio

from qgac.web.problems import Problem

__all__ = ["Job", "State", "StoppedError", "Watch"]

_T = TypeVar("_T")
_OPEN = ("sent", "waiting", "running")

State = Literal["sent", "waiting", "running", "done", "failed", "cancelled"]


class StoppedError(Exception):
    """The work on a picture ends because nobody wants it any more, or it took too long."""


class Watch:
    """Between a thread that works and the loop: progress one way, the wish to stop the other.

    Parameters
    ----------
    tell : callable
        Called in the thread with (tiles done, tiles in all).
    seconds : float
        That the work may take.
    """

    def __init__(self, tell: Callable[[int, int], None], seconds: float) -> None:
        self._tell = tell
        self._stop = threading.Event()
        self._seconds = seconds
        self._end = float("inf")

    def begin(self) -> None:
        """Count the time from now on."""
        self._end = time.monotonic() + self._seconds

    def stop(self) -> None:
        """End the work after the current tile."""
        self._stop.set()

    def progress(self, done: int, total: int) -> None:
        """Tell how far the work is.

        Raises
        ------
        StoppedError, Problem
            As :meth:`check` does, unless all is done.
        """
        if done < total:
            self.check()
        self._tell(done, total)

    def check(self) -> None:
        """End the work where it is if it is to end.

        Raises
        ------
        StoppedError
            If nobody wants it any more.
        Problem
            503, if the time is over.
        """
        if self._stop.is_set():
            raise StoppedError
        if time.monotonic() > self._end:
            raise Problem(
                503,
                f"the picture is not restored after {self._seconds:g} seconds, the limit of this service; send a "
                "smaller one, leave --best out, or try again when it has less to do",
                retry_after=60,
            )


@dataclass(eq=False)
class Job(Generic[_T]):
    """One picture.

    Attributes
    ----------
    client : str
        Who sent it.
    folder : Path
        Of its own, removed with the job; all that is known of the picture lies there.
    identity : str
        Its name in addresses, which nobody can guess.
    state : str
        ``sent`` while it is coming in, ``waiting``, ``running``; then ``done``, ``failed`` or ``cancelled``.
    tiles : tuple of (int, int)
        Done, and in all; (0, 0) before it is known.
    result : object
        What the work returned.
    problem : Problem or None
        Why it failed.
    extra : dict
        What else its events tell, set by the work.
    size : int
        Bytes of its files, once it has ended.
    followers, takers : int
        How many clients follow its events, and how many are being given its result.
    taken : int
        Bytes of the files that were written for those.
    deserted : TimerHandle, optional
        What cancels it if nobody follows it again.
    """

    client: str
    folder: Path
    identity: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    state: State = "sent"
    tiles: tuple[int, int] = (0, 0)
    result: _T | None = None
    problem: Problem | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    touched: float = field(default_factory=time.monotonic)
    version: int = 0
    size: int = 0
    followers: int = 0
    takers: int = 0
    taken: int = 0
    watch: Watch | None = None
    deserted: asyncio.TimerHandle | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def source(self) -> Path:
        """Where the file that was sent lies."""
        return self.folder / "source"

    @property
    def open(self) -> bool:
        """Whether there is something left to do."""
        return self.state in _OPEN

    def tell(self) -> None:
        """Wake everybody who waits for a change."""
        self.touched = time.monotonic()
        self.version += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed(self, seconds: float) -> bool:
        """Wait for the next change; return whether there was one."""
        with anyio.move_on_after(seconds) as scope:
            await self._changed.wait()
        return not scope.cancelled_caught

    async def finished(self) -> None:
        """Wait until nothing is left to do."""
        while self.open:
            await self._changed.wait()
