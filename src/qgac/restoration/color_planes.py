"""Y and chroma restored together: the colour network follows the Y network from tile to tile."""

from __future__ import annotations

import numpy as np

from qgac.coefficients.sample_range import RGB_OF_YCBCR
from qgac.engine.engine import Array
from qgac.jpeg.image import Component, ceil_divide
from qgac.restoration.known import KnownPlane
from qgac.restoration.regions import RegionRestorer, continued, known_plane, slack_of, table_of
from qgac.restoration.slack import centered, widened
from qgac.restoration.tiling import Region
from qgac.restoration.transform import double_nearest, idct, shrink_box

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
    size : tuple of (int, int)
        Height and width of the picture.
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
        size: tuple[int, int],
        factors: tuple[int, int],
        resampled: tuple[int, int],
    ) -> None:
        self._restorer = restorer
        self._y, *self._chroma = components
        self._size = size
        self._factors = factors
        self._resampled = resampled
        self.unit = vertical, horizontal = factors
        sight = restorer.engine.receptive_field_color
        if any(component.unsent is not None for component in self._chroma):
            sight += max(factors)  # the means of neighbouring blocks
        self.halo = (_whole(sight, vertical), _whole(sight, horizontal))
        self._grid: tuple[int, int] = self._y.coefficients.shape[:2]
        self._padded = (_whole(self._grid[0], vertical), _whole(self._grid[1], horizontal))
        self.grids: tuple[tuple[int, int], ...] = (self._grid, self._padded, self._padded)

    def start(self, region: Region, tile_rows: int) -> None:
        """Allocate the rows of restored Y that a row of tiles needs; see :class:`PlaneSource`."""
        self._region = region
        self._kept_top = max(region.top - self.halo[0], 0)
        capacity = min(tile_rows + 2 * self.halo[0], self._grid[0] - self._kept_top)
        self._kept = np.empty((capacity, self._grid[1], 64), np.float32)

    def coefficients(self, tile: Region) -> list[tuple[Region, Array]]:
        """Restore a tile, Y at its own size, chroma at full resolution; see :class:`.PlaneSource`."""
        core = self._core(tile)
        known = self._known(core)
        if self._restorer.strength == 0:
            planes = [plane.plain() for plane in known]
        else:
            planes = self._restorer.coefficients(self._samples(tile, core, known), known)
        planes[0] = planes[0][: tile.rows, : tile.columns]
        return list(zip((tile, core, core), planes, strict=True))

    def own_coefficients(self, tile: Region) -> list[tuple[Region, Array]]:
        """Restore a tile, chroma as means over boxes of samples; see :class:`.PlaneSource`."""
        y, *chroma = self.coefficients(tile)
        grid = self._chroma[0].coefficients.shape[:2]
        result = [y]
        for core, plane in chroma:
            own = core.divided(*self._factors).clipped(*grid)
            result.append((own, shrink_box(plane, *self._factors)[: own.rows, : own.columns]))
        return result

    def samples(self, tile: Region) -> Array:
        """Restore a tile; see :class:`.PlaneSource`."""
        core = self._core(tile)
        known = self._known(core)
        if self._restorer.strength == 0:
            samples = np.stack([idct(plane.plain()) for plane in known])
        else:
            samples = self._samples(tile, core, known)
        samples += 128
        return np.clip(samples, 0, 255, out=samples)[:, : 8 * tile.rows, : 8 * tile.columns]

    def _core(self, tile: Region) -> Region:
        """Return the whole MCUs of a tile."""
        return tile.divided(*self.unit).multiplied(*self.unit)

    def _known(self, core: Region) -> list[KnownPlane]:
        return [known_plane(self._y, core), *self._known_chroma(core)]

    def _samples(self, tile: Region, core: Region, known: list[KnownPlane]) -> Array:
        """Restore a tile; return samples (3, 8 * rows, 8 * columns) of its whole MCUs, centred around zero."""
        self._restore_y_ahead(tile)
        planes = [self._restored_y(tile), *self._restored_chroma(core)]
        size = (self._size[0] - 8 * core.top, self._size[1] - 8 * core.left)
        return self._restorer.samples(planes, known, size, RGB_OF_YCBCR)

    def _restored_chroma(self, core: Region) -> tuple[Array, Array]:
        restorer, (vertical, horizontal) = self._restorer, self._resampled
        outer = core.grown(*self.halo).clipped(*self._padded)
        known = self._known_chroma(outer)
        repeats = self._factors[0] // vertical, self._factors[1] // horizontal
        cb, cr = (double_nearest(centered(plane.decoded, plane.slack), *repeats) for plane in known)
        first, second = (widened(plane.table, plane.slack) for plane in known)
        restored = restorer.engine.restore_chroma(
            (cb, cr),
            (first, second),
            continued(self._restored_y(outer.clipped(*self._grid)), outer.rows, outer.columns),
            widened(table_of(self._y), slack_of(self._y)),
            self._resampled,
        )
        del cb, cr
        inner = core.within(outer)
        cb, cr = (plane[inner] for plane in restored)
        if restorer.project:
            first_known, second_known = self._known_chroma(core)
            cb, cr = first_known.project(cb), second_known.project(cr)
        return cb, cr

    def _known_chroma(self, region: Region) -> list[KnownPlane]:
        in_file = region.divided(*self._factors)
        return [known_plane(plane, in_file, self._factors) for plane in self._chroma]

    def _restore_y_ahead(self, tile: Region) -> None:
        vertical, horizontal = self.halo
        if tile.left == self._region.left:
            self._drop_rows_above(tile.top - vertical)
        ahead = Region(
            tile.top + (vertical if tile.top > self._region.top else -vertical),
            tile.bottom + vertical,
            tile.left + (horizontal if tile.left > self._region.left else -horizontal),
            tile.right + horizontal,
        ).clipped(*self._grid)
        if not ahead.empty:
            self._restored_y(ahead)[...] = self._restorer.restore_y(self._y, ahead)

    def _drop_rows_above(self, top: int) -> None:
        if top > self._kept_top:
            still_needed = self._kept[top - self._kept_top :].copy()
            self._kept[: len(still_needed)] = still_needed
            self._kept_top = top

    def _restored_y(self, region: Region) -> Array:
        """Return a view (rows, columns, 64) of the kept rows."""
        rows, columns = region.slices
        rows = slice(rows.start - self._kept_top, rows.stop - self._kept_top)
        return self._kept[rows, columns]


def _whole(length: int, unit: int) -> int:
    """Return the smallest multiple of a unit that covers a length."""
    return ceil_divide(length, unit) * unit
