"""What a teacher restores is the mean of views of the same picture, and a run goes towards it."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
import torch

from made.banks import write_small_bank
from made.networks import randomize, tiny_configuration
from qgac.coefficients.dct import dct
from qgac.engine.self_ensemble import SelfEnsemble
from qgac.engine.torch_engine import TorchEngine
from qgac.models.qgac import QGAC
from qgac.training.batches.bank import PatchBank
from qgac.training.batches.batch import Compressed, compress, held_out_crops
from qgac.training.machine import TrainingError
from qgac.training.recipe import read_recipe
from qgac.training.teacher import Teacher, seen, unseen
from qgac.training.train import train
from qgac.weights.checkpoints import load_model, save_model

TINY = read_recipe(Path(__file__).parents[2] / "recipes" / "tiny.toml")


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_bank(tmp_path_factory.mktemp("teacher") / "bank")


@pytest.mark.parametrize("symmetry", list(product((False, True), repeat=3)))
def test_views_are_those_of_the_pixels(symmetry: tuple[bool, bool, bool]) -> None:
    samples = torch.randn(2, 24, 40, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    transposed, upside_down, left_right = symmetry
    view = samples.transpose(1, 2) if transposed else samples
    view = view.flip([axis for axis, mirrored in ((1, upside_down), (2, left_right)) if mirrored])
    torch.testing.assert_close(seen(dct(samples), symmetry), dct(view))
    torch.testing.assert_close(unseen(seen(dct(samples), symmetry), symmetry), dct(samples))


def test_all_views_together_are_the_self_ensemble(bank: Path) -> None:
    """Of the engine for users, which is another code, in NumPy."""
    model = randomize(QGAC(tiny_configuration())).eval()
    crops = held_out_crops(PatchBank(bank, held_out=True), 1, 48)[..., :32]
    batch = compress(crops, [30], (2, 2))
    taught = Teacher(model, views=8, seed=0).restored_y(batch, 0, projected=True)
    blocks = batch.y[0].permute(1, 2, 0).contiguous().numpy()
    expected = SelfEnsemble(TorchEngine(model, "cpu")).restore_y(blocks, batch.y_table[0].reshape(64).numpy())
    torch.testing.assert_close(taught[0].permute(1, 2, 0), torch.from_numpy(expected), rtol=0, atol=1e-3)
    assert (taught - batch.y).abs().max() > 0.1


def test_few_views_are_drawn_anew_for_every_step(bank: Path) -> None:
    model = randomize(QGAC(tiny_configuration())).eval()
    batch = compress(held_out_crops(PatchBank(bank, held_out=True), 1, 32), [30], (2, 2))
    teacher = Teacher(model, views=2, seed=0)
    first, again, second = (teacher.restored_y(batch, step, projected=False) for step in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, second)


class _Darkening:
    """Teaches what no original asks for: everything less by four tenths of its step."""

    def __init__(self, model: QGAC, *, views: int, seed: int) -> None:
        assert views == 3

    def restored_y(self, batch: Compressed, step: int, *, projected: bool) -> torch.Tensor:
        return batch.y - 0.4 * batch.y_table.reshape(-1, 64, 1, 1)


def test_a_run_goes_towards_its_teacher_by_its_share(
    bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qgac.training.train.Teacher", _Darkening)
    weights = tmp_path / "teacher.safetensors"
    save_model(QGAC(TINY.model), weights, record={})
    batch = compress(held_out_crops(PatchBank(bank, held_out=True), 4, 32), [20] * 4, (2, 2))
    recipe = replace(TINY, data=replace(TINY.data, batch=2, patch=32), validation=replace(TINY.validation, patch=32))
    darker = []
    for share in (0.0, 0.5, 1.0):
        optimization = replace(TINY.optimization, steps=100, learning_rate=5e-3, teacher_share=share, teacher_views=3)
        folder = tmp_path / str(share)
        list(train(replace(recipe, optimization=optimization), bank, folder, teacher=weights))
        restored = load_model(folder / "last.safetensors").restore_y(batch.y, batch.y_table)
        darker.append(float(((batch.y - restored) / batch.y_table.reshape(-1, 64, 1, 1)).mean()))
    assert darker == pytest.approx([0, 0.2, 0.4], abs=0.08)


def test_a_recipe_with_a_teacher_needs_one(bank: Path, tmp_path: Path) -> None:
    recipe = replace(TINY, optimization=replace(TINY.optimization, teacher_share=0.5))
    with pytest.raises(TrainingError, match="name its weights with --teacher"):
        train(recipe, bank, tmp_path / "run")
