from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from made.pasts import decoded, scene
from made.pictures import compressed
from qgac import Restorer, psnr
from qgac.coefficients.quantization import luma_table
from qgac.engine.choice import engine_for
from qgac.pixels.strength import table_after_scaling
from qgac.restoration.hints import Hints
from qgac.restoration.rescaled import restore_luma

EXAMPLE = Path(__file__).parents[2] / "examples" / "night.webp"


@pytest.fixture(scope="module")
def restorer() -> Restorer:
    return Restorer("small", device="cpu")


def original() -> np.ndarray:
    return np.asarray(Image.open(EXAMPLE).convert("RGB"))


def scaled(pixels: np.ndarray, scale: float) -> np.ndarray:
    size = round(pixels.shape[1] * scale), round(pixels.shape[0] * scale)
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def gain(restored: np.ndarray, before: np.ndarray, reference: np.ndarray) -> float:
    return float(psnr(restored=restored, reference=reference) - psnr(restored=before, reference=reference))


@pytest.mark.parametrize(("quality", "scale"), [(15, 0.8), (30, 1.25), (30, 0.61)])
def test_a_jpeg_that_was_scaled_gains(restorer: Restorer, quality: int, scale: float) -> None:
    before = scaled(decoded(compressed(original(), quality)), scale)
    restored = restorer(before)
    assert restored.pixels.shape == before.shape
    assert "artifacts of a JPEG that was scaled" in restored.image.notes[0]
    assert gain(restored.pixels, before, scaled(original(), scale)) > 0.2


@pytest.mark.parametrize("scale", [0.7, 1.2])
def test_a_picture_that_was_none_comes_back_unchanged(restorer: Restorer, scale: float) -> None:
    pixels = scaled(original(), scale)
    restored = restorer(pixels)
    assert np.array_equal(restored.pixels, pixels)
    assert "left as it" in restored.image.notes[0]


def test_it_can_be_left_or_told(restorer: Restorer) -> None:
    before = scaled(decoded(compressed(original(), 20)), 0.8)
    off = restorer(before, hints=Hints(rescaled="off"))
    assert np.array_equal(off.pixels, before)
    told, found = (restorer(before, hints=hints) for hints in (Hints(rescaled=40), Hints()))
    assert gain(told.pixels, before, scaled(original(), 0.8)) > 0.2
    assert not np.array_equal(told.pixels, found.pixels)


def test_colour_stays_and_gray_is_restored_as_gray(restorer: Restorer) -> None:
    before = scaled(decoded(compressed(original(), 20)), 0.8)[:201, :203]
    hints = Hints(rescaled=40)
    change = restorer(before, hints=hints, dtype=np.float32).pixels - before
    inside = (change + before > 0).all(-1) & (change + before < 255).all(-1)
    assert np.abs(change[inside] - change[inside][:, :1]).max() < 1e-3
    gray = restorer(before[..., 1], hints=hints)
    assert gray.pixels.shape == (201, 203)
    assert (gray.pixels != before[..., 1]).any()


def test_half_the_strength_is_half_the_change(restorer: Restorer) -> None:
    before, hints = scene()[:, :, 0], Hints(rescaled=30)
    whole = restorer(before, hints=hints, dtype=np.float32).pixels
    half = Restorer("small", device="cpu", strength=0.5)(before, hints=hints, dtype=np.float32).pixels
    np.testing.assert_allclose(half, (whole + before) / 2, atol=1e-3)


def test_tiles_give_what_the_whole_gives() -> None:
    engine = engine_for("small-rescaled", device="cpu")
    plane = scene(320, 400)[:317, :395, 1].astype(np.float32) - 128
    table = table_after_scaling(luma_table(25), 0.8)
    whole, tiled = (restore_luma(plane, table, engine, limit=limit) for limit in (10_000, 1200))
    assert whole.shape == plane.shape
    np.testing.assert_allclose(tiled, whole, atol=2e-3)
