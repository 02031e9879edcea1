"""A plane restored alone, and brought to the resolution of the picture if its own is lower."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from qgac.coefficients.sample_range import SAMPLE
from qgac.engine.engine import Array
from qgac.jpeg.image import Component, JPEGImage, ceil_divide
from qgac.restoration.known import KnownPlane
from qgac.restoration.regions import RegionRestorer, known_plane
from qgac.restoration.tiling import Region
from qgac.restoration.transform import idct

__all__ = ["SinglePlane"]


class SinglePlane:
    """A plane restored alone, at its own resolution, by the Y network.

    Samples of a subsampled one are interpolated linearly, with the end samples repeated, which for a factor of 2 is
    what libjpeg does.

    Parameters
    ----------
    restorer : RegionRestorer
    image : JPEGImage
    component : Component
        One of its components.
    """

    def __init__(self, restorer: RegionRestorer, image: JPEGImage, component: Component) -> None:
        self._restorer = restorer
        self._component = component
        vertical, horizontal = image.largest_factors
        self._rows = _Axis(image.height, component.vertical, vertical)
        self._columns = _Axis(image.width, component.horizontal, horizontal)
        self.halo = (restorer.engine.receptive_field_y,) * 2
        self.unit = (1, 1)
        self.grids: tuple[tuple[int, int], ...] = (component.coefficients.shape[:2],)

    def start(self, region: Region, tile_rows: int) -> None:
        """Do nothing: tiles are independent."""

    def coefficients(self, tile: Region) -> list[tuple[Region, Array]]:
        """Restore a tile of the plane's own blocks; see :class:`.PlaneSource`."""
        known = self._known(tile)
        if self._restorer.strength == 0:
            return [(tile, known.decoded)]
        (plane,) = self._restorer.coefficients(self._samples(tile, known), [known])
        return [(tile, plane)]

    def own_coefficients(self, tile: Region) -> list[tuple[Region, Array]]:
        """Restore a tile of the plane's own blocks; see :class:`.PlaneSource`."""
        return self.coefficients(tile)

    def samples(self, tile: Region) -> Array:
        """Restore a tile of the picture; see :class:`.PlaneSource`."""
        if self._rows.whole and self._columns.whole:
            return self._in_range(tile)
        own = Region(*self._rows.blocks(tile.top, tile.bottom), *self._columns.blocks(tile.left, tile.right))
        samples = self._rows.interpolate(self._in_range(own), -2, tile.top, tile.bottom)
        return self._columns.interpolate(samples, -1, tile.left, tile.right)

    def _in_range(self, region: Region) -> Array:
        known = self._known(region)
        samples = self._samples(region, known) if self._restorer.strength else idct(known.decoded)[None]
        samples += 128
        return np.clip(samples, 0, 255, out=samples)

    def _samples(self, region: Region, known: KnownPlane) -> Array:
        size = (self._rows.length - 8 * region.top, self._columns.length - 8 * region.left)
        restored = self._restorer.restore_y(self._component, region)
        return self._restorer.samples([restored], [known], size, SAMPLE)

    def _known(self, region: Region) -> KnownPlane:
        return known_plane(self._component, region)


class _Axis:
    """Where the samples of a plane lie in the picture, along one axis.

    Parameters
    ----------
    length : int
        Of the picture in pixels.
    factor, largest : int
        Sampling factor of the plane, and the largest of the picture.

    Attributes
    ----------
    whole : bool
        Whether the plane has the resolution of the picture.
    length : int
        Of the plane in samples: what lies behind them in their blocks is not of the picture.
    """

    def __init__(self, length: int, factor: int, largest: int) -> None:
        self.whole = factor == largest
        self._ratio = factor / largest
        self.length = ceil_divide(length * factor, largest)
        self._last = self.length - 1

    def _positions(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        centers = np.arange(8 * start, 8 * stop) + 0.5
        return (centers * self._ratio - 0.5).clip(0, self._last)

    def blocks(self, start: int, stop: int) -> tuple[int, int]:
        """Return the blocks of the plane, half-open, that blocks start..stop of the picture need."""
        positions = self._positions(start, stop)
        return int(positions[0]) // 8, min(int(positions[-1]) + 1, self._last) // 8 + 1

    def interpolate(self, samples: Array, dimension: int, start: int, stop: int) -> Array:
        """Interpolate the samples of these blocks to those of blocks start..stop of the picture."""
        positions = self._positions(start, stop)
        lower = positions.astype(np.int64)
        upper = np.minimum(lower + 1, self._last)
        weight = (positions - lower).astype(np.float32)
        first = lower[0] // 8 * 8
        near: Array = samples.take(lower - first, dimension)
        far: Array = samples.take(upper - first, dimension)
        far -= near
        far *= weight[:, None] if dimension == -2 else weight
        near += far
        return near
