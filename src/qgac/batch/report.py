"""What became of every file of a batch, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from qgac.batch.jobs import Failed, Finished, Outcome
from qgac.files.atomic import write_atomically

__all__ = ["is_report", "write_report"]

_FORMAT = 1
_BEGINNING = b'{\n  "qgac_report": '


def write_report(path: Path, outcomes: Iterable[Outcome]) -> None:
    """Write a report, whole or not at all.

    Parameters
    ----------
    path : Path
        Replaced if it exists.
    outcomes : iterable of Finished, Skipped or Failed

    Raises
    ------
    OSError
        If it cannot be written.
    """
    files = sorted((_entry(outcome) for outcome in outcomes), key=lambda entry: str(entry["input"]))
    counts = {kind: sum(entry["status"] == kind for entry in files) for kind in ("restored", "skipped", "failed")}
    content = json.dumps({"qgac_report": _FORMAT, **counts, "files": files}, indent=2) + "\n"
    write_atomically(content.encode(), path, overwrite=True)


def is_report(path: Path) -> bool:
    """Whether a file is a report of an earlier batch.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with path.open("rb") as file:
        return file.read(len(_BEGINNING)) == _BEGINNING


def _entry(outcome: Outcome) -> dict[str, Any]:
    """Return every key for every file, so that a table can be made of them."""
    entry = dict.fromkeys(
        ("input", "output", "status", "reason", "notes", "seconds", "bytes", "width", "height", "quality")
    )
    entry["notes"] = []
    if isinstance(outcome, Failed):
        return entry | {"input": outcome.name, "status": "failed", "reason": outcome.message}
    entry |= {"input": outcome.job.name, "output": _name(outcome.destination), "bytes": outcome.job.size}
    if isinstance(outcome, Finished):
        return entry | {
            "status": "restored",
            "notes": list(outcome.notes),
            "seconds": round(outcome.seconds, 3),
            "width": outcome.width,
            "height": outcome.height,
            "quality": outcome.quality,
        }
    return entry | {"status": "skipped", "reason": "the output exists already"}


def _name(destination: Path | None) -> str:
    return "-" if destination is None else str(destination)
