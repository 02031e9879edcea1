"""Work given out to the slots of a cluster, and taken back from those that die."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import ray
from ray.exceptions import RayError

import qgac
from qgac.batch.jobs import Failed, Job
from qgac.batch.report import entry_of
from qgac.batch.settings import Settings
from qgac.cluster.connection import ClusterError
from qgac.cluster.stored import Stored
from qgac.cluster.tasks import Pace, pixels_of, tasks, with_pixels
from qgac.cluster.work import was_free
from qgac.cluster.worker import Greeting, Worker

if TYPE_CHECKING:
    from qgac.restoration.restorer import Restorer

__all__ = ["restore_on_cluster"]

_KILLS = 2  # workers that a picture may take with it
_LOSSES = 5  # of workers, those with their machines included
_STILLBORN = 3  # workers that may die at their start, one after the other
_LOOK = 5.0  # seconds between looks at how large the cluster is


@dataclass(eq=False)
class _Piece:
    picture: Job | Stored
    free: bool  # whether nothing was where its result goes before any work
    killed: int = 0
    lost: int = 0


@dataclass(eq=False)
class _Slot:
    actor: Any
    greeting: Any  # reference to what it says first
    gpu: bool
    node: str | None = None
    # What it was given, in order, with the references to what becomes of it.
    pieces: deque[_Piece] = field(default_factory=deque)
    references: deque[Any] = field(default_factory=deque)

    @property
    def next(self) -> Any:
        """Reference to what it says next, or None if it is idle."""
        if self.node is None:
            return self.greeting
        return self.references[0] if self.references else None


def restore_on_cluster(
    pictures: Iterable[Job | Stored | dict[str, Any]],
    make_restorer: Callable[[], Restorer],
    settings: Settings,
    *,
    workers: int | None = None,
    device: str = "auto",
    folder: str | None = None,
    pace: Pace | None = None,
) -> Generator[dict[str, Any], None, None]:
    """Restore pictures on the cluster that is connected. Closing the iterator ends all work.

    Parameters
    ----------
    pictures : iterable of Job, Stored or dict
        Taken as workers need them, so that few are held at a time. Dictionaries are entries of pictures that need no
        work, and pass through.
    make_restorer : callable
        Makes the restorer, once in every worker; can be pickled.
    settings : Settings
    workers : int, optional
        How many work side by side; those for which there is no room wait for it, which lets a cluster grow. By default
        one a GPU and one a processor, however many these are in the course of time.
    device : {"auto", "cpu", "cuda", "mps", "dml"}
        Which workers there are: with a GPU (``cuda``), without (any other), or both.
    folder : str, optional
        From where relative paths are meant; the machines must share it.
    pace : Pace, optional

    Yields
    ------
    dict
        What became of each picture, see :func:`qgac.batch.report.entry_of`, in no order.

    Raises
    ------
    ClusterError
        If no worker can be made.
    """
    pace = pace or Pace()
    waiting = tasks(with_pixels(pictures, pixels_of), pace)
    task = yield from _next_of(waiting)
    again: deque[_Piece] = deque()  # what workers had that died
    slots: list[_Slot] = []
    stillborn = 0
    looked = -_LOOK

    def make(gpu: bool) -> _Slot:
        actor: Any = ray.remote(Worker).options(num_cpus=1, num_gpus=int(gpu)).remote(make_restorer, settings, folder)
        return _Slot(actor, actor.greet.remote(), gpu)

    try:
        while task or again or any(slot.references for slot in slots):
            if time.monotonic() - looked > _LOOK:
                looked = time.monotonic()
                slots += [make(gpu) for gpu in _missing(slots, workers, device)]
            for slot in slots:
                if slot.node is None or slot.references:
                    continue
                if again:
                    _give(slot, [again.popleft()])
                elif task:
                    _give(slot, [_Piece(picture, was_free(picture)) for picture in task])
                    task = yield from _next_of(waiting)
            for slot in _ready(slots):
                try:
                    said = ray.get(slot.next)
                except RayError as error:
                    slots.remove(slot)
                    looked = -_LOOK  # another one at once
                    stillborn += slot.node is None
                    if stillborn == _STILLBORN:
                        raise ClusterError(_stillborn(error)) from error
                    yield from _taken_back(slot, again)
                    continue
                stillborn = 0
                if slot.node is None:
                    slot.node = _welcome(said)
                    continue
                slot.references.popleft()
                slot.pieces.popleft()
                if said["seconds"]:
                    pace.learn(said["width"] * said["height"], said["seconds"])
                yield said
    finally:
        for slot in slots:
            with suppress(RayError):
                ray.kill(slot.actor)


def _next_of(
    waiting: Iterator[list[Job | Stored] | dict[str, Any]],
) -> Generator[dict[str, Any], None, list[Job | Stored]]:
    """Yield entries up to the next task; return that, or nothing if there is none."""
    for item in waiting:
        if not isinstance(item, dict):
            return item
        yield item
    return []


def _missing(slots: list[_Slot], workers: int | None, device: str) -> list[bool]:
    """Return which workers are not there yet, with a GPU or without."""
    room: dict[str, float] = cast(Any, ray).cluster_resources()  # not typed
    gpus = int(room.get("GPU", 0)) if device in ("auto", "cuda") else 0
    processors = 0 if device == "cuda" else max(0, int(room.get("CPU", 0)) - gpus)
    if workers is not None:
        gpus = workers if device == "cuda" else min(workers, gpus)
        processors = 0 if device == "cuda" else workers - gpus
    if not gpus + processors:
        wanted = "GPU" if device == "cuda" else "processor"
        raise ClusterError(f"the cluster has no {wanted}; add machines that have, or say how many to wait for (--jobs)")
    with_gpu = sum(slot.gpu for slot in slots)
    return [True] * (gpus - with_gpu) + [False] * (processors - (len(slots) - with_gpu))


def _give(slot: _Slot, pieces: list[_Piece]) -> None:
    for piece in pieces:
        begun = piece.killed + piece.lost > 0
        slot.pieces.append(piece)
        slot.references.append(slot.actor.restore.remote(piece.picture, begun and piece.free))


def _ready(slots: list[_Slot]) -> Iterator[_Slot]:
    """Wait a while for workers to say something; yield those that did, once for everything that they said."""
    by_reference = {slot.next: slot for slot in slots if slot.next is not None}
    if not by_reference:
        time.sleep(0.1)
        return
    if not ray.wait(list(by_reference), timeout=1)[0]:
        return
    for reference in ray.wait(list(by_reference), num_returns=len(by_reference), timeout=0)[0]:
        slot = by_reference[reference]
        if slot.node is None:
            yield slot
            continue
        said = ray.wait(list(slot.references), num_returns=len(slot.references), timeout=0)[0]
        known = set(said)
        while slot.references and slot.references[0] in known:
            before = len(slot.references)
            yield slot
            if len(slot.references) == before:  # it died
                break


def _welcome(greeting: Greeting) -> str:
    if greeting.version != qgac.__version__:
        raise ClusterError(
            f"the machines of the cluster have version {greeting.version} of qgac, this one {qgac.__version__}; "
            "install the same here and there"
        )
    if greeting.refusal is not None:
        raise ClusterError(greeting.refusal)
    return greeting.node


def _stillborn(error: RayError) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    missing = next((line for line in lines if "ModuleNotFoundError" in line), None)
    reason = missing or (lines[0] if lines else type(error).__name__)
    return f"workers end at their start ({reason.rstrip('.')}); check that qgac is installed on every machine"


def _taken_back(slot: _Slot, again: deque[_Piece]) -> Iterator[dict[str, Any]]:
    """Take back what a dead worker had; the first of it was in work, and may be why it died."""
    if not slot.pieces:
        return
    first, *others = slot.pieces
    again.extendleft(reversed(others))
    nodes: list[dict[str, Any]] = cast(Any, ray).nodes()
    if any(node["NodeID"] == slot.node and node["Alive"] for node in nodes):
        first.killed += 1
    else:
        first.lost += 1
    if first.killed == _KILLS:
        reason = "its worker died twice while it was restored, perhaps for want of memory; use smaller tiles (--tile)"
        yield entry_of(Failed(first.picture.name, reason))
    elif first.killed + first.lost == _LOSSES:
        reason = f"the machines that restored it were lost {_LOSSES} times; try again when the cluster is stable"
        yield entry_of(Failed(first.picture.name, reason))
    else:
        again.append(first)
