"""How many processors there are, for the processes of a pool and for the threads of one; work beside other work."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import TypeVar

__all__ = ["beside", "processors", "threads"]

_T = TypeVar("_T")


def processors() -> int:
    """Return how many processors this process may use, which may be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def threads() -> int:
    """Return how many threads this process computes with: what ``OMP_NUM_THREADS`` says, else one for a processor."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return int(wanted) if wanted.isdecimal() and int(wanted) else processors()


def beside(work: Callable[[], _T]) -> Callable[[], _T]:
    """Do work in another thread, if this process computes with more than one.

    Parameters
    ----------
    work : callable
        It helps if it does without Python's global lock, as compressing, hashing and large operations of NumPy do.

    Returns
    -------
    callable
        Waits for the work to be done and returns what it returns, or raises what it raises.
    """
    outcome: list[_T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:
            errors.append(error)

    def result() -> _T:
        if thread.ident is not None:
            thread.join()
        if not errors:
            return outcome[0]
        error = errors[0].with_traceback(None)
        try:
            raise error
        finally:
            del error  # of which this frame is a part: both would stay

    thread = Thread(target=run)
    if threads() > 1:
        with suppress(RuntimeError):  # there may be no more threads
            thread.start()
    if thread.ident is None:  # it was not started
        run()
    return result
