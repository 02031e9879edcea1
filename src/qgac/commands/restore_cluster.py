"""``qgac restore --cluster``: the same words as on one machine, for more pictures than a memory holds."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from qgac.commands.terminal import fail, one_line, progress_bar, say, sentence
from qgac.files.names import is_address

if TYPE_CHECKING:
    from qgac.batch.jobs import Job, Outcome
    from qgac.batch.plan import Plan
    from qgac.batch.settings import Settings
    from qgac.cluster.stored import Stored
    from qgac.pictures.formats import Format
    from qgac.restoration.restorer import Restorer

__all__ = ["are_addresses", "carry_out_on_cluster", "pictures_at", "pictures_of", "shared_folder", "tell_addresses"]

_SCREEN = 20  # failures that are told again at the end


def are_addresses(inputs: Sequence[str], output: str | None) -> bool:
    """Whether any input, or the output, is an address in a store and no path."""
    return any(is_address(text) for text in (*inputs, output or ""))


def shared_folder(inputs: Sequence[str], output: str | None) -> str | None:
    """Return the folder that the machines of a cluster must share: this one, if any path is named, else none."""
    named = [*inputs, *([output] if output else [])]
    return None if named and all(map(is_address, named)) else str(Path.cwd())


def pictures_at(
    inputs: Sequence[str],
    *,
    output: str | None,
    format: Format | None,  # noqa: A002
    suffix: str | None,
    skip_existing: bool,
) -> Iterator[Stored | dict[str, Any]]:
    """Return the pictures at addresses, which are found as they are needed, after a check of the stores."""
    from qgac.batch.plan import PlanError
    from qgac.cluster.storage import StorageError
    from qgac.cluster.stored import check_addresses, stored_pictures

    try:
        check_addresses(inputs, output, suffix)
    except PlanError as error:
        raise click.UsageError(str(error)) from error
    except StorageError as error:
        fail(str(error))
    return stored_pictures(inputs, output=output, format=format, suffix=suffix, skip_existing=skip_existing)


def pictures_of(todo: Plan) -> Iterator[Job | dict[str, Any]]:
    """Return the pictures of a plan, and the entries of those that need no work."""
    from qgac.batch.report import entry_of

    entries: list[Outcome] = [*todo.failures, *todo.skipped]
    return chain(map(entry_of, entries), todo.jobs)


def tell_addresses(pictures: Iterable[Stored | dict[str, Any]], *, overwrite: bool) -> bool:
    """Print where every picture would go, as :func:`qgac.commands.dry_run.tell_plan` does.

    Returns
    -------
    bool
        Whether every picture could be written.
    """
    possible = True
    for picture in pictures:
        if isinstance(picture, dict):
            if picture["status"] == "failed":
                possible = False
            _tell(picture, verbose=True)
        elif picture.suffixes[0] in picture.taken and not overwrite:
            say(f"{picture.name}: {picture.stem}{picture.suffixes[0]} exists already; overwrite it or skip it")
            possible = False
        else:
            click.echo(one_line(f"{picture.name} -> {picture.stem}{picture.suffixes[0]}"))
    return possible


def carry_out_on_cluster(
    address: str,
    pictures: Iterator[Job | Stored | dict[str, Any]],
    make_restorer: Callable[[], Restorer],
    settings: Settings,
    *,
    workers: int | None,
    device: str,
    folder: str | None,
    report: Path | None,
    quiet: bool = False,
    verbose: bool = False,
) -> bool:
    """Restore pictures on a cluster, telling what happens.

    Parameters
    ----------
    address : str
        Of the cluster.
    pictures : iterator
        See :func:`qgac.cluster.run.restore_on_cluster`, as `workers`, `device` and `folder`.
    make_restorer : callable
    settings : Settings
    report : Path, optional
        Gets a line of JSON a picture as it is done, so that it tells the truth whenever the command ends.
    quiet : bool
        Tell failures alone.
    verbose : bool
        Tell of every picture as soon as it is done.

    Returns
    -------
    bool
        Whether no picture failed. Without a cluster, the command ends.
    """
    from qgac.cluster.connection import ClusterError, connected
    from qgac.cluster.run import restore_on_cluster

    counts = dict.fromkeys(("restored", "skipped", "failed"), 0)
    failures: list[str] = []
    started = time.monotonic()
    try:
        with (
            connected(address),
            _lines(report) if report else nullcontext(None) as lines,
            closing(
                restore_on_cluster(pictures, make_restorer, settings, workers=workers, device=device, folder=folder)
            ) as entries,
            progress_bar("{task.fields[number]}", hidden=quiet) as display,
        ):
            task = display.add_task("", total=None, number="")
            for entry in entries:
                counts[entry["status"]] += 1
                if entry["status"] == "failed" and len(failures) < _SCREEN:
                    failures.append(f"failed: {entry['input']}: {entry['reason']}")
                if lines is not None:
                    lines(entry)
                display.update(task, description=one_line(entry["input"]), number=_told(counts))
                _tell(entry, verbose=verbose, notes=not quiet)
            if lines is not None:
                lines(counts)
    except ClusterError as error:
        fail(str(error))
    except KeyboardInterrupt:
        say(f"{_told(counts)}; go on with --skip-existing")
        raise
    if not sum(counts.values()):
        fail("there is nothing to restore but earlier results in the output folder; name other inputs")
    if not quiet:
        if sum(counts.values()) > _SCREEN:
            for failure in failures:
                say(failure)
        click.echo(f"{_told(counts)} in {time.monotonic() - started:.0f} s", err=True)
    return not counts["failed"]


@contextmanager
def _lines(report: Path) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Open a report that is written line by line."""
    from qgac.batch.report import REPORT_LINE

    try:
        file = report.open("w", encoding="utf-8")
    except OSError as error:
        fail(f"the report {sentence(error)}")
    with file:

        def write(entry: dict[str, Any]) -> None:
            file.write(json.dumps(entry) + "\n")
            file.flush()

        file.write(f"{REPORT_LINE}2}}\n")
        yield write


def _tell(entry: dict[str, Any], *, verbose: bool, notes: bool = True) -> None:
    name = entry["input"]
    if entry["status"] == "failed":
        say(f"{name}: {entry['reason']}")
        return
    for note in entry["notes"] if notes else ():
        say(f"{name}: note: {note}")
    if verbose and entry["status"] == "skipped":
        click.echo(one_line(f"{name} skipped: {entry['output']} exists already"), err=True)
    elif verbose:
        click.echo(one_line(f"{name} restored to {entry['output']}"), err=True)


def _told(counts: dict[str, int]) -> str:
    return ", ".join(f"{word} {count}" for word, count in counts.items())
