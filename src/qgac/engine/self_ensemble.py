"""Eight views of one picture, restored and averaged: the self-ensemble of Timofte et al. (CVPR 2016) in the DCT domain.

A picture may be mirrored and transposed without leaving its coefficients: mirroring reverses the order of the blocks
and negates the odd frequencies along that axis, transposition transposes the grid, every block and every table. All of
it is exact, so the eight views hold the same information. A network is not perfectly equivariant, its errors on the
views differ, and their mean is smaller than each.

The grid of blocks stays what it is. Where a picture ends inside its last blocks, what lies beyond its edge takes part
as it does in the plain restoration; in the mirrored views it comes first.
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np

from qgac.engine.engine import Array, Engine, Pair

__all__ = ["SelfEnsemble", "View"]

_ALTERNATING = np.array([1, -1] * 4, np.float32)


class View(NamedTuple):
    """A symmetry of the square: transposed first, then mirrored.

    Attributes
    ----------
    transposed : bool
        Rows become columns.
    upside_down, left_right : bool
        Mirrored along the vertical axis, along the horizontal axis.
    """

    transposed: bool
    upside_down: bool
    left_right: bool

    def table(self, table: Array) -> Array:
        """Return the quantisation steps (64,) that belong to this view."""
        return np.ascontiguousarray(table.reshape(8, 8).T).reshape(64) if self.transposed else table

    def factors(self, factors: tuple[int, int]) -> tuple[int, int]:
        """Return the (vertical, horizontal) subsampling factors that belong to this view."""
        return factors[::-1] if self.transposed else factors

    def of(self, blocks: Array) -> Array:
        """Show coefficients in this view.

        Parameters
        ----------
        blocks : ndarray of float32, shape (h, w, 64)

        Returns
        -------
        ndarray of float32, shape (h, w, 64), or (w, h, 64) if transposed
        """
        return self._mirrored(_transposed(blocks) if self.transposed else blocks)

    def undone(self, blocks: Array) -> Array:
        """Return from this view; the inverse of :meth:`of`."""
        mirrored = self._mirrored(blocks)
        return _transposed(mirrored) if self.transposed else mirrored

    def _mirrored(self, blocks: Array) -> Array:
        axes = [axis for axis, mirrored in enumerate((self.upside_down, self.left_right)) if mirrored]
        if not axes:
            return blocks
        flat = np.ones_like(_ALTERNATING)
        signs = np.outer(_ALTERNATING if self.upside_down else flat, _ALTERNATING if self.left_right else flat)
        mirrored: Array = np.flip(blocks, tuple(axes)) * signs.reshape(64)
        return mirrored


def _transposed(blocks: Array) -> Array:
    rows, columns, _ = blocks.shape
    return np.ascontiguousarray(blocks.reshape(rows, columns, 8, 8).transpose(1, 0, 3, 2)).reshape(columns, rows, 64)


_VIEWS = tuple(View(*flags) for flags in product((False, True), repeat=3))


class SelfEnsemble:
    """An engine that restores all views of what it is given and returns their mean; eight times the work.

    Transposed views are left out where the network does not know the transposed subsampling.

    Parameters
    ----------
    engine : Engine
        What restores each view; :class:`qgac.engine.engine.Engine` has attributes and methods explained.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.device = engine.device
        self.receptive_field_y = engine.receptive_field_y
        self.receptive_field_color = engine.receptive_field_color
        self.factors = engine.factors
        self.widest_layer = engine.widest_layer

    def restore_y(self, decoded: Array, table: Array) -> Array:
        """Restore luma; see :meth:`qgac.engine.engine.Engine.restore_y`."""
        total = np.zeros_like(decoded)
        for view in _VIEWS:
            total += view.undone(self._engine.restore_y(view.of(decoded), view.table(table)))
        total /= len(_VIEWS)
        return total

    def restore_chroma(
        self,
        chroma: Pair,
        tables: Pair,
        y: Array,
        y_table: Array,
        factors: tuple[int, int],
    ) -> Pair:
        """Restore Cb and Cr; see :meth:`qgac.engine.engine.Engine.restore_chroma`."""
        views = [view for view in _VIEWS if view.factors(factors) in self.factors]
        cb, cr = np.zeros_like(y), np.zeros_like(y)
        for view in views:
            restored = self._engine.restore_chroma(
                (view.of(chroma[0]), view.of(chroma[1])),
                (view.table(tables[0]), view.table(tables[1])),
                view.of(y),
                view.table(y_table),
                view.factors(factors),
            )
            cb += view.undone(restored[0])
            cr += view.undone(restored[1])
        cb /= len(views)
        cr /= len(views)
        return cb, cr
