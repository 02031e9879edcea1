"""``qgac analyze blind``: details restored by two models in an unknown order, for people to judge."""

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
from qgac.commands.destinations import WritingCommand, figure_option, may_replace
from qgac.commands.options import NumberRange, quality_option

if TYPE_CHECKING:
    from qgac.analysis.crops import Crop

__all__ = ["blind"]


@click.command(cls=WritingCommand)
@data_options
@click.option("--regression", default="small", show_default=True, metavar="NAME|FILE", help="The one model.")
@click.option("--other", metavar="NAME|FILE", help="The other model; by default the GAN shipped with the first.")
@click.option(
    "--alpha",
    type=NumberRange(0, 1, min_open=True),
    default=1.0,
    show_default=True,
    help="Judge the blend of the two with this share of the other, against the one.",
)
@figure_option(".key.csv")
@quality_option
@crop_option
@size_option(128)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the order.")
def blind(
    pictures: tuple[Path, ...],
    root: Path | None,
    dataset: str,
    limit: int | None,
    regression: str,
    other: str | None,
    alpha: float,
    out: Path,
    quality: int,
    crop: Crop | None,
    size: int,
    seed: int,
) -> None:
    """Show details restored by two models as A and B, in an order that only OUT.key.csv tells.

    OUT.png shows them beside the original; a judge writes A or B into the last column of OUT.csv.
    """
    with analysis_errors():
        from qgac.analysis.blind import BlindPair, blind_pairs
        from qgac.analysis.plots import draw_blind
        from qgac.evaluation.figures import write_table
        from qgac.restoration.restorer import Restorer
        from qgac.weights.blending import blended, gan_twin
        from qgac.weights.checkpoints import load_model

        paths = find_pictures(pictures, root, dataset, limit)
        one, other = load_model(regression), other or gan_twin(regression)
        restorers = Restorer(one), Restorer(blended(one, alpha, other))
        found = blind_pairs(read_pictures(paths), restorers, quality=quality, crop=crop, size=size, seed=seed)
        pairs = list(told(found, len(paths), "pictures"))
        labels = (regression, other if alpha == 1 else f"{other}, alpha {alpha:g}")
        key = out.with_name(out.name + ".key.csv")
        write_table(
            key,
            BlindPair.KEY_COLUMNS,
            [pair.key(n, labels) for n, pair in enumerate(pairs, 1)],
            overwrite=may_replace(),
        )
        write(out, draw_blind(pairs), BlindPair.COLUMNS, [pair.row(n) for n, pair in enumerate(pairs, 1)])
    click.echo(f"the key is in {key}; look at it last")
