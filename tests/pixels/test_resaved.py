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


def test_the_restored_picture_and_the_file_put_levels_right() -> None:
    gray = (scene(320, 400)[..., 1] * 0.8 + 25).astype(np.uint8)
    own = read_jpeg(compressed(gray, 30)).components[0].coefficients[1:39, 1:49]
    last = read_jpeg(saved_again(gray, 30, 50, 4, 6)).components[0]
    rounded, right = (
        (earlier_levels(last, (4, 2), LUMA.tables[29], restored)[0].components[0].coefficients[1:39, 1:49] != own)
        for restored in (None, gray[4:, 6:].astype(np.float32))
    )
    assert 0.001 < rounded.mean() < 0.05
    assert right.mean() < 0.5 * rounded.mean()
