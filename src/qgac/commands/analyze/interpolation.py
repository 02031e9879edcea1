"""``qgac analyze interpolation``: pictures restored with blends of two weights files (appendix B.2)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from qgac.commands.analyze.options import (
    analysis_errors,
    crop_option,
    data_options,
    find_pictures,
    read_pictures,
    size_option,
    told,
    write,
)
from qgac.commands.destinations import WritingCommand, figure_option
from qgac.commands.options import numbers, quality_option

if TYPE_CHECKING:
    from qgac.analysis.crops import Crop

__all__ = ["interpolation"]


@click.command(cls=WritingCommand)
@data_options
@click.option("--regression", default="small", show_default=True, metavar="NAME|FILE", help="Model at alpha 0.")
@click.option("--other", metavar="NAME|FILE", help="Model at alpha 1; by default the GAN shipped with the first.")
@figure_option()
@click.option(
    "--alpha",
    "alphas",
    metavar="A,A,...",
    callback=numbers(0.0, 1.0),
    default="0,0.7,0.9,1",
    show_default=True,
    help="Separated by commas.",
)
@quality_option
@crop_option
@size_option(96)
def interpolation(
    pictures: tuple[Path, ...],
    root: Path | None,
    dataset: str,
    limit: int | None,
    regression: str,
    other: str | None,
    out: Path,
    alphas: tuple[float, ...],
    quality: int,
    crop: Crop | None,
    size: int,
) -> None:
    """Restore pictures with weights between those of two models, and show a detail of each."""
    with analysis_errors():
        from qgac.analysis.interpolation import Strip, interpolation_strips
        from qgac.analysis.plots import draw_strips
        from qgac.weights.blending import gan_twin
        from qgac.weights.checkpoints import load_model

        paths = find_pictures(pictures, root, dataset, limit)
        ends = load_model(regression), load_model(other or gan_twin(regression))
        found = interpolation_strips(read_pictures(paths), *ends, alphas, quality=quality, crop=crop, size=size)
        strips = list(told(found, len(paths), "pictures"))
        write(out, draw_strips(strips, quality), Strip.COLUMNS, [row for strip in strips for row in strip.rows()])
