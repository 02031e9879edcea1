"""Tables that encoders are known to write: they tell the steps of frequencies that a picture does not use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qgac.coefficients.quantization import ROBIDOUX, chroma_table, luma_table, scaled_table

__all__ = ["CHROMA", "LUMA", "Family"]


@dataclass(frozen=True, eq=False)
class Family:
    """Known tables of a kind of plane.

    Attributes
    ----------
    names : tuple of str
        Who writes each, such as ``libjpeg at quality 75``.
    tables : ndarray of int64, shape (N, 64)
        Steps, natural order. Those of luma and chroma with the same index come together.
    """

    names: tuple[str, ...]
    tables: NDArray[np.int64]


def _families() -> tuple[Family, Family]:
    qualities = range(1, 101)
    names = [f"libjpeg at quality {quality}" for quality in qualities]
    luma = [luma_table(quality).ravel() for quality in qualities]
    chroma = [chroma_table(quality).ravel() for quality in qualities]
    names += [f"mozjpeg or ImageMagick at quality {quality}" for quality in qualities]
    robidoux = [scaled_table(ROBIDOUX, quality).ravel() for quality in qualities]
    text = Path(__file__).with_name("known_tables.txt").read_text(encoding="ascii")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    names += lines[0::3]
    luma += robidoux + [np.array(line.split(), np.uint16) for line in lines[1::3]]
    chroma += robidoux + [np.array(line.split(), np.uint16) for line in lines[2::3]]
    return Family(tuple(names), np.stack(luma).astype(np.int64)), Family(
        tuple(names), np.stack(chroma).astype(np.int64)
    )


LUMA, CHROMA = _families()
