"""What a worker does with one picture: restore it as one machine does, and say so as a report does."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgac.batch.jobs import Failed, Job, Skipped
from qgac.batch.report import entry_of, skipped_entry
from qgac.batch.restore import restore_file
from qgac.batch.settings import Settings
from qgac.batch.workers import fault_of
from qgac.cluster.storage import StorageError, fetch, put
from qgac.cluster.stored import Stored

if TYPE_CHECKING:
    from qgac.restoration.restorer import Restorer

__all__ = ["restore_entry", "was_free"]


def restore_entry(
    picture: Job | Stored, restorer: Restorer, settings: Settings, *, again: bool = False
) -> dict[str, Any]:
    """Restore one picture; whatever happens is what the entry says.

    Parameters
    ----------
    picture : Job or Stored
        On disks that all machines share, or in a store.
    restorer : Restorer
    settings : Settings
    again : bool
        Whether a worker that died had begun it, while nothing was where its result goes: what is there now is that.

    Returns
    -------
    dict
        Of JSON, see :func:`qgac.batch.report.entry_of`.
    """
    try:
        if isinstance(picture, Stored):
            return _restored_from_store(picture, restorer, settings, again=again)
        if again:
            settings = replace(settings, skip_existing=True)
        return _told(entry_of(restore_file(picture, restorer, settings)), again=again)
    except StorageError as error:
        return entry_of(Failed(picture.name, str(error).removeprefix(f"{picture.name}: ")))
    except Exception as error:
        return entry_of(fault_of(picture.name, error))


def was_free(picture: Job | Stored) -> bool:
    """Whether nothing is where the result of a picture goes, as far as its folder was listed."""
    if isinstance(picture, Stored):
        return not picture.taken
    return not picture.is_done and not any(place.exists() for place in picture.places if picture.original is None)


def _restored_from_store(picture: Stored, restorer: Restorer, settings: Settings, *, again: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="qgac-") as folder:
        name = picture.name.rpartition("/")[2]
        source = Path(folder, "in", name)
        result = Path(folder, "out", picture.stem.rpartition("/")[2] + picture.suffixes[0])
        source.parent.mkdir()
        result.parent.mkdir()
        for suffix in picture.taken:  # as the target's folder looks; what is there has no need to be read
            result.with_suffix(suffix).touch()
        fetch(picture.name, source)
        outcome = restore_file(Job(picture.name, source, result, picture.format), restorer, settings)
        if isinstance(outcome, Failed):
            return entry_of(replace(outcome, message=_by_address(outcome.message, picture, result)))
        assert outcome.destination is not None
        address = picture.stem + outcome.destination.suffix
        if isinstance(outcome, Skipped):
            return skipped_entry(picture.name, address, picture.size)
        # What a worker wrote that died before it could tell is the same to the bit.
        put(outcome.destination, address, overwrite=settings.overwrite or again)
        return entry_of(outcome) | {"output": address, "bytes": source.stat().st_size}


def _by_address(message: str, picture: Stored, result: Path) -> str:
    """Put addresses in the place of the files that stand for them here."""
    folder = picture.stem.rpartition("/")[0]
    return message.replace(f"{result.parent}/", f"{folder}/").replace(str(result.parent), folder)


def _told(entry: dict[str, Any], *, again: bool) -> dict[str, Any]:
    if again and entry["status"] == "skipped":
        note = "restored by a worker that ended before it could tell"
        return entry | {"status": "restored", "reason": None, "notes": [note]}
    return entry
