"""Finding that the picture in a JPEG file was a JPEG before, on another grid, with coarser tables.

The last compression has blurred the lattices of the one before: around their points lies its quantisation error, spread
over the frequencies of the shifted blocks. How strong that is follows from its own tables.

Coefficients may gather in places for other reasons: those of a wave have few magnitudes, and a coarse compression alone
shows on every other grid, since flat blocks side by side make steps of only so many heights. The many coefficients of
one frequency then agree for one and the same reason, so a frequency, however many coefficients it has, counts as one
witness, who may be wrong. And such reasons show on many grids alike, so one grid must surpass all others, which are the
controls. A small part of the picture dismisses nearly all files.

The proof is in the file itself, see :mod:`qgac.pixels.proof`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from qgac.coefficients.block_dct import BLOCK_MATRIX, dct_matrix
from qgac.jpeg.image import Component
from qgac.pixels.blocks import Plane, known_blocks, telling, windows
from qgac.pixels.families import LUMA
from qgac.pixels.lattice import histogram, step_evidence
from qgac.pixels.proof import Proof, prove
from qgac.pixels.resaved import decoded_parts

__all__ = ["Earlier", "find_earlier"]

_PIXELS = 160_000  # looked at in all
_FIRST = 10  # parts of 64 x 64 that are looked at first
_QUIET = 0.8  # share of the picture that is busier than the quietest of them
_LARGEST = 128  # step that is tried
_LEAST_BLOCKS = 36  # fewer tell nothing for sure
_FREQUENCIES = np.flatnonzero(np.add.outer(np.arange(8), np.arange(8)).ravel() <= 5)[1:]  # few others have levels
_MATRIX = np.ascontiguousarray(BLOCK_MATRIX[:, _FREQUENCIES])
_NOISES = np.array([0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6])
_LEAST = 0.95  # of the expected noise, is thought possible
_BINS = 1025  # of the histograms: larger coefficients are few
_FIRST_VOTE = 8  # bin of the histograms: steps of candidates are at least 4, so what is below is no vote
_SILENT = np.log(0.2)  # probability that a frequency says nothing
_WITNESS = 8.0  # evidence of one frequency at most: that it is wrong has a probability of e^-8
_COARSER = 1.5  # how much coarser earlier tables must be, at low frequencies, for them to matter
_LOW = np.array([0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25])  # the first of the zigzag
_FINALISTS = 4  # tables that are to be proved
_PROMISING, _MARGIN = 8.0, 20.0


@dataclass(frozen=True)
class Earlier:
    """An earlier compression.

    Attributes
    ----------
    top, left : int
        0..7: rows and columns before its first whole block.
    index : int
        Of its luma table among the known ones.
    margin : float
        Logarithm of the likelihood of this grid over that of the next best.
    proof : Proof
        How well it gives the file again.
    """

    top: int
    left: int
    index: int
    margin: float
    proof: Proof

    @property
    def found(self) -> bool:
        """Whether the evidence is beyond doubt."""
        return self.margin > _MARGIN and self.proof.holds


def find_earlier(luma: Component, *, index: int | None = None) -> Earlier | None:
    """Find the compression before the last one.

    Parameters
    ----------
    luma : Component
        Of the last one.
    index : int, optional
        Of the earlier luma table among the known ones, if it is known.

    Returns
    -------
    Earlier or None
        The likeliest, found or not; None if no known table is coarser than that of the file, if it is too small, or if
        a first look says that there is none.
    """
    if luma.coefficients[..., 0, 0].size < _LEAST_BLOCKS:
        return None
    logarithms = np.log(LUMA.tables[:, _LOW] / luma.table.ravel()[_LOW]).mean(1)
    coarser = np.flatnonzero(logarithms > np.log(_COARSER)) if index is None else np.array([index])
    if not len(coarser):
        return None
    error = _error(luma)
    if index is None and _margin(_evidence(_first_parts(luma), error, coarser)[0]) < _PROMISING:
        return None
    rows, columns = luma.coefficients.shape[:2]
    parts = decoded_parts(luma, windows((8 * rows, 8 * columns), _PIXELS))
    evidence, best = _evidence(parts, error, coarser)
    margin = _margin(evidence)
    if np.isinf(margin):  # hardly any whole block
        return None
    top, left = divmod(int(np.argmax(evidence)), 8)
    proofs = [prove(luma, top, left, LUMA.tables[finalist]) for finalist in best[top, left]]
    likeliest = int(np.argmax([proof.agreement for proof in proofs]))
    return Earlier(top, left, int(best[top, left, likeliest]), margin, proofs[likeliest])


def _first_parts(luma: Component) -> list[Plane]:
    """Return the samples of a few parts, of 8 x 8 blocks at any offset, from the busiest to rather quiet ones.

    Levels that are not zero have the votes, but where there are most of them, the last compression blurs most.
    """
    rows, columns = luma.coefficients.shape[:2]
    counts = np.zeros((-(-rows // 8), 8, -(-columns // 8), 8), np.int64)
    padded = counts.reshape(8 * counts.shape[0], 8 * counts.shape[2])
    padded[:rows, :columns] = np.count_nonzero(luma.coefficients, axis=(2, 3))
    busy = counts.sum((1, 3))
    ranks = np.linspace(0, max(_QUIET * busy.size, min(_FIRST, busy.size) - 1), min(_FIRST, busy.size)).astype(int)
    chosen = np.argsort(-busy, axis=None, kind="stable")[ranks]
    places = np.transpose(np.unravel_index(chosen, busy.shape)) * 64
    parts = ((slice(top, min(8 * rows, top + 71)), slice(left, min(8 * columns, left + 71))) for top, left in places)
    return decoded_parts(luma, parts)


def _evidence(
    parts: list[Plane], error: NDArray[np.float64], candidates: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Look at every grid.

    Parameters
    ----------
    parts : list of ndarray, each of shape (h, w)
        Samples; each begins with a block of the last compression.
    error : ndarray, shape (8, 8)
        Expected square error of it.
    candidates : ndarray of int
        Indices of the tables that the earlier one may be.

    Returns
    -------
    ndarray, shape (8, 8)
        Logarithm of the likelihood of the likeliest table over that of none, minus infinity where there is no block.
    ndarray of int, shape (8, 8, F)
        The likeliest tables of each, the best last.
    """
    steps = np.minimum(LUMA.tables[candidates][:, _FREQUENCIES], _LARGEST).T
    evidence = np.full((8, 8), -np.inf)
    best = np.zeros((8, 8, min(_FINALISTS, len(candidates))), np.intp)
    for top, left in np.ndindex(8, 8):
        blocks = [known_blocks(part, None, top, left) for part in parts]
        samples = np.concatenate(blocks)
        if top == left == 0 or not len(samples):
            continue
        noise = np.sqrt(_spread(top) @ error @ _spread(left).T).ravel()[_FREQUENCIES]
        counts = histogram(samples[telling(samples)[0]] @ _MATRIX, _BINS)
        witnesses = np.logaddexp(_SILENT, np.log1p(-np.exp(_SILENT)) + _frequency_evidence(counts, noise))
        each = np.take_along_axis(witnesses, steps - 1, 1)
        evidence[top, left] = np.minimum(each, _WITNESS).sum(0).max()
        # Which table it is, all coefficients tell: tables of neighbouring qualities differ by little.
        best[top, left] = candidates[np.argsort(each.sum(0), kind="stable")[-best.shape[2] :]]
    return evidence, best


def _margin(evidence: NDArray[np.float64]) -> float:
    """Return by how much the best exceeds the second; infinite if there is no second."""
    second, best = np.sort(evidence, axis=None)[-2:]
    return float(best - second)


def _frequency_evidence(counts: NDArray[np.float32], noise: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the evidence for every step of every frequency, when its noise is as expected or the next stronger one."""
    expected = np.minimum(np.searchsorted(_NOISES, _LEAST * noise), len(_NOISES) - 2)
    evidence = np.zeros((len(counts), _LARGEST))
    votes = counts[:, _FIRST_VOTE:].any(1)
    for first in set(expected[votes].tolist()):  # NumPy's own function loads more of NumPy than this needs
        chosen = votes & (expected == first)
        pair = [step_evidence(counts[chosen], strength, _LARGEST) for strength in _NOISES[first : first + 2]]
        evidence[chosen] = np.logaddexp(*pair) - np.log(2)
    return evidence


def _error(component: Component) -> NDArray[np.float64]:
    """Return the expected square error of quantisation of every frequency, by a Laplace distribution of each."""
    steps = component.table.ravel().astype(np.float64)
    levels = component.coefficients
    count = levels.shape[0] * levels.shape[1]
    # Row by row: the whole of it could take as much memory as the file's coefficients.
    zeros = np.zeros(64)
    for row in levels:
        zeros += (row.reshape(-1, 64) == 0).sum(0)
    zero = np.clip(zeros / count, 1e-3, 1 - 1 / (4 * count))
    reach = np.linspace(0, 0.5, 64)[:, None]
    density = (1 - zero) ** (2 * reach)  # of a magnitude, in steps, within the interval around zero
    within = (density * reach**2).sum(0) / density.sum(0)
    result: NDArray[np.float64] = (zero * within + (1 - zero) / 12) * steps**2
    return result.reshape(8, 8)


@lru_cache(maxsize=8)
def _spread(shift: int) -> NDArray[np.float64]:
    """Return how much of the variance of every frequency (columns) each one has when blocks begin so much later."""
    matrix = dct_matrix()
    if shift == 0:
        return np.eye(8)
    first, second = matrix[:, : 8 - shift] @ matrix[:, shift:].T, matrix[:, 8 - shift :] @ matrix[:, :shift].T
    result: NDArray[np.float64] = first**2 + second**2
    return result
