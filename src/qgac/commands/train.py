"""``qgac train``: a recipe and a bank of pictures in, a run with weights out."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import rich_click as click
from click.exceptions import Exit

from qgac.commands.terminal import fail, progress_bar, say, sentence, shows_progress

if TYPE_CHECKING:
    from qgac.training.run import Progress

__all__ = ["Stop", "show_training", "train"]


@click.command()
@click.argument("recipe", type=click.Path(path_type=Path, dir_okay=False), metavar="RECIPE.toml")
@click.option("--patches", required=True, type=click.Path(path_type=Path), help="Bank that `qgac prepare` wrote.")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder of the run.")
@click.option("--resume", is_flag=True, help="Go on with the run in the folder.")
@click.option("--start", type=click.Path(path_type=Path, dir_okay=False), help="Weights to start from.")
@click.option("--threads", type=click.IntRange(min=1), help="Processor cores to use; all by default.")
def train(recipe: Path, patches: Path, out: Path, resume: bool, start: Path | None, threads: int | None) -> None:
    """Train a network as a recipe says.

    Ctrl-C and SIGTERM save the run after the current step; --resume goes on from there as if nothing had been. A second
    Ctrl-C ends at once, with the last checkpoint.
    """
    import torch

    from qgac.checkpoints import WeightsError
    from qgac.training import stages
    from qgac.training.recipe import RecipeError, read_recipe
    from qgac.training.run import TrainingError

    if threads is not None:
        torch.set_num_threads(threads)
    stop = Stop()
    try:
        plan = read_recipe(recipe)
        try:
            events = stages.train(plan, patches, out, start=start, resume=resume, stop=stop.is_set)
        except ValueError as error:  # the bank of patches does not fit, or is damaged
            fail(sentence(error))
        with stop.on_signals():
            step = show_training(events, plan.optimization.steps)
    except (RecipeError, TrainingError, WeightsError, OSError) as error:
        fail(sentence(error))
    if stop.is_set():
        say(f"stopped{f' after step {step}' if step else ''}; the run is saved in {out}, go on with --resume")
        raise Exit(stop.exit_code)
    click.echo(f"trained {step} steps; the weights are in {out / 'best.safetensors'}")


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


def show_training(events: Iterator[Progress], steps: int) -> int:
    """Show the progress of a run as it comes, on a terminal as a bar; return the last step reported."""
    step = 0
    validation = ""
    with progress_bar("step {task.completed:.0f}/{task.total:.0f}", "{task.fields[figures]}") as display:
        task = display.add_task("training", total=steps, figures="")
        for event in events:
            if event.validation is not None:
                validation = f"validation {event.validation['mean']:+.3f} dB"
            figures = f"loss {event.loss:.5f}  learning rate {event.learning_rate:.2e}  {validation}".rstrip()
            if step == 0:
                display.reset(task, completed=event.step)  # a resumed run: its first steps cost no time now
            step = event.step
            display.update(task, completed=step, figures=figures)
            if not shows_progress():
                click.echo(f"step {step}/{steps}  {figures}", err=True)
    return step
