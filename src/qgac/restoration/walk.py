"""The walk over a picture: its planes are asked for one tile after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from qgac.restoration.regions import PlaneSource
from qgac.restoration.tiling import Region, tiles

__all__ = ["Group", "Progress", "walk"]

Group = tuple[Sequence[PlaneSource], Region]
"""Planes that are asked for the same tiles, and the blocks that these cover."""

Progress = Callable[[int, int], None]
"""Called with the number of tiles that are done, and that there are."""

_T = TypeVar("_T")


def walk(
    groups: Sequence[Group],
    shapes: Sequence[tuple[int, int]],
    ask: Callable[[PlaneSource, Region], _T],
    progress: Progress | None = None,
) -> Iterator[tuple[int, Region, list[_T]]]:
    """Restore planes tile by tile, group after group, each tile when it is asked for.

    Parameters
    ----------
    groups : sequence of (sequence of PlaneSource, Region)
        See :data:`Group`.
    shapes : sequence of tuple of (int, int)
        For each group the rows and columns of a tile in blocks.
    ask : callable
        What to ask a source for.
    progress : callable, optional
        Called after each tile with (tiles done, tiles in all).

    Yields
    ------
    tuple
        Number of the group, tile, and what each of its sources answered, which is not held here while it is used.
    """
    total = sum(len(tiles(region, shape)) for (_, region), shape in zip(groups, shapes, strict=True))
    done = 0
    for number, ((sources, region), shape) in enumerate(zip(groups, shapes, strict=True)):
        for source in sources:
            source.start(region, shape[0])
        for tile in tiles(region, shape):
            yield number, tile, _answers(sources, tile, ask)
            done += 1
            if progress is not None:
                progress(done, total)


def _answers(sources: Sequence[PlaneSource], tile: Region, ask: Callable[[PlaneSource, Region], _T]) -> list[_T]:
    return [ask(source, tile) for source in sources]
