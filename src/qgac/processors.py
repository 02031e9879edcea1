"""How many processors there are, for the processes of a pool and for the threads of one."""

from __future__ import annotations

import os

__all__ = ["processors", "threads"]


def processors() -> int:
    """Return how many processors this process may use, which may be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def threads() -> int:
    """Return how many threads this process computes with: what ``OMP_NUM_THREADS`` says, else one for a processor."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return int(wanted) if wanted.isdecimal() and int(wanted) else processors()
