"""The actor that a slot of a cluster runs: one model, and pictures one after the other."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ray

import qgac
from qgac.batch.jobs import Job
from qgac.batch.malloc import give_back_freed_memory
from qgac.batch.restore import Settings
from qgac.cluster.stored import Stored
from qgac.cluster.work import restore_entry

if TYPE_CHECKING:
    from qgac.restoration.restorer import Restorer

__all__ = ["Greeting", "Worker"]


@dataclass(frozen=True)
class Greeting:
    """What a worker says when it is ready.

    Attributes
    ----------
    version : str
        Of this package there.
    node : str
        Ray's name of its machine.
    refusal : str or None
        Why it has no restorer.
    """

    version: str
    node: str
    refusal: str | None = None


class Worker:
    """An actor; its calls run in the order in which they are made.

    Parameters
    ----------
    make_restorer : callable
        Makes the restorer, once.
    settings : Settings
    folder : str, optional
        From where relative paths are meant.
    """

    def __init__(self, make_restorer: Callable[[], Restorer], settings: Settings, folder: str | None = None) -> None:
        give_back_freed_memory()
        self._settings = settings
        self._refusal: str | None = None
        try:
            if folder is not None:
                os.chdir(folder)
        except OSError as error:
            self._refusal = (
                f"{folder} is not there on the machines of the cluster ({error.strerror}); "
                "work in a folder that all of them share, or name addresses (s3://…)"
            )
            return
        try:
            self._restorer = make_restorer()
        except (ValueError, OSError) as error:
            self._refusal = str(error)

    def greet(self) -> Greeting:
        """Tell that the restorer is made, or why not."""
        return Greeting(qgac.__version__, ray.get_runtime_context().get_node_id(), self._refusal)

    def restore(self, picture: Job | Stored, again: bool) -> dict[str, Any]:
        """Restore one picture, see :func:`qgac.cluster.work.restore_entry`."""
        return restore_entry(picture, self._restorer, self._settings, again=again)
