"""Finding that the picture in a JPEG file was a JPEG before, on another grid, with coarser tables.

The last compression has blurred the lattices of the one before: around their points lies its quantisation error, spread
over the frequencies of the shifted blocks. How strong that is follows from its own tables. What remains to be told
apart are true lattices and those that a coarse compression alone shows on every other grid, since flat blocks side by
side make steps of only so many heights; but these show on many grids alike. So one grid must surpass all others. The
proof is in the file itself: the picture that it was made of, if it is that of the lattice, gives the levels of the file
once more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from qgac.coefficients.block_dct import blocks_at, dct_matrix, plane_of, transform, transform_back
from qgac.jpeg.image import Component
from qgac.pixels.blocks import Plane, known_blocks, telling, windows
from qgac.pixels.families import LUMA
from qgac.pixels.lattice import histogram, log_mean_exp, step_evidence

__all__ = ["Earlier", "decoded_plane", "find_earlier"]

_PIXELS = 160_000  # looked at in all
_BLOCKS = 96  # a side, of the part that is compressed again
_LARGEST = 128  # step that is tried
_LEAST_BLOCKS = 36  # fewer tell nothing for sure
_NOISES = (0.7, 1.4, 2.8, 5.6)
_LEAST = 0.6  # of the expected noise, is thought possible
_SILENT = 0.2  # probability that a frequency says nothing
_COARSER = 1.5  # how much coarser earlier tables must be, at low frequencies, for them to matter
_LOW = np.array([0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25])  # the first of the zigzag
_FINALISTS = 4  # tables that the file is made of again
_MARGIN, _AGREEMENT = 10.0, 0.22


@dataclass(frozen=True)
class Earlier:
    """An earlier compression.

    Attributes
    ----------
    top, left : int
        0..7: rows and columns before its first whole block.
    index : int
        Of its luma table among the known ones.
    evidence : float
        Logarithm of the likelihood of its lattices over that of none.
    margin : float
        Logarithm of the likelihood of this grid over that of the next best.
    agreement : float
        How many of the levels of the last file compressing the earlier picture gives again: 0 as many as by chance, 1
        all.
    """

    top: int
    left: int
    index: int
    evidence: float
    margin: float
    agreement: float

    @property
    def found(self) -> bool:
        """Whether the evidence is strong."""
        return self.margin > _MARGIN and self.agreement > _AGREEMENT


def decoded_plane(component: Component) -> Plane:
    """Return the samples around zero, not rounded, that a component decodes to; whole blocks."""
    blocks = np.multiply(component.coefficients, component.table, dtype=np.float32)
    return plane_of(transform_back(blocks.reshape(*blocks.shape[:2], 64)))


def _decoded_part(component: Component, part: tuple[slice, slice]) -> Plane:
    """Return the samples of a part of a component, which begins with a block."""
    blocks = tuple(slice(side.start // 8, -(-side.stop // 8)) for side in part)
    plane = decoded_plane(replace(component, coefficients=component.coefficients[blocks]))
    return plane[: part[0].stop - part[0].start, : part[1].stop - part[1].start]


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
        The likeliest, found or not; None if no known table is coarser than that of the file, or it is too small.
    """
    if luma.coefficients[..., 0, 0].size < _LEAST_BLOCKS:
        return None
    logarithms = np.log(LUMA.tables / luma.table.ravel())
    coarser = np.flatnonzero(logarithms[:, _LOW].mean(1) > np.log(_COARSER))
    if index is not None:
        coarser = np.array([index])
    if not len(coarser):
        return None
    tables = np.minimum(LUMA.tables[coarser], _LARGEST)
    error = _error(luma)
    rows, columns = luma.coefficients.shape[:2]
    parts = [_decoded_part(luma, part) for part in windows((8 * rows, 8 * columns), _PIXELS)]
    evidence, best = np.full((8, 8), -np.inf), np.zeros((8, 8, min(_FINALISTS, len(coarser))), np.intp)
    for top, left in np.ndindex(8, 8):
        if top == left == 0:
            continue
        blocks = np.concatenate([known_blocks(part, None, top, left) for part in parts])
        if not len(blocks):
            continue
        noise = np.sqrt(np.kron(_spread(top), _spread(left)) @ error)
        counts = histogram(transform(blocks[telling(blocks)[0]]))
        counts[0] = 0  # means have no vote: their large values would cost most of the time
        each = _tables_evidence(counts, noise, tables)
        evidence[top, left] = log_mean_exp(each)
        best[top, left] = coarser[np.argsort(each)[-best.shape[2] :]]
    order = np.argsort(evidence, axis=None)
    if np.isneginf(evidence.flat[order[-2]]):  # hardly any whole block
        return None
    top, left = divmod(int(order[-1]), 8)
    margin = float(evidence[top, left] - evidence.flat[order[-2]])
    corner = decoded_plane(replace(luma, coefficients=luma.coefficients[:_BLOCKS, :_BLOCKS]))
    agreements = [_agreement(luma, corner, top, left, LUMA.tables[finalist]) for finalist in best[top, left]]
    index = int(best[top, left, int(np.argmax(agreements))])
    return Earlier(top, left, index, float(evidence[top, left]), margin, max(agreements))


def _agreement(luma: Component, plane: Plane, top: int, left: int, steps: NDArray[np.int64]) -> float:
    """Compress the earlier picture once more, and see how much better than by chance it gives the file again."""
    inner, earlier = blocks_at(plane, top, left), steps.astype(np.float32)
    given = plane.copy()
    rows, columns = 8 * inner.shape[0], 8 * inner.shape[1]
    lattice = np.rint(transform(inner) / earlier) * earlier
    given[top : top + rows, left : left + columns] = plane_of(transform_back(lattice))
    last = luma.table.ravel().astype(np.float32)
    again = np.rint(transform(blocks_at(np.rint(given), 0, 0)) / last)[1:-1, 1:-1]
    levels = luma.coefficients[:_BLOCKS, :_BLOCKS]
    levels = levels.reshape(*levels.shape[:2], 64)[1:-1, 1:-1]
    told = (levels != 0) | (again != 0)
    if not told.any():
        return 0.0
    # A lattice that is not there moves coefficients by anything up to half a step of it.
    chance = float((told * np.minimum(1, last / earlier)).sum() / told.sum())
    return (float((levels == again)[told].mean()) - chance) / (1 - chance)


def _tables_evidence(
    counts: NDArray[np.float32], noise: NDArray[np.float64], tables: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the evidence for every table, when the noise of every frequency is about so strong."""
    possible = np.array(_NOISES)[:, None] >= _LEAST * noise
    possible[-1] = True
    prior = np.where(possible, -np.log(possible.sum(0)), -np.inf)
    evidence = np.stack([step_evidence(counts, each, _LARGEST) for each in _NOISES]) + prior[..., None]
    chosen = np.take_along_axis(np.logaddexp.reduce(evidence, 0)[1:], tables.T[1:] - 1, 1)
    result: NDArray[np.float64] = np.logaddexp(np.log(_SILENT), np.log1p(-_SILENT) + chosen).sum(0)
    return result


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
    return result


@lru_cache(maxsize=8)
def _spread(shift: int) -> NDArray[np.float64]:
    """Return how much of the variance of every frequency (columns) each one has when blocks begin so much later."""
    matrix = dct_matrix()
    if shift == 0:
        return np.eye(8)
    first, second = matrix[:, : 8 - shift] @ matrix[:, shift:].T, matrix[:, 8 - shift :] @ matrix[:, :shift].T
    result: NDArray[np.float64] = first**2 + second**2
    return result
