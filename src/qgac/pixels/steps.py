"""Finding a quantisation table in the coefficients of blocks whose place is known.

Where a picture has coefficients that are not zero, they tell the step themselves. Where it has none, the table of a
known encoder with those steps tells it, or the known table nearest to them, made coarser or finer as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qgac.pixels.families import Family
from qgac.pixels.lattice import LARGEST_STEP, log_mean_exp

__all__ = ["Steps", "find_steps", "known_steps"]

_KNOWN = 0.97  # how often a table is a known one, before looking
_PAIRED = 0.97  # how often chroma has the table that belongs to that of luma
_SURE = 0.9  # from this probability on, coefficients have told their step
_GUESSED = 0.3  # confidence in a step that only the form of a known table tells


@dataclass(frozen=True, eq=False)
class Steps:
    """A table found.

    Attributes
    ----------
    table : ndarray of uint16, shape (8, 8)
        Natural order.
    confidence : ndarray of float64, shape (8, 8)
        Probability of every step, 0..1.
    measured : ndarray of bool, shape (8, 8)
        Whether coefficients tell the step themselves.
    name : str or None
        Who writes this very table, such as ``libjpeg at quality 75``; None if it is none of those known.
    index : int or None
        Of that table in its family.
    evidence : float
        Logarithm of the likelihood of lattices over that of none.
    """

    table: NDArray[np.uint16]
    confidence: NDArray[np.float64]
    measured: NDArray[np.bool_]
    name: str | None
    index: int | None
    evidence: float


def find_steps(evidence: NDArray[np.float64], family: Family, paired: int | None = None) -> Steps:
    """Find a table.

    Parameters
    ----------
    evidence : ndarray of float64, shape (64, LARGEST_STEP)
        For every step, as :func:`qgac.pixels.lattice.block_evidence` gives it.
    family : Family
        Known tables.
    paired : int, optional
        Index of the one that is likely for another reason: the luma of the picture has the table that belongs to it.

    Returns
    -------
    Steps
    """
    known = np.take_along_axis(evidence, family.tables.T - 1, 1).sum(0)
    prior = np.full(len(known), np.log(1 / len(known)))
    if paired is not None:
        prior = np.full(len(known), np.log((1 - _PAIRED) / len(known)))
        prior[paired] = np.log(_PAIRED)
    together = np.logaddexp.reduce(known + prior)
    freely = log_mean_exp(evidence)
    share = 1 / (1 + np.exp(np.clip(freely.sum() - together + np.log(1 / _KNOWN - 1), -500, 500)))

    own = np.exp(evidence - evidence.max(1, keepdims=True))
    own /= own.sum(1, keepdims=True)
    best = own.argmax(1)
    measured = own.max(1) > _SURE
    likeliest = int(np.argmax(known + prior))
    if share > 0.5:
        weights = np.exp(known + prior - together)
        steps = family.tables[likeliest]
        same = family.tables == steps
        confidence = share * (weights @ same) + (1 - share) * own[np.arange(64), steps - 1]
        measured &= best == steps - 1
        name, index = family.names[likeliest], likeliest
    else:
        steps = np.where(measured, best + 1, _nearest(best + 1, measured, evidence, family))
        confidence = np.where(measured, own.max(1), _GUESSED)
        name, index = None, None
    shape = (8, 8)
    return Steps(
        steps.astype(np.uint16).reshape(shape),
        np.clip(confidence, 0, 1).reshape(shape),
        measured.reshape(shape),
        name,
        index,
        float(np.logaddexp(together + np.log(_KNOWN), freely.sum() + np.log(1 - _KNOWN))),
    )


def _nearest(
    steps: NDArray[np.int64], measured: NDArray[np.bool_], evidence: NDArray[np.float64], family: Family
) -> NDArray[np.int64]:
    """Return the known table whose form is most like the measured steps, scaled to them."""
    if not measured.any():
        known = np.take_along_axis(evidence, family.tables.T - 1, 1).sum(0)
        best: NDArray[np.int64] = family.tables[int(np.argmax(known))]
        return best
    ratios = np.log(steps[measured]) - np.log(family.tables[:, measured])
    scale = np.median(ratios, 1, keepdims=True)
    form = int(np.argmin(np.abs(ratios - scale).mean(1) + 0.02 * np.abs(scale[:, 0])))
    scaled = np.rint(family.tables[form] * np.exp(scale[form, 0]))
    nearest: NDArray[np.int64] = np.clip(scaled, 1, LARGEST_STEP).astype(np.int64)
    return nearest


def known_steps(family: Family, index: int) -> Steps:
    """Return a known table as one of which all is certain: somebody says so.

    Parameters
    ----------
    family : Family
    index : int
        Of the table in it.
    """
    table = family.tables[index].astype(np.uint16).reshape(8, 8)
    return Steps(table, np.ones((8, 8)), np.zeros((8, 8), bool), family.names[index], index, 0.0)
