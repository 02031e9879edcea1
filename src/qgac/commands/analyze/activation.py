"""``qgac analyze activation``: the pictures that activate channels most (appendix B.1)."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from qgac.commands.analyze.options import analysis_errors, write
from qgac.commands.destinations import WritingCommand, figure_option
from qgac.commands.options import model_option, numbers, qualities_option

__all__ = ["activation"]


@click.command(cls=WritingCommand)
@model_option()
@figure_option()
@qualities_option("10,50,100", low=0)
@click.option(
    "--channels",
    metavar="C,C,...",
    callback=numbers(0, 65535),
    help="Channels to activate; those of the strongest filters by default.",
)
@click.option("--count", type=click.IntRange(1, 12), default=6, show_default=True, help="How many of the strongest.")
@click.option(
    "--stage",
    type=click.Choice(["filters", "trunk"]),
    default="filters",
    show_default=True,
    help="Activations of the CFM, or after the trunk, where blocks see each other.",
)
@click.option(
    "--blocks", type=click.IntRange(1, 64), default=4, show_default=True, help="Blocks a side of the picture."
)
@click.option("--steps", type=click.IntRange(0), default=100, show_default=True, help="Steps of the ascent.")
@click.option("--rate", type=float, default=1.0, show_default=True, help="Step size.")
@click.option("--decay", type=float, default=0.04, show_default=True, help="Penalty on large coefficients.")
@click.option("--noise", type=float, default=8.0, show_default=True, help="Noise to start from, gray levels.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the noise.")
def activation(
    model: str,
    out: Path,
    qualities: tuple[int, ...],
    channels: tuple[int, ...] | None,
    count: int,
    stage: str,
    blocks: int,
    steps: int,
    rate: float,
    decay: float,
    noise: float,
    seed: int,
) -> None:
    """Find the pictures that activate channels of the Y network most, at several qualities.

    Gradient ascent from noise, the same number and size of steps at every quality.
    """
    with analysis_errors():
        from qgac.analysis.activation import Ascent, maximal_activations
        from qgac.analysis.manifold import first_filters
        from qgac.analysis.plots import draw_activations
        from qgac.weights.checkpoints import load_model

        network = load_model(model)
        chosen = channels or first_filters(network, qualities, count=count).channels
        ascent = Ascent(blocks, steps, rate, decay, noise, seed)
        activations = maximal_activations(network, chosen, qualities, stage=stage, ascent=ascent)  # type: ignore[arg-type]  # click has checked it
        write(out, draw_activations(activations), *activations.table())
    for q, quality in enumerate(activations.qualities):
        before, after = activations.before[q].mean(), activations.after[q].mean()
        click.echo(f"quality {quality}: mean activation {before:.3f} of the noise, {after:.3f} in the end")
