"""What became of every file of a batch, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from qgac.batch.jobs import Failed, Finished, Inside, Outcome
from qgac.batch.plan import Plan, PlanError
from qgac.files.atomic import write_atomically
from qgac.files.destination import Obstacle, obstacle

__all__ = ["REPORT_LINE", "check_report", "entry_of", "is_report", "skipped_entry", "write_report"]

_FORMAT = 1
_BEGINNING = b'{\n  "qgac_report": '
REPORT_LINE = '{"qgac_report": '
"""How the first line of a report begins that is written line by line, as a cluster's is."""
_REFUSALS = {
    Obstacle.FORBIDDEN_NAME: "{path} is a name that this system keeps for something else; choose another (--report)",
    Obstacle.NO_FOLDER: "the report {path} is not a file in an existing folder; name one (--report)",
    Obstacle.NO_FILE: "the report {path} is not a file in an existing folder; name one (--report)",
    Obstacle.LOCKED_FOLDER: "the folder {folder} may not be written to; put the report into another one (--report)",
    Obstacle.READ: "the report would replace {path}, which is read; choose another name (--report)",
    Obstacle.NAMED_TWICE: "the report and a picture would both become {path}; choose another name (--report)",
    Obstacle.EXISTS: "{path} exists already and is no report; choose another name, or overwrite it (--overwrite)",
}


def check_report(path: Path, todo: Plan, read: Iterable[Path] = (), *, overwrite: bool) -> None:
    """Refuse before any work what would lose a file, or the report.

    Parameters
    ----------
    path : Path
        Of the report. An earlier one is replaced.
    todo : Plan
        Whose inputs are never replaced.
    read : iterable of Path
        What else is read.
    overwrite : bool
        Whether to replace another file, too.

    Raises
    ------
    PlanError
        If the report has no folder, would replace something else, or a picture would replace it.
    OSError
        If what is there cannot be read.
    """
    jobs = (*todo.jobs, *(skip.job for skip in todo.skipped))
    sources = [job.source for job in jobs if job.source is not None]
    pictures = [place for job in todo.jobs for place in job.places]
    replaceable = overwrite or (path.is_file() and is_report(path))
    found = obstacle(path, overwrite=replaceable, read=[*read, *sources], others=pictures)
    if found is not None:
        raise PlanError(_REFUSALS[found].format(path=path, folder=path.parent))


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
    files = sorted((entry_of(outcome) for outcome in outcomes), key=lambda entry: str(entry["input"]))
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
        return file.read(len(_BEGINNING)).startswith((_BEGINNING, REPORT_LINE.encode()))


def entry_of(outcome: Outcome) -> dict[str, Any]:
    """Return every key for every file, so that a table can be made of them; a restored container has one more."""
    entry = dict.fromkeys(
        ("input", "output", "status", "reason", "notes", "seconds", "bytes", "width", "height", "quality")
    )
    entry["notes"] = []
    if isinstance(outcome, Failed):
        return entry | {"input": outcome.name, "status": "failed", "reason": outcome.message}
    entry |= {"input": outcome.job.name, "output": _name(outcome.destination), "bytes": outcome.job.size}
    if isinstance(outcome, Finished):
        entry |= {
            "status": "restored",
            "notes": list(outcome.notes),
            "seconds": round(outcome.seconds, 3),
            "width": outcome.width,
            "height": outcome.height,
            "quality": outcome.quality,
        }
        if outcome.job.container is not None:
            entry["pictures"] = [_inside(picture) for picture in outcome.pictures]
        return entry
    return skipped_entry(outcome.job.name, _name(outcome.destination), outcome.job.size)


def skipped_entry(name: str, output: str, size: int) -> dict[str, Any]:
    """Return what a report says of a file whose output is there."""
    entry = entry_of(Failed(name, "the output exists already"))
    return entry | {"output": output, "status": "skipped", "bytes": size}


def _inside(picture: Inside) -> dict[str, Any]:
    return {
        "name": picture.name,
        "status": "restored" if picture.reason is None else "left",
        "reason": picture.reason,
        "notes": list(picture.notes),
        "bytes": picture.bytes,
        "width": picture.width,
        "height": picture.height,
        "quality": picture.quality,
    }


def _name(destination: Path | None) -> str:
    return "-" if destination is None else str(destination)
