from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.fft import dctn

from made.pasts import decoded, scene
from made.pictures import compressed
from qgac.coefficients.quantization import luma_table
from qgac.engine.choice import engine_for
from qgac.engine.engine import Engine
from qgac.pixels.strength import Strength, find_strength, table_after_scaling

EXAMPLE = Path(__file__).parents[2] / "examples" / "night.webp"


@pytest.fixture(scope="module")
def small() -> Engine:
    return engine_for("small", device="cpu")


def luma(pixels: np.ndarray) -> np.ndarray:
    return np.rint(pixels @ np.array([0.299, 0.587, 0.114], np.float32)).astype(np.float32) - 128


def scaled(pixels: np.ndarray, scale: float) -> np.ndarray:
    size = round(pixels.shape[1] * scale), round(pixels.shape[0] * scale)
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


def found(pixels: np.ndarray, engine: Engine) -> Strength:
    strength = find_strength(luma(pixels), engine.restore_y)
    assert strength is not None
    return strength


def test_what_was_not_scaled_keeps_its_table() -> None:
    np.testing.assert_allclose(table_after_scaling(luma_table(30), 1), luma_table(30), rtol=1e-6)


def test_frequencies_move_and_steps_shrink_with_the_picture() -> None:
    table = np.add.outer(np.arange(8), np.arange(8)) * 10.0 + 20
    half = table_after_scaling(table, 0.5)
    assert half[0, 4] == 0.5 * table[0, 2]
    assert half[2, 3] == pytest.approx(0.5 * (20 + 10 + 15))  # halfway between frequencies 1 and 2
    twice = table_after_scaling(table, 2)
    assert twice[1, 3] == 2 * table[2, 6]
    assert twice[7, 7] == min(255, 2 * table[7, 7])  # nothing beyond the highest frequency is known
    assert table_after_scaling(np.ones((8, 8)), 0.5).min() == 1


def test_errors_of_a_scaled_picture_are_those_of_the_table() -> None:
    """Errors that fill a step of 24 evenly, halved by averaging over 2x2: measured by scipy's transform."""
    generator = np.random.default_rng(0)
    errors = np.zeros((512, 512))
    for top in range(0, 512, 8):
        for left in range(0, 512, 8):
            errors[top : top + 8, left : left + 8] = dctn(generator.uniform(-12, 12, (8, 8)), type=3, norm="ortho")
    halved = errors.reshape(256, 2, 256, 2).mean((1, 3))
    blocks = halved.reshape(32, 8, 32, 8).swapaxes(1, 2)
    measured = dctn(blocks, norm="ortho", axes=(2, 3)).std((0, 1))[:2, :2]
    expected = table_after_scaling(np.full((8, 8), 24), 0.5)[:2, :2] / np.sqrt(12)
    np.testing.assert_allclose(measured, expected, rtol=0.1)


@pytest.mark.parametrize(("quality", "scale"), [(20, 0.75), (30, 1.25), (60, 0.6)])
def test_a_scaled_jpeg_is_found_with_its_strength(small: Engine, quality: int, scale: float) -> None:
    pixels = np.asarray(Image.open(EXAMPLE).convert("RGB"))
    strength = found(scaled(decoded(compressed(pixels, quality)), scale), small)
    assert strength.found
    ratio = np.log(strength.table / table_after_scaling(luma_table(quality), scale))[:4, :4]
    assert np.abs(ratio.mean()) < np.log(2)


@pytest.mark.parametrize("scale", [0.5, 0.8, 1.0, 1.3])
def test_pictures_that_were_none_are_not_taken_for_any(small: Engine, scale: float) -> None:
    night = np.asarray(Image.open(EXAMPLE).convert("RGB"))  # of a lossy WebP file, which shows before it is scaled
    for pixels in (scene(400, 400), *((night,) if scale != 1 else ())):
        assert not found(scaled(pixels, scale), small).found


def test_nothing_is_said_of_small_and_flat_pictures(small: Engine) -> None:
    assert find_strength(np.zeros((100, 300), np.float32), small.restore_y) is None
    assert not found(np.full((300, 300, 3), 77, np.uint8), small).found
