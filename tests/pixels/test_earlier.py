from __future__ import annotations

import pytest

from made.pasts import saved_again, scene
from made.pictures import compressed
from qgac.jpeg.reader import read_jpeg
from qgac.pixels.earlier import find_earlier
from qgac.pixels.families import LUMA


@pytest.mark.parametrize(("first", "second"), [(10, 50), (30, 75), (75, 92)])
@pytest.mark.parametrize(("top", "left"), [(4, 4), (0, 3), (5, 1)])
def test_the_coarser_compression_before_is_found(first: int, second: int, top: int, left: int) -> None:
    image = read_jpeg(saved_again(scene(320, 400), first, second, top, left))
    earlier = find_earlier(image.components[0])
    assert earlier is not None
    assert earlier.found
    assert (earlier.top, earlier.left) == (-top % 8, -left % 8)
    assert LUMA.names[earlier.index] == f"libjpeg at quality {first}"


@pytest.mark.parametrize("quality", [10, 25, 50, 75, 95])
@pytest.mark.parametrize("seed", range(2))
def test_a_file_that_was_saved_once_has_none(quality: int, seed: int) -> None:
    earlier = find_earlier(read_jpeg(compressed(scene(320, 400, seed), quality)).components[0])
    assert earlier is None or not earlier.found


def test_an_earlier_quality_may_be_told() -> None:
    image = read_jpeg(saved_again(scene(320, 400), 30, 50, 4, 4))
    earlier = find_earlier(image.components[0], index=29)
    assert earlier is not None
    assert (earlier.top, earlier.left, earlier.index) == (4, 4, 29)


def test_nothing_is_coarser_than_the_coarsest() -> None:
    assert find_earlier(read_jpeg(compressed(scene(), 1)).components[0]) is None


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (9, 40), (16, 16), (1, 100), (23, 17)])
def test_small_files_are_looked_at_without_an_error(size: tuple[int, int]) -> None:
    earlier = find_earlier(read_jpeg(compressed(scene(*size), 80)).components[0])
    assert earlier is None or not earlier.found
