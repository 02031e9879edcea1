from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

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
        found = find_period(planes_of(scene(320, 400, seed)).y)
        assert not found.scaled
        assert not found.blocky


@pytest.mark.parametrize("quality", [10, 40])
def test_blocks_that_were_smoothed_are_not_taken_for_scaled(quality: int) -> None:
    picture = Image.fromarray(decoded(compressed(scene(320, 400), quality)))
    blurred = np.asarray(picture.filter(ImageFilter.GaussianBlur(0.8)))
    found = find_period(planes_of(blurred).y)
    assert not found.scaled
    assert from_pixels(blurred).outcome in ("changed", "never")


def test_what_repeats_in_one_direction_is_not_scaled() -> None:
    columns = (np.arange(400) % 6 < 3) * 60.0  # a fence
    pixels = (scene(320, 400) * 0.5 + columns[None, :, None]).clip(0, 255).astype(np.uint8)
    assert not find_period(planes_of(pixels).y).scaled


def test_flat_and_small_pictures_have_none() -> None:
    for plane in (np.zeros((200, 200), np.float32), np.zeros((20, 200), np.float32)):
        found = find_period(plane)
        assert not found.scaled
        assert not found.blocky
