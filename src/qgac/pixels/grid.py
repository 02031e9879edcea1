"""Finding where the blocks of a picture begin.

At the right one of the 64 offsets coefficients lie on lattices, and more of them are zero than at any other. The first
says whether a picture was compressed at all. The second tells the right offset from those next to it, which a smooth
picture of coarse steps gives something like lattices as well: a step between two flat blocks has only so many heights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qgac.coefficients.block_dct import transform
from qgac.pixels.blocks import Plane, known_blocks, telling, windows
from qgac.pixels.families import LUMA
from qgac.pixels.lattice import ROUNDING, histogram, log_mean_exp, step_evidence

__all__ = ["ENOUGH", "ZERO", "Grid", "find_grid"]

_LEVELS = 24  # of brightness, that a picture has; drawings of fewer have coefficients of few values as well
_PIXELS = 400_000  # looked at in all
_LARGEST = 128  # step that the search tries
ZERO = 1.25
"""Below this a coefficient was zero: four standard deviations of rounding."""

_MARGIN = 6.0

ENOUGH = 12.0
"""Evidence (a logarithm to base e) from which on a grid counts as found: a chance of one in 160,000."""


@dataclass(frozen=True)
class Grid:
    """Where blocks begin.

    Attributes
    ----------
    top, left : int
        0..7: rows and columns before the first whole block.
    evidence : float
        Logarithm of the likelihood of lattices at this offset over that of none; beyond `ENOUGH` the grid is found.
    margin : float
        Logarithm of the likelihood of this offset over that of the next best.
    noise : float
        Standard deviation of the coefficients around their lattices.
    """

    top: int
    left: int
    evidence: float
    margin: float
    noise: float

    @property
    def found(self) -> bool:
        """Whether there is a grid."""
        return self.evidence > ENOUGH and self.margin > _MARGIN

    @property
    def confidence(self) -> float:
        """Probability, 0..1, that blocks begin there, taken that lattices are as likely as none before looking."""
        return float(1 / (1 + np.exp(-min(self.evidence, 40.0)) + 63 * np.exp(-min(self.margin, 40.0))))


def find_grid(
    y: Plane,
    unknown: NDArray[np.bool_] | None = None,
    *,
    noises: tuple[float, ...] = (ROUNDING,),
    without: tuple[int, int] | None = None,
    only: tuple[int, int] | None = None,
) -> Grid:
    """Find the grid of a plane.

    Parameters
    ----------
    y : ndarray of float32, shape (H, W)
        Luma around zero.
    unknown : ndarray of bool, shape (H, W), optional
        Samples that were clipped.
    noises : tuple of float
        Standard deviations to try for the coefficients around their lattices.
    without : tuple of (int, int), optional
        Top and left of an offset that is known and not looked for.
    only : tuple of (int, int), optional
        Top and left of the one offset to look at.

    Returns
    -------
    Grid
        The likeliest, found or not.
    """
    if unknown is None:
        unknown = np.zeros(y.shape, bool)
    if len(np.unique(y)) < _LEVELS:
        return Grid(0, 0, -np.inf, 0.0, noises[0])
    parts = list(windows(y.shape, _PIXELS))
    evidence, zeros, blocks = (np.full((8, 8), np.nan) for _ in range(3))
    noise = np.zeros((8, 8))
    for top, left in np.ndindex(8, 8):
        if (top, left) == without or only not in (None, (top, left)):
            continue
        samples = np.concatenate([known_blocks(y[part], unknown[part], top, left) for part in parts])
        coefficients = transform(samples)
        zeros[top, left] = np.count_nonzero(np.abs(coefficients[:, 1:]) < ZERO)
        blocks[top, left] = max(1, len(coefficients))
        counts = histogram(coefficients[telling(samples)[0]])
        counts[0] = 0  # means have no vote here: their large values would cost most of the time
        each = [lattice_evidence(step_evidence(counts, noise, _LARGEST)) for noise in noises]
        evidence[top, left], noise[top, left] = max(each), noises[int(np.argmax(each))]
    score = evidence + _more_zeros(zeros, 63 * blocks)
    order = np.argsort(np.where(np.isnan(score), -np.inf, score), axis=None)
    top, left = divmod(int(order[-1]), 8)
    second = float(score.flat[order[-2]])
    margin = np.inf if np.isnan(second) else float(score[top, left] - second)
    return Grid(top, left, float(evidence[top, left]), margin, float(noise[top, left]))


def lattice_evidence(steps: NDArray[np.float64]) -> float:
    """Return the evidence for lattices of a table that is any, or one of those that are known.

    Parameters
    ----------
    steps : ndarray, shape (64, largest)
        As :func:`qgac.pixels.lattice.step_evidence` gives it.
    """
    anything = np.logaddexp(0, log_mean_exp(steps[1:])).sum() - 63 * np.log(2)
    known = np.minimum(LUMA.tables, steps.shape[1]).astype(np.intp) - 1
    families = log_mean_exp(np.take_along_axis(steps[1:], known.T[1:], 1).sum(0))
    return float(np.logaddexp(anything, families) - np.log(2))


def _more_zeros(zeros: NDArray[np.float64], coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the evidence for each of several places in that it has more zeros than usual.

    Parameters
    ----------
    zeros, coefficients : ndarray
        How many coefficients of each place are below `ZERO`, and how many there are.

    Returns
    -------
    ndarray
        Logarithms of likelihood ratios, not below 0.
    """
    shares = zeros / coefficients
    usual = np.clip(np.nanmedian(shares), 1e-6, 1 - 1e-6)
    share = np.clip(shares, usual, 1 - 1e-6)
    gain = zeros * np.log(share / usual) + (coefficients - zeros) * np.log((1 - share) / (1 - usual))
    result: NDArray[np.float64] = np.maximum(gain, 0)
    return result
