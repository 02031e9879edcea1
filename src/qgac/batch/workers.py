"""Restoring files in processes of their own, several at a time.

A process that dies, for want of memory or killed, takes one picture with it and no other. This one, which only tells
what happens, does without PyTorch.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from qgac.batch.jobs import Done, Event, Failed, Job, Started
from qgac.batch.malloc import give_back_freed_memory
from qgac.batch.restore import Settings, restore_file
from qgac.processors import processors

if TYPE_CHECKING:
    from qgac.restoration.restorer import Restorer

__all__ = ["RefusedError", "fault_of", "restore_in_workers"]

_PATIENCE = 10  # seconds that a process has to end when asked to
_TERMINATED = 128 + signal.SIGTERM


class RefusedError(ValueError):
    """The restorer cannot be made, so no picture can be restored."""


@dataclass(frozen=True)
class _Refused:
    message: str


_READY = "ready"


@dataclass(eq=False)
class _Worker:
    process: SpawnProcess
    connection: Connection
    job: Job | None = None
    began: bool = False


def restore_in_workers(
    jobs: Iterable[Job],
    make_restorer: Callable[[], Restorer],
    settings: Settings,
    *,
    workers: int,
    progress: Callable[[Job, Done], None] | None = None,
) -> Generator[Event, None, None]:
    """Restore pictures side by side. Closing the iterator ends all processes.

    Parameters
    ----------
    jobs : iterable of Job
        With files as sources and destinations.
    make_restorer : callable
        Makes the restorer, once in every process; can be pickled.
    settings : Settings
    workers : int
        Number of processes, at least 1. The processors are shared out among them, unless the environment says how many
        threads each may use (``OMP_NUM_THREADS``).
    progress : callable, optional
        Called in this process with a job and how far it is, between its events.

    Yields
    ------
    Started, Finished, Skipped or Failed
        A `Started` and one of the others for each job; those of different jobs are mixed.

    Raises
    ------
    RefusedError
        If the restorer cannot be made.
    """
    waiting = deque(jobs)
    count = min(workers, len(waiting))
    threads = None if count == 1 else max(1, processors() // count)
    team: list[_Worker] = []
    spare = 1  # one more for one that dies at its start, which may have been bad luck
    try:
        while len(team) < count:
            team.append(_start(make_restorer, settings, threads))
        while team:
            ready = wait([worker.connection for worker in team])
            for worker in [worker for worker in team if worker.connection in ready]:
                message = _received(worker)
                if isinstance(message, Done):
                    if progress is not None and worker.job is not None:
                        progress(worker.job, message)
                    continue
                if isinstance(message, _Refused):
                    raise RefusedError(message.message)
                job, worker.job = worker.job, None
                if message is None:
                    team.remove(worker)
                    end = _end_of(worker)
                    if job is not None:
                        yield Failed(job.name, f"{end}; use fewer --jobs or smaller tiles (--tile), or close programs")
                    if waiting and (worker.began or spare):
                        spare -= not worker.began
                        team.append(_start(make_restorer, settings, threads))
                    elif not team:
                        while waiting:
                            yield Failed(
                                waiting.popleft().name, f"{end} at its start; use fewer --jobs, or close programs"
                            )
                    continue
                if isinstance(message, Event):
                    yield message
                worker.began = True
                if waiting:
                    worker.job = waiting.popleft()
                    yield Started(worker.job)
                _send(worker, worker.job)
    finally:
        _stop(team)


def _start(make_restorer: Callable[[], Restorer], settings: Settings, threads: int | None) -> _Worker:
    # Not forked: the threads of what runs the networks would not survive it.
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(there, threads), daemon=True, name="qgac")
    with _interruption_kept_from_children():
        process.start()
    there.close()  # so that the end of the process is the end of the pipe
    worker = _Worker(process, here)
    _send(worker, (make_restorer, settings))
    return worker


@contextmanager
def _interruption_kept_from_children() -> Iterator[None]:
    """Ctrl-C reaches every process of the terminal; this one alone is to decide what becomes of the others."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _send(worker: _Worker, message: object) -> None:
    with suppress(BrokenPipeError, ConnectionResetError):  # it has died, which receiving will tell
        worker.connection.send(message)


def _received(worker: _Worker) -> object:
    """Return what a process says, or None if it has died."""
    try:
        return worker.connection.recv()
    except (EOFError, OSError):
        return None


def _end_of(worker: _Worker) -> str:
    worker.connection.close()
    worker.process.join()
    code = worker.process.exitcode or 0
    if code == -getattr(signal, "SIGKILL", 9):
        return "the process that restored it was killed, perhaps for want of memory"
    cause = f"signal {-code}" if code < 0 else f"exit code {code}"
    return f"the process that restored it ended ({cause})"


def _stop(team: list[_Worker]) -> None:
    for worker in team:
        worker.process.terminate()
    for worker in team:
        worker.process.join(_PATIENCE)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()
        worker.connection.close()


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)
    sys.exit(_TERMINATED)  # unlike the signal itself, it leaves time to remove what is half-written


def _work(connection: Connection, threads: int | None) -> None:
    """Restore what is asked for until nothing more is; the whole life of a process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _terminate)
    if threads is not None:
        os.environ.setdefault("OMP_NUM_THREADS", str(threads))  # read by what comes next
    give_back_freed_memory()
    try:
        make_restorer, settings = connection.recv()
        try:
            restorer = make_restorer()
        except (ValueError, OSError) as error:
            connection.send(_Refused(str(error)))
            return
        connection.send(_READY)
        while (job := connection.recv()) is not None:
            connection.send(_outcome(job, restorer, settings, connection))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the process that asked is gone


def _outcome(job: Job, restorer: Restorer, settings: Settings, connection: Connection) -> Event:
    def tell(job: Job, done: Done) -> None:
        connection.send(done)

    try:
        return restore_file(job, restorer, settings, progress=tell)
    except (BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:
        return fault_of(job.name, error)


def fault_of(name: str, error: Exception) -> Failed:
    """Return what became of a picture at which this program has a fault."""
    kind = type(error).__name__
    return Failed(name, f"a fault of this program ({kind}: {error}); restore it alone to see where, and report it")
