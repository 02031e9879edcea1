"""Pictures of square pixels: mosaics, pixel art, tiles of old games, dithering, codes to be scanned.

More than half of those whose squares fit into blocks lie on the grid of the blocks, as pictures do that were enlarged
before they were compressed: then whole blocks are flat, and the file holds them almost exactly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qgac.training.batches.drawings.colors import palette

__all__ = ["squares"]

# 2x2 of an ordered dithering, doubled twice.
_BAYER = np.array([[0, 2], [3, 1]])
_ALIGNED_SHARE = 0.6
_SIDES = (1, 2, 2, 3, 4, 4, 5, 6, 7, 8, 8, 8, 8, 16, 16, 24)


def squares(size: int, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Draw a picture of squares.

    Parameters
    ----------
    size : int
        Its side in pixels.
    generator : numpy.random.Generator

    Returns
    -------
    ndarray, shape (size, size, 3), uint8
    """
    side = int(generator.choice(_SIDES))
    aligned = 16 % side == 0 and generator.random() < _ALIGNED_SHARE
    top, left = (0, 0) if aligned else (int(value) for value in generator.integers(side, size=2))
    count = -(-(size + side) // side)
    indices = _KINDS[int(generator.choice(len(_KINDS), p=_SHARES))](count, generator)
    # Codes are black on white, mostly; other pictures have any colours.
    if indices.max() < 2 and generator.random() < 0.7:
        colors = palette(generator, 1)
    else:
        colors = generator.integers(0, 256, (int(indices.max()) + 1, 3)).astype(np.float64)
        if generator.random() < 0.4:  # shades of one colour
            colors = colors[:1] + (colors - colors[:1]) * generator.uniform(0.05, 0.5)
    picture = colors.round().astype(np.uint8)[indices].repeat(side, 0).repeat(side, 1)
    return picture[top : top + size, left : left + size]


def _mosaic(count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Lay any colour beside any other one."""
    return generator.integers(0, int(generator.integers(2, 9)), (count, count))


def _areas(count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Lay out the levels of a smooth landscape: areas with stepped edges."""
    heights = generator.standard_normal((count, count))
    for _ in range(int(generator.integers(1, 5))):
        heights = sum(np.roll(heights, (i, j), (0, 1)) for i in (-1, 0, 1) for j in (-1, 0, 1))  # type: ignore[assignment]
    ranks = heights.ravel().argsort().argsort().reshape(count, count)
    levels: NDArray[np.int64] = ranks * int(generator.integers(2, 7)) // (count * count)
    return levels


def _tiles(count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Lay a few small patterns over and over, mirrored ones among them."""
    side = int(generator.choice([4, 6, 8, 16]))
    kinds = generator.integers(0, int(generator.integers(2, 6)), (int(generator.integers(1, 5)), side, side))
    if generator.random() < 0.6:
        kinds = np.maximum(kinds, kinds[:, :, ::-1])
    kinds[0] = 0 if generator.random() < 0.7 else kinds[0]  # sky
    grid = generator.integers(0, len(kinds), (-(-count // side),) * 2)
    return kinds[grid].swapaxes(1, 2).reshape(len(grid) * side, -1)[:count, :count]


def _dithering(count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Mix two colours that stand for a ramp between them, in the order of a table or at random."""
    order = _BAYER
    for _ in range(2):
        order = np.block([[4 * order, 4 * order + 2], [4 * order + 3, 4 * order + 1]])
    thresholds = np.tile(order, (-(-count // 8),) * 2)[:count, :count] / 64
    if generator.random() < 0.3:
        thresholds = generator.random((count, count))
    slope = np.linspace(generator.random(), generator.random(), count)
    return (thresholds < slope).astype(np.int64)


def _code(count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Print a code in two dimensions with the marks at its corners, or one of bars."""
    if generator.random() < 0.3:
        return np.broadcast_to(generator.random(count) < 0.5, (count, count)).astype(np.int64)
    modules = (generator.random((count, count)) < 0.5).astype(np.int64)
    width = int(generator.integers(17, 45))
    top, left = (int(value) for value in generator.integers(-width + 8, max(1, count - 8), 2))
    mark = np.pad(np.pad(np.pad(np.ones((3, 3), np.int64), 1), 1, constant_values=1), 1)
    for row, column in ((top, left), (top + width - 8, left), (top, left + width - 8)):
        for (i, j), value in np.ndenumerate(mark):
            if 0 <= row + i < count and 0 <= column + j < count:
                modules[row + i, column + j] = value
    rows, columns = (np.arange(count) - start for start in (top, left))
    inside = ((rows > 0) & (rows < width))[:, None] & ((columns > 0) & (columns < width))
    if generator.random() < 0.5:
        modules[~inside] = 0
    return modules


_KINDS = (_mosaic, _areas, _tiles, _dithering, _code)
_SHARES = (0.2, 0.25, 0.25, 0.08, 0.22)
