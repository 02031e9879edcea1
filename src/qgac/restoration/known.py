"""What a file says about a plane, and restored coefficients kept to it: the projection in NumPy.

The same as :mod:`qgac.coefficients.projection`, which has it explained, and with the wider intervals of files that do
not send every bit (:mod:`qgac.restoration.slack`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qgac.coefficients.quantization import HALF
from qgac.engine.engine import Array
from qgac.restoration.slack import bounds
from qgac.restoration.transform import box_matrix, double_nearest, from_mcus, spread_matrix, to_mcus

__all__ = ["KnownPlane"]


@dataclass(frozen=True, eq=False)
class KnownPlane:
    """What a file says about a plane, or a part of one.

    Attributes
    ----------
    decoded : ndarray of float32, shape (h, w, 64)
        Dequantised coefficients.
    table : ndarray of float32, shape (64,)
        Quantisation steps.
    factors : tuple of (int, int)
        Vertical and horizontal subsampling.
    slack : ndarray of float32, shape (64,), or None
        What the file leaves open beyond half a step, see :mod:`qgac.restoration.slack`.
    """

    decoded: Array
    table: Array
    factors: tuple[int, int] = (1, 1)
    slack: Array | None = None

    def project(self, restored: Array) -> Array:
        """Project restored coefficients so that quantising them gives the file's own.

        Parameters
        ----------
        restored : ndarray of float32, shape (vertical * h, horizontal * w, 64)
            At full resolution, dequantised scale. May be overwritten.

        Returns
        -------
        ndarray of float32, shape (vertical * h, horizontal * w, 64)
            Each coefficient, or each coefficient of the box-downsampled plane, lies within half a step (less 1/256
            step) of the decoded one, or of one that agrees with the bits of it that were sent.
        """
        if self.factors == (1, 1):
            return np.clip(restored, *bounds(self.decoded, self.half, self.slack), out=restored)
        mcus = to_mcus(restored, *self.factors)
        known = mcus @ box_matrix(*self.factors)
        known -= np.clip(known, *bounds(self.decoded, self.half, self.slack))
        mcus -= known @ spread_matrix(*self.factors)
        return from_mcus(mcus, *self.factors)

    @property
    def half(self) -> Array:
        """Half a step, just short of its end, (64,)."""
        return np.float32(HALF) * self.table

    def plain(self) -> Array:
        """Return the coefficients at full resolution as the file has them, samples repeated."""
        return double_nearest(self.decoded, *self.factors)
