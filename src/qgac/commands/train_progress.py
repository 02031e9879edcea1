"""A training before the eyes of the user: its progress, and the signals that stop it."""

from __future__ import annotations

import signal
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import rich_click as click

from qgac.commands.terminal import progress_bar, shows_progress

if TYPE_CHECKING:
    from qgac.training.run import Progress

__all__ = ["Stop", "show_training"]


class Stop:
    """The wish to stop, set by the first signal; a step is never interrupted halfway, or the run could not resume."""

    exit_code = 0

    def is_set(self) -> bool:
        """Whether a signal has come."""
        return self.exit_code != 0

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM for the wish while inside; a second one ends at once."""
        previous = {number: signal.signal(number, self._set) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _set(self, number: int, frame: FrameType | None) -> None:
        if self.is_set():
            raise KeyboardInterrupt
        self.exit_code = 128 + number


def show_training(events: Generator[Progress, None, int], total: int, *, quiet: bool = False) -> tuple[int, bool]:
    """Show the progress of a run as it comes, on a terminal as a bar.

    Parameters
    ----------
    events : generator
        From :func:`qgac.training.train.train`.
    total : int
        Steps of a whole run.
    quiet : bool
        Show nothing.

    Returns
    -------
    steps : int
        Done in all.
    any_done : bool
        Whether any were done now.
    """
    begun: int | None = None
    validation = ""
    with progress_bar("step {task.completed:.0f}/{task.total:.0f}", "{task.fields[figures]}") as display:
        task = display.add_task("training", total=total, figures="", visible=not quiet)
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                return end.value, begun is not None
            if event.validation is not None:
                validation = f"validation {event.validation['mean']:+.3f} dB"
            figures = f"loss {event.loss:.5f}  learning rate {event.learning_rate:.2e}  {validation}".rstrip()
            if begun is None:
                begun = event.step
                display.reset(task, completed=event.step)  # a resumed run: its first steps cost no time now
            display.update(task, completed=event.step, figures=figures)
            if not quiet and not shows_progress():
                click.echo(f"step {event.step}/{total}  {figures}", err=True)
