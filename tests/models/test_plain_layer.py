"""The layers that CFMs are compared with, and that they leave other networks as they were."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from made.networks import randomize, tiny_configuration
from qgac.models.configuration import YConfiguration
from qgac.models.plain_layer import PlainLayer
from qgac.models.qgac import QGAC
from qgac.weights.checkpoints import load_model, save_model


def tables(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(1, 256, (count, 1, 8, 8), generator=torch.Generator().manual_seed(seed)).float()


@pytest.mark.parametrize("log_table", [False, True])
@torch.no_grad()
def test_a_concatenating_layer_by_hand(log_table: bool) -> None:
    """Block by block: weight times (inputs, table), plus bias."""
    layer = randomize(PlainLayer(5, 3, concatenate=True, log_table=log_table, activation=False))
    channels, table = torch.randn(2, 5, 3, 4), tables(2)
    result = layer(channels, table).numpy()
    weight, bias = layer.convolution.weight[:, :, 0, 0].numpy(), layer.convolution.bias.numpy()
    for n in range(2):
        steps = table[n].numpy().ravel()
        known = np.log2(steps) / 8 if log_table else steps / 255
        for row, column in np.ndindex(3, 4):
            block = np.concatenate((channels[n, :, row, column].numpy(), known))
            np.testing.assert_allclose(result[n, :, row, column], weight @ block + bias, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_a_network_without_conditioning_does_not_see_the_table() -> None:
    y = 30 * torch.randn(1, 64, 3, 3)
    for conditioning, sees in (("none", False), ("concat", True), ("cfm", True)):
        network = randomize(QGAC(tiny_configuration({"conditioning": conditioning}))).eval().y_network
        same = torch.equal(network(y, tables(1)), network(y, tables(1, seed=1)))
        assert same is not sees, conditioning


def test_start_is_of_unit_gain_or_zero() -> None:
    channels = torch.randn(4, 64, 9, 9, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    layer = PlainLayer(64, 128, concatenate=False, activation=False)
    assert layer(channels, tables(4)).std().item() == pytest.approx(1, abs=0.1)
    assert not PlainLayer(64, 128, concatenate=True, zero=True)(channels, tables(4)).any()


def test_unknown_conditioning_is_refused() -> None:
    with pytest.raises(ValueError, match="'film' is none of cfm, concat, none"):
        YConfiguration(conditioning="film")


def test_weights_of_before_there_was_a_choice_still_load(tmp_path: Path) -> None:
    """Their header says nothing of it."""
    model = randomize(QGAC(tiny_configuration()))
    save_model(model, tmp_path / "new.safetensors", record={})
    with safe_open(str(tmp_path / "new.safetensors"), framework="pt") as file:
        header = json.loads(file.metadata()["qgac"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    assert header["configuration"]["y"].pop("conditioning") == "cfm"
    save_file(tensors, str(tmp_path / "old.safetensors"), metadata={"qgac": json.dumps(header)})
    loaded = load_model(tmp_path / "old.safetensors")
    assert loaded.configuration == model.configuration
    state = model.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in loaded.state_dict().items())
