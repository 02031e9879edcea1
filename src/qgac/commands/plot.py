"""``qgac plot``: the figures of the paper's section 4.2, from results of ``qgac evaluate --json``."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from qgac.commands.destinations import WritingCommand, figure_option, may_replace
from qgac.commands.options import quality_option
from qgac.commands.terminal import fail, sentence

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from qgac.evaluation.gains import Gain

__all__ = ["plot"]

_RESULTS = click.argument(
    "results", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False), metavar="RESULT.json..."
)


@click.group()
def plot() -> None:
    """Plot results of `qgac evaluate --json` as the paper does; each writes OUT.png and its numbers as OUT.csv.

    Needs the extra `eval`: pip install 'qgac[eval]'.
    """


@plot.command(cls=WritingCommand)
@_RESULTS
@figure_option()
def gain(results: tuple[Path, ...], out: Path) -> None:
    """Plot the increase in PSNR over quality (Fig. 11), a line for each test set and model."""
    _check_matplotlib()
    from qgac.evaluation.gains import draw_gains, gains
    from qgac.evaluation.results import read_results

    try:
        _write(out, *draw_gains(gains(read_results(list(results)))))
    except (ValueError, OSError) as error:
        fail(sentence(error))


@plot.command(cls=WritingCommand)
@_RESULTS
@figure_option()
@quality_option
def tradeoff(results: tuple[Path, ...], out: Path, quality: int) -> None:
    """Plot the increase in SSIM against that in PSNR beside other methods (Fig. 12).

    The others are those of the paper's tables 1 and 2; its figure has some more, whose numbers it does not give.
    """
    _check_matplotlib()
    from qgac.evaluation.gains import draw_tradeoff, gains
    from qgac.evaluation.results import read_results

    try:
        _write(out, *draw_tradeoff(gains(read_results(list(results))), quality))
    except (ValueError, OSError) as error:
        fail(sentence(error))


def _check_matplotlib() -> None:
    if find_spec("matplotlib") is None:
        fail("matplotlib must be installed for this; pip install 'qgac[eval]'")


def _write(stem: Path, figure: Figure, drawn: list[Gain]) -> None:
    from qgac.evaluation.figures import write_report
    from qgac.evaluation.gains import Gain

    write_report(stem, figure, Gain.columns(), [gain.row() for gain in drawn], overwrite=may_replace())
    click.echo(f"wrote {stem}.png and {stem}.csv")
