"""Quantisation tables of the Independent JPEG Group: from a quality to tables and back (ITU-T T.81, Annex K.1).

A file stores no quality, only tables; the scale below is libjpeg's convention (``jcparam.c``), which most software
follows. NumPy only.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["HALF", "ROBIDOUX", "chroma_table", "luma_table", "nearest_quality", "quality_of", "scaled_table"]

# Re-quantising must round back to the same level, so the interval is closed just short of its ends: at an end the
# level would be a tie. The margin is that of float32 (24 bits) at the largest level a file can hold (2^15), where the
# products and sums that lead here and the division that follows are together wrong by up to 1.5 * 2^-9 steps.
HALF = 0.5 - 2**-8
"""Of a quantisation step: how far a coefficient may lie from the decoded one."""

_LUMA = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    dtype=np.int64,
)
_CHROMA = np.full((8, 8), 99, dtype=np.int64)
_CHROMA[:4, :4] = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]


# By Nicolas Robidoux, for ImageMagick; mozjpeg writes it by default (its ``jcparam.c``), for luma and chroma alike.
ROBIDOUX = np.array(
    [
        [16, 16, 16, 18, 25, 37, 56, 85],
        [16, 17, 20, 27, 34, 40, 53, 75],
        [16, 20, 24, 31, 43, 62, 91, 135],
        [18, 27, 31, 40, 53, 74, 106, 156],
        [25, 34, 43, 53, 69, 94, 131, 189],
        [37, 40, 62, 74, 94, 127, 169, 238],
        [56, 53, 91, 106, 131, 169, 226, 311],
        [85, 75, 135, 156, 189, 238, 311, 418],
    ],
    dtype=np.int64,
)


def scaled_table(base: ArrayLike, quality: int) -> NDArray[np.uint16]:
    """Scale a base table to a quality, as libjpeg does (``jcparam.c``).

    Parameters
    ----------
    base : array_like, shape (8, 8)
        The table of quality 50, natural order.
    quality : int
        0..100; 0 acts as 1.

    Returns
    -------
    ndarray, shape (8, 8), uint16
        Quantisation steps, limited to 1..255 (baseline).

    Raises
    ------
    ValueError
        If the quality is out of range.
    """
    if not 0 <= quality <= 100:
        raise ValueError(f"quality {quality} is not between 0 and 100")
    quality = max(quality, 1)
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    scaled: NDArray[np.uint16] = np.clip((np.asarray(base) * percent + 50) // 100, 1, 255).astype(np.uint16)
    return scaled


def luma_table(quality: int) -> NDArray[np.uint16]:
    """Return libjpeg's luma table of a quality.

    Parameters
    ----------
    quality : int
        0..100; 0 acts as 1.

    Returns
    -------
    ndarray, shape (8, 8), uint16
        Quantisation steps, natural order, limited to 1..255 (baseline).

    Raises
    ------
    ValueError
        If the quality is out of range.

    Examples
    --------
    >>> luma_table(50)[0]  # the first row of table K.1 of the standard
    array([16, 11, 10, 16, 24, 40, 51, 61], dtype=uint16)
    """
    return scaled_table(_LUMA, quality)


def chroma_table(quality: int) -> NDArray[np.uint16]:
    """Return libjpeg's chroma table of a quality; as :func:`luma_table`.

    Parameters
    ----------
    quality : int
        0..100; 0 acts as 1.

    Returns
    -------
    ndarray, shape (8, 8), uint16

    Raises
    ------
    ValueError
        If the quality is out of range.
    """
    return scaled_table(_CHROMA, quality)


@lru_cache(maxsize=2)
def _qualities(chroma: bool) -> dict[bytes, int]:
    table = chroma_table if chroma else luma_table
    return {table(quality).tobytes(): quality for quality in range(100, 0, -1)}


def quality_of(table: ArrayLike, *, chroma: bool = False) -> int | None:
    """Return the libjpeg quality a table stands for.

    Parameters
    ----------
    table : array_like, shape (8, 8)
        Quantisation steps in natural order.
    chroma : bool
        Whether to look among the chroma tables.

    Returns
    -------
    int or None
        1..100 (the lowest of equal ones), or None for a table that no quality has.

    Examples
    --------
    >>> quality_of(luma_table(85))
    85
    """
    values = np.asarray(table)
    if not ((values >= 1) & (values <= 255)).all():  # a conversion to uint16 would wrap such values around
        return None
    return _qualities(chroma).get(values.astype(np.uint16).tobytes())


def nearest_quality(table: ArrayLike, *, chroma: bool = False, low: int = 1, high: int = 100) -> int:
    """Return the libjpeg quality whose table is most like a given one.

    Tables are compared by the ratios of their steps, at the low frequencies (i + j < 5), where most of a picture is.

    Parameters
    ----------
    table : array_like, shape (8, 8)
        Quantisation steps in natural order, at least 1.
    chroma : bool
        Whether to look among the chroma tables.
    low, high : int
        Qualities to choose from, both ends included.

    Returns
    -------
    int
        That of the table itself where it is one of these.
    """
    own = quality_of(table, chroma=chroma)
    if own is not None and low <= own <= high:
        return own
    qualities, logarithms = _low_frequencies(chroma, low, high)
    distance = np.square(logarithms - np.log(np.asarray(table, dtype=np.float64)[_LOW])).sum(-1)
    return int(qualities[np.argmin(distance)])


_LOW = np.add.outer(np.arange(8), np.arange(8)) < 5


@lru_cache(maxsize=8)
def _low_frequencies(chroma: bool, low: int, high: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    table = chroma_table if chroma else luma_table
    qualities = np.arange(low, high + 1)
    return qualities, np.log(np.stack([table(int(quality))[_LOW] for quality in qualities]).astype(np.float64))
