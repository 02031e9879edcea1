"""Tiles on the block grid: a picture restored piece by piece is the picture restored whole.

A tile is restored with a halo of neighbouring blocks as wide as the network sees, which is cut off afterwards. At the
border of the picture there is no halo, so the zero padding of the convolutions happens where it would without tiles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from qgac.jpeg.image import ceil_divide

__all__ = ["Region", "tile_shape", "tiles"]


@dataclass(frozen=True)
class Region:
    """A rectangle of blocks, half-open: ``top <= row < bottom``, ``left <= column < right``.

    Attributes
    ----------
    top, bottom, left, right : int
        In blocks.
    """

    top: int
    bottom: int
    left: int
    right: int

    @property
    def rows(self) -> int:
        """Height in blocks."""
        return self.bottom - self.top

    @property
    def columns(self) -> int:
        """Width in blocks."""
        return self.right - self.left

    @property
    def empty(self) -> bool:
        """Whether it holds no block."""
        return self.rows <= 0 or self.columns <= 0

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of its rows and columns in the whole."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def grown(self, vertical: int, horizontal: int) -> Region:
        """Return it with a halo on all sides; see :meth:`clipped`."""
        return Region(self.top - vertical, self.bottom + vertical, self.left - horizontal, self.right + horizontal)

    def clipped(self, rows: int, columns: int) -> Region:
        """Return the part of it that lies in a grid of this size."""
        return Region(max(self.top, 0), min(self.bottom, rows), max(self.left, 0), min(self.right, columns))

    def divided(self, vertical: int, horizontal: int) -> Region:
        """Return the smallest region that covers it on a grid coarser by these factors."""
        return Region(
            self.top // vertical,
            ceil_divide(self.bottom, vertical),
            self.left // horizontal,
            ceil_divide(self.right, horizontal),
        )

    def multiplied(self, vertical: int, horizontal: int) -> Region:
        """Return it on a grid finer by these factors."""
        return Region(self.top * vertical, self.bottom * vertical, self.left * horizontal, self.right * horizontal)

    def within(self, outer: Region) -> tuple[slice, slice]:
        """Return the index of its rows and columns in a region that holds it."""
        return (
            slice(self.top - outer.top, self.bottom - outer.top),
            slice(self.left - outer.left, self.right - outer.left),
        )


def tile_shape(rows: int, columns: int, *, halo: tuple[int, int], unit: tuple[int, int], limit: int) -> tuple[int, int]:
    """Choose the tiles that cost least among those that fit the memory.

    Parameters
    ----------
    rows, columns : int
        Size of the picture in blocks.
    halo : tuple of (int, int)
        Blocks above and below, and left and right, that are computed and thrown away.
    unit : tuple of (int, int)
        Rows and columns that tiles are multiples of: the blocks of an MCU.
    limit : int
        Blocks that a tile may have, halo included. Tiles narrower than two halos are not made even if they were needed
        to stay below: the work would be several times that of the whole picture.

    Returns
    -------
    tuple of (int, int)
        Rows and columns of a tile, without halo.
    """
    heights = _divisions(rows, halo[0], unit[0])
    widths = _divisions(columns, halo[1], unit[1])
    fitting = [(tall, wide) for tall in heights for wide in widths if tall.longest * wide.longest <= limit]
    if not fitting:
        return heights[-1].piece, widths[-1].piece
    tall, wide = min(fitting, key=lambda pair: pair[0].total * pair[1].total)
    return tall.piece, wide.piece


class _Division(NamedTuple):
    """A way to divide a length: size of a piece, and with halos the longest piece and the sum of all."""

    piece: int
    longest: int
    total: int


def _divisions(length: int, halo: int, unit: int) -> list[_Division]:
    """List the ways to divide a length into equal pieces, from one to as many as make sense."""
    result: list[_Division] = []
    for count in range(1, length + 1):
        piece = ceil_divide(length, count * unit) * unit
        if result and piece < 2 * halo:
            break
        pieces = ceil_divide(length, piece)
        result.append(
            _Division(piece, min(piece + halo * min(pieces - 1, 2), length), length + 2 * halo * (pieces - 1))
        )
        if piece == unit:
            break
    return result


def tiles(region: Region, shape: tuple[int, int]) -> list[Region]:
    """Divide a picture, or a part of one, into tiles, row by row.

    Parameters
    ----------
    region : Region
    shape : tuple of (int, int)
        Rows and columns of a tile; those at the right and at the bottom may be smaller.

    Returns
    -------
    list of Region
        They cover the region and do not overlap.
    """
    return [
        Region(top, min(top + shape[0], region.bottom), left, min(left + shape[1], region.right))
        for top in range(region.top, region.bottom, shape[0])
        for left in range(region.left, region.right, shape[1])
    ]
