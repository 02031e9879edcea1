"""What a blend in training restores: what a blended model does, with gradients for the model in training alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from made.pictures import photo
from qgac.models.qgac import QGAC
from qgac.training.batches.batch import Compressed, compress
from qgac.training.forward import restore_batch
from qgac.training.gan.blend import Blended, first_of
from qgac.training.machine import TrainingError
from qgac.training.recipe import read_recipe
from qgac.training.sections import Gan
from qgac.weights.blending import interpolate
from qgac.weights.checkpoints import load_model, save_model

TINY = read_recipe(Path(__file__).parents[3] / "recipes" / "tiny.toml").model


def network(seed: int) -> QGAC:
    torch.manual_seed(seed)
    return QGAC(TINY).eval()


@pytest.fixture
def batch() -> Compressed:
    pictures = torch.from_numpy(np.stack([photo(32, 32, seed=seed) for seed in range(3)])).permute(0, 3, 1, 2).float()
    return compress(pictures, np.array([10, 30, 50]), (2, 2))


@pytest.fixture
def regression(tmp_path: Path) -> Path:
    save_model(network(0), tmp_path / "regression.safetensors", record={})
    return tmp_path / "regression.safetensors"


def test_it_restores_as_the_blended_model_does_and_follows_the_weights(regression: Path, batch: Compressed) -> None:
    model = network(1)
    blended = Blended(model, Gan(smooth_weight=1.0, regression=str(regression), blend=0.7))
    for _ in range(2):
        expected = restore_batch(interpolate(load_model(regression), model, 0.7), batch)
        torch.testing.assert_close(blended(batch), expected, rtol=0, atol=2e-3)
        with torch.no_grad():
            for weights in model.parameters():
                weights *= 1.1


def test_gradients_are_those_of_the_blend_times_its_share(regression: Path, batch: Compressed) -> None:
    model = network(1)
    Blended(model, Gan(smooth_weight=1.0, regression=str(regression), blend=0.7, projected=False))(
        batch
    ).square().mean().backward()
    whole = interpolate(load_model(regression), model, 0.7).requires_grad_(True)
    restore_batch(whole, batch, projected=False).square().mean().backward()
    for (name, weights), other in zip(model.named_parameters(), whole.parameters(), strict=True):
        assert (weights.grad is None) == (other.grad is None), name
        if weights.grad is not None:
            torch.testing.assert_close(
                weights.grad, 0.7 * other.grad, rtol=1e-2, atol=1e-3 * float(other.grad.abs().max())
            )


def test_a_regression_that_does_not_fit_is_refused(regression: Path) -> None:
    other = QGAC(replace(TINY, log_table=not TINY.log_table))
    with pytest.raises(TrainingError, match="another network"):
        Blended(other, Gan(smooth_weight=1.0, regression=str(regression)))
    with pytest.raises(TrainingError, match="no-such"):
        Blended(other, Gan(smooth_weight=1.0, regression="no-such.safetensors"))


def test_the_first_pictures_of_a_batch(batch: Compressed) -> None:
    few = first_of(batch, 2)
    assert len(few.rgb) == len(few.y) == len(few.y_table) == len(few.chroma) == len(few.chroma_tables) == 2
    assert torch.equal(few.y, batch.y[:2])
    assert few.factors == batch.factors
