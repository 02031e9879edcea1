"""``qgac restore --dry-run``: what would be done, told and not done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from qgac.commands.terminal import say

if TYPE_CHECKING:
    from qgac.batch.jobs import Job
    from qgac.batch.plan import Plan

__all__ = ["tell_plan"]


def tell_plan(todo: Plan, *, overwrite: bool) -> bool:
    """Print where every picture would go, a line each, on the standard output; problems on the standard error.

    Parameters
    ----------
    todo : Plan
    overwrite : bool
        Whether existing files would be replaced.

    Returns
    -------
    bool
        Whether every picture could be written. What the files hold is not looked at.
    """
    for note in (*todo.passed_over, *todo.failures):
        say(f"{note.name}: {note.message}")
    for skip in todo.skipped:
        click.echo(f"{skip.job.name} skipped: {skip.destination} exists already")
    possible = not todo.failures
    for job in todo.jobs:
        reason = _obstacle(job, overwrite=overwrite)
        if reason is None:
            click.echo(f"{job.name} -> {job.destination or '-'}{_kept(job)}")
        else:
            say(f"{job.name}: {reason}")
            possible = False
    return possible


def _kept(job: Job) -> str:
    return "" if job.original is None else f", the original becomes {job.original}"


def _obstacle(job: Job, *, overwrite: bool) -> str | None:
    """Return what would stand in the way of a picture."""
    from qgac.batch.originals import check_original
    from qgac.pictures.formats import OutputError
    from qgac.pictures.writer import check_destination

    try:
        if job.source is not None and job.original is not None:
            check_original(job.source, job.original)
        elif job.destination is not None and not (job.makes_folders and not job.destination.parent.exists()):
            check_destination(job.destination, overwrite=overwrite)
    except OutputError as error:
        return str(error)
    return None
