from __future__ import annotations

import numpy as np

from made.pasts import saved_again, scene
from made.pictures import compressed
from qgac.jpeg.reader import read_jpeg
from qgac.pixels.families import LUMA
from qgac.pixels.resaved import earlier_levels


def test_the_levels_before_the_last_compression_come_back() -> None:
    gray = (scene(320, 400)[..., 1] * 0.8 + 25).astype(np.uint8)
    own = read_jpeg(compressed(gray, 20)).components[0].coefficients
    last = read_jpeg(saved_again(gray, 20, 75, 4, 6))
    image, top, left = earlier_levels(last.components[0], (4, 2), LUMA.tables[19])
    assert (top, left) == (4, 6)
    found = image.components[0].coefficients[1:39, 1:49]
    assert (found == own[1:39, 1:49]).mean() > 0.995
