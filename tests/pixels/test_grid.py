from __future__ import annotations

import numpy as np
import pytest

from made.pasts import decoded, scene
from made.pictures import compressed
from qgac.pixels.grid import find_grid
from qgac.pixels.planes import planes_of


@pytest.mark.parametrize("quality", [10, 30, 75, 90, 95])
@pytest.mark.parametrize(("top", "left"), [(0, 0), (3, 5), (12, 1)])
def test_the_grid_is_found_wherever_a_picture_was_cut(quality: int, top: int, left: int) -> None:
    planes = planes_of(decoded(compressed(scene(), quality))[top:, left:])
    grid = find_grid(planes.y, planes.clipped)
    assert grid.found
    assert ((grid.top + top) % 8, (grid.left + left) % 8) == (0, 0)
    assert grid.confidence > 0.99


@pytest.mark.parametrize("seed", range(4))
def test_a_picture_that_was_never_compressed_has_none(seed: int) -> None:
    planes = planes_of(scene(seed=seed))
    grid = find_grid(planes.y, planes.clipped)
    assert not grid.found
    assert grid.confidence < 0.9


def test_one_place_may_be_named() -> None:
    planes = planes_of(decoded(compressed(scene(), 50)))
    grid = find_grid(planes.y, only=(2, 3))
    assert (grid.top, grid.left) == (2, 3)
    assert find_grid(planes.y, only=(0, 0)).evidence > grid.evidence


@pytest.mark.parametrize("shape", [(1, 1), (7, 30), (8, 8), (15, 15)])
def test_small_pictures_have_no_grid_and_no_error(shape: tuple[int, int]) -> None:
    assert not find_grid(np.zeros(shape, np.float32)).found
