"""The levels of the compression before the last one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qgac.coefficients.block_dct import blocks_at, plane_of, transform, transform_back
from qgac.jpeg.image import Component, JPEGImage, Metadata
from qgac.pixels.blocks import Plane
from qgac.pixels.chroma import padded

__all__ = ["decoded_parts", "decoded_plane", "earlier_levels"]


def decoded_plane(component: Component) -> Plane:
    """Return the samples around zero, not rounded, that a component decodes to; whole blocks."""
    blocks = np.multiply(component.coefficients, component.table, dtype=np.float32)
    return plane_of(transform_back(blocks.reshape(*blocks.shape[:2], 64)))


def decoded_parts(component: Component, parts: Iterable[tuple[slice, slice]]) -> list[Plane]:
    """Return the samples of parts of a component, each of which begins with a block."""
    return [_decoded_part(component, part) for part in parts]


def _decoded_part(component: Component, part: tuple[slice, slice]) -> Plane:
    blocks = tuple(slice(side.start // 8, -(-side.stop // 8)) for side in part)
    plane = decoded_plane(replace(component, coefficients=component.coefficients[blocks]))
    return plane[: part[0].stop - part[0].start, : part[1].stop - part[1].start]


def earlier_levels(luma: Component, place: tuple[int, int], table: NDArray[np.int64]) -> tuple[JPEGImage, int, int]:
    """Return the levels that luma had in the compression before the last one.

    Parameters
    ----------
    luma : Component
        Of the last file.
    place : tuple of (int, int)
        0..7: rows and columns before the first whole block of the earlier compression.
    table : ndarray of int, shape (64,)
        Its steps.

    Returns
    -------
    JPEGImage
        A gray picture: the coefficients of what the last file decodes to, rounded to the earlier lattice. Where the
        earlier steps are coarse enough to be found, its levels are those that the earlier file had, but for a few in a
        hundred; going to and fro between that lattice and the intervals of the last file makes them no more.
    int, int
        Rows and columns of it before the picture of the file.
    """
    steps = table.astype(np.float32)
    blocks = blocks_at(padded(decoded_plane(luma), *place, (1, 1)), 0, 0)
    levels = np.rint(transform(blocks) / steps).reshape(*blocks.shape[:2], 8, 8)
    component = Component(levels.astype(np.int16), steps.reshape(8, 8).astype(np.uint16), 1, 1)
    image = JPEGImage(8 * levels.shape[1], 8 * levels.shape[0], "gray", (component,), Metadata(), "baseline")
    return image, -place[0] % 8, -place[1] % 8
