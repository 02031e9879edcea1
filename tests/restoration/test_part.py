"""A part restored alone is what the whole picture has there, but for float rounding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from made.networks import tiny_network
from made.pictures import SAMPLINGS, compressed, make_image, photo
from qgac.jpeg.reader import read_jpeg
from qgac.restoration.restorer import Restorer

BOXES = [(0, 0, 5, 5), (150, 130, 190, 160), (371, 283, 372, 284), (81, 0, 372, 30), (0, 0, 372, 284)]


def check(restorer: Restorer, image, box: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = box
    whole = restorer(image, dtype=np.float32).pixels[top:bottom, left:right]
    part = restorer.part(image, box, dtype=np.float32)
    assert part.shape == whole.shape
    np.testing.assert_allclose(part, whole, rtol=0, atol=1e-3)


@pytest.mark.parametrize("name", SAMPLINGS)
def test_of_every_sampling(name: str, network: Restorer) -> None:
    image = make_image(372, 284, SAMPLINGS[name])
    for box in BOXES:
        check(network, image, box)


@pytest.mark.parametrize("name", ["4:2:0", "gray"])
def test_in_small_tiles(name: str) -> None:
    network = Restorer(tiny_network(strength=2), tile=48)
    image = make_image(372, 284, SAMPLINGS[name])
    counts: list[tuple[int, int]] = []
    network.part(image, (100, 60, 260, 200), progress=lambda *count: counts.append(count))
    assert counts[-1][0] == counts[-1][1] >= 9
    for box in BOXES:
        check(network, image, box)


def test_a_part_without_colour_of_a_picture_that_has_some(network: Restorer) -> None:
    """Alone, it would be taken for a gray picture, whose chroma is left alone."""
    image = read_jpeg(compressed(photo(160, 320), 30))
    y, *chroma = image.components
    for plane in chroma:
        plane.coefficients[:, :10] = 0
    assert all(plane.coefficients.any() for plane in chroma)
    check(network, replace(image, components=(y, *chroma)), (0, 0, 40, 40))


@pytest.mark.parametrize("box", [(0, 0, 0, 5), (-1, 0, 5, 5), (0, 0, 373, 5), (9, 9, 9, 9)])
def test_what_is_no_part_is_refused(box: tuple[int, int, int, int], network: Restorer) -> None:
    with pytest.raises(ValueError, match="a part lies within the 372 x 284 pixels"):
        network.part(make_image(372, 284, SAMPLINGS["gray"]), box)
