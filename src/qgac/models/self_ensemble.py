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

import torch
from torch import Tensor, nn

from qgac.models.qgac import QGAC

__all__ = ["SelfEnsemble", "View"]


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

    def table(self, table: Tensor) -> Tensor:
        """Return the quantisation steps (..., 8, 8) that belong to this view."""
        return table.mT if self.transposed else table

    def factors(self, factors: tuple[int, int]) -> tuple[int, int]:
        """Return the (vertical, horizontal) subsampling factors that belong to this view."""
        return factors[::-1] if self.transposed else factors

    def of(self, channels: Tensor) -> Tensor:
        """Show coefficients in this view.

        Parameters
        ----------
        channels : Tensor, shape (N, 64 * maps, h, w)
            Frequency outermost, as :mod:`qgac.coefficients.blocks` says.

        Returns
        -------
        Tensor, shape (N, 64 * maps, h, w), or (N, 64 * maps, w, h) if transposed
        """
        return self._mirrored(_transposed(channels) if self.transposed else channels)

    def undone(self, channels: Tensor) -> Tensor:
        """Return from this view; the inverse of :meth:`of`."""
        mirrored = self._mirrored(channels)
        return _transposed(mirrored) if self.transposed else mirrored

    def _mirrored(self, channels: Tensor) -> Tensor:
        axes = [axis for axis, mirrored in ((-2, self.upside_down), (-1, self.left_right)) if mirrored]
        if not axes:
            return channels
        alternating = torch.tensor([1.0, -1.0], device=channels.device, dtype=channels.dtype).repeat(4)
        flat = torch.ones_like(alternating)
        signs = torch.outer(alternating if self.upside_down else flat, alternating if self.left_right else flat)
        maps = channels.shape[1] // 64
        return channels.flip(axes).mul_(signs.flatten().repeat_interleave(maps)[:, None, None])


def _transposed(channels: Tensor) -> Tensor:
    frequencies = torch.unflatten(channels, 1, (8, 8, -1))
    return frequencies.transpose(1, 2).flatten(1, 3).transpose(-1, -2)


_VIEWS = tuple(View(*flags) for flags in product((False, True), repeat=3))


class SelfEnsemble(nn.Module):
    """A network that restores all views of what it is given and returns their mean; eight times the work.

    Its methods are those of :class:`qgac.models.qgac.QGAC`, which has them explained. Transposed views are left out
    where the network does not know the transposed subsampling.

    Parameters
    ----------
    model : QGAC
        What restores each view.
    """

    def __init__(self, model: QGAC) -> None:
        super().__init__()
        self.model = model

    @property
    def receptive_field_y(self) -> int:
        """As in :class:`qgac.models.qgac.QGAC`."""
        return self.model.receptive_field_y

    @property
    def receptive_field_color(self) -> int:
        """As in :class:`qgac.models.qgac.QGAC`."""
        return self.model.receptive_field_color

    @property
    def factors(self) -> set[tuple[int, int]]:
        """As in :class:`qgac.models.qgac.QGAC`."""
        return self.model.factors

    def restore_y(self, y: Tensor, table: Tensor) -> Tensor:
        """Restore luma; see :meth:`qgac.models.qgac.QGAC.restore_y`."""
        total = torch.zeros_like(y)
        for view in _VIEWS:
            total += view.undone(self.model.restore_y(view.of(y), view.table(table)))
        return total.div_(len(_VIEWS))

    def restore_chroma(
        self, chroma: Tensor, tables: Tensor, y: Tensor, y_table: Tensor, factors: tuple[int, int]
    ) -> Tensor:
        """Restore Cb and Cr; see :meth:`qgac.models.qgac.QGAC.restore_chroma`."""
        views = [view for view in _VIEWS if view.factors(factors) in self.model.factors]
        total: Tensor | None = None
        for view in views:
            restored = view.undone(
                self.model.restore_chroma(
                    view.of(chroma), view.table(tables), view.of(y), view.table(y_table), view.factors(factors)
                )
            )
            total = restored if total is None else total.add_(restored)
        assert total is not None
        return total.div_(len(views))
