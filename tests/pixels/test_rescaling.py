from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from made.pasts import decoded, scene
from made.pictures import compressed
from qgac.pixels.past import from_pixels
from qgac.pixels.planes import planes_of
from qgac.pixels.rescaling import find_period


@pytest.mark.parametrize("scale", [0.75, 1.25])
def test_a_scaled_jpeg_is_told(scale: float) -> None:
    pixels = Image.fromarray(decoded(compressed(scene(320, 400), 15)))
    past = from_pixels(pixels.resize((round(400 * scale), round(320 * scale)), Image.Resampling.BICUBIC))
    assert past.outcome == "rescaled"
    assert past.levels is None


def test_a_picture_as_it_was_taken_has_no_period() -> None:
    for seed in range(4):
        assert not find_period(planes_of(scene(320, 400, seed)).y).found


def test_flat_and_small_pictures_have_none() -> None:
    assert not find_period(np.zeros((200, 200), np.float32)).found
    assert not find_period(np.zeros((20, 200), np.float32)).found
