"""The walk over a picture keeps what sources of planes rely on: one start, then every tile once, in order."""

from __future__ import annotations

import numpy as np

from qgac.engine.engine import Array
from qgac.restoration.tiling import Region
from qgac.restoration.walk import walk


class Recorded:
    """Planes of nothing that write down what they are asked for."""

    halo = unit = (1, 1)
    grids = ((0, 0),)

    def __init__(self) -> None:
        self.calls: list[int | Region] = []

    def start(self, region: Region, tile_rows: int) -> None:
        self.calls += [region, tile_rows]

    def coefficients(self, tile: Region) -> list[tuple[Region, Array]]:
        return [(tile, np.zeros(1, np.float32))]

    own_coefficients = coefficients

    def samples(self, tile: Region) -> Array:
        self.calls.append(tile)
        return np.zeros(1, np.float32)


def test_every_source_is_started_and_then_asked_for_all_tiles_from_left_to_right_and_down() -> None:
    y, chroma, black = Recorded(), Recorded(), Recorded()
    groups = [([y, chroma], Region(0, 5, 0, 7)), ([black], Region(2, 6, 1, 5))]
    progress: list[tuple[int, int]] = []
    walked = walk(groups, [(2, 3), (4, 4)], lambda source, tile: source.samples(tile), lambda *n: progress.append(n))
    numbers = [(number, len(answers)) for number, _, answers in walked]
    assert numbers == [(0, 2)] * 9 + [(1, 1)]
    assert progress == [(done, 10) for done in range(1, 11)]
    assert black.calls == [Region(2, 6, 1, 5), 4, Region(2, 6, 1, 5)]
    assert y.calls == chroma.calls
    region, first, *asked = y.calls
    assert (region, first) == (Region(0, 5, 0, 7), 2)
    order = np.full((5, 7), -1)
    for number, tile in enumerate(asked):
        assert isinstance(tile, Region)
        assert (order[tile.slices] == -1).all()
        order[tile.slices] = number
    rows, columns = np.arange(5)[:, None] // 2, np.arange(7) // 3
    np.testing.assert_array_equal(order, 3 * rows + columns)


def test_a_tile_is_restored_when_it_is_asked_for_and_told_when_it_has_been_taken() -> None:
    source, progress = Recorded(), []
    walked = walk(
        [([source], Region(0, 1, 0, 3))], [(1, 1)], lambda one, tile: one.samples(tile), lambda *n: progress.append(n)
    )
    assert (len(source.calls), progress) == (0, [])
    next(walked)
    assert (len(source.calls), progress) == (3, [])
    next(walked)
    assert (len(source.calls), progress) == (4, [(1, 3)])
