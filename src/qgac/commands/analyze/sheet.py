"""``qgac analyze sheet``: originals, JPEG files and restored pictures side by side (appendix C)."""

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
from qgac.commands.options import model_option, qualities_option

if TYPE_CHECKING:
    from qgac.analysis.crops import Crop

__all__ = ["sheet"]


@click.command(cls=WritingCommand)
@data_options
@model_option()
@figure_option()
@qualities_option("10,20")
@crop_option
@size_option(96)
def sheet(
    pictures: tuple[Path, ...],
    root: Path | None,
    dataset: str,
    limit: int | None,
    model: str,
    out: Path,
    qualities: tuple[int, ...],
    crop: Crop | None,
    size: int,
) -> None:
    """Show originals, JPEG files and restored pictures, each with an enlarged detail."""
    with analysis_errors():
        from qgac.analysis.plots import draw_sheet
        from qgac.analysis.sheet import Comparison, compare
        from qgac.restoration.restorer import Restorer

        paths = find_pictures(pictures, root, dataset, limit)
        found = compare(read_pictures(paths), Restorer(model), qualities, crop=crop, size=size)
        comparisons = list(told(found, len(paths) * len(qualities), "files"))
        write(out, draw_sheet(comparisons), Comparison.COLUMNS, [c.row() for c in comparisons])
