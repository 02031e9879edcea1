"""``qgac train``: a recipe and a bank of pictures in, a run with weights out."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import rich_click as click
from click.exceptions import Exit

from qgac.commands.terminal import fail, say, sentence
from qgac.commands.train_progress import Stop, show_training

__all__ = ["train"]


@click.command()
@click.argument("recipe", type=click.Path(path_type=Path, dir_okay=False), metavar="RECIPE.toml")
@click.option("--patches", required=True, type=click.Path(path_type=Path), help="Bank that `qgac prepare` wrote.")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder of the run.")
@click.option("--resume", is_flag=True, help="Go on with the run in the folder.")
@click.option("--start", type=click.Path(path_type=Path, dir_okay=False), help="Weights to start from.")
@click.option(
    "--fonts",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of typefaces for drawings, beside those of matplotlib.",
)
@click.option("--threads", type=click.IntRange(min=1), help="Processor cores for each process; by default all, shared.")
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where to train; auto takes the GPU if there is one.",
)
@click.option(
    "--devices",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes that share each batch; on GPUs each has one of its own. Not under torchrun, which counts itself.",
)
def train(
    recipe: Path,
    patches: Path,
    out: Path,
    resume: bool,
    start: Path | None,
    fonts: Path | None,
    threads: int | None,
    device: Literal["auto", "cpu", "cuda"],
    devices: int,
) -> None:
    """Train a network as a recipe says.

    Ctrl-C and SIGTERM save the run after the current step; --resume goes on from there as if nothing had been. A second
    Ctrl-C ends at once, with the last checkpoint. docs/training.md says what the folder of the run holds.
    """
    import torch

    from qgac.training import machine
    from qgac.training import train as training
    from qgac.training.machine import TrainingError
    from qgac.training.recipe import read_recipe
    from qgac.training.sections import RecipeError
    from qgac.weights.files import WeightsError

    stop = Stop()
    quiet = begun = False
    try:
        plan = read_recipe(recipe)
        with stop.on_signals():
            fabric = machine.start(plan.optimization.precision, device=device, processes=devices)
            if threads is not None:  # only now: Fabric sets them, too
                torch.set_num_threads(threads)
            quiet = not fabric.is_global_zero
            try:
                events = training.train(
                    plan, patches, out, start=start, fonts=fonts, resume=resume, stop=stop.is_set, fabric=fabric
                )
            except ValueError as error:  # the bank does not fit, or is damaged; no typefaces
                raise TrainingError(sentence(error)) from error
            begun = True
            steps, shown = show_training(events, plan.optimization.steps, quiet=quiet)
    except (RecipeError, TrainingError, WeightsError, OSError) as error:
        # All processes fail alike, and the first one says it; only what happens to files on the way may be its own.
        if quiet and not (begun and isinstance(error, OSError)):
            raise Exit(1) from error
        fail(sentence(error))
    if quiet:
        return
    if steps < plan.optimization.steps:
        say(f"stopped after step {steps}; the run is saved in {out}, go on with --resume")
        raise Exit(stop.exit_code or 1)
    done = "trained" if shown else "nothing was left to do after"
    name = "last.safetensors" if plan.stage == "gan" else "best.safetensors"
    click.echo(f"{done} {steps} steps; the weights are in {out / name}")
