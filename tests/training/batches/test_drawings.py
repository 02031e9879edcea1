from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from made.banks import write_small_bank
from qgac.coefficients.quantization import quality_of
from qgac.training.batches.bank import PatchBank
from qgac.training.batches.batch import draw_batch
from qgac.training.batches.drawings.drawing import drawing
from qgac.training.sections import Data, Qualities, RecipeError


def drawn(count: int, size: int = 64) -> np.ndarray:
    return np.stack([drawing(size, np.random.default_rng((1, index))) for index in range(count)])


def test_a_drawing_follows_from_its_generator() -> None:
    np.testing.assert_array_equal(drawn(6), drawn(6))
    assert len({pixels.tobytes() for pixels in drawn(12)}) == 12


@pytest.mark.parametrize("size", [16, 96])
def test_shape_and_type(size: int) -> None:
    pixels = drawing(size, np.random.default_rng(0))
    assert pixels.shape == (size, size, 4)
    assert pixels.dtype == np.uint8


def test_three_in_four_are_opaque() -> None:
    alpha = drawn(400)[..., 3]
    opaque = (alpha == 255).all((1, 2)).mean()
    assert 0.7 < opaque < 0.8
    assert not alpha[~(alpha == 255).all((1, 2))].all()  # something of what lies below is seen


def test_colours_are_multiplied_by_alpha() -> None:
    pixels = drawn(200).astype(int)
    assert (pixels[..., :3] <= pixels[..., 3:] + 1).all()  # each is rounded
    assert (pixels[pixels[..., 3] == 0] == 0).all()


def test_drawings_are_unlike_photographs() -> None:
    """Few different colours, sharp edges, large plain areas; but smoothed edges as well."""
    pixels = drawn(100)
    colors = [len(np.unique(picture.reshape(-1, 4), axis=0)) for picture in pixels]
    assert np.median(colors) < 400  # of 4096 pixels
    assert min(colors) < 8
    assert max(colors) > 100
    luma = pixels[..., :3].mean(-1)
    steps = np.abs(np.diff(luma, axis=-1))
    assert (steps == 0).mean() > 0.6
    assert (steps > 60).mean() > 0.03


@pytest.fixture
def bank(tmp_path: Path) -> PatchBank:
    return PatchBank(write_small_bank(tmp_path / "bank"))


def test_a_share_of_the_patches_is_drawn_and_the_others_stay_as_they_were(bank: PatchBank) -> None:
    plain, some = (
        draw_batch(bank, Data(batch=64, patch=32, recompressed_share=0.5, drawings_share=share), 0, 3)
        for share in (0.0, 0.25)
    )
    changed = (plain.rgb != some.rgb).flatten(1).any(1)
    assert 6 <= int(changed.sum()) <= 28
    assert torch.equal(plain.y[~changed], some.y[~changed])
    assert torch.equal(plain.y_table, some.y_table)
    assert (plain.y[changed] != some.y[changed]).flatten(1).any(1).all()


def test_drawings_have_numbers_of_their_own(bank: PatchBank, monkeypatch: pytest.MonkeyPatch) -> None:
    """None is drawn by the generator of the batch, nor two by the same one."""
    import qgac.training.batches.batch as augment

    firsts = [np.random.default_rng((0, 5)).random()]

    def remember(size: int, generator: np.random.Generator, fonts: tuple[()]) -> np.ndarray:
        firsts.append(generator.random())
        return np.zeros((size, size, 4), np.uint8)

    monkeypatch.setattr(augment, "drawing", remember)
    draw_batch(bank, Data(batch=8, patch=32, drawings_share=1.0), 0, 5)
    assert len(set(firsts)) == 9


def test_drawn_patches_are_whole_numbers_in_range(bank: PatchBank) -> None:
    rgb = draw_batch(bank, Data(batch=64, patch=32, drawings_share=1.0), 0, 0).rgb
    assert torch.equal(rgb, rgb.round())
    assert rgb.min() >= 0
    assert rgb.max() <= 255


def test_what_is_not_drawn_upon_is_the_photograph(bank: PatchBank) -> None:
    plain, over = (draw_batch(bank, Data(batch=64, patch=32, drawings_share=share), 0, 0).rgb for share in (0.0, 1.0))
    kept = (plain == over).all(1).flatten(1).float().mean(1)
    assert 0.1 < (kept > 0.2).float().mean() < 0.4  # about the quarter that is not opaque


def test_a_share_of_the_drawings_has_fine_tables(bank: PatchBank) -> None:
    numbers = {"batch": 256, "patch": 16, "drawings_share": 0.5, "qualities": Qualities(low=5, high=20)}
    plain, fine = (draw_batch(bank, Data(**numbers, fine_drawings_share=share), 0, 0) for share in (0.0, 0.5))
    assert torch.equal(plain.rgb, fine.rgb)
    finer = [
        quality_of(table.numpy())
        for table, before in zip(fine.y_table, plain.y_table, strict=True)
        if not torch.equal(table, before)
    ]
    assert 40 < len(finer) < 90  # a quarter of all
    assert min(finer) >= 75
    assert max(finer) <= 98


@pytest.mark.parametrize("share", [-0.1, 1.5])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(RecipeError, match="drawings_share"):
        Data(drawings_share=share)
