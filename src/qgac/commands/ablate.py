"""``qgac ablate``: the ablation experiments of the paper's table 5, trained and tabulated."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click
from click.exceptions import Exit

from qgac.commands.destinations import WritingCommand, file_option, may_replace
from qgac.commands.options import root_option
from qgac.commands.terminal import fail, say, sentence
from qgac.commands.train_progress import Stop, show_training

if TYPE_CHECKING:
    from qgac.training.recipe import Recipe

__all__ = ["ablate"]


@click.command(cls=WritingCommand)
@click.argument("recipes", type=click.Path(path_type=Path, file_okay=False, exists=True), metavar="RECIPES")
@click.option("--patches", required=True, type=click.Path(path_type=Path), help="Bank that `qgac prepare` wrote.")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder of the runs.")
@root_option("Folder that holds Classic-5.")
@file_option("--markdown", "markdown", "Write the table here.")
@click.option("--threads", type=click.IntRange(min=1), help="Processor cores to train with; all by default.")
def ablate(recipes: Path, patches: Path, out: Path, root: Path, markdown: Path | None, threads: int | None) -> None:
    """Train every recipe of a folder, and compare the networks on Classic-5 at quality 10.

    Each run has a folder of its own in --out. Finished runs are not trained again, an interrupted one goes on.
    """
    import torch

    from qgac.evaluation.ablations import ablations_markdown, measure_ablation, measure_jpeg
    from qgac.evaluation.test_sets import benchmark_pictures
    from qgac.files.atomic import write_atomically
    from qgac.training.machine import TrainingError
    from qgac.training.recipe import read_recipe

    if threads is not None:
        torch.set_num_threads(threads)
    try:
        plans = {path.stem: read_recipe(path) for path in sorted(recipes.glob("*.toml"))}
        if not plans:
            raise ValueError(f"{recipes} holds no recipes; name the folder with the .toml files")
        pictures = benchmark_pictures("classic5", root)
        for name, plan in plans.items():
            say(f"{name}, {list(plans).index(name) + 1} of {len(plans)}")
            _train(plan, patches, out / name)
        ablations = [
            measure_ablation(name, plan.optimization.steps, out / name / "last.safetensors", pictures)
            for name, plan in plans.items()
        ]
        table = ablations_markdown(ablations, measure_jpeg(pictures))
        if markdown is not None:
            write_atomically(table.encode(), markdown, overwrite=may_replace())
    except (ValueError, TrainingError, OSError) as error:
        fail(sentence(error))
    click.echo(table, nl=False)


def _train(plan: Recipe, patches: Path, folder: Path) -> None:
    """Train what is left of a run; of a finished one, that is nothing."""
    from qgac.training import train as training

    stop = Stop()
    events = training.train(plan, patches, folder, resume=(folder / "run.pt").exists(), stop=stop.is_set)
    with stop.on_signals():
        show_training(events, plan.optimization.steps)
    if stop.is_set():
        say(f"stopped; the runs are saved in {folder.parent}, the same command goes on")
        raise Exit(stop.exit_code)
