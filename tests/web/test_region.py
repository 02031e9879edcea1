from __future__ import annotations

import numpy as np
import pytest

from made.pictures import S411, SAMPLINGS, make_image
from qgac.jpeg.image import JPEGImage, ceil_divide
from qgac.web.region import View, cropped


@pytest.mark.parametrize("name", SAMPLINGS)
@pytest.mark.parametrize("view", [View(0, 0, 5, 5), View(150, 130, 40, 30), View(371, 283, 1, 1), View(0, 0, 372, 284)])
def test_a_crop_is_a_picture_of_whole_mcus_around_the_view(name: str, view: View) -> None:
    image = make_image(372, 284, SAMPLINGS[name])
    crop, inside = cropped(image, view)
    check_grid(crop)
    left, top = view.left - inside.left, view.top - inside.top
    assert left >= 0
    assert top >= 0
    assert left + crop.width <= image.width
    assert (inside.width, inside.height) == (view.width, view.height)
    vertical, horizontal = image.largest_factors
    assert (left % (8 * horizontal), top % (8 * vertical)) == (0, 0)
    for whole, part in zip(image.components, crop.components, strict=True):
        row, column = top * whole.vertical // (8 * vertical), left * whole.horizontal // (8 * horizontal)
        rows, columns = part.coefficients.shape[:2]
        same = whole.coefficients[row : row + rows, column : column + columns]
        assert np.array_equal(part.coefficients, same)


def check_grid(image: JPEGImage) -> None:
    """ITU-T T.81, A.1.1: how many blocks a component of a picture of this size has."""
    vertical, horizontal = image.largest_factors
    for part in image.components:
        rows = ceil_divide(ceil_divide(image.height * part.vertical, vertical), 8)
        columns = ceil_divide(ceil_divide(image.width * part.horizontal, horizontal), 8)
        assert part.coefficients.shape[:2] == (rows, columns)


def test_a_view_ends_with_the_picture() -> None:
    image = make_image(100, 60, S411)
    assert View(-5, 50, 20, 20).within(image) == View(0, 50, 15, 10)
    assert View(100, 0, 5, 5).within(image) is None
    assert View(5, 5, 0, 5).within(image) is None
