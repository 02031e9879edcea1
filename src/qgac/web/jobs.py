"""Pictures on their way through the service: who may send one, who is next, what is kept and for how long.

Everything here lives on the event loop; only the work itself runs in threads, and tells the loop how far it is.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from qgac.web.counters import Counters
from qgac.web.job import Job, State, StoppedError, Watch
from qgac.web.limits import Limits
from qgac.web.problems import Problem

__all__ = ["Jobs"]

_T = TypeVar("_T")
_LOG = logging.getLogger("qgac.web")


class Jobs:
    """All jobs of a service.

    Parameters
    ----------
    limits : Limits
    counters : Counters
    """

    def __init__(self, limits: Limits, counters: Counters) -> None:
        self._limits = limits
        self._counters = counters
        self._jobs: dict[str, Job[Any]] = {}
        self._taken: set[Job[Any]] = set()  # also of those that are discarded
        self._line: list[Job[Any]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Semaphore(limits.workers)
        self._threads = ThreadPoolExecutor(limits.workers, "qgac")
        self._folder = Path(tempfile.mkdtemp(prefix="qgac-serve-"))
        self._closing = False
        self._alarm: asyncio.TimerHandle | None = None  # when the next result will have been kept long enough
        self._seconds = 1.0  # that a picture took of late

    def admit(self, client: str) -> Job[Any]:
        """Give a picture that is about to be sent a place.

        Raises
        ------
        Problem
            429 if the client has too many, 503 if all together have, the service ends, or there is no room.
        """
        self._refuse_at_the_end()
        self._forget_old()
        busy = [job for job in self._jobs.values() if job.open]
        wait = max(1.0, len(busy) * self._seconds / self._limits.workers)
        if len(busy) >= self._limits.queue:
            raise Problem(
                503, f"{len(busy)} pictures are being worked on, the limit of this service; try again", retry_after=wait
            )
        own = sum(job.client == client for job in busy)
        if own >= self._limits.per_client:
            raise Problem(
                429, f"{own} of your pictures are being worked on, the limit for one client; wait for them",
                retry_after=min(wait, own * self._seconds),
            )  # fmt: skip
        job: Job[Any] = Job(client, self._new_folder())
        self._jobs[job.identity] = job
        return job

    def _new_folder(self) -> Path:
        try:
            try:
                return Path(tempfile.mkdtemp(dir=self._folder))
            except FileNotFoundError:  # whoever tidies up temporary files took it away
                self._folder = Path(tempfile.mkdtemp(prefix="qgac-serve-"))
                return Path(tempfile.mkdtemp(dir=self._folder))
        except OSError as error:
            raise Problem(
                503, f"there is no room for a picture ({error.strerror}); try again when there is", retry_after=60
            ) from error

    def find(self, identity: str) -> Job[Any]:
        """Return a job.

        Raises
        ------
        Problem
            404, if there is none of this name, or no longer.
        """
        self._forget_old()
        job = self._jobs.get(identity)
        if job is None:
            raise Problem(404, "there is no such job, or it was too long ago; send the picture again")
        job.touched = time.monotonic()
        return job

    def start(self, job: Job[_T], work: Callable[[Watch], _T]) -> None:
        """Have a thread do the work when it is the job's turn.

        Parameters
        ----------
        job : Job
        work : callable
            Called in the thread; its problems are those of the job.

        Raises
        ------
        Problem
            503, if the service ends.
        """
        self._refuse_at_the_end()
        loop = asyncio.get_running_loop()

        def advance(done: int, total: int) -> None:
            job.tiles = (done, total)
            job.tell()

        job.watch = Watch(lambda done, total: _call(loop, advance, done, total), self._limits.seconds)
        job.state = "waiting"
        self._line.append(job)
        task = loop.create_task(self._carry_out(job, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def position(self, job: Job[Any]) -> int:
        """Return how many are before a job; 0 if it is its turn."""
        return self._line.index(job) + 1 if job in self._line else 0

    def cancel(self, job: Job[Any]) -> None:
        """Have a job end; what runs stops after the current tile."""
        if job.watch is not None:
            job.watch.stop()
        if job.state == "waiting":
            self._leave_line(job)
            self._end(job, "cancelled")

    def discard(self, job: Job[Any]) -> None:
        """Forget a job, and remove what is left of it as soon as nobody works on it."""
        self._jobs.pop(job.identity, None)
        self.cancel(job)
        if job.state == "sent":
            job.state = "cancelled"
        self._remove_discarded(job)

    @contextmanager
    def taking(self, job: Job[Any]) -> Iterator[None]:
        """Keep the files of a job until the end of the block, even if it is discarded meanwhile.

        Raises
        ------
        Problem
            429 if the client of the job is being sent too many results, 503 if all together are.
        """
        own = sum(other.takers for other in self._taken if other.client == job.client)
        if own >= self._limits.per_client:
            raise Problem(
                429, f"{own} results are being sent to you, the limit for one client; wait for them", retry_after=1
            )
        if sum(other.taken for other in self._taken) > self._limits.kept_bytes:
            raise Problem(503, "too much is being sent to other clients; try again", retry_after=10)
        job.takers += 1
        self._taken.add(job)
        try:
            yield
        finally:
            job.takers -= 1
            if not job.takers:
                job.taken = 0
                self._taken.discard(job)
            self._remove_discarded(job)

    async def follow(self, job: Job[Any], pause: float) -> AsyncGenerator[bool, None]:
        """Yield True at once and whenever a job has changed, for the last time when it ends; False after a pause.

        A job that is followed no longer is cancelled: whoever wanted it has gone.
        """
        job.followers += 1
        if job.deserted is not None:
            job.deserted.cancel()
        seen = None
        try:
            while seen is None or job.open or job.version != seen:
                if job.version != seen:
                    seen = job.version
                    yield True
                elif not await job.changed(pause):
                    yield False
        finally:
            job.followers -= 1
            if job.open and not job.followers:
                loop = asyncio.get_running_loop()
                job.deserted = loop.call_later(self._limits.grace_seconds, self._cancel_deserted, job)

    def stop_accepting(self) -> None:
        """Let what runs finish, but nothing else begin."""
        self._closing = True
        for job in list(self._line):
            self._leave_line(job)
            job.problem = Problem(503, "the service is about to end; try again when it is back", retry_after=30)
            self._end(job, "failed")

    def hurry(self) -> None:
        """Have what runs end after its current tile; may be called from a signal handler."""
        for job in list(self._jobs.values()):
            if job.watch is not None:
                job.watch.stop()

    async def close(self) -> None:
        """Wait for what runs, then remove all files."""
        self.stop_accepting()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.abandon()

    def abandon(self) -> None:
        """Stop what runs after its current tile, and remove all files; once the loop has ended."""
        self.hurry()
        self._threads.shutdown()
        shutil.rmtree(self._folder, ignore_errors=True)

    def states(self) -> dict[str, int]:
        """Return how many jobs there are of each state."""
        found = dict.fromkeys(("sent", "waiting", "running", "done", "failed", "cancelled"), 0)
        for job in self._jobs.values():
            found[job.state] += 1
        return found

    async def _carry_out(self, job: Job[_T], work: Callable[[Watch], _T]) -> None:
        async with self._turn:
            if job.state != "waiting":
                return
            self._leave_line(job)
            job.state = "running"
            job.tell()
            started = time.monotonic()
            assert job.watch is not None
            job.watch.begin()
            try:
                loop = asyncio.get_running_loop()
                job.result = await loop.run_in_executor(self._threads, work, job.watch)
                state: State = "done"
                self._seconds += (time.monotonic() - started - self._seconds) / 4
                self._counters.restored(time.monotonic() - started)
            except StoppedError:
                state = "cancelled"
            except Problem as problem:
                state, job.problem = "failed", problem.again()
            except Exception:
                _LOG.exception("a picture could not be restored")
                state = "failed"
                job.problem = Problem(
                    500, "a fault of this program; restore the picture with the command, and report it"
                )
            self._end(job, state)
            job.size = sum(file.stat().st_size for file in job.folder.glob("*"))
        self._remove_discarded(job)
        self._forget_old()

    def _end(self, job: Job[Any], state: State) -> None:
        job.state = state
        if state != "done":
            shutil.rmtree(job.folder, ignore_errors=True)
        self._counters.ended(state)
        job.tell()

    def _refuse_at_the_end(self) -> None:
        if self._closing:
            raise Problem(503, "the service is about to end; try again when it is back", retry_after=30)

    def _leave_line(self, job: Job[Any]) -> None:
        behind = self._line[self._line.index(job) + 1 :]
        self._line.remove(job)
        for other in behind:
            other.tell()

    def _cancel_deserted(self, job: Job[Any]) -> None:
        if not job.followers and job.open:
            self.discard(job)

    def _remove_discarded(self, job: Job[Any]) -> None:
        # A thread that still writes would put back what is removed under it.
        if job.identity not in self._jobs and job.state != "running" and not job.takers:
            shutil.rmtree(job.folder, ignore_errors=True)

    def _forget_old(self) -> None:
        """Discard results that nobody has asked for in time, and the oldest if all take too much room."""
        ended = sorted((job for job in self._jobs.values() if not job.open), key=lambda job: job.touched)
        now = time.monotonic()
        room, places = self._limits.kept_bytes, self._limits.kept_results
        for job in reversed(ended):
            room, places = room - job.size, places - 1
            if room < 0 or places < 0 or now - job.touched > self._limits.keep_seconds:
                self.discard(job)
        if self._alarm is not None:
            self._alarm.cancel()
        kept = [job.touched for job in ended if job.identity in self._jobs]
        if kept:  # nobody else may ever come
            wait = min(kept) + self._limits.keep_seconds - now
            self._alarm = asyncio.get_running_loop().call_later(max(wait, 0) + 1, self._forget_old)


def _call(loop: asyncio.AbstractEventLoop, function: Callable[[int, int], None], done: int, total: int) -> None:
    loop.call_soon_threadsafe(function, done, total)
