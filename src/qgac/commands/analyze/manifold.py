"""``qgac analyze manifold``: the filters that the first CFM generates (appendix B.1)."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from qgac.commands.analyze.options import analysis_errors, write
from qgac.commands.destinations import WritingCommand, figure_option
from qgac.commands.options import model_option, numbers, qualities_option

__all__ = ["manifold"]


@click.command(cls=WritingCommand)
@model_option()
@figure_option()
@qualities_option("10,50,100", low=0)
@click.option(
    "--channels", metavar="C,C,...", callback=numbers(0, 65535), help="Channels to show; the strongest ones by default."
)
@click.option("--count", type=click.IntRange(1, 12), default=6, show_default=True, help="How many of the strongest.")
def manifold(model: str, out: Path, qualities: tuple[int, ...], channels: tuple[int, ...] | None, count: int) -> None:
    """Show the filters that the first CFM of the Y network generates at several qualities."""
    with analysis_errors():
        from qgac.analysis.manifold import first_filters
        from qgac.analysis.plots import draw_filters
        from qgac.weights.checkpoints import load_model

        filters = first_filters(load_model(model), qualities, channels=channels, count=count)
        write(out, draw_filters(filters), *filters.table())
    for quality, strengths in zip(filters.qualities, filters.strength, strict=True):
        click.echo(f"quality {quality}: mean norm of these {len(strengths)} filters {strengths.mean():.3f}")
