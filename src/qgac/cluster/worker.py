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
from qgac.batch.settings import Settings
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
        self._make_restorer = make_restorer
        self._settings = settings
        self._folder = folder

    def greet(self) -> Greeting:
        """Make the restorer and tell so, or why not."""
        # Not at the birth of the actor, which Ray would repeat for ever if it were its death, too.
        give_back_freed_memory()
        version, node = qgac.__version__, ray.get_runtime_context().get_node_id()
        try:
            if self._folder is not None:
                os.chdir(self._folder)
        except OSError as error:
            reason = f"{self._folder} is not there on the machines of the cluster ({error.strerror})"
            remedy = "work in a folder that all of them share, or name addresses (s3://…)"
            return Greeting(version, node, f"{reason}; {remedy}")
        try:
            self._restorer = self._make_restorer()
        except (ValueError, OSError) as error:
            return Greeting(version, node, str(error))
        return Greeting(version, node)

    def restore(self, picture: Job | Stored, again: bool) -> dict[str, Any]:
        """Restore one picture, see :func:`qgac.cluster.work.restore_entry`."""
        return restore_entry(picture, self._restorer, self._settings, again=again)
