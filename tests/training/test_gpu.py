"""The same on a GPU, where there is one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from made.banks import write_small_bank
from qgac.coefficients.dct import dct, idct
from qgac.training import machine
from qgac.training.batches.bank import PatchBank
from qgac.training.batches.batch import draw_batch
from qgac.training.batches.pixels import DevicePixels
from qgac.training.recipe import read_recipe
from qgac.training.train import train

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

TINY = read_recipe(Path(__file__).parents[2] / "recipes" / "tiny.toml")


@pytest.fixture(scope="module")
def bank(tmp_path_factory: Any) -> Any:
    return write_small_bank(tmp_path_factory.mktemp("gpu") / "bank")


def test_batches_are_those_of_the_processor(bank: Any) -> None:
    data = replace(TINY.data, patch=32, candidates=3, flips=True, other_tables_share=0.5)
    pixels = DevicePixels(PatchBank(bank), torch.device("cuda"), largest=32)
    for step in range(4):
        host = draw_batch(PatchBank(bank), data, 0, step)
        device = draw_batch(PatchBank(bank), data, 0, step, pixels=pixels)
        for name in ("rgb", "y", "y_table", "chroma", "chroma_tables"):
            assert torch.equal(getattr(host, name), getattr(device, name).cpu()), name


def test_no_setting_takes_digits_from_the_dct(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cuda.matmul, "allow_tf32", True)
    samples = torch.rand(4, 64, 64, device="cuda") * 255 - 128
    torch.testing.assert_close(dct(samples).cpu(), dct(samples.cpu().double()).float(), rtol=1e-6, atol=1e-4)
    torch.testing.assert_close(idct(dct(samples)), samples, rtol=0, atol=1e-3)


def test_losses_are_those_of_the_processor(bank: Any, tmp_path: Path) -> None:
    recipe = replace(TINY, data=replace(TINY.data, patch=32), validation=replace(TINY.validation, every=4, patch=32))
    recipe = replace(recipe, optimization=replace(recipe.optimization, steps=4))
    fabric = machine.start("float32", device="cuda")
    events = [
        list(train(recipe, bank, tmp_path / str(index), fabric=where)) for index, where in enumerate((None, fabric))
    ]
    assert events[1][0].loss == pytest.approx(events[0][0].loss, rel=1e-2)
