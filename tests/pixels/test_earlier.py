from __future__ import annotations

import numpy as np
import pytest

from made.pasts import saved_again, scene
from made.pictures import compressed, photo
from qgac.jpeg.reader import read_jpeg
from qgac.pixels.earlier import find_earlier
from qgac.pixels.families import LUMA
from qgac.training.batches.drawings.drawing import drawing


@pytest.mark.parametrize(("first", "second"), [(10, 50), (30, 50), (30, 75), (75, 92)])
@pytest.mark.parametrize(("top", "left"), [(4, 4), (0, 3), (5, 1)])
def test_the_coarser_compression_before_is_found(first: int, second: int, top: int, left: int) -> None:
    image = read_jpeg(saved_again(scene(320, 400), first, second, top, left))
    earlier = find_earlier(image.components[0])
    assert earlier is not None
    assert earlier.found
    assert (earlier.top, earlier.left) == (-top % 8, -left % 8)
    assert LUMA.names[earlier.index] == f"libjpeg at quality {first}"


def waves(height: int, width: int, periods: tuple[float, ...]) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    planes = [
        40 * np.sin(2 * np.pi * (rows * np.cos(index) + columns * np.sin(index)) / period)
        for index, period in enumerate(periods)
    ]
    return np.asarray(np.sum(planes, 0) + 128).clip(0, 255).astype(np.uint8)


def tiled(side: int) -> np.ndarray:
    tile = np.random.default_rng(side).integers(0, 256, (side, side)).astype(np.uint8)
    return np.tile(tile, (240 // side, 240 // side))


def halftone() -> np.ndarray:
    rows, columns = np.mgrid[:240, :240]
    screen = np.cos(columns / 1.3) + np.cos(rows / 1.1)
    return np.where(columns / 120 - 1 > screen / 2, 255, 0).astype(np.uint8)


def drawn(seed: int) -> np.ndarray:
    return np.ascontiguousarray(drawing(256, np.random.default_rng(seed))[..., :3])


SAVED_ONCE = {
    "scene": scene(320, 400),
    "another scene": scene(320, 400, 1),
    "waves and noise": photo(300, 200),
    "other waves and noise": photo(300, 200, 3),
    "waves of 8": waves(240, 240, (8, 16)),
    "waves of other periods": waves(240, 320, (7, 11.3, 5)),
    "a ramp": np.add.outer(np.arange(240), np.arange(240)).astype(np.uint8),
    "tiles of 8": tiled(8),
    "tiles of 12": tiled(12),
    "tiles of 60": tiled(60),
    "a halftone": halftone(),
    "noise": np.random.default_rng(0).integers(60, 190, (200, 240)).astype(np.uint8),
    "a drawing": drawn(2),
    "another drawing": drawn(4),
    "text": drawn(9),
}


@pytest.mark.parametrize("quality", [10, 30, 40, 75])
@pytest.mark.parametrize("name", SAVED_ONCE)
def test_a_file_that_was_saved_once_has_none(name: str, quality: int) -> None:
    earlier = find_earlier(read_jpeg(compressed(SAVED_ONCE[name], quality)).components[0])
    assert earlier is None or not earlier.found


@pytest.mark.parametrize(("first", "second"), [(10, 50), (30, 75), (60, 90)])
def test_a_second_compression_on_the_same_grid_is_no_other_grid(first: int, second: int) -> None:
    earlier = find_earlier(read_jpeg(saved_again(scene(320, 400), first, second, 0, 0)).components[0])
    assert earlier is None or not earlier.found


def test_an_earlier_quality_may_be_told() -> None:
    image = read_jpeg(saved_again(scene(320, 400), 30, 50, 4, 4))
    earlier = find_earlier(image.components[0], index=29)
    assert earlier is not None
    assert (earlier.top, earlier.left, earlier.index) == (4, 4, 29)


def test_of_a_file_saved_once_an_earlier_quality_may_be_told_as_well() -> None:
    earlier = find_earlier(read_jpeg(compressed(scene(), 75)).components[0], index=29)
    assert earlier is not None
    assert earlier.index == 29
    assert not earlier.found


def test_nothing_is_coarser_than_the_coarsest() -> None:
    assert find_earlier(read_jpeg(compressed(scene(), 1)).components[0]) is None


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (9, 40), (16, 16), (1, 100), (23, 17), (8, 600), (600, 8)])
@pytest.mark.parametrize("index", [None, 9])
def test_small_files_are_looked_at_without_an_error(size: tuple[int, int], index: int | None) -> None:
    earlier = find_earlier(read_jpeg(compressed(scene(*size), 80)).components[0], index=index)
    assert earlier is None or not earlier.found


def test_a_flat_picture_says_nothing() -> None:
    flat = np.full((200, 200), 77, np.uint8)
    assert find_earlier(read_jpeg(compressed(flat, 50)).components[0]) is None
