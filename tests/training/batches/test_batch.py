from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from made.banks import write_small_bank
from made.pictures import photo
from qgac.coefficients.blocks import separate_maps
from qgac.coefficients.dct import idct
from qgac.coefficients.quantization import chroma_table, luma_table
from qgac.training.batches.bank import PatchBank
from qgac.training.batches.batch import Compressed, compress, draw_batch, held_out_crops, recompress
from qgac.training.sections import Data, Qualities


@pytest.fixture
def bank(tmp_path: Path) -> PatchBank:
    return PatchBank(write_small_bank(tmp_path / "bank"))


def equal(a: Compressed, b: Compressed) -> bool:
    return all(torch.equal(getattr(a, name), getattr(b, name)) for name in ("rgb", "y", "y_table", "chroma")) and (
        a.factors == b.factors
    )


EVERYTHING = Data(
    batch=3,
    patch=32,
    candidates=2,
    downscale_share=0.5,
    flips=True,
    factors=((2, 2), (1, 1), (1, 2), (2, 1)),
    qualities=Qualities(low=5, high=95, power=1.6),
)


def test_a_batch_follows_from_seed_and_step_alone(bank: PatchBank) -> None:
    batches = [draw_batch(bank, EVERYTHING, 1, step) for step in range(4)]
    np.random.seed(99)  # noqa: NPY002
    torch.manual_seed(99)
    for step in (3, 0, 2, 1):
        assert equal(draw_batch(bank, EVERYTHING, 1, step), batches[step])
    assert not torch.equal(batches[0].rgb, batches[1].rgb)
    assert not torch.equal(draw_batch(bank, EVERYTHING, 2, 0).rgb, batches[0].rgb)


@pytest.mark.parametrize("factors", [(2, 2), (1, 1), (1, 2), (2, 1)])
def test_shapes_of_a_batch(bank: PatchBank, factors: tuple[int, int]) -> None:
    batch = draw_batch(bank, replace(EVERYTHING, factors=(factors,)), 0, 0)
    vertical, horizontal = batch.factors
    assert batch.rgb.shape == (3, 3, 32, 32)
    assert batch.y.shape == (3, 64, 4, 4)
    assert batch.chroma.shape == (3, 128, 4 // vertical, 4 // horizontal)
    assert batch.y_table.shape == (3, 8, 8)
    assert batch.chroma_tables.shape == (3, 2, 8, 8)
    assert torch.equal(batch.rgb, batch.rgb.round())
    assert batch.rgb.min() >= 0
    assert batch.rgb.max() <= 255


def test_patches_come_from_the_bank(bank: PatchBank) -> None:
    """Without any augmentation each is a window of a training picture."""
    batch = draw_batch(bank, Data(batch=6, patch=16), 0, 0)
    windows = np.concatenate(
        [
            np.lib.stride_tricks.sliding_window_view(bank.picture(i), (16, 16), (0, 1)).reshape(-1, 3, 16, 16)
            for i in range(len(bank))
        ]
    )
    for patch in batch.rgb.numpy():
        assert (windows == patch).all((1, 2, 3)).any()


def test_flips_keep_the_samples(bank: PatchBank) -> None:
    plain = draw_batch(bank, Data(batch=8, patch=64), 0, 0).rgb
    flipped = [draw_batch(bank, Data(batch=8, patch=64, flips=True), 0, step).rgb for step in range(4)]
    known = {tuple(sorted(patch.flatten().tolist())) for patch in plain}
    seen = {tuple(patch.flatten().tolist()) for batch in flipped for patch in batch}
    assert {tuple(sorted(patch)) for patch in seen} <= known | {
        tuple(sorted(torch.from_numpy(bank.picture(i).copy()).permute(2, 0, 1).flatten().tolist())) for i in range(4)
    }
    assert len(seen) > 8  # four pictures, eight ways each


def test_tables_are_those_of_the_qualities() -> None:
    rgb = torch.from_numpy(np.stack([photo(64, 64, 1), photo(64, 64, 2)])).permute(0, 3, 1, 2).float()
    batch = compress(rgb, np.array([10, 80]), (2, 2))
    for index, quality in enumerate((10, 80)):
        np.testing.assert_array_equal(batch.y_table[index], luma_table(quality))
        for plane in range(2):
            np.testing.assert_array_equal(batch.chroma_tables[index, plane], chroma_table(quality))


def test_coefficients_are_multiples_of_the_steps_and_close_to_the_picture() -> None:
    rgb = torch.from_numpy(photo(64, 64, 1)).permute(2, 0, 1).float()[None]
    batch = compress(rgb, np.array([90]), (1, 1))
    levels = batch.y / batch.y_table.reshape(1, 64, 1, 1)
    torch.testing.assert_close(levels, levels.round(), rtol=0, atol=1e-4)
    chroma_levels = separate_maps(batch.chroma, 2) / batch.chroma_tables.flatten(2)[..., None, None]
    torch.testing.assert_close(chroma_levels, chroma_levels.round(), rtol=0, atol=1e-4)
    y = 0.299 * rgb[:, 0] + 0.587 * rgb[:, 1] + 0.114 * rgb[:, 2]
    assert (idct(batch.y) + 128 - y).abs().mean() < 2


def test_qualities_are_drawn_from_the_list_or_the_range(bank: PatchBank) -> None:
    def drawn(qualities: Qualities) -> list[int]:
        data = Data(batch=16, patch=16, qualities=qualities)
        tables = [draw_batch(bank, data, 0, step).y_table for step in range(12)]
        from qgac.coefficients.quantization import quality_of

        return [quality_of(table.numpy()) for batch in tables for table in batch]

    assert set(drawn(Qualities(values=(10, 30)))) == {10, 30}
    flat = drawn(Qualities(low=20, high=60))
    assert min(flat) >= 20
    assert max(flat) <= 60
    assert len(set(flat)) > 30
    assert np.mean(drawn(Qualities(low=20, high=60, power=3))) < np.mean(flat) - 5


def test_factor_weights(bank: PatchBank) -> None:
    data = Data(batch=1, patch=16, factors=((2, 2), (1, 1), (1, 2)), factor_weights=(3, 1, 0))
    drawn = [draw_batch(bank, data, 0, step).factors for step in range(80)]
    assert (1, 2) not in drawn
    assert 40 < drawn.count((2, 2)) < 75


def test_candidates_prefer_texture(tmp_path: Path) -> None:
    folder = write_small_bank(tmp_path / "bank")
    pixels = np.fromfile(folder / "pixels.u8", np.uint8).reshape(-1, 64, 64, 3)
    pixels[:, :, :40] = 90  # flat but for a stripe
    pixels.tofile(folder / "pixels.u8")
    bank = PatchBank(folder)

    def texture(candidates: int) -> torch.Tensor:
        data = Data(batch=32, patch=16, candidates=candidates)
        return draw_batch(bank, data, 0, 0).rgb.diff(dim=-1).abs().mean()

    assert texture(4) > 1.3 * texture(1)


def test_held_out_crops_are_central_and_off_the_grid(tmp_path: Path) -> None:
    bank = PatchBank(write_small_bank(tmp_path / "bank"), held_out=True)
    crops = held_out_crops(bank, 3, 32)
    assert crops.shape == (1, 3, 32, 32)  # there is but one
    np.testing.assert_array_equal(crops[0].permute(1, 2, 0), bank.picture(0)[13:45, 13:45])


@pytest.mark.parametrize(("factors", "subsampling"), [((2, 2), "4:2:0"), ((1, 1), "4:4:4")])
@pytest.mark.parametrize("shift", [(0, 0), (3, 13), (8, 0)])
def test_recompressed_is_what_libjpeg_decodes(
    factors: tuple[int, int], subsampling: str, shift: tuple[int, int]
) -> None:
    original = photo(64, 64, 3)
    rgb = torch.from_numpy(original).permute(2, 0, 1)[None].float()
    ours = recompress(rgb, np.array([40]), factors, np.array([shift]))[0].permute(1, 2, 0).numpy()
    top, left = shift
    around = ((top, (16 - top) % 16), (left, (16 - left) % 16), (0, 0))
    file = io.BytesIO()
    Image.fromarray(np.pad(original, around, mode="edge")).save(file, "JPEG", quality=40, subsampling=subsampling)
    theirs = np.asarray(Image.open(file))[top : top + 64, left : left + 64].astype(float)
    difference = np.abs(ours - theirs)
    # libjpeg computes in integers: its inverse DCT and its chroma interpolation may be off by one step each.
    assert difference.mean() < 0.5
    assert difference.max() <= 5
    assert np.abs(ours - original).mean() > 4 * difference.mean()


def test_recompressed_patches_keep_their_originals(bank: PatchBank) -> None:
    plain = draw_batch(bank, Data(batch=32, patch=32, recompressed_share=0.0), 0, 0)
    twice = draw_batch(bank, Data(batch=32, patch=32, recompressed_share=0.5), 0, 0)
    assert torch.equal(plain.rgb, twice.rgb)
    assert torch.equal(plain.y_table, twice.y_table)
    changed = (plain.y != twice.y).flatten(1).any(1)
    assert 4 <= int(changed.sum()) <= 28


def test_other_tables_stand_beside_their_coefficients(bank: PatchBank) -> None:
    batch = draw_batch(bank, Data(batch=32, patch=32, other_tables_share=1.0), 0, 0)
    steps = batch.y_table.reshape(-1, 64, 1, 1)
    assert torch.equal(batch.y / steps, (batch.y / steps).round())
    own = torch.from_numpy(np.stack([luma_table(q) for q in range(1, 101)]).astype(np.float32))
    known = (batch.y_table[:, None] == own).flatten(2).all(2).any(1)
    assert int(known.sum()) < 20
