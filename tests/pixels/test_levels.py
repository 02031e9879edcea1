from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from made.pasts import decoded, scene
from made.pictures import compressed
from qgac.jpeg.reader import read_jpeg
from qgac.pixels.past import from_pixels


def gentle(mode: int = 3) -> np.ndarray:
    """Without clipping, in whole MCUs."""
    pixels = (scene(160, 192).astype(float) * 0.7 + 35).astype(np.uint8)
    return pixels if mode == 3 else pixels[..., 1]


@pytest.mark.parametrize("quality", [10, 50, 85])
@pytest.mark.parametrize(
    ("channels", "options"),
    [(1, {}), (3, {"subsampling": "4:4:4"}), (3, {"subsampling": "4:2:2"}), (3, {"subsampling": "4:2:0"})],
)
def test_the_levels_of_a_decoded_picture_are_those_of_the_file(
    quality: int, channels: int, options: dict[str, Any]
) -> None:
    content = compressed(gentle(channels), quality, **options)
    image = read_jpeg(content)
    levels = from_pixels(decoded(content)).levels
    assert levels is not None
    assert (levels.top, levels.left, levels.explained) == (0, 0, 1)
    assert (levels.image.width, levels.image.height, levels.image.color) == (image.width, image.height, image.color)
    for found, own in zip(levels.image.components, image.components, strict=True):
        assert np.array_equal(found.table, own.table)
        assert (found.vertical, found.horizontal) == (own.vertical, own.horizontal)
        # Flat blocks share one rounding error, in which steps of means may be lost; and chroma that was interpolated
        # comes back but for samples on which rounding fell badly.
        equal = (found.coefficients == own.coefficients).all((2, 3))
        assert equal.mean() > (0.9 if (own.vertical, own.horizontal) != image.largest_factors else 0.97)


def test_clipped_samples_are_found_with_the_levels() -> None:
    content = compressed(scene(160, 192), 50)
    levels = from_pixels(decoded(content)).levels
    assert levels is not None
    pixels = decoded(content)
    clipped = ((pixels == 0) | (pixels == 255)).any(-1).reshape(20, 8, 24, 8).any((1, 3))
    equal = (levels.image.components[0].coefficients == read_jpeg(content).components[0].coefficients).all((2, 3))
    assert clipped.mean() > 0.05
    assert equal[~clipped].all()
    assert equal[clipped].mean() > 0.6


def test_a_cut_picture_begins_within_the_blocks_of_its_jpeg() -> None:
    content = compressed(gentle(), 50)
    levels = from_pixels(decoded(content)[5:, 11:]).levels
    assert levels is not None
    assert (levels.top, levels.left) == (5, 11)
    own = read_jpeg(content).components[0].coefficients
    assert np.array_equal(levels.image.components[0].coefficients[1:, 2:], own[1:, 2:])
