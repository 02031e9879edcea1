from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from made.pasts import decoded, scene
from made.pictures import compressed
from qgac.coefficients.quantization import luma_table
from qgac.pixels.past import from_pixels


def test_a_decoded_jpeg_is_known_again() -> None:
    past = from_pixels(Image.fromarray(decoded(compressed(scene(), 40))))
    assert past.outcome == "compressed"
    assert past.luma is not None
    assert past.luma.name == "libjpeg at quality 40"
    assert past.chroma is not None
    assert past.chroma.factors == (2, 2)


def test_gray_in_colour_is_gray() -> None:
    gray = decoded(compressed(scene()[..., 0], 40))
    past = from_pixels(np.repeat(gray[..., None], 3, -1))
    assert past.chroma is None
    assert past.levels is not None
    assert past.levels.image.color == "gray"
    colored = np.repeat(gray[..., None], 3, -1)
    assert np.array_equal(past.restored(gray.astype(np.float32), colored), colored)


@pytest.mark.parametrize("quality", [10, 50, 90])
@pytest.mark.parametrize("sampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize(("top", "left", "bottom", "right"), [(0, 0, 168, 200), (3, 13, 161, 190)])
def test_nothing_of_an_untouched_picture_was_changed(
    quality: int, sampling: str, top: int, left: int, bottom: int, right: int
) -> None:
    past = from_pixels(decoded(compressed(scene(), quality, subsampling=sampling))[top:bottom, left:right])
    assert past.outcome == "compressed"
    assert past.levels is not None
    assert not past.levels.changed.any()
    assert not past.changed.any()


@pytest.mark.parametrize("quality", [20, 60, 85])
def test_what_was_changed_since_is_found_block_by_block(quality: int) -> None:
    pixels = decoded(compressed(scene(), quality)).copy()
    pixels[61, 10:150] = (0, 255, 0)
    pixels[120, 40] = (255, 0, 0)
    pixels[140:156, 100:116] = np.random.default_rng(0).integers(0, 256, (16, 16, 3))
    touched = (pixels != decoded(compressed(scene(), quality))).any(-1)
    past = from_pixels(pixels)
    assert past.outcome == "compressed"
    assert past.changed[touched].all()
    assert past.changed.mean() < 0.5
    kept = past.restored(np.zeros((176, 208, 3), np.float32), pixels)
    assert np.array_equal(kept[touched], pixels[touched])


def test_told_by_hints_all_of_a_picture_is_restored() -> None:
    assert not from_pixels(scene(), grid=(3, 6), quality=25).changed.any()


def test_what_was_never_compressed_and_what_was_changed() -> None:
    assert from_pixels(scene()).outcome == "never"
    pixels = decoded(compressed(scene(), 40)).astype(int)
    pixels[:, :140] += np.random.default_rng(0).integers(-3, 4, (168, 140, 3))
    assert from_pixels(pixels.clip(0, 255).astype(np.uint8)).outcome in ("changed", "never")


def test_text_is_no_jpeg() -> None:
    """Glyphs that repeat, in two levels: coefficients of few values, which a lattice can be laid through."""
    glyphs = np.random.default_rng(0).integers(0, 2, (6, 8, 8)) * 160 + 40
    text = np.random.default_rng(1).integers(0, 6, (20, 24))
    pixels = glyphs[text].swapaxes(1, 2).reshape(160, 192).astype(np.uint8)
    assert from_pixels(pixels).outcome == "never"


def test_grid_and_quality_may_be_told() -> None:
    past = from_pixels(scene(), grid=(3, 6), quality=25)
    assert (past.grid.left, past.grid.top) == (3, 6)
    assert past.luma is not None
    assert np.array_equal(past.luma.table, luma_table(25))
    assert past.levels is not None
    assert (past.levels.left % 8, past.levels.top % 8) == (5, 2)


@pytest.mark.parametrize("hints", [{"grid": (8, 0)}, {"grid": (0, -1)}, {"quality": 0}, {"quality": 101}])
def test_impossible_grids_and_qualities_are_refused(hints: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="got"):
        from_pixels(scene(), **hints)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (9, 30), (17, 16)])
def test_small_pictures_are_looked_at_as_well(size: tuple[int, int]) -> None:
    past = from_pixels(decoded(compressed(scene(*size), 50)))
    assert (past.height, past.width) == size
