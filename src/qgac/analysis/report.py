"""The two files of an analysis: a picture for the eye, and its numbers beside it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from matplotlib.figure import Figure

__all__ = ["write_report"]

_DPI = 200


def write_report(stem: Path, figure: Figure, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write ``stem.png`` and ``stem.csv``; existing ones are replaced.

    Parameters
    ----------
    stem : Path
        Without suffix.
    figure : Figure
    columns : sequence of str
    rows : iterable of sequence
        Floats are written with 7 significant digits.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=_DPI)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([f"{cell:.7g}" if isinstance(cell, float) else cell for cell in row] for row in rows)
    for suffix, content in ((".png", png.getvalue()), (".csv", text.getvalue().encode())):
        path = stem.with_name(stem.name + suffix)
        partial = path.with_name(path.name + ".partial")
        partial.write_bytes(content)
        partial.replace(path)
