r"""How well steps explain DCT coefficients: the likelihood of a lattice against that of none.

A decoder multiplies whole levels by the steps of a table, transforms back, and rounds samples. So the coefficients of
its picture lie on multiples of the steps, but for the noise of that rounding, which the orthonormal transform leaves as
strong as it is: a standard deviation of :math:`1/\sqrt{12}`. What was done to the picture since adds to it.

Every coefficient votes for or against a step by where it lies *within* its interval, given the interval: near the
middle, as a lattice would have it, or anywhere. The interval around zero has no vote, for coefficients gather there in
every picture.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from qgac.coefficients.block_dct import transform
from qgac.pixels.blocks import telling

__all__ = ["LARGEST_STEP", "ROUNDING", "block_evidence", "histogram", "log_mean_exp", "step_evidence"]

ROUNDING = 12**-0.5
"""Standard deviation of the error of rounding to whole numbers."""

LARGEST_STEP = 255
"""Of baseline files."""

_PER_UNIT = 4  # bins of the histograms
_BINS = 1024 * _PER_UNIT
# How much larger the noise is where 1, 8 and 64 samples have the same error of rounding.
_SHARED = (1.0, 8**0.5, 8.0)
_OUTLIERS = 0.05  # share of coefficients that may lie anywhere: the picture was touched there
_REACH = 9  # deviations, beyond which nothing is left of a normal distribution
# Multiplications of a product, with one row or with several, that OpenBLAS makes in the calling thread. Threads wait
# for each other, which costs more than these products, and much more where a processor has other work.
_IN_ONE_THREAD = (9000, 1 << 18)


def histogram(coefficients: NDArray[np.float32], bins: int = _BINS) -> NDArray[np.float32]:
    """Count the magnitudes of coefficients.

    Parameters
    ----------
    coefficients : ndarray of float32, shape (N, F)
        Of F frequencies.
    bins : int
        The last one, which nothing votes by, holds all that is larger.

    Returns
    -------
    ndarray of float32, shape (F, bins)
        For every frequency, in bins of a quarter.
    """
    frequencies = coefficients.shape[1]
    index = np.minimum((np.abs(coefficients) * _PER_UNIT + 0.5).astype(np.int32), bins - 1)
    index += bins * np.arange(frequencies, dtype=np.int32)
    counts = np.bincount(index.ravel(), minlength=frequencies * bins)
    result: NDArray[np.float32] = counts.reshape(frequencies, bins).astype(np.float32)
    return result


@lru_cache(maxsize=8)
def _votes(noise: float, largest: int, bins: int) -> NDArray[np.float32]:
    """Return the logarithm of the likelihood ratio, of a bin (rows) under a step (columns, the first is that of 1)."""
    value = np.arange(bins, dtype=np.float32)[:, None] / _PER_UNIT
    step = np.arange(1, largest + 1, dtype=np.float32)[None, :]
    level = np.floor(value / step + 0.5)
    distance = value - level * step
    spread = math.hypot(noise, 1 / _PER_UNIT * ROUNDING)
    density = np.exp(-0.5 * (distance / spread) ** 2)
    for shift in (1, 2, 3):
        # Neighbouring points of the lattice reach over where the step is small: these columns.
        near = int(np.searchsorted(step[0] * (shift - 0.5), _REACH * spread))
        for neighbour in (-shift, shift):
            density[:, :near] += np.exp(-0.5 * ((distance[:, :near] + neighbour * step[:, :near]) / spread) ** 2)
    ratio = step * density / (spread * math.sqrt(2 * math.pi))
    votes: NDArray[np.float32] = np.log((1 - _OUTLIERS) * ratio + _OUTLIERS)
    votes[level == 0] = 0
    votes[-1] = 0
    return votes


def step_evidence(counts: NDArray[np.float32], noise: float, largest: int = LARGEST_STEP) -> NDArray[np.float64]:
    """Return the evidence for every step.

    Parameters
    ----------
    counts : ndarray of float32, shape (F, bins)
        As :func:`histogram` gives them.
    noise : float
        Standard deviation of the coefficients around the lattice.
    largest : int
        Step to try last.

    Returns
    -------
    ndarray of float64, shape (F, largest)
        Logarithm of the likelihood of the steps 1, 2, ... over that of no lattice, of every frequency.
    """
    frequencies, bins = counts.shape
    votes = _votes(noise, largest, bins)
    used = np.flatnonzero(counts[:, :-1].any(0))
    share = max(1, _IN_ONE_THREAD[frequencies > 1] // (frequencies * largest))
    evidence = np.zeros((frequencies, largest))
    for some in np.split(used, range(share, len(used), share)):
        evidence += counts[:, some] @ votes[some]
    return evidence


def block_evidence(blocks: NDArray[np.float32], noise: float) -> NDArray[np.float64]:
    """Return the evidence of blocks for every step.

    Parameters
    ----------
    blocks : ndarray, shape (N, 64)
        Samples.
    noise : float
        Standard deviation of their coefficients around the lattice, where rounding errors are independent.

    Returns
    -------
    ndarray of float64, shape (64, LARGEST_STEP)
        As :func:`step_evidence`.
    """
    kinds = zip(telling(blocks), _SHARED, strict=True)
    evidence = [step_evidence(histogram(transform(blocks[kind])), noise * shared) for kind, shared in kinds]
    result: NDArray[np.float64] = np.sum(evidence, 0)
    return result


def log_mean_exp(values: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
    """Return the logarithm of the mean of exponentials along an axis, without overflow."""
    highest = values.max(axis, keepdims=True)
    result: NDArray[np.float64] = np.log(np.exp(values - highest).mean(axis)) + highest.squeeze(axis)
    return result
