"""Quantisation tables to train on: libjpeg's, and a share of those that other encoders write.

All are scaled by libjpeg's quality scale, so that one distribution of qualities says how coarse the tables are,
whatever their form.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qgac.coefficients.quantization import ROBIDOUX, chroma_table, luma_table, scaled_table

__all__ = ["draw_tables"]

_RADIUS = np.hypot(*np.mgrid[:8, :8])


def draw_tables(
    quality: int, other_share: float, generator: np.random.Generator
) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Draw the tables of one picture.

    Parameters
    ----------
    quality : int
        1..100 on libjpeg's scale.
    other_share : float
        Probability, 0..1, that they are not libjpeg's for this quality. The others are, equally often: Robidoux's;
        flat ones, where chroma may be coarser; libjpeg's with another quality for chroma; and random ones that rise
        with the frequency, smoothly or not.
    generator : numpy.random.Generator

    Returns
    -------
    tuple of ndarray, each of shape (8, 8), uint16
        Luma and chroma steps, 1..255, natural order.
    """
    if not other_share or generator.random() >= other_share:
        return luma_table(quality), chroma_table(quality)
    family = generator.integers(4)
    if family == 0:
        table = scaled_table(ROBIDOUX, quality)
        return table, table
    if family == 1:
        step = generator.uniform(10, 25)
        return _flat(step, quality), _flat(step * generator.uniform(1, 2), quality)
    if family == 2:
        other = int(np.clip(quality + generator.integers(-25, 26), 1, 100))
        return luma_table(quality), chroma_table(other)
    base = _random_base(generator)
    chroma = base * generator.uniform(0.8, 2) * _jitter(generator)
    return scaled_table(base, quality), scaled_table(chroma, quality)


def _flat(step: float, quality: int) -> NDArray[np.uint16]:
    return scaled_table(np.full((8, 8), step), quality)


def _random_base(generator: np.random.Generator) -> NDArray[np.float64]:
    lowest = np.exp(generator.uniform(np.log(4), np.log(20)))
    rise: NDArray[np.float64] = (_RADIUS / generator.uniform(1.5, 5)) ** generator.uniform(1, 2.5)
    base: NDArray[np.float64] = lowest * (1 + rise) * _jitter(generator)
    return base


def _jitter(generator: np.random.Generator) -> NDArray[np.float64]:
    spread = generator.uniform(0, 0.3)
    factors: NDArray[np.float64] = np.exp(spread * generator.standard_normal((8, 8)))
    return factors
