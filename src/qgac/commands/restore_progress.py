"""Carrying out a plan before the eyes of the user: progress, failures, a summary and a report."""

from __future__ import annotations

import gc
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

import rich_click as click

from qgac.commands.terminal import fail, one_line, progress_bar, say

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from qgac.batch.jobs import Done, Event, Finished, Job, Outcome, Skipped
    from qgac.batch.plan import Plan
    from qgac.batch.settings import Settings
    from qgac.restoration.restorer import Restorer

__all__ = ["carry_out", "save_report"]

_SCREEN = 20  # pictures; after more of them, what was told about failures may have left the screen


def carry_out(
    todo: Plan,
    make_restorer: Callable[[], Restorer],
    settings: Settings,
    *,
    jobs: int,
    quiet: bool = False,
    verbose: bool = False,
) -> list[Outcome]:
    """Restore what was planned, telling what happens.

    Parameters
    ----------
    todo : Plan
    make_restorer : callable
        Makes the restorer; can be pickled.
    settings : Settings
    jobs : int
        Pictures restored at a time.
    quiet : bool
        Tell failures alone.
    verbose : bool
        Tell of every picture as soon as it is done.

    Returns
    -------
    list of Finished, Skipped or Failed
        What became of every input. Without a restorer, the command ends.
    """
    outcomes: list[Outcome] = [*todo.failures, *todo.skipped]
    for note in () if quiet else todo.passed_over:
        say(f"{note.name}: {note.message}")
    if not todo.jobs and not outcomes:
        fail("there is nothing to restore but earlier results in the output folder; name other inputs")
    started = time.monotonic()
    for failure in todo.failures:
        say(f"{failure.name}: {failure.message}")
    gc.disable()  # until something is restored: while libraries are loaded, it takes time and finds nothing
    try:
        _run(todo, make_restorer, settings, jobs=jobs, outcomes=outcomes, quiet=quiet, verbose=verbose)
    except KeyboardInterrupt:
        left = len(todo.jobs) + len(todo.skipped) + len(todo.failures) - len(outcomes)
        if len(todo.jobs) > 1:
            say(f"{_counts(outcomes)}, {left} left; go on with --skip-existing")
        raise
    finally:
        gc.enable()
    if not quiet:
        _conclude(outcomes, time.monotonic() - started, told=verbose)
    return outcomes


def save_report(report: Path, outcomes: list[Outcome]) -> None:
    """Write the report, or end the command with the reason why it cannot be written."""
    from qgac.batch.report import write_report

    try:
        write_report(report, outcomes)
    except OSError as error:
        fail(f"the report {report} cannot be written ({error.strerror}); check the folder's permissions and free space")


def _events(
    todo: Plan,
    make_restorer: Callable[[], Restorer],
    settings: Settings,
    *,
    jobs: int,
    progress: Callable[[Job, Done], None],
) -> Generator[Event, None, None]:
    """Restore one picture in this process, several in others, which may die without harm to the batch."""
    from qgac.batch.restore import restore_files

    if len(todo.jobs) > 1:
        from qgac.batch.workers import RefusedError, restore_in_workers

        try:
            yield from restore_in_workers(todo.jobs, make_restorer, settings, workers=jobs, progress=progress)
        except RefusedError as error:
            fail(str(error))
        return
    try:
        restorer = make_restorer()
    except (ValueError, OSError) as error:
        fail(str(error))
    yield from restore_files(todo.jobs, restorer, settings, progress=progress)


def _run(
    todo: Plan,
    make_restorer: Callable[[], Restorer],
    settings: Settings,
    *,
    jobs: int,
    outcomes: list[Outcome],
    quiet: bool,
    verbose: bool,
) -> None:
    """Restore, telling what happens, and add it to the outcomes."""
    from qgac.batch.jobs import Failed, Finished, Skipped, Started

    for skip in todo.skipped if verbose else ():
        _tell_skipped(skip)
    if not todo.jobs:
        return
    sizes = {job.name: job.size for job in todo.jobs}
    shares: dict[str, float] = {}  # of those in work
    count = len(todo.jobs)  # more than there are sizes, if one picture goes to two places
    done = 0
    finished = 0
    named = ""  # in the display
    with progress_bar("{task.fields[number]}", hidden=quiet) as display:
        task = display.add_task("", total=sum(sizes[job.name] for job in todo.jobs), number=f"0/{count}")

        def completed() -> float:
            return done + sum(sizes[name] * share for name, share in shares.items())

        def advance(job: Job, so_far: Done) -> None:
            gc.enable()
            shares[job.name] = so_far.share
            display.update(task, completed=completed())
            if so_far.inside and job.name == named:
                before = f"{finished}/{count}, " if count > 1 else ""
                display.update(task, number=before + so_far.inside)

        with closing(_events(todo, make_restorer, settings, jobs=jobs, progress=advance)) as events:
            for event in events:
                if isinstance(event, Started):
                    named = event.job.name
                    display.update(task, description=one_line(named), number=f"{finished}/{count}")
                    shares[event.job.name] = 0.0
                    continue
                name = event.name if isinstance(event, Failed) else event.job.name
                shares.pop(name, None)
                done += sizes[name]
                finished += 1
                if not (isinstance(event, Failed) and event.harmless):
                    outcomes.append(event)
                display.update(task, completed=completed(), number=f"{finished}/{count}")
                if isinstance(event, Failed):
                    say(f"{name}: {event.message}")
                elif isinstance(event, Skipped) and verbose:
                    _tell_skipped(event)
                elif isinstance(event, Finished) and not quiet:
                    for note in event.notes:
                        say(f"{name}: note: {note}")
                    for picture in event.pictures:
                        if picture.reason is not None:
                            say(f"{name}: {picture.name} was left as it was: {picture.reason}")
                        for note in picture.notes:
                            say(f"{name}: {picture.name}: note: {note}")
                    if verbose or len(outcomes) == count == 1:
                        _tell_finished(event, verbose=verbose)


def _tell_finished(event: Finished, *, verbose: bool) -> None:
    """Tell where a picture went, unless it is the standard output, and what else is known of it."""
    if event.destination is None and not verbose:
        return
    kept = "" if event.job.original is None else f", the original is {event.job.original}"
    line = f"{event.job.name} restored to {event.destination or '-'}{kept}"
    if verbose:
        quality = "custom tables" if event.quality is None else f"quality {event.quality}"
        what = f"{len(event.pictures)} inside" if event.width is None else f"{event.width} x {event.height}, {quality}"
        line += f" ({what}, {event.seconds:.1f} s)"
    # Named, so that a progress display that stands in for the standard error gets to see it.
    click.echo(one_line(line), file=sys.stderr)


def _tell_skipped(skip: Skipped) -> None:
    click.echo(one_line(f"{skip.job.name} skipped: {skip.destination} exists already"), file=sys.stderr)


def _conclude(outcomes: list[Outcome], seconds: float, *, told: bool) -> None:
    """Sum up; of a single picture only what was not told before."""
    from qgac.batch.jobs import Failed, Skipped

    if len(outcomes) > _SCREEN:
        for outcome in outcomes:
            if isinstance(outcome, Failed):
                say(f"failed: {outcome.name}: {outcome.message}")
    if len(outcomes) > 1:
        click.echo(f"{_counts(outcomes)} in {seconds:.0f} s", err=True)
    elif outcomes and isinstance(outcomes[0], Skipped) and not told:
        _tell_skipped(outcomes[0])


def _counts(outcomes: list[Outcome]) -> str:
    from qgac.batch.jobs import Failed, Finished, Skipped

    kinds = {"restored": Finished, "skipped": Skipped, "failed": Failed}
    return ", ".join(f"{word} {sum(isinstance(outcome, kind) for outcome in outcomes)}" for word, kind in kinds.items())
