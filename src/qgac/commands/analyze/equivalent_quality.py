"""``qgac analyze equivalent-quality``: the JPEG quality that restored pictures are worth (appendix B.3)."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from qgac.commands.analyze.options import (
    analysis_errors,
    counted,
    data_options,
    find_pictures,
    read_pictures,
    told,
    write,
)
from qgac.commands.destinations import WritingCommand, figure_option
from qgac.commands.options import channels_of, channels_option, model_option, qualities_option

__all__ = ["equivalent_quality"]


@click.command("equivalent-quality", cls=WritingCommand)
@data_options
@model_option()
@figure_option()
@qualities_option("10,20,30,40,50")
@channels_option
@click.option(
    "--protocol",
    type=click.Choice(["paper", "pillow"]),
    default="paper",
    show_default=True,
    help="paper: float samples, JPEG with nearest-neighbour chroma. pillow: 8-bit pictures as users have them.",
)
def equivalent_quality(
    pictures: tuple[Path, ...],
    root: Path | None,
    dataset: str,
    limit: int | None,
    model: str,
    out: Path,
    qualities: tuple[int, ...],
    channels: str | None,
    protocol: str,
) -> None:
    """Find the first JPEG quality that is as good as a restored picture, by SSIM, and the bytes between the two."""
    with analysis_errors():
        from qgac.analysis.equivalent_quality import Equivalent, equivalent_qualities, summarize
        from qgac.analysis.plots import draw_equivalents
        from qgac.restoration.restorer import Restorer

        paths = find_pictures(pictures, root, dataset, limit)
        kind = channels_of(dataset, channels)
        originals = read_pictures(paths, kind)
        found = equivalent_qualities(originals, Restorer(model), qualities, protocol=protocol)  # type: ignore[arg-type]
        equivalents = list(told(found, len(paths) * len(qualities), "files"))
        summaries = summarize(equivalents)
        write(out, draw_equivalents(summaries), Equivalent.COLUMNS, [e.row() for e in equivalents])
    for s in summaries:
        unreached = f"; {s.unreached} beyond every JPEG, counted as quality 100" if s.unreached else ""
        click.echo(
            f"quality {s.quality}: worth {s.increase:.1f} more, saves {s.saved:.1f} kB ({s.saved_share:.0%}) "
            f"a picture, {counted(s.pictures, 'picture')}{unreached}"
        )
