"""How the commands speak to the user: failures in one sentence and progress, both on the standard error."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any, NoReturn, cast

import rich_click as click
from click.exceptions import Exit

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["ManualCommand", "fail", "one_line", "progress_bar", "say", "sentence", "shows_progress"]

# Names of files may hold them: they would break a line in two, or tell a terminal what to do.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class ManualCommand(click.RichCommand):
    """A command whose epilog is printed as it stands, line by line: examples, exit codes and the like."""

    def format_epilog(self, ctx: click.RichContext, formatter: click.RichHelpFormatter) -> None:  # type: ignore[override]
        """Write the epilog below the options, from the second column as the rest of the help."""
        from rich.padding import Padding
        from rich.text import Text

        formatter.write(Padding(Text(self.epilog or ""), (0, 1, 1, 1)))


def one_line(text: str) -> str:
    """Return a line to print, with control characters as the escapes of Python."""
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def say(message: str) -> None:
    """Print a line on the standard error."""
    # Named, so that a progress display that stands in for the standard error gets to see it.
    click.echo(one_line(f"qgac: {message}"), file=sys.stderr)


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


def progress_bar(*columns: str, hidden: bool = False) -> Progress:
    """Return a progress display on the standard error: a bar, a percentage, an estimate, and further columns.

    Parameters
    ----------
    *columns : str
        Formats of text that follows, with fields of ``task``, as in :class:`rich.progress.TextColumn`.
    hidden : bool
        Show nothing even on a terminal.
    """
    if hidden or not shows_progress():
        return cast("Progress", _NoProgress())
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        *(TextColumn(column, markup=False) for column in columns),
        console=Console(stderr=True),
        transient=True,
        speed_estimate_period=600,  # seconds; a step of a large network or a large picture takes long
    )


class _NoProgress:
    """What stands for a progress display where nobody looks, for the display itself takes a while to be imported."""

    def __enter__(self) -> _NoProgress:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def add_task(self, description: str, **fields: Any) -> int:
        return 0

    def update(self, task: int, **fields: Any) -> None:
        pass

    reset = advance = update
