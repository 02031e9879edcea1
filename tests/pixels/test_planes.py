from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from made.pasts import decoded, scene
from made.pictures import compressed, plane_of
from qgac.jpeg.reader import read_jpeg
from qgac.pixels.planes import pixels_of, planes_of, rgb_of, ycbcr_of
from render import inverse_dct


def test_the_planes_of_a_decoded_picture_are_those_of_the_decoder() -> None:
    content = compressed(scene(), 60, subsampling=0)
    planes = planes_of(decoded(content))
    for component, plane in zip(read_jpeg(content).components, (planes.y, planes.cb, planes.cr), strict=True):
        own = plane_of(inverse_dct(component.coefficients, component.table)).astype(float) - 128
        assert plane is not None
        assert np.array_equal(plane[~planes.clipped], own[~planes.clipped])
    assert 0 < planes.clipped.mean() < 0.5


def test_gray_is_itself() -> None:
    pixels = np.array([[0, 1, 128], [254, 255, 7]], np.uint8)
    planes = planes_of(pixels)
    assert np.array_equal(planes.y, pixels.astype(float) - 128)
    assert np.array_equal(planes.clipped, [[True, False, False], [False, True, False]])
    assert planes.cb is None


def test_colours_go_back() -> None:
    planes = np.random.default_rng(0).uniform(-100, 100, (3, 20)).astype(np.float32)
    assert np.allclose(ycbcr_of(rgb_of(*planes)), planes, atol=1e-3)


def test_pictures_of_every_kind_become_gray_or_rgb() -> None:
    rgb = scene(8, 9)
    assert np.array_equal(pixels_of(rgb), rgb)
    assert np.array_equal(pixels_of(np.dstack([rgb, rgb[..., 0]])), rgb)
    assert pixels_of(rgb[..., :1]).shape == (8, 9)
    assert np.array_equal(pixels_of(Image.fromarray(rgb).convert("RGBA")), rgb)
    assert pixels_of(Image.fromarray(rgb).convert("L")).shape == (8, 9)
    assert pixels_of(Image.fromarray(rgb).convert("P")).shape == (8, 9, 3)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((4, 4)), "samples of float64, not of 8 bits"),
        (np.zeros((4, 4, 2), np.uint8), r"shape \(4, 4, 2\) is no picture"),
        (np.zeros((0, 4), np.uint8), r"shape \(0, 4\) is no picture"),
        (Image.fromarray(np.zeros((4, 4), np.uint16)), "more than 8 bits"),
    ],
)
def test_what_is_no_picture_of_8_bits_is_refused(image: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        pixels_of(image)  # type: ignore[arg-type]
