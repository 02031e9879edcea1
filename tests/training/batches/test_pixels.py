"""What a GPU would make of a bank, by the same code on the processor, beside what NumPy and Pillow make of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from made.banks import NAMES, write_pictures, write_small_bank
from made.pictures import photo
from qgac.training.batches.bank import PatchBank, Window
from qgac.training.batches.batch import draw_batch
from qgac.training.batches.pixels import Cut, DevicePixels, HostPixels, draw_cut, lanczos_weights, pixels_on
from qgac.training.sections import Data, Qualities

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> PatchBank:
    """Pictures of other sizes than the windows, one of them smaller than some windows are."""
    sizes = ((64, 64), (50, 90), (23, 70), (120, 31), (64, 64))
    pictures = {name: photo(*size, seed) for seed, (name, size) in enumerate(zip(NAMES, sizes, strict=True))}
    return PatchBank(write_pictures(tmp_path_factory.mktemp("pixels") / "bank", pictures))


DATA = Data(batch=4, patch=32, candidates=3, flips=True, factors=((2, 2), (1, 1)), qualities=Qualities(low=5, high=95))
SHRINKING = replace(DATA, downscale_share=0.7, downscale=2.5)


def both(bank: PatchBank, cuts: list[Cut], size: int, largest: int) -> list[torch.Tensor]:
    return [pixels.patches(cuts, size) for pixels in (HostPixels(bank, CPU), DevicePixels(bank, CPU, largest=largest))]


def test_without_downscaling_both_are_the_same_to_the_bit(bank: PatchBank) -> None:
    """Choice among candidates, mirroring of pictures that are too small, flips and transposition included."""
    generator = np.random.default_rng(0)
    cuts = [draw_cut(bank, DATA, generator) for _ in range(60)]
    assert any(bank.pictures[w.picture].height < 32 for cut in cuts for w in cut.windows)
    host, device = both(bank, cuts, 32, 32)
    assert host.dtype == device.dtype == torch.float32
    assert torch.equal(host, device)


def test_downscaling_is_pillows_within_a_level(bank: PatchBank) -> None:
    generator = np.random.default_rng(1)
    cuts = [draw_cut(bank, SHRINKING, generator) for _ in range(60)]
    host, device = both(bank, cuts, 32, 80)
    assert {cut.windows[0].size for cut in cuts} > {32}
    assert torch.equal(device, device.round())
    difference = (host - device).abs()
    assert difference.max() <= 1
    assert (difference > 0).float().mean() < 1e-3  # Pillow's weights have 22 bits, these 24


@pytest.mark.parametrize("size", [32, 33, 47, 64, 80])
def test_lanczos_weights(size: int) -> None:
    """An impulse through Pillow's filter in floating point ("F" images are not rounded) shows its weights."""
    weights = lanczos_weights(torch.tensor([size]), 90, 32)[0]
    assert not weights[:, size:].any()
    for position in (0, 1, size // 2, size - 1):
        impulse = np.zeros((1, size), np.float32)
        impulse[0, position] = 1
        expected = Image.fromarray(impulse).resize((32, 1), Image.Resampling.LANCZOS)
        np.testing.assert_allclose(weights[:, position], np.asarray(expected)[0], atol=1e-6)


def test_the_first_of_equally_textured_candidates_is_taken(bank: PatchBank) -> None:
    cuts = [Cut((Window(0, 3, 5, 32), Window(0, 3, 5, 32))), Cut((Window(0, 9, 2, 32), Window(0, 9, 2, 32)))]
    host, device = both(bank, cuts, 32, 32)
    assert torch.equal(host, device)


def test_a_batch_is_the_same_wherever_it_is_made(bank: PatchBank) -> None:
    for step in range(3):
        host = draw_batch(bank, DATA, 0, step)
        device = draw_batch(bank, DATA, 0, step, pixels=DevicePixels(bank, CPU, largest=32))
        assert host.factors == device.factors
        for name in ("rgb", "y", "y_table", "chroma", "chroma_tables"):
            assert torch.equal(getattr(host, name), getattr(device, name)), name


@pytest.mark.parametrize("processes", [2, 4])
def test_the_shares_of_the_processes_are_the_batch(bank: PatchBank, processes: int) -> None:
    data = replace(SHRINKING, other_tables_share=0.5, recompressed_share=0.5, drawings_share=0.5)
    for step in range(3):
        whole = draw_batch(bank, data, 0, step)
        parts = [draw_batch(bank, data, 0, step, part=(rank, processes)) for rank in range(processes)]
        for name in ("rgb", "y", "y_table", "chroma", "chroma_tables"):
            assert torch.equal(getattr(whole, name), torch.cat([getattr(part, name) for part in parts])), name


def test_the_processor_cuts_for_itself(bank: PatchBank) -> None:
    assert isinstance(pixels_on(CPU, bank, largest=32), HostPixels)


def test_a_plain_bank_is_read_alike(tmp_path: Path) -> None:
    bank = PatchBank(write_small_bank(tmp_path / "bank"))
    cuts = [Cut((Window(i, 0, 0, 64),)) for i in range(4)]
    for patches in both(bank, cuts, 64, 64):
        for index in range(4):
            np.testing.assert_array_equal(patches[index].permute(1, 2, 0), bank.picture(index))
