from __future__ import annotations

import numpy as np
import pytest

from qgac.analysis.crops import Crop, most_different


def test_a_planted_difference_is_found() -> None:
    first = np.zeros((64, 96), np.uint8)
    second = first.copy()
    second[24:40, 56:72] = 9
    assert most_different(first, second, 16) == Crop(56, 24, 16)


@pytest.mark.parametrize("shape", [(37, 50), (40, 33, 3)])
def test_no_other_square_on_the_grid_differs_more(shape: tuple[int, ...]) -> None:
    generator = np.random.default_rng(3)
    first, second = generator.integers(0, 256, (2, *shape), dtype=np.uint8)
    found = most_different(first, second, 12, grid=4)

    def difference(x: int, y: int) -> np.int64:
        window = slice(y, y + 12), slice(x, x + 12)
        return np.abs(first[window].astype(int) - second[window]).sum()

    best = max(difference(x, y) for y in range(0, shape[0] - 11, 4) for x in range(0, shape[1] - 11, 4))
    assert difference(found.x, found.y) == best
    assert found.cut(first).shape[:2] == (12, 12)


def test_a_square_larger_than_the_picture_is_shortened() -> None:
    picture = np.zeros((20, 30, 3), np.uint8)
    assert most_different(picture, picture, 96) == Crop(0, 0, 20)


@pytest.mark.parametrize("crop", [Crop(0, 0, 21), Crop(11, 0, 20), Crop(0, 1, 20), Crop(-1, 0, 5), Crop(0, 0, 0)])
def test_a_crop_outside_is_refused(crop: Crop) -> None:
    with pytest.raises(ValueError, match="does not lie in the picture of 30x20 pixels"):
        crop.cut(np.zeros((20, 30)))
