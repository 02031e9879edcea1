"""``qgac analyze spectrum``: which frequencies restored pictures have (appendix B.4)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from qgac.commands.analyze.options import (
    analysis_errors,
    counted,
    crop_option,
    data_options,
    find_pictures,
    read_pictures,
    size_option,
    told,
    write,
)
from qgac.commands.destinations import WritingCommand, figure_option
from qgac.commands.options import models_option, quality_option

if TYPE_CHECKING:
    from qgac.analysis.crops import Crop

__all__ = ["spectrum"]


@click.command(cls=WritingCommand)
@data_options
@models_option
@figure_option()
@quality_option
@click.option("--details", type=click.IntRange(0, 6), default=1, show_default=True, help="Pictures whose DCT is shown.")
@crop_option
@size_option(128)
def spectrum(
    pictures: tuple[Path, ...],
    root: Path | None,
    dataset: str,
    limit: int | None,
    models: tuple[str, ...],
    out: Path,
    quality: int,
    details: int,
    crop: Crop | None,
    size: int,
) -> None:
    """Show the DCT of Y, and how often each diagonal frequency of a block is set (magnitude above 0.5)."""
    with analysis_errors():
        from qgac.analysis.pictures import model_labels
        from qgac.analysis.plots import draw_spectrum
        from qgac.analysis.spectrum import Spectrum
        from qgac.analysis.spectrum import spectrum as measure
        from qgac.restoration.restorer import Restorer

        paths = find_pictures(pictures, root, dataset, limit)
        names = [f"restored by {label}" for label in model_labels(models)] if len(models) > 1 else ["restored"]
        restorers = {name: Restorer(model) for name, model in zip(names, models, strict=True)}
        originals = told(read_pictures(paths), len(paths), "pictures")
        result = measure(originals, restorers, quality, details=details, size=size, crop=crop)
        write(out, draw_spectrum(result), Spectrum.COLUMNS, result.rows())
    means = result.probabilities.mean((0, 2))
    for kind, mean in zip(result.kinds, means, strict=True):
        click.echo(f"{kind}: {mean:.3f} set in the mean of the diagonals, {counted(len(result.names), 'picture')}")
