"""All that is made of a picture tile by tile: pixels, coefficients, and finer ones for another file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from qgac.coefficients.quantization import chroma_table, luma_table
from qgac.engine.engine import Array, Engine
from qgac.jpeg.image import JPEGImage, ceil_divide
from qgac.restoration.picture import pixel_shape, write_pixels
from qgac.restoration.planes import plane_sources
from qgac.restoration.refinement import refined_levels, refined_table, slack_of_levels
from qgac.restoration.regions import PlaneSource, RegionRestorer
from qgac.restoration.tile_budget import blocks_that_fit
from qgac.restoration.tiling import Region, tile_shape
from qgac.restoration.walk import Group, Progress, walk

__all__ = ["TiledRestorer"]

_T = TypeVar("_T")


@dataclass(frozen=True)
class TiledRestorer:
    """Restores the planes of a picture by regions, never more at a time than fits.

    Attributes
    ----------
    engine : Engine
        By whose needs of memory tiles are chosen.
    regions : RegionRestorer
        What all planes are restored with.
    tile : int or None
        Side of the tiles in pixels; None for the least work in the memory that is meant for it.
    """

    engine: Engine
    regions: RegionRestorer
    tile: int | None

    def part(
        self,
        image: JPEGImage,
        box: tuple[int, int, int, int],
        kind: np.dtype[Any],
        progress: Progress | None,
    ) -> npt.NDArray[Any]:
        """Restore a part of a picture, see :meth:`qgac.restoration.restorer.Restorer.part`."""
        left, top, right, bottom = box
        sources = plane_sources(self.regions, image)
        unit = _unit(sources)
        covered = Region(top, bottom, left, right).divided(8 * unit[0], 8 * unit[1]).multiplied(*unit)
        region = covered.clipped(ceil_divide(image.height, 8), ceil_divide(image.width, 8))
        rows = np.concatenate(list(self._bands(image, sources, region, kind, progress)))
        top, left = top - 8 * region.top, left - 8 * region.left
        return np.ascontiguousarray(rows[top : top + box[3] - box[1], left : left + box[2] - box[0]])

    def bands(self, image: JPEGImage, kind: np.dtype[Any], progress: Progress | None) -> Iterator[npt.NDArray[Any]]:
        """Restore a picture, a row of tiles at a time, see :meth:`qgac.restoration.restorer.Restorer.bands`."""
        sources = plane_sources(self.regions, image)
        whole = Region(0, ceil_divide(image.height, 8), 0, ceil_divide(image.width, 8))
        return self._bands(image, sources, whole, kind, progress)

    def coefficients(self, image: JPEGImage) -> tuple[Array, ...]:
        """Restore coefficients, see :meth:`qgac.restoration.restorer.Restorer.coefficients`."""
        sources = plane_sources(self.regions, image)
        restored = [[np.empty((*grid, 64), np.float32) for grid in source.grids] for source in sources]
        groups = [([source], _whole(source)) for source in sources]
        for number, _, (parts,) in self._walk(image, groups, lambda source, tile: source.coefficients(tile)):
            for plane, (region, values) in zip(restored[number], parts, strict=True):
                plane[region.slices] = values
        return tuple(np.ascontiguousarray(np.moveaxis(plane, 2, 0)) for planes in restored for plane in planes)

    def refined(self, image: JPEGImage, quality: int, progress: Progress | None) -> JPEGImage:
        """Restore to finer coefficients, see :meth:`qgac.restoration.restorer.Restorer.refine`."""
        refined = []
        for index, component in enumerate(image.components):
            finest = chroma_table(quality) if index in image.chroma else luma_table(quality)
            table = refined_table(component, finest)
            empty = np.empty_like(component.coefficients)
            refined.append(replace(component, coefficients=empty, table=table, unsent=None))
        sources = plane_sources(self.regions, image)
        first = [0, *accumulate(len(source.grids) for source in sources)]  # component of each source
        groups = [([source], _whole(source)) for source in sources]
        walk = self._walk(image, groups, lambda source, tile: source.own_coefficients(tile), progress)
        for number, _, (parts,) in walk:
            for index, (region, values) in enumerate(parts, first[number]):
                component, finer = image.components[index], refined[index]
                blocks = values.reshape(*values.shape[:2], 8, 8)
                levels = component.coefficients[region.slices]
                finer.coefficients[region.slices] = refined_levels(
                    blocks, levels, component.table, finer.table, slack_of_levels(component)
                )
        return replace(image, components=tuple(refined), process="baseline")

    def _bands(
        self,
        image: JPEGImage,
        sources: Sequence[PlaneSource],
        region: Region,
        kind: np.dtype[Any],
        progress: Progress | None,
    ) -> Iterator[npt.NDArray[Any]]:
        """Restore a region, a row of tiles at a time."""
        for _, tile, planes in self._walk(
            image, [(sources, region)], lambda source, tile: source.samples(tile), progress
        ):
            if tile.left == region.left:
                height = min(8 * tile.rows, image.height - 8 * tile.top)
                width = min(8 * region.columns, image.width - 8 * region.left)
                band = np.empty((height, width, *pixel_shape(image)[2:]), kind)
            joined = planes[0] if len(planes) == 1 else np.concatenate(planes)
            write_pixels(joined, image, band, 8 * (tile.left - region.left))
            del planes, joined
            if tile.right == region.right:
                yield band
                del band

    def _walk(
        self,
        image: JPEGImage,
        groups: Sequence[Group],
        ask: Callable[[PlaneSource, Region], _T],
        progress: Progress | None = None,
    ) -> Iterator[tuple[int, Region, list[_T]]]:
        shapes = [self._tile_shape(sources, image, region) for sources, region in groups]
        return walk(groups, shapes, ask, progress)

    def _tile_shape(self, sources: Sequence[PlaneSource], image: JPEGImage, region: Region) -> tuple[int, int]:
        halo = max(source.halo[0] for source in sources), max(source.halo[1] for source in sources)
        unit = _unit(sources)
        if self.tile is not None:
            vertical, horizontal = (ceil_divide(self.tile, 8 * blocks) * blocks for blocks in unit)
            return vertical, horizontal
        limit = blocks_that_fit(self.engine, image)
        grid = max(source.grids[0][0] for source in sources), max(source.grids[0][1] for source in sources)
        outer = region.grown(*halo).clipped(*grid)  # a part has a halo all around
        return tile_shape(outer.rows, outer.columns, halo=halo, unit=unit, limit=limit)


def _unit(sources: Sequence[PlaneSource]) -> tuple[int, int]:
    """Return the rows and columns that tiles of all sources are multiples of."""
    return max(source.unit[0] for source in sources), max(source.unit[1] for source in sources)


def _whole(source: PlaneSource) -> Region:
    """Return all that :meth:`.PlaneSource.coefficients` takes tiles of."""
    rows, columns = source.grids[0]
    return Region(0, rows, 0, columns)
