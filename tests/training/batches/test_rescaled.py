from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from made.banks import write_small_bank
from qgac.coefficients.color import rgb_to_ycbcr
from qgac.coefficients.dct import idct
from qgac.training.batches.bank import PatchBank
from qgac.training.batches.batch import Compressed
from qgac.training.batches.rescaled import draw_rescaled, rescaled_crops
from qgac.training.recipe import Recipe
from qgac.training.sections import Data, Qualities, RecipeError


@pytest.fixture
def bank(tmp_path: Path) -> PatchBank:
    return PatchBank(write_small_bank(tmp_path / "bank"))


def data(low: int, high: int) -> Data:
    return Data(batch=6, patch=32, rescaled=True, qualities=Qualities(low=low, high=high))


def errors(batch: Compressed) -> np.ndarray:
    luma = rgb_to_ycbcr(batch.rgb)[:, 0]
    root: np.ndarray = (idct(batch.y) + 128 - luma).square().mean((1, 2)).sqrt().numpy()
    return root


def test_a_batch_follows_from_seed_and_step_alone(bank: PatchBank) -> None:
    first = draw_rescaled(bank, data(5, 95), 1, 3)
    torch.manual_seed(99)
    again, other = draw_rescaled(bank, data(5, 95), 1, 3), draw_rescaled(bank, data(5, 95), 1, 4)
    assert torch.equal(first.y, again.y)
    assert torch.equal(first.rgb, again.rgb)
    assert not torch.equal(first.rgb, other.rgb)


def test_processes_share_a_batch(bank: PatchBank) -> None:
    whole = draw_rescaled(bank, data(5, 95), 1, 0)
    parts = [draw_rescaled(bank, data(5, 95), 1, 0, part=(number, 2)) for number in range(2)]
    for name in ("rgb", "y", "y_table", "chroma", "chroma_tables"):
        assert torch.equal(torch.cat([getattr(part, name) for part in parts]), getattr(whole, name))


def test_shapes_and_ranges(bank: PatchBank) -> None:
    batch = draw_rescaled(bank, data(5, 95), 0, 0)
    assert batch.rgb.shape == (6, 3, 32, 32)
    assert torch.equal(batch.rgb, batch.rgb.round())
    assert batch.y.shape == (6, 64, 4, 4)
    assert batch.y_table.shape == (6, 8, 8)
    assert batch.y_table.min() >= 1


def test_coarser_tables_make_larger_errors_and_are_told_as_such(bank: PatchBank) -> None:
    coarse, fine = (
        [draw_rescaled(bank, data(*range_), 0, step) for step in range(4)] for range_ in ((8, 12), (90, 94))
    )
    assert np.median([errors(batch) for batch in coarse]) > 3 * np.median([errors(batch) for batch in fine])
    for one, other in zip(coarse, fine, strict=True):  # of one scale each
        assert one.y_table.mean() > 3 * other.y_table.mean()


def test_held_out_crops_are_scaled_both_ways() -> None:
    rows, columns = np.mgrid[:128, :128]
    wave = np.rint(128 + 60 * np.sin(rows / 9) * np.cos(columns / 7)).astype(np.float32)
    crop = torch.from_numpy(wave).expand(1, 3, 128, 128).contiguous()
    batch = rescaled_crops(crop, 30)
    assert batch.rgb.shape == (3, 3, 64, 64)
    middles = [(128 - 64 / scale) / 2 for scale in (0.5, 0.75, 1.25)]
    for picture, scale, first in zip(batch.rgb, (0.5, 0.75, 1.25), middles, strict=True):
        at = first + (np.arange(8, 56) + 0.5) / scale - 0.5
        expected = 128 + 60 * np.sin(at[:, None] / 9) * np.cos(at / 7)
        assert np.abs(picture[0, 8:56, 8:56].numpy() - expected).max() < 3
    assert ((errors(batch) > 0.5) & (errors(batch) < 12)).all()


def test_they_are_for_the_y_stage() -> None:
    with pytest.raises(RecipeError, match="rescaled patches"):
        Recipe.from_dict({"stage": "color", "data": {"rescaled": True}})
