from __future__ import annotations

import numpy as np
import pytest

from made.pasts import decoded, scene
from made.pictures import compressed
from qgac.coefficients.quantization import chroma_table
from qgac.pixels.chroma import find_chroma
from qgac.pixels.lattice import ROUNDING
from qgac.pixels.planes import planes_of


@pytest.mark.parametrize("quality", [20, 60, 90])
@pytest.mark.parametrize(("sampling", "factors"), [("4:4:4", (1, 1)), ("4:2:2", (1, 2)), ("4:2:0", (2, 2))])
@pytest.mark.parametrize(("top", "left"), [(0, 0), (3, 13)])
def test_subsampling_place_and_table(
    quality: int, sampling: str, factors: tuple[int, int], top: int, left: int
) -> None:
    pixels = decoded(compressed(scene(), quality, subsampling=sampling))[top:, left:]
    found = find_chroma(planes_of(pixels), -top % 8, -left % 8, ROUNDING, quality - 1)
    assert found is not None
    assert found.factors == factors
    assert (found.top + top) % (8 * factors[0]) == (found.left + left) % (8 * factors[1]) == 0
    assert found.confidence > 0.9
    assert np.array_equal(found.steps.table, chroma_table(quality))


def test_a_decoder_that_repeats_samples_is_told() -> None:
    content = compressed(scene(160, 192), 60, subsampling="4:2:0")
    planes = planes_of(decoded(content))
    assert planes.cb is not None
    assert planes.cr is not None
    boxes = [plane[::2, ::2].repeat(2, 0).repeat(2, 1) for plane in (planes.cb, planes.cr)]
    rgb = np.stack(
        [planes.y + 1.402 * boxes[1], planes.y - 0.344 * boxes[0] - 0.714 * boxes[1], planes.y + 1.772 * boxes[0]]
    )
    again = planes_of((np.moveaxis(np.rint(rgb), 0, -1) + 128).clip(0, 255).astype(np.uint8))
    found = find_chroma(again, 0, 0, ROUNDING, 59)
    assert found is not None
    assert found.repeats or again.clipped.any()


def test_too_small_a_picture_says_nothing() -> None:
    assert find_chroma(planes_of(scene(7, 40)), 0, 0, ROUNDING, None) is None
