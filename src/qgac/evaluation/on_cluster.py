"""An evaluation whose pictures are measured by the processors of a Ray cluster, as processes of one machine do it."""

from __future__ import annotations

import os
from collections.abc import Collection, Generator, Sequence
from pathlib import Path
from typing import Any, cast

import ray
from ray.exceptions import RayError, RayTaskError

import qgac
from qgac.cluster.connection import ClusterError
from qgac.evaluation.measure import tasks_of, work
from qgac.evaluation.record import Measurement, Settings

__all__ = ["evaluate_on_cluster"]

_TRIES = 3  # of a picture whose worker or machine is lost


def evaluate_on_cluster(
    pictures: Sequence[Path],
    settings: Settings,
    *,
    workers: int | None = None,
    done: Collection[tuple[str, int]] = (),
) -> Generator[Measurement, None, None]:
    """Measure pictures on the cluster that is connected, each as soon as it is done; it does not matter where.

    Parameters
    ----------
    pictures : sequence of Path
        Originals, on disks that all machines share; relative paths are meant from the working folder, as those of the
        settings are.
    settings : Settings
    workers : int, optional
        How many work side by side; by default one a processor, however many these are in the course of time.
    done : collection of (str, int)
        Names and qualities of pictures that are left out.

    Yields
    ------
    Measurement
        As of :func:`qgac.evaluation.measure.evaluate`.

    Raises
    ------
    BenchmarkError, WeightsError, ProgramError
        If a picture, the model or a program cannot be used.
    ClusterError
        If a machine has another version of this package or lacks the folder, or workers end again and again.
    """
    measure: Any = ray.remote(num_cpus=1, max_retries=_TRIES - 1)(_measured)
    waiting = tasks_of(pictures, settings, done)[::-1]
    begun: dict[Any, tuple[Path, int]] = {}
    try:
        while waiting or begun:
            room = workers or 2 * max(1, int(cast(Any, ray).cluster_resources().get("CPU", 1)))  # one in work, one next
            while waiting and len(begun) < room:
                path, quality = waiting.pop()
                begun[measure.remote(path, quality, settings, str(Path.cwd()))] = path, quality
            for reference in ray.wait(list(begun), timeout=1)[0]:
                path, quality = begun.pop(reference)
                version, measurement = _said(reference, path, quality)
                if version != qgac.__version__:
                    raise ClusterError(
                        f"the machines of the cluster have version {version} of qgac, this one {qgac.__version__}; "
                        "install the same here and there"
                    )
                yield measurement
    finally:
        for reference in begun:
            ray.cancel(reference, force=True)


def _measured(path: Path, quality: int, settings: Settings, folder: str) -> tuple[str, Measurement]:
    try:
        os.chdir(folder)
    except OSError as error:
        raise ClusterError(
            f"{folder} is not there on the machines of the cluster ({error.strerror}); "
            "work in a folder that all of them share"
        ) from error
    return qgac.__version__, work(path, quality, settings)


def _said(reference: Any, path: Path, quality: int) -> tuple[str, Measurement]:
    """Return what a worker says, or raise what it raised."""
    try:
        said: tuple[str, Measurement] = ray.get(reference)
    except RayTaskError as error:
        raise error.cause from error
    except RayError as error:
        raise ClusterError(
            f"{path.name} at quality {quality} ended its worker {_TRIES} times, perhaps for want of memory; "
            "give the machines more, or fewer workers (--jobs)"
        ) from error
    return said
