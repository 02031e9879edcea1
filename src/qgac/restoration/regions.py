"""Regions of a plane: as the file has them, as the Y network restores them, and back as samples.

And what all kinds of planes have in common for whoever asks for their regions, see :class:`PlaneSource`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from qgac.engine.engine import Array, Engine
from qgac.jpeg.image import Component
from qgac.restoration.color_cube import keep_range
from qgac.restoration.known import KnownPlane
from qgac.restoration.slack import centered, widened
from qgac.restoration.tiling import Region
from qgac.restoration.transform import dct, idct

__all__ = ["PlaneSource", "RegionRestorer", "continued", "known_plane", "slack_of", "table_of"]


@dataclass(frozen=True)
class RegionRestorer:
    """Restores regions of single planes by the Y network; what all planes of a picture are restored with.

    Attributes
    ----------
    engine : Engine
    project : bool
        Whether to keep to the quantisation interval.
    strength : float
        0..1: from the coefficients of the file to the restored ones, linearly. Every point between two that keep to the
        quantisation interval does so as well.
    """

    engine: Engine
    project: bool
    strength: float = 1.0

    def samples(
        self,
        planes: list[Array],
        known: Sequence[KnownPlane],
        size: tuple[int, int],
        bounded: Sequence[Sequence[float]],
    ) -> Array:
        """Transform restored coefficients back, keep to the range of samples, and go as far as the strength says.

        Parameters
        ----------
        planes : list of ndarray, each of shape (rows, columns, 64)
            At full resolution, the last one in whole MCUs; projected if that is asked for. The list is emptied.
        known, size, bounded
            As in :func:`qgac.restoration.color_cube.keep_range`.

        Returns
        -------
        ndarray of float32, shape (P, 8 * rows, 8 * columns)
            Samples centred around zero.
        """
        rows, columns, _ = planes[-1].shape
        result = np.zeros((len(planes), 8 * rows, 8 * columns), np.float32)
        for samples in result:  # coefficients go as soon as they are transformed
            own = idct(planes.pop(0))
            samples[: own.shape[0], : own.shape[1]] = own
        if self.project:
            keep_range(result, known, size, bounded=bounded)
        if self.strength < 1:
            for samples, plane in zip(result, known, strict=True):
                plain = idct(plane.plain())
                samples -= plain
                samples *= np.float32(self.strength)
                samples += plain
        return result

    def coefficients(self, samples: Array, known: Sequence[KnownPlane]) -> list[Array]:
        """Return the coefficients (rows, columns, 64) of what :meth:`samples` returned.

        They are projected once more, which moves them by no more than the transforms' rounding.
        """
        planes = [dct(plane) for plane in samples]
        return [k.project(p) for p, k in zip(planes, known, strict=True)] if self.project else planes

    def restore_y(self, component: Component, region: Region) -> Array:
        """Restore a part of a plane by the Y network.

        Parameters
        ----------
        component : Component
        region : Region
            Blocks of the component.

        Returns
        -------
        ndarray of float32, shape (rows, columns, 64)
            Dequantised, projected if asked for, at full strength.
        """
        slack = slack_of(component)
        halo = self.engine.receptive_field_y + (slack is not None)  # of which the neighbours' means say something
        outer = region.grown(halo, halo).clipped(*component.coefficients.shape[:2])
        known = known_plane(component, outer)
        restored = self.engine.restore_y(centered(known.decoded, slack), widened(known.table, slack))
        core = region.within(outer)
        restored = restored[core]
        if not self.project:
            return restored
        return KnownPlane(known.decoded[core], known.table, slack=slack).project(restored)


class PlaneSource(Protocol):
    """Restored planes of a picture.

    Tiles are regions of blocks, 8x8 samples of the picture's full resolution, and the order of the calls is fixed:
    `start` first; then every tile of its region (:func:`qgac.restoration.tiling.tiles`) once, row by row and from left
    to right; all by the same of the other three methods. So a source may keep what it has restored for the tiles to
    come; another `start` begins anew.

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

    def start(self, region: Region, tile_rows: int) -> None:
        """Make ready for tiles of a region, which is a multiple of `unit` as they are, and of so many rows."""

    def coefficients(self, tile: Region) -> list[tuple[Region, Array]]:
        """Restore a tile; return for each plane the region of its grid and the coefficients (rows, columns, 64)."""

    def own_coefficients(self, tile: Region) -> list[tuple[Region, Array]]:
        """Restore a tile as `coefficients` does, at the resolution that each plane has in the file."""

    def samples(self, tile: Region) -> Array:
        """Restore a tile; return samples (planes, 8 * rows, 8 * columns), 0..255, at full resolution."""


def known_plane(component: Component, region: Region, factors: tuple[int, int] = (1, 1)) -> KnownPlane:
    """Return what the file says about a part of a plane that is subsampled by some factors.

    Missing blocks at the end are flat.
    """
    rows, columns = region.clipped(*component.coefficients.shape[:2]).slices
    levels = component.coefficients[rows, columns]
    blocks = np.multiply(levels, component.table, dtype=np.float32).reshape(*levels.shape[:2], 64)
    decoded = continued(blocks, region.rows, region.columns)
    return KnownPlane(decoded, table_of(component), factors, slack_of(component))


def table_of(component: Component) -> Array:
    """Return quantisation steps, (64,)."""
    return component.table.astype(np.float32).reshape(64)


def slack_of(component: Component) -> Array | None:
    """Return what the file leaves open beyond half a step, (64,); None if nothing."""
    slack = component.slack
    return None if slack is None else slack.reshape(64)


def continued(blocks: Array, rows: int, columns: int) -> Array:
    """Continue coefficients (h, w, 64) to (rows, columns, 64) by flat blocks of the last DC."""
    height, width, _ = blocks.shape
    if (height, width) == (rows, columns):
        return blocks
    result = np.zeros((rows, columns, 64), np.float32)
    result[:height, :width] = blocks
    result[:height, width:, 0] = blocks[:, -1:, 0]
    result[height:, :, 0] = result[height - 1, :, 0]
    return result
