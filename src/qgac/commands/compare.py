"""``qgac compare``: how near pictures are to an original."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import rich_click as click
from click.exceptions import Exit

from qgac.commands.options import max_pixels_option
from qgac.commands.terminal import fail, say

if TYPE_CHECKING:
    from qgac.metrics.scores import Scores

__all__ = ["compare"]

_COLUMNS = ("PSNR", "PSNR-B", "SSIM")


@click.command()
@click.argument("original", type=click.Path())
@click.argument("others", nargs=-1, required=True, type=click.Path(), metavar="OTHER...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; infinite values are null.")
@click.option("--markdown", is_flag=True, help="Print a Markdown table.")
@max_pixels_option()
def compare(original: str, others: tuple[str, ...], as_json: bool, markdown: bool, max_pixels: int) -> None:
    """Score pictures against an ORIGINAL: PSNR, PSNR-B and SSIM.

    Files of any kind that Pillow opens, JPEGs among them, decoded by Pillow as viewers show them, without turning them
    by their EXIF orientation; OTHER may be a quoted pattern. All must be of one size, and all gray, all RGB or all
    CMYK. PSNR is in dB over all samples, PSNR-B in dB with the blocking effect of OTHER counted as error, SSIM has a
    uniform 8x8 window, as in the paper; equal pictures have an infinite PSNR.

    A picture that cannot be compared does not stop the others; the exit code is then 1.
    """
    if as_json and markdown:
        raise click.UsageError("--json and --markdown exclude each other; leave one out")
    from qgac.batch.inputs import expanded
    from qgac.evaluation.comparison import ComparisonError, open_picture
    from qgac.evaluation.comparison import compare as score

    try:
        reference = open_picture(original, max_pixels=max_pixels)
    except (ComparisonError, OSError) as error:
        fail(f"{original}: {_cause(error)}")
    results: list[tuple[str, Scores]] = []
    names = expanded(others)
    for name in names:
        try:
            results.append((name, score(open_picture(name, max_pixels=max_pixels), reference)))
        except (ComparisonError, OSError) as error:
            say(f"{name}: {_cause(error)}")
    if as_json:
        click.echo(json.dumps({"original": original, "pictures": [_entry(*result) for result in results]}, indent=2))
    elif results and markdown:
        click.echo(_markdown(results))
    elif results:
        _print_table(results)
    if len(results) < len(names):
        raise Exit(1)


def _cause(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"cannot be read ({error.strerror or error}); check the name and its permissions"
    return str(error)


def _entry(name: str, scores: Scores) -> dict[str, str | float | None]:
    return {"file": name, **scores.to_json()}


def _texts(scores: Scores) -> tuple[str, str, str]:
    return f"{scores.psnr:.2f}", f"{scores.psnr_b:.2f}", f"{scores.ssim:.4f}"


def _markdown(results: list[tuple[str, Scores]]) -> str:
    lines = [f"| picture | {' | '.join(_COLUMNS)} |", "|---|---:|---:|---:|"]
    for name, scores in results:
        escaped = name.replace("|", "\\|")
        lines.append(f"| {escaped} | {' | '.join(_texts(scores))} |")
    return "\n".join(lines)


def _print_table(results: list[tuple[str, Scores]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD)
    table.add_column("picture", overflow="fold")
    for column in _COLUMNS:
        table.add_column(column, justify="right")
    for name, scores in results:
        table.add_row(Text(name), *_texts(scores))
    # Standard output as it is now: a test or a caller may have replaced it.
    Console(file=sys.stdout).print(table)
