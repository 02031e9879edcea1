"""How figures look and how they are written: a picture for the eye, and its numbers beside it.

Colours are those of Okabe and Ito, which the colour-blind tell apart, with a marker each. Figures are made without
pyplot, so nothing global is touched.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from qgac.files.atomic import write_atomically

__all__ = ["COLORS", "LINES", "MARKERS", "WIDTH", "drawing", "write_report", "write_table"]

WIDTH = 7.0  # inches, across a page
COLORS = ("#000000", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
LINES: tuple[Any, ...] = ("-", "-", "-", "--", ":", "-.", (0, (1, 3)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_STYLE: Any = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "legend.fontsize": 7.5,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "figure.constrained_layout.use": True,
}
_DPI = 200

drawing = rc_context(_STYLE)
"""Decorates functions that draw."""


def write_report(
    stem: Path, figure: Figure, columns: Sequence[str], rows: Iterable[Sequence[object]], *, overwrite: bool = False
) -> None:
    """Write ``stem.png`` and ``stem.csv``.

    Parameters
    ----------
    stem : Path
        Without suffix.
    figure : Figure
    columns : sequence of str
    rows : iterable of sequence
        Floats are written with 7 significant digits.
    overwrite : bool
        Whether to replace existing files.

    Raises
    ------
    FileExistsError
        If a file is there that is not to be replaced.
    OSError
        If a file cannot be written.
    """
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=_DPI)
    write_atomically(png.getvalue(), stem.with_name(f"{stem.name}.png"), overwrite=overwrite)
    write_table(stem.with_name(f"{stem.name}.csv"), columns, rows, overwrite=overwrite)


def write_table(
    path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]], *, overwrite: bool = False
) -> None:
    """Write a CSV file.

    Parameters
    ----------
    path : Path
    columns, rows
        As for :func:`write_report`.
    overwrite : bool
        Whether to replace an existing file.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([f"{cell:.7g}" if isinstance(cell, float) else cell for cell in row] for row in rows)
    write_atomically(text.getvalue().encode(), path, overwrite=overwrite)
