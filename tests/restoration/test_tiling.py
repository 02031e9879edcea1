from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qgac.restoration.tiling import Region, tile_shape, tiles

lengths = st.integers(1, 300)
units = st.sampled_from([(1, 1), (2, 2), (1, 2), (4, 4), (1, 4), (3, 1)])
halos = st.sampled_from([(0, 0), (2, 3), (12, 12), (24, 20)])


def computed(rows: int, columns: int, shape: tuple[int, int], halo: tuple[int, int]) -> list[int]:
    """Blocks that each tile is computed from, halo included, counted one by one."""
    inside = np.zeros((rows, columns), bool)
    sizes = []
    for tile in tiles(Region(0, rows, 0, columns), shape):
        inside[:] = False
        inside[
            max(tile.top - halo[0], 0) : tile.bottom + halo[0], max(tile.left - halo[1], 0) : tile.right + halo[1]
        ] = True
        sizes.append(int(inside.sum()))
    return sizes


@settings(deadline=None)
@given(rows=lengths, columns=lengths, height=st.integers(1, 400), width=st.integers(1, 400))
def test_tiles_cover_every_block_once_in_reading_order(rows: int, columns: int, height: int, width: int) -> None:
    if rows * columns // (height * width) > 2000:
        height, width = rows, columns
    covered = np.zeros((rows, columns), int)
    corners = []
    for tile in tiles(Region(0, rows, 0, columns), (height, width)):
        assert not tile.empty
        covered[tile.slices] += 1
        corners.append((tile.top, tile.left))
    assert (covered == 1).all()
    assert corners == sorted(corners)


@settings(deadline=None)
@given(rows=lengths, columns=lengths, halo=halos, unit=units, limit=st.integers(1, 60_000))
def test_tiles_fit_the_memory_or_are_as_small_as_makes_sense(
    rows: int, columns: int, halo: tuple[int, int], unit: tuple[int, int], limit: int
) -> None:
    shape = tile_shape(rows, columns, halo=halo, unit=unit, limit=limit)
    assert shape[0] % unit[0] == shape[1] % unit[1] == 0
    largest = max(computed(rows, columns, shape, halo))
    small = all(size < 4 * sight + 2 * step for size, sight, step in zip(shape, halo, unit, strict=True))
    assert largest <= limit or small


def test_a_picture_that_fits_is_one_tile() -> None:
    assert tile_shape(375, 500, halo=(22, 22), unit=(2, 2), limit=375 * 500) == (376, 500)


@pytest.mark.parametrize("limit", [6000, 20_000, 50_000])
def test_no_other_even_division_is_cheaper(limit: int) -> None:
    rows, columns, halo = 150, 400, (8, 8)
    chosen = sum(computed(rows, columns, tile_shape(rows, columns, halo=halo, unit=(1, 1), limit=limit), halo))
    for down in range(1, 10):
        for across in range(1, 20):
            sizes = computed(rows, columns, (-(-rows // down), -(-columns // across)), halo)
            assert max(sizes) > limit or sum(sizes) >= chosen


def test_regions() -> None:
    region = Region(3, 7, 4, 10)
    assert (region.rows, region.columns, region.empty) == (4, 6, False)
    assert region.divided(2, 4) == Region(1, 4, 1, 3)
    assert region.divided(2, 4).multiplied(2, 4) == Region(2, 8, 4, 12)
    assert region.grown(5, 1).clipped(8, 9) == Region(0, 8, 3, 9)
    assert Region(9, 12, 0, 4).clipped(8, 9).empty
    grid = np.arange(120).reshape(10, 12)
    outer = region.grown(2, 2)
    np.testing.assert_array_equal(grid[outer.slices][region.within(outer)], grid[3:7, 4:10])
