"""Finding whether chroma was subsampled, where its blocks begin, and its table.

A subsampling is undone and done again: chroma that went through it comes back as it is, and other chroma does not, for
it has edges between its blocks at the latest. Of the subsamplings that remain, the one counts under which the fewest
coefficients are not zero, and these lie on lattices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from qgac.coefficients.block_dct import transform
from qgac.pixels.blocks import Plane, known_blocks
from qgac.pixels.families import CHROMA
from qgac.pixels.grid import ZERO
from qgac.pixels.lattice import block_evidence
from qgac.pixels.planes import Planes
from qgac.pixels.steps import Steps, find_steps
from qgac.pixels.upsampling import doubled, halved, repeated

__all__ = ["SAMPLINGS", "Chroma", "find_chroma", "padded", "shrunk"]

SAMPLINGS = {(2, 2): "4:2:0", (1, 2): "4:2:2", (2, 1): "4:4:0", (1, 1): "4:4:4"}
"""What (vertical, horizontal) subsampling is called, strongest first."""

_REACH = 2  # samples around a clipped one that undoing an upsampling spoils
_ENOUGH = 6.0  # evidence of lattices without which chroma says nothing
_HALVED = 2.0  # how much noisier halved planes are: rounding errors of smooth ones agree
_FILLS = 3  # how far into unknown parts, in samples
_ROUNDED = 1.2  # what rounding to whole numbers twice changes at most
_RARE = 3e-3  # share of samples that may not come back


_T = TypeVar("_T", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Chroma:
    """What is known of chroma.

    Attributes
    ----------
    factors : tuple of (int, int)
        Vertical and horizontal subsampling, 1 or 2.
    top, left : int
        Rows and columns of the picture before the first whole block of chroma, 0 to 8 times the factor, less one.
    confidence : float
        Probability of this subsampling and place, 0..1.
    repeats : bool
        Whether the decoder repeated samples instead of interpolating.
    steps : Steps
        Its table.
    """

    factors: tuple[int, int]
    top: int
    left: int
    confidence: float
    repeats: bool
    steps: Steps


def find_chroma(planes: Planes, top: int, left: int, noise: float, paired: int | None) -> Chroma | None:
    """Find what chroma went through.

    Parameters
    ----------
    planes : Planes
        Of a colour picture.
    top, left : int
        0..7: where blocks of luma begin.
    noise : float
        Standard deviation of coefficients around their lattices.
    paired : int or None
        Index of the table of luma among the known ones.

    Returns
    -------
    Chroma or None
        None if it says nothing.
    """
    candidates = [
        candidate
        for factors in SAMPLINGS
        for place in np.ndindex(*factors)
        if (candidate := _candidate(planes, (top + 8 * place[0], left + 8 * place[1]), factors, noise)) is not None
    ]
    if not candidates:
        return None
    found = [find_steps(candidate.evidence, CHROMA, paired) for candidate in candidates]
    score = np.array(
        [steps.evidence - candidate.uneven for steps, candidate in zip(found, candidates, strict=True)], np.float64
    )
    best = int(np.argmax(score))
    if found[best].evidence < _ENOUGH and paired is None:
        return None
    confidence = float(1 / np.exp(np.maximum(score - score[best], -40)).sum())
    one = candidates[best]
    return Chroma(one.factors, *one.place, confidence, one.repeats, found[best])


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A subsampling and place that chroma may have."""

    factors: tuple[int, int]
    place: tuple[int, int]
    repeats: bool
    evidence: NDArray[np.float64]
    uneven: float  # number of AC coefficients that are not zero, if they were known everywhere


def _candidate(planes: Planes, place: tuple[int, int], factors: tuple[int, int], noise: float) -> _Candidate | None:
    """Look at chroma under one hypothesis; None if it contradicts the picture."""
    if any(size < start + 8 * factor for size, start, factor in zip(planes.y.shape, place, factors, strict=True)):
        return None
    unknown = padded(planes.clipped, *place, factors, fill=True)
    known = ~_spread(unknown, factors)
    wide = [_filled(padded(plane, *place, factors), unknown) for plane in (planes.cb, planes.cr) if plane is not None]
    repeats = factors != (1, 1) and all(repeated(plane, *factors) for plane in wide)
    if factors != (1, 1) and not repeats and not all(_comes_back(plane, known, factors) for plane in wide):
        return None
    evidence, uneven, blocks = np.zeros(()), 0, 0
    for plane in wide:
        samples = known_blocks(np.rint(shrunk(plane, factors, repeats=repeats)), ~known, 0, 0)
        evidence = evidence + block_evidence(samples, noise if factors == (1, 1) else _HALVED * noise)
        uneven += int(np.count_nonzero(np.abs(transform(samples)[:, 1:]) > ZERO))
        blocks += len(samples)
    if not blocks:
        return None
    return _Candidate(factors, place, repeats, evidence, uneven * (2 * known.size / 64) / blocks)


def _comes_back(plane: Plane, known: NDArray[np.bool_], factors: tuple[int, int]) -> bool:
    """Say whether a plane is one that was halved and doubled, but for rounding."""
    again = doubled(np.rint(halved(plane, *factors)), *factors)
    surely = np.repeat(np.repeat(known, factors[0], 0), factors[1], 1)
    missed = np.abs(again - plane)[surely]
    return bool(missed.size and (missed > _ROUNDED).mean() < _RARE)


def padded(
    plane: NDArray[_T], top: int, left: int, factors: tuple[int, int], *, fill: bool | None = None
) -> NDArray[_T]:
    """Widen a plane to whole blocks of chroma.

    Parameters
    ----------
    plane : ndarray, shape (H, W)
    top, left : int
        Rows and columns before the first whole block of chroma.
    factors : tuple of (int, int)
        Subsampling of chroma.
    fill : bool, optional
        What to fill with; by default the samples at the border.

    Returns
    -------
    ndarray, shape (a multiple of 8 * factors[0], one of 8 * factors[1])
    """
    units = 8 * factors[0], 8 * factors[1]
    before = -top % units[0], -left % units[1]
    widths = [(start, -(start + size) % unit) for start, size, unit in zip(before, plane.shape, units, strict=True)]
    if fill is not None:
        return np.pad(plane, widths, constant_values=fill)
    return np.pad(plane, widths, mode="edge")


def shrunk(plane: Plane, factors: tuple[int, int], *, repeats: bool) -> Plane:
    """Undo the upsampling of a plane that begins with a whole box; not rounded."""
    if factors == (1, 1):
        return plane
    if repeats:
        return plane[:: factors[0], :: factors[1]]
    return halved(plane, *factors)


def _filled(plane: Plane, unknown: NDArray[np.bool_]) -> Plane:
    """Fill unknown samples with the mean of those around, which spoils less of what undoing an upsampling makes."""
    if not unknown.any():
        return plane
    values, weights = np.pad(np.where(unknown, 0, plane), 1), np.pad((~unknown).astype(np.float32), 1)
    rows, columns = np.nonzero(unknown)
    for _ in range(_FILLS):
        around = [(rows + down, columns + across) for down, across in np.ndindex(3, 3)]
        sums, counts = (np.sum([each[place] for place in around], 0) for each in (values, weights))
        near = counts > 0
        inner = rows[near] + 1, columns[near] + 1
        values[inner], weights[inner] = sums[near] / counts[near], 1
        rows, columns = rows[~near], columns[~near]
    return np.where(weights[1:-1, 1:-1] > 0, values[1:-1, 1:-1], plane)


def _spread(unknown: NDArray[np.bool_], factors: tuple[int, int]) -> NDArray[np.bool_]:
    """Say which samples of chroma hang on samples that are unknown."""
    if factors == (1, 1):
        return unknown
    boxes = unknown.reshape(unknown.shape[0] // factors[0], factors[0], unknown.shape[1] // factors[1], factors[1])
    result: NDArray[np.bool_] = np.logical_or.reduce(boxes, (1, 3))
    for axis in (0, 1):
        if factors[axis] == 2:
            near = [np.roll(result, shift, axis) for shift in range(-_REACH, _REACH + 1)]
            result = np.logical_or.reduce(near)
    return result
