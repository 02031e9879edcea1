"""From pixels to the levels of the JPEG they were decoded from.

Where every sample is known, a level is the coefficient divided by its step, rounded. Where samples were clipped, or cut
off with the border of the picture, they are what the levels themselves give, found in turns: levels from samples, and
the unknown samples from levels, but never on the wrong side of where they were clipped.

Blocks whose pixels are not what the levels decode to were changed since. Where samples are unknown the levels may be
wrong ones, by errors that grow with the steps; there only gross differences tell, or a change right beside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qgac.coefficients.block_dct import blocks_at, plane_of, transform, transform_back
from qgac.jpeg.image import Color, Component, JPEGImage, Metadata
from qgac.pixels.blocks import Plane
from qgac.pixels.chroma import Chroma, padded, shrunk
from qgac.pixels.planes import Planes, rgb_of, ycbcr_of
from qgac.pixels.steps import Steps
from qgac.pixels.upsampling import doubled

__all__ = ["Levels", "find_levels"]

_TURNS = 8
_EXACT = 1.0  # how far a sample may be from what levels give: half for rounding, half for another inverse DCT
_CLOSE, _FAR = 3.0, 5.0  # levels of R, G or B that rounding of all planes misses by, nearly always and always
_LOST = 6.0  # how far off a block may be that has unknown samples, in square roots of the mean step of luma
_GROSS = 64.0  # but no further than this


@dataclass(frozen=True, eq=False)
class Levels:
    """Levels found.

    Attributes
    ----------
    image : JPEGImage
        The picture as a JPEG, widened to whole blocks.
    top, left : int
        Rows and columns of it before the picture.
    explained : float
        Share of the blocks of luma, 0..1, whose known samples are what the levels give, rounded.
    changed : ndarray of bool, shape (rows, columns)
        The MCUs of `image`, each of 8 x 8 pixels by the subsampling of chroma, whose pixels are not what the levels
        decode to: they were changed since.
    """

    image: JPEGImage
    top: int
    left: int
    explained: float
    changed: NDArray[np.bool_]


def find_levels(
    pixels: NDArray[np.uint8], planes: Planes, place: tuple[int, int], luma: Steps, chroma: Chroma | None
) -> Levels:
    """Find the levels of a picture.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (H, W) or (H, W, 3)
    planes : Planes
        Of the same picture.
    place : tuple of (int, int)
        Rows and columns before the first whole block of luma.
    luma : Steps
        Table of luma.
    chroma : Chroma or None
        What is known of chroma; None of a gray picture, and of one in colour of which only luma is to be found.

    Returns
    -------
    Levels
    """
    factors = (1, 1)
    tables = [luma.table.ravel().astype(np.float32)]
    if chroma is not None:
        factors, place = chroma.factors, (chroma.top, chroma.left)
        tables += [chroma.steps.table.ravel().astype(np.float32)] * 2
    lattice = _Lattice(tuple(tables), factors, chroma is not None and chroma.repeats)

    own = (planes.y, planes.cb, planes.cr)[: len(tables)]
    known = [padded(plane, *place, factors) for plane in own if plane is not None]
    unknown = padded(planes.clipped, *place, factors, fill=True)
    levels = lattice.levels(known)
    where = np.nonzero(unknown)
    if len(where[0]):
        lowest, highest = _bounds(pixels, place, factors, where)
        filled = [plane.copy() for plane in known]
        for _ in range(_TURNS):
            values = [plane[where] for plane in lattice.planes(levels)]
            if len(values) == 3:
                values = list(ycbcr_of(np.clip(rgb_of(*values), lowest, highest)))
            else:
                values = [np.clip(values[0], lowest[0], highest[0])]
            for plane, samples in zip(filled, values, strict=True):
                plane[where] = samples
            before, levels = levels, lattice.levels(filled)
            if all(np.array_equal(old, new) for old, new in zip(before, levels, strict=True)):
                break

    explained = np.abs(transform_back(levels[0] * tables[0]) - blocks_at(known[0], 0, 0)) <= _EXACT
    components = []
    for index, (level, table) in enumerate(zip(levels, tables, strict=True)):
        vertical, horizontal = (1, 1) if index else factors
        blocks = level.reshape(*level.shape[:2], 8, 8).astype(np.int16)
        components.append(Component(blocks, table.reshape(8, 8).astype(np.uint16), horizontal, vertical))
    height, width = unknown.shape
    decoded = lattice.planes(levels)
    if chroma is None:
        decoded += [padded(plane, *place, factors) for plane in (planes.cb, planes.cr) if plane is not None]
    color: Color = "gray" if chroma is None else "YCbCr"
    return Levels(
        JPEGImage(width, height, color, tuple(components), Metadata(), "baseline"),
        -place[0] % (8 * factors[0]),
        -place[1] % (8 * factors[1]),
        float((explained | blocks_at(unknown, 0, 0)).all(-1).mean()),
        _changed(_misses(pixels, decoded, place, factors), unknown, factors, tables[0]),
    )


def _misses(
    pixels: NDArray[np.uint8], decoded: list[Plane], place: tuple[int, int], factors: tuple[int, int]
) -> NDArray[np.float32]:
    """Return how far pixels are from decoded planes, the most of all channels; 0 outside the picture."""
    channels = rgb_of(*decoded) if len(decoded) == 3 else np.stack(decoded)
    inside = padded(np.ones(pixels.shape[:2], bool), *place, factors, fill=False)
    result = np.zeros(inside.shape, np.float32)
    for own, given in zip(channels, np.moveaxis(pixels.reshape(*pixels.shape[:2], -1), -1, 0), strict=True):
        np.maximum(result, np.abs(np.clip(own + 128, 0, 255) - padded(given, *place, factors)), out=result)
    return np.where(inside, result, np.float32(0))


def _changed(
    misses: NDArray[np.float32], unknown: NDArray[np.bool_], factors: tuple[int, int], steps: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Say which MCUs do not follow from levels: those that surely do not, and doubtful ones they touch."""
    units = misses.shape[0] // (8 * factors[0]), 8 * factors[0], misses.shape[1] // (8 * factors[1]), 8 * factors[1]
    most = misses.reshape(units).max((1, 3))
    lost = max(_FAR, min(_GROSS, _LOST * float(np.sqrt(steps.mean()))))
    result: NDArray[np.bool_] = most > np.where(unknown.reshape(units).any((1, 3)), lost, _FAR)
    doubtful = most > _CLOSE
    while True:
        wide = np.pad(result, 1)
        beside = [wide[down:, across:][: most.shape[0], : most.shape[1]] for down, across in np.ndindex(3, 3)]
        more = result | (doubtful & np.logical_or.reduce(beside))
        if np.array_equal(more, result):
            return result
        result = more


@dataclass(frozen=True, eq=False)
class _Lattice:
    """The way between levels and planes."""

    tables: tuple[NDArray[np.float32], ...]
    factors: tuple[int, int]
    repeats: bool

    def levels(self, planes: list[Plane]) -> list[NDArray[np.float32]]:
        """Return the levels, shape (rows, columns, 64), that planes at the resolution of the picture are nearest to."""
        result = []
        for index, (plane, table) in enumerate(zip(planes, self.tables, strict=True)):
            small = np.rint(shrunk(plane, self.factors, repeats=self.repeats)) if index else plane
            result.append(np.rint(transform(blocks_at(small, 0, 0)) / table))
        return result

    def planes(self, levels: list[NDArray[np.float32]]) -> list[Plane]:
        """Return the planes, at the resolution of the picture and not rounded, that a decoder would make of levels."""
        result = []
        for index, (level, table) in enumerate(zip(levels, self.tables, strict=True)):
            plane = plane_of(transform_back(level * table))
            if index and self.repeats:
                plane = np.repeat(np.repeat(plane, self.factors[0], 0), self.factors[1], 1)
            elif index:
                plane = doubled(plane, *self.factors)
            result.append(plane)
        return result


def _bounds(
    pixels: NDArray[np.uint8], place: tuple[int, int], factors: tuple[int, int], where: tuple[NDArray[np.intp], ...]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return between what samples around zero lie, of every channel, shape (channels, N), at some places."""
    lowest, highest = [], []
    inside = padded(np.ones(pixels.shape[:2], bool), *place, factors, fill=False)[where]
    for channel in np.moveaxis(pixels.reshape(*pixels.shape[:2], -1), -1, 0):
        samples = padded(channel, *place, factors)[where].astype(np.float32) - 128
        lowest.append(np.where(inside & (samples > -128), samples, -np.inf))
        highest.append(np.where(inside & (samples < 127), samples, np.inf))
    return np.stack(lowest).astype(np.float32), np.stack(highest).astype(np.float32)
