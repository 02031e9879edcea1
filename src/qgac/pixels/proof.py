"""The proof that a JPEG file was made of an earlier one: compressing that again gives the file.

The earlier picture is what the file decodes to, rounded to the lattice of the earlier table on the earlier grid.
Compressed by the table of the file it gives the levels of the file once more if it is right, but for few. If it is not,
rounding has moved each coefficient by anything up to half a step, and levels are the same by chance; how often that is
depends on the picture, so the same table on all other grids is the control.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qgac.coefficients.block_dct import blocks_at, plane_of, transform, transform_back
from qgac.jpeg.image import Component
from qgac.pixels.blocks import Plane, windows
from qgac.pixels.resaved import decoded_parts, decoded_plane

__all__ = ["Proof", "prove", "trust"]

_PIXELS = 80_000  # compressed again
_CERTAIN = 0.95  # share of levels that are the same by chance
_AGREEMENT, _MORE, _LEVELS = 0.25, 0.2, 400
_USUAL = 8.0  # levels' worth of the whole picture in what is known of a part
_NONE, _ALL = (
    0.1,
    0.3,
)  # how much more a part agrees than on other grids, to be trusted at all, and wholly


@dataclass(frozen=True)
class Proof:
    """How well an earlier picture gives the file again.

    Attributes
    ----------
    agreement : float
        How many of the levels that are not zero are those of the file: 0 as many as by chance, 1 all.
    control : float
        The most that the same table reaches on any other grid; infinite where that was not looked at, for the
        agreement is too small.
    levels : int
        How many levels were compared.
    """

    agreement: float
    control: float
    levels: int

    @property
    def holds(self) -> bool:
        """Whether there is no doubt."""
        return self.levels >= _LEVELS and self.agreement > max(_AGREEMENT, self.control + _MORE)


def prove(luma: Component, top: int, left: int, steps: NDArray[np.int64]) -> Proof:
    """Compress an earlier picture again.

    Parameters
    ----------
    luma : Component
        Of the last file.
    top, left : int
        0..7: rows and columns before the first whole block of the earlier compression.
    steps : ndarray of int, shape (64,)
        Of its table.

    Returns
    -------
    Proof
    """
    rows, columns = luma.coefficients.shape[:2]
    parts = list(windows((8 * rows, 8 * columns), _PIXELS))
    blocks = [tuple(slice(side.start // 8, side.stop // 8) for side in part) for part in parts]
    levels = [_flat(luma.coefficients[part]) for part in blocks]
    own = list(zip(decoded_parts(luma, parts), levels, strict=True))
    last = luma.table.ravel().astype(np.float32)
    agreement, count = _agreement(own, last, (top, left), steps.astype(np.float32))
    control = np.inf
    if agreement > _AGREEMENT:
        others = [place for place in np.ndindex(8, 8) if place not in ((0, 0), (top, left))]
        control = max(_agreement(own, last, place, steps.astype(np.float32))[0] for place in others)
    return Proof(agreement, control, count)


def trust(luma: Component, place: tuple[int, int], steps: NDArray[np.int64]) -> NDArray[np.float32]:
    """Say where to trust the earlier picture: parts from elsewhere it gives no better than other grids do.

    Parameters
    ----------
    luma : Component
        Of the last file.
    place : tuple of (int, int)
        0..7: rows and columns before the first whole block of the earlier compression.
    steps : ndarray of int, shape (64,)
        Of its table.

    Returns
    -------
    ndarray of float32, shape (rows, columns)
        For every block of the file, 0 not at all, 1 wholly.
    """
    plane, levels, last = decoded_plane(luma), _flat(luma.coefficients), luma.table.ravel().astype(np.float32)

    def agreement(place: tuple[int, int]) -> NDArray[np.float64]:
        same, chance, count = _comparison(plane, levels, last, place, steps.astype(np.float32))
        better, sure = same - chance, count - chance
        whole = float(better.sum()) / max(float(sure.sum()), 1.0)
        result: NDArray[np.float64] = (_around(better) + _USUAL * whole) / (_around(sure) + _USUAL)
        return result

    top, left = (place[0] + 4) % 8, (place[1] + 4) % 8
    others = [other for other in ((top, left), (top, place[1]), (place[0], left)) if other != (0, 0)]
    more = agreement(place) - np.mean([agreement(other) for other in others], 0)
    result: NDArray[np.float32] = np.clip((more - _NONE) / (_ALL - _NONE), 0, 1).astype(np.float32)
    return result


def _agreement(
    parts: list[tuple[Plane, NDArray[np.int16]]],
    last: NDArray[np.float32],
    place: tuple[int, ...],
    steps: NDArray[np.float32],
) -> tuple[float, int]:
    """Return how much better than by chance levels are given again, and how many levels tell."""
    sums = np.zeros(3)
    for plane, levels in parts:
        sums += [each[1:-1, 1:-1].sum() for each in _comparison(plane, levels, last, place, steps)]
    same, chance, count = sums
    if chance >= _CERTAIN * count:  # steps as fine as those of the file leave any levels as they are
        return 0.0, int(count)
    return float((same - chance) / (count - chance)), int(count)


def _comparison(
    plane: Plane,
    levels: NDArray[np.int16],
    last: NDArray[np.float32],
    place: tuple[int, ...],
    steps: NDArray[np.float32],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return of every block how many levels that are not zero are the same, are so by chance, and are compared."""
    top, left = place
    inner, given = blocks_at(plane, top, left), plane.copy()
    rows, columns = 8 * inner.shape[0], 8 * inner.shape[1]
    lattice = np.rint(transform(inner) / steps) * steps
    given[top : top + rows, left : left + columns] = plane_of(transform_back(lattice))
    again = np.rint(transform(blocks_at(np.rint(given).clip(-128, 127), 0, 0)) / last)
    told = (levels != 0) | (again != 0)
    told[..., 0] = False
    # A lattice that is not there moves coefficients by anything up to half a step of it.
    chance = told @ np.minimum(1, last / steps).astype(np.float64)
    return ((levels == again) & told).sum(-1).astype(np.float64), chance, told.sum(-1).astype(np.float64)


def _flat(levels: NDArray[np.int16]) -> NDArray[np.int16]:
    return levels.reshape(*levels.shape[:2], 64)


def _around(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Add up the 5 x 5 values around each."""
    rows, columns = values.shape
    sums = np.pad(values, ((3, 2), (3, 2))).cumsum(0).cumsum(1)
    result: NDArray[np.float64] = sums[5:, 5:] - sums[:rows, 5:] - sums[5:, :columns] + sums[:rows, :columns]
    return result
