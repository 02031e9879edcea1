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
from qgac.pixels.resaved import decoded_parts

__all__ = ["Proof", "prove"]

_PIXELS = 80_000  # compressed again
_CERTAIN = 0.95  # share of levels that are the same by chance
_AGREEMENT, _MORE, _LEVELS = 0.25, 0.2, 400


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
    levels = [luma.coefficients[tuple(slice(side.start // 8, side.stop // 8) for side in part)] for part in parts]
    blocks = [level.reshape(*level.shape[:2], 64) for level in levels]
    own = list(zip(decoded_parts(luma, parts), blocks, strict=True))
    last = luma.table.ravel().astype(np.float32)
    agreement, count = _agreement(own, last, (top, left), steps.astype(np.float32))
    control = np.inf
    if agreement > _AGREEMENT:
        others = [place for place in np.ndindex(8, 8) if place not in ((0, 0), (top, left))]
        control = max(_agreement(own, last, place, steps.astype(np.float32))[0] for place in others)
    return Proof(agreement, control, count)


def _agreement(
    parts: list[tuple[Plane, NDArray[np.int16]]],
    last: NDArray[np.float32],
    place: tuple[int, ...],
    steps: NDArray[np.float32],
) -> tuple[float, int]:
    """Return how much better than by chance levels are given again, and how many levels tell."""
    top, left = place
    same, chance, count = 0, 0.0, 0
    for plane, levels in parts:
        inner, given = blocks_at(plane, top, left), plane.copy()
        rows, columns = 8 * inner.shape[0], 8 * inner.shape[1]
        lattice = np.rint(transform(inner) / steps) * steps
        given[top : top + rows, left : left + columns] = plane_of(transform_back(lattice))
        again = np.rint(transform(blocks_at(np.rint(given).clip(-128, 127), 0, 0)) / last)[1:-1, 1:-1, 1:]
        own = levels[1:-1, 1:-1, 1:]
        told = (own != 0) | (again != 0)
        same += int(np.count_nonzero((own == again) & told))
        # A lattice that is not there moves coefficients by anything up to half a step of it.
        chance += float((told.sum((0, 1)) * np.minimum(1, last / steps)[1:]).sum())
        count += int(np.count_nonzero(told))
    if chance >= _CERTAIN * count:  # steps as fine as those of the file leave any levels as they are
        return 0.0, count
    return (same - chance) / (count - chance), count
