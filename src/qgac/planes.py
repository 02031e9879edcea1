"""The planes of a picture, restored tile by tile from the coefficients of the file.

A plane is restored alone by the Y network (gray, RGB and CMYK pictures, the K of YCCK), or Y and its two chroma planes
by both networks. How a picture is divided between the two, see :func:`plane_sources`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from qgac.jpeg.blocks import blocks_to_channels, interleave_maps, separate_maps
from qgac.jpeg.dct import double_nearest, idct, shrink_box
from qgac.jpeg.image import Component, JPEGImage
from qgac.models.qgac import QGAC
from qgac.models.self_ensemble import SelfEnsemble
from qgac.projection import project
from qgac.tiling import Region

__all__ = ["ColorPlanes", "PlaneSource", "Restoration", "SinglePlane", "plane_sources"]


@dataclass(frozen=True)
class Restoration:
    """What planes are restored with.

    Attributes
    ----------
    model : QGAC or SelfEnsemble
    device : torch.device
        Where the model lies.
    project : bool
        Whether to keep to the quantisation interval.
    strength : float
        0..1: from the coefficients of the file to the restored ones, linearly.
    """

    model: QGAC | SelfEnsemble
    device: torch.device
    project: bool
    strength: float = 1.0

    def plane(self, component: Component, region: Region) -> Tensor:
        """Restore a part of a plane by the Y network, as far as the strength says; as :meth:`restore_y`."""
        if self.strength == 0:
            return self.dequantized(component, region)
        return self.weakened(self.restore_y(component, region), lambda: self.dequantized(component, region))

    def weakened(self, restored: Tensor, decoded: Callable[[], Tensor]) -> Tensor:
        """Go back from restored coefficients to the decoded ones, which are asked for only if the strength says so.

        Every point between two that keep to the quantisation interval does so as well.
        """
        return restored if self.strength == 1 else torch.lerp(decoded(), restored, self.strength)

    def restore_y(self, component: Component, region: Region) -> Tensor:
        """Restore a part of a plane by the Y network.

        Parameters
        ----------
        component : Component
        region : Region
            Blocks of the component.

        Returns
        -------
        Tensor, shape (1, 64, rows, columns)
            Dequantised, projected if asked for, at full strength.
        """
        halo = self.model.receptive_field_y
        outer = region.grown(halo, halo).clipped(*component.coefficients.shape[:2])
        decoded, table = self.dequantized(component, outer), self.table(component)
        inner = (..., *region.within(outer))
        restored = self.model.restore_y(decoded, table)[inner]
        return project(restored, decoded[inner], table) if self.project else restored

    def dequantized(self, component: Component, region: Region) -> Tensor:
        """Return coefficients as the file has them, (1, 64, rows, columns); missing blocks at the end are flat."""
        rows, columns = region.clipped(*component.coefficients.shape[:2]).slices
        blocks = torch.from_numpy(component.coefficients[rows, columns].astype(np.float32)).to(self.device)
        channels = blocks_to_channels(blocks.mul_(self.table(component)[0]))[None]
        return _extended(channels, region.rows, region.columns)

    def table(self, component: Component) -> Tensor:
        """Return quantisation steps, (1, 8, 8)."""
        return torch.from_numpy(component.table.astype(np.float32))[None].to(self.device)


class PlaneSource(Protocol):
    """Restored planes of a picture.

    Tiles are regions of blocks, 8x8 samples of the picture's full resolution. They are asked for row by row, from left
    to right, each once.

    Attributes
    ----------
    halo : tuple of (int, int)
        Blocks around a tile that are computed and thrown away: above and below, left and right.
    unit : tuple of (int, int)
        Rows and columns that tiles are multiples of (but for the last ones).
    grids : tuple of (int, int)
        Size of the coefficients of every plane in blocks; tiles of the first one are what `coefficients` takes.
    """

    halo: tuple[int, int]
    unit: tuple[int, int]
    grids: tuple[tuple[int, int], ...]

    def start(self, tile_rows: int) -> None:
        """Make ready for tiles of so many rows, the first one at the top left."""

    def coefficients(self, tile: Region) -> list[tuple[Region, Tensor]]:
        """Restore a tile; return for each plane the region of its grid and the coefficients (1, 64, rows, columns)."""

    def own_coefficients(self, tile: Region) -> list[tuple[Region, Tensor]]:
        """Restore a tile as `coefficients` does, at the resolution that each plane has in the file."""

    def samples(self, tile: Region) -> Tensor:
        """Restore a tile; return samples (planes, 8 * rows, 8 * columns), 0..255, at full resolution."""


class SinglePlane:
    """A plane restored alone, at its own resolution, by the Y network.

    Samples of a subsampled one are interpolated linearly, with the end samples repeated, which for a factor of 2 is
    what libjpeg does.

    Parameters
    ----------
    restoration : Restoration
    image : JPEGImage
    component : Component
        One of its components.
    """

    def __init__(self, restoration: Restoration, image: JPEGImage, component: Component) -> None:
        self._restoration = restoration
        self._component = component
        vertical, horizontal = _largest_factors(image)
        self._rows = _Axis(image.height, component.vertical, vertical)
        self._columns = _Axis(image.width, component.horizontal, horizontal)
        self.halo = (restoration.model.receptive_field_y,) * 2
        self.unit = (1, 1)
        self.grids: tuple[tuple[int, int], ...] = (component.coefficients.shape[:2],)

    def start(self, tile_rows: int) -> None:
        """Do nothing: tiles are independent."""

    def coefficients(self, tile: Region) -> list[tuple[Region, Tensor]]:
        """Restore a tile of the plane's own blocks; see :class:`PlaneSource`."""
        return [(tile, self._restoration.plane(self._component, tile))]

    def own_coefficients(self, tile: Region) -> list[tuple[Region, Tensor]]:
        """Restore a tile of the plane's own blocks; see :class:`PlaneSource`."""
        return self.coefficients(tile)

    def samples(self, tile: Region) -> Tensor:
        """Restore a tile of the picture; see :class:`PlaneSource`."""
        if self._rows.whole and self._columns.whole:
            return _samples(self._restoration.plane(self._component, tile))
        own = Region(*self._rows.blocks(tile.top, tile.bottom), *self._columns.blocks(tile.left, tile.right))
        samples = _samples(self._restoration.plane(self._component, own))
        samples = self._rows.interpolate(samples, -2, tile.top, tile.bottom)
        return self._columns.interpolate(samples, -1, tile.left, tile.right)


class ColorPlanes:
    """Y, Cb and Cr, restored by both networks.

    The Y network runs one halo of the colour network ahead of it, downwards and to the right, so that nothing is
    restored twice but the halos; of the restored Y only the rows are kept that the colour network still needs.

    Where the chroma grid covers more than the picture's luma blocks, these are continued by flat blocks of the last
    DC: what encoders put there (libjpeg's ``jccoefct.c``) and readers drop.

    Parameters
    ----------
    restoration : Restoration
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
        restoration: Restoration,
        components: tuple[Component, Component, Component],
        factors: tuple[int, int],
        resampled: tuple[int, int],
    ) -> None:
        self._restoration = restoration
        self._y, *self._chroma = components
        self._factors = factors
        self._resampled = resampled
        self.unit = vertical, horizontal = factors
        sight = restoration.model.receptive_field_color
        self.halo = (_round_up(sight, vertical), _round_up(sight, horizontal))
        self._grid: tuple[int, int] = self._y.coefficients.shape[:2]
        self._padded = (_round_up(self._grid[0], vertical), _round_up(self._grid[1], horizontal))
        self.grids: tuple[tuple[int, int], ...] = (self._grid, self._padded, self._padded)

    def start(self, tile_rows: int) -> None:
        """Allocate the rows of restored Y that a row of tiles needs; see :class:`PlaneSource`."""
        capacity = min(tile_rows + 2 * self.halo[0], self._grid[0])
        self._kept = torch.empty((capacity, self._grid[1], 64), device=self._restoration.device)
        self._kept_top = 0

    def coefficients(self, tile: Region) -> list[tuple[Region, Tensor]]:
        """Restore a tile, Y at its own size, chroma at full resolution; see :class:`PlaneSource`."""
        core = tile.divided(*self.unit).multiplied(*self.unit)
        if self._restoration.strength == 0:
            return self._decoded(tile, core)
        self._restore_y_ahead(tile)
        restoration, model = self._restoration, self._restoration.model
        outer = core.grown(*self.halo).clipped(*self._padded)

        in_file = outer.divided(*self._factors)
        decoded = torch.stack([restoration.dequantized(component, in_file) for component in self._chroma], 1)
        tables = torch.stack([restoration.table(component) for component in self._chroma], 1)
        repeats = (self._factors[0] // self._resampled[0], self._factors[1] // self._resampled[1])
        guide = _extended(self._restored_y(outer.clipped(*self._grid)), outer.rows, outer.columns)
        restored = model.restore_chroma(
            interleave_maps(double_nearest(decoded, *repeats)),
            tables,
            guide,
            restoration.table(self._y),
            self._resampled,
        )[(..., *core.within(outer))]
        del guide

        y = restoration.weakened(self._restored_y(tile), lambda: restoration.dequantized(self._y, tile))
        result = [(tile, y)]
        for p in range(2):  # one after the other: half the memory
            plane = separate_maps(restored, 2)[:, p]
            known = decoded[(slice(None), p, ..., *core.divided(*self._factors).within(in_file))]
            if restoration.project:
                plane = project(plane, known, tables[:, p], self._factors)
            result.append((core, restoration.weakened(plane, partial(double_nearest, known, *self._factors))))
        return result

    def _decoded(self, tile: Region, core: Region) -> list[tuple[Region, Tensor]]:
        """Return what :meth:`coefficients` does where nothing is to be restored."""
        chroma = [self._restoration.dequantized(plane, core.divided(*self._factors)) for plane in self._chroma]
        planes = [(core, double_nearest(plane, *self._factors)) for plane in chroma]
        return [(tile, self._restoration.dequantized(self._y, tile)), *planes]

    def own_coefficients(self, tile: Region) -> list[tuple[Region, Tensor]]:
        """Restore a tile, chroma as means over boxes of samples; see :class:`PlaneSource`."""
        y, *chroma = self.coefficients(tile)
        grid = self._chroma[0].coefficients.shape[:2]
        result = [y]
        for core, plane in chroma:
            own = core.divided(*self._factors).clipped(*grid)
            result.append((own, shrink_box(plane, *self._factors)[..., : own.rows, : own.columns]))
        return result

    def samples(self, tile: Region) -> Tensor:
        """Restore a tile; see :class:`PlaneSource`."""
        height, width = 8 * tile.rows, 8 * tile.columns
        planes = [plane for _, plane in reversed(self.coefficients(tile))]
        result = planes[0].new_empty((len(planes), height, width))
        for samples in result:  # coefficients go as soon as they are transformed
            samples.copy_(_samples(planes.pop())[0, :height, :width])
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
            self._restored_y(ahead).copy_(self._restoration.restore_y(self._y, ahead))

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


def plane_sources(restoration: Restoration, image: JPEGImage) -> list[PlaneSource]:
    """Divide the planes of a picture between the networks.

    - Gray: the Y network. RGB and CMYK: the Y network for each plane, with the plane's own table.
    - YCbCr: both networks, if Y is the largest plane and Cb and Cr are alike and smaller by whole factors. Factors that
      the colour network does not know (4:1:1, 4:1:0, thirds) are brought to the nearest finer ones that it knows, by
      repeating samples; the projection still holds in the file's own geometry.
    - YCbCr of any other sampling: the Y network for each plane, at its own resolution. (Where Cb and Cr differ, both
      could be brought to the resolution of Y for the colour network; that is worse than plain decoding at times.)
    - YCCK: like YCbCr, and K by the Y network.

    Parameters
    ----------
    restoration : Restoration
    image : JPEGImage

    Returns
    -------
    list of PlaneSource
        Together they have the planes of the picture, in the order of its components.
    """
    singles: list[PlaneSource] = [SinglePlane(restoration, image, component) for component in image.components]
    if image.color not in ("YCbCr", "YCCK"):
        return singles
    y, cb, cr = image.components[:3]
    vertical, horizontal = _largest_factors(image)
    ratios = [(vertical / c.vertical, horizontal / c.horizontal) for c in (y, cb, cr)]
    if ratios[0] != (1, 1) or not all(ratio.is_integer() for pair in ratios for ratio in pair):
        return singles
    if ratios[1] != ratios[2]:
        return singles
    factors = int(ratios[1][0]), int(ratios[1][1])
    known = [(v, u) for v, u in restoration.model.factors if factors[0] % v == 0 == factors[1] % u]
    if not known:
        return singles
    nearest = max(known, key=lambda pair: pair[0] * pair[1])
    return [ColorPlanes(restoration, (y, cb, cr), factors, nearest), *singles[3:]]


class _Axis:
    """Where the samples of a plane lie in the picture, along one axis.

    Parameters
    ----------
    length : int
        Of the picture in pixels.
    factor, largest : int
        Sampling factor of the plane, and the largest of the picture.
    """

    def __init__(self, length: int, factor: int, largest: int) -> None:
        self.whole = factor == largest
        self._ratio = factor / largest
        self._last = -(-length * factor // largest) - 1  # what lies behind it in its block is not of the picture

    def _positions(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        centers = np.arange(8 * start, 8 * stop) + 0.5
        return (centers * self._ratio - 0.5).clip(0, self._last)

    def blocks(self, start: int, stop: int) -> tuple[int, int]:
        """Return the blocks of the plane, half-open, that blocks start..stop of the picture need."""
        positions = self._positions(start, stop)
        return int(positions[0]) // 8, min(int(positions[-1]) + 1, self._last) // 8 + 1

    def interpolate(self, samples: Tensor, dimension: int, start: int, stop: int) -> Tensor:
        """Interpolate the samples of these blocks to those of blocks start..stop of the picture."""
        positions = self._positions(start, stop)
        lower = positions.astype(np.int64)
        upper = np.minimum(lower + 1, self._last)
        weight = torch.from_numpy((positions - lower).astype(np.float32)).to(samples.device)
        first = lower[0] // 8 * 8
        near, far = (
            samples.index_select(dimension, torch.from_numpy(index - first).to(samples.device))
            for index in (lower, upper)
        )
        return near.lerp(far, weight[:, None] if dimension == -2 else weight)


def _samples(channels: Tensor) -> Tensor:
    """Transform coefficients (1, 64, h, w) back to samples (1, 8 h, 8 w), in the range that samples have."""
    return idct(channels).add_(128).clamp_(0, 255)


def _extended(channels: Tensor, rows: int, columns: int) -> Tensor:
    """Continue coefficients (1, 64, h, w) to (1, 64, rows, columns) by flat blocks of the last DC."""
    height, width = channels.shape[-2:]
    if (height, width) == (rows, columns):
        return channels
    result = channels.new_zeros((1, rows, columns, 64)).permute(0, 3, 1, 2)
    result[..., :height, :width] = channels
    result[:, 0, :height, width:] = channels[:, 0, :, -1:]
    result[:, 0, height:] = result[:, 0, height - 1 : height]
    return result


def _largest_factors(image: JPEGImage) -> tuple[int, int]:
    return max(c.vertical for c in image.components), max(c.horizontal for c in image.components)


def _round_up(length: int, unit: int) -> int:
    return -(-length // unit) * unit
