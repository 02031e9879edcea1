"""Y and chroma restored together: the colour network follows the Y network from tile to tile."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from qgac.coefficients.blocks import interleave_maps
from qgac.coefficients.dct import double_nearest, shrink_box
from qgac.coefficients.slack import widened
from qgac.jpeg.image import Component, ceil_divide
from qgac.models import steps
from qgac.restoration.regions import RegionRestorer, continued, samples_of
from qgac.restoration.tiling import Region

__all__ = ["ColorPlanes"]


class ColorPlanes:
    """Y, Cb and Cr, restored by both networks.

    The Y network runs one halo of the colour network ahead of it, downwards and to the right, so that nothing is
    restored twice but the halos; of the restored Y only the rows are kept that the colour network still needs.

    Where the chroma grid covers more than the picture's luma blocks, these are continued by flat blocks of the last
    DC: what encoders put there (libjpeg's ``jccoefct.c``) and readers drop.

    Parameters
    ----------
    restorer : RegionRestorer
    components : tuple of three Component
        Y, Cb and Cr.
    factors : tuple of (int, int)
        Vertical and horizontal subsampling of Cb and Cr relative to Y.
    resampled : tuple of (int, int)
        One of the network's factors, dividing those of the file: chroma is brought to it by repetition, and projected
        in its own geometry afterwards.
    """

    def __init__(
        self,
        restorer: RegionRestorer,
        components: tuple[Component, Component, Component],
        factors: tuple[int, int],
        resampled: tuple[int, int],
    ) -> None:
        self._restorer = restorer
        self._y, *self._chroma = components
        self._factors = factors
        self._resampled = resampled
        self.unit = vertical, horizontal = factors
        sight = restorer.model.receptive_field_color
        if any(component.unsent is not None for component in self._chroma):
            sight += max(factors)  # the means of neighbouring blocks
        self.halo = (_whole(sight, vertical), _whole(sight, horizontal))
        self._grid: tuple[int, int] = self._y.coefficients.shape[:2]
        self._padded = (_whole(self._grid[0], vertical), _whole(self._grid[1], horizontal))
        self.grids: tuple[tuple[int, int], ...] = (self._grid, self._padded, self._padded)

    def start(self, tile_rows: int) -> None:
        """Allocate the rows of restored Y that a row of tiles needs; see :class:`PlaneSource`."""
        capacity = min(tile_rows + 2 * self.halo[0], self._grid[0])
        self._kept = torch.empty((capacity, self._grid[1], 64), device=self._restorer.device)
        self._kept_top = 0

    def coefficients(self, tile: Region) -> list[tuple[Region, Tensor]]:
        """Restore a tile, Y at its own size, chroma at full resolution; see :class:`.PlaneSource`."""
        core = tile.divided(*self.unit).multiplied(*self.unit)
        if self._restorer.strength == 0:
            return self._decoded(tile, core)
        self._restore_y_ahead(tile)
        restorer = self._restorer
        outer = core.grown(*self.halo).clipped(*self._padded)

        in_file = outer.divided(*self._factors)
        decoded = torch.stack([restorer.dequantized(component, in_file) for component in self._chroma], 1)
        tables = torch.stack([restorer.table(component) for component in self._chroma], 1)
        guide = continued(self._restored_y(outer.clipped(*self._grid)), outer.rows, outer.columns)
        own = core.divided(*self._factors).within(in_file)
        restored = steps.restore_chroma(
            restorer.model,
            interleave_maps(decoded),
            tables,
            guide,
            widened(restorer.table(self._y), restorer.slack(self._y)),
            self._factors,
            resampled=self._resampled,
            slacks=self._slacks(),
            projected=restorer.project,
            core=own,
        )
        del guide

        y = restorer.weakened(self._restored_y(tile), lambda: restorer.dequantized(self._y, tile))
        result = [(tile, y)]
        for p, plane in enumerate(restored):
            known = decoded[(slice(None), p, ..., *own)]
            result.append((core, restorer.weakened(plane, partial(double_nearest, known, *self._factors))))
        return result

    def _slacks(self) -> Tensor | None:
        slacks = [self._restorer.slack(component) for component in self._chroma]
        if all(slack is None for slack in slacks):
            return None
        none = torch.zeros((1, 8, 8), device=self._restorer.device)
        return torch.stack([none if slack is None else slack for slack in slacks], 1)

    def _decoded(self, tile: Region, core: Region) -> list[tuple[Region, Tensor]]:
        """Return what :meth:`coefficients` does where nothing is to be restored."""
        chroma = [self._restorer.dequantized(plane, core.divided(*self._factors)) for plane in self._chroma]
        planes = [(core, double_nearest(plane, *self._factors)) for plane in chroma]
        return [(tile, self._restorer.dequantized(self._y, tile)), *planes]

    def own_coefficients(self, tile: Region) -> list[tuple[Region, Tensor]]:
        """Restore a tile, chroma as means over boxes of samples; see :class:`.PlaneSource`."""
        y, *chroma = self.coefficients(tile)
        grid = self._chroma[0].coefficients.shape[:2]
        result = [y]
        for core, plane in chroma:
            own = core.divided(*self._factors).clipped(*grid)
            result.append((own, shrink_box(plane, *self._factors)[..., : own.rows, : own.columns]))
        return result

    def samples(self, tile: Region) -> Tensor:
        """Restore a tile; see :class:`.PlaneSource`."""
        height, width = 8 * tile.rows, 8 * tile.columns
        planes = [plane for _, plane in reversed(self.coefficients(tile))]
        result = planes[0].new_empty((len(planes), height, width))
        for samples in result:  # coefficients go as soon as they are transformed
            samples.copy_(samples_of(planes.pop())[0, :height, :width])
        return result

    def _restore_y_ahead(self, tile: Region) -> None:
        vertical, horizontal = self.halo
        if tile.left == 0:
            self._drop_rows_above(tile.top - vertical)
        ahead = Region(
            tile.top + vertical if tile.top else 0,
            tile.bottom + vertical,
            tile.left + horizontal if tile.left else 0,
            tile.right + horizontal,
        ).clipped(*self._grid)
        if not ahead.empty:
            self._restored_y(ahead).copy_(self._restorer.restore_y(self._y, ahead))

    def _drop_rows_above(self, top: int) -> None:
        if top > self._kept_top:
            still_needed = self._kept[top - self._kept_top :].clone()
            self._kept[: len(still_needed)] = still_needed
            self._kept_top = top

    def _restored_y(self, region: Region) -> Tensor:
        """Return a view (1, 64, rows, columns) of the kept rows."""
        rows, columns = region.slices
        rows = slice(rows.start - self._kept_top, rows.stop - self._kept_top)
        return self._kept[rows, columns].permute(2, 0, 1)[None]


def _whole(length: int, unit: int) -> int:
    """Return the smallest multiple of a unit that covers a length."""
    return ceil_divide(length, unit) * unit
