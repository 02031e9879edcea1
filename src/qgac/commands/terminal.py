"""How the commands speak to the user: failures in one sentence and progress, both on the standard error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn

import rich_click as click
from click.exceptions import Exit

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["fail", "progress_bar", "say", "sentence", "shows_progress"]


def say(message: str) -> None:
    """Print a line on the standard error."""
    # Named, so that a progress display that stands in for the standard error gets to see it.
    click.echo(f"qgac: {message}", file=sys.stderr)


def fail(message: str) -> NoReturn:
    """End the command with exit code 1 and one sentence."""
    say(message)
    raise Exit(1)


def sentence(error: Exception) -> str:
    """Return what an error says, for one of the operating system with its file name first."""
    if isinstance(error, OSError) and error.strerror:
        name = f"{error.filename}: " if error.filename else ""
        return f"{name}{error.strerror}; check the name, its permissions and the free space"
    return str(error)


def shows_progress() -> bool:
    """Whether somebody looks at the standard error."""
    return sys.stderr.isatty()


def progress_bar(*columns: str) -> Progress:
    """Return a progress display on the standard error: a bar, a percentage, an estimate, and further columns.

    Parameters
    ----------
    *columns : str
        Formats of text that follows, with fields of ``task``, as in :class:`rich.progress.TextColumn`.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        *(TextColumn(column, markup=False) for column in columns),
        console=Console(stderr=True),
        disable=not shows_progress(),
        transient=True,
        speed_estimate_period=600,  # seconds; a step of a large network or a large picture takes long
    )
