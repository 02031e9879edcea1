"""The heat map: a colour for each block, and a scale that holds every value."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from qgac.inspection.heat_map import draw_blocks, draw_heat_map


def drawn(values: np.ndarray) -> np.ndarray:
    with Image.open(io.BytesIO(draw_heat_map(values.astype(np.float32), "levels"))) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def test_each_block_has_the_colour_of_its_value() -> None:
    sheet = drawn(np.array([[0, 5, 10], [10, 5, 0]]))
    blocks = sheet[12 + 4 : 12 + 16 : 8, 12 + 4 : 12 + 24 : 8]
    assert blocks[0, 0].tolist() == blocks[1, 2].tolist() == [0x44, 0x01, 0x54]
    assert blocks[0, 2].tolist() == blocks[1, 0].tolist() == [0xFD, 0xE7, 0x25]
    assert blocks[0, 1].tolist() == [0x21, 0x91, 0x8C]
    lightness = blocks[0] @ [0.299, 0.587, 0.114]
    assert (np.diff(lightness) > 40).all()  # told apart without colours as well


def test_a_block_can_be_one_pixel() -> None:
    content, top = draw_blocks(np.array([[0, 4.5, 9], [9, 9, 9]], np.float32))
    with Image.open(io.BytesIO(content)) as picture:
        assert (picture.format, picture.size) == ("PNG", (3, 2))
        assert picture.getpixel((0, 0)) == (0x44, 0x01, 0x54)
    assert top == 10  # the next round number


@pytest.mark.parametrize("shape", [(1, 1), (3, 700), (1500, 20), (1083, 1444)])
@pytest.mark.parametrize("largest", [0.0, 0.004, 7.3, 123.0])
def test_any_size_and_range_gives_a_sheet_that_fits_a_screen(shape: tuple[int, int], largest: float) -> None:
    values = np.full(shape, largest)
    height, width, _ = drawn(values).shape
    assert width <= 1024 + 24
    assert height <= 1024 + 100
