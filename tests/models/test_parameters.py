"""Parameter counts of the paper's sizes: weights and biases of every layer, a PReLU counting as one."""

from __future__ import annotations

from typing import Any

import torch

from qgac.models.qgac import QGAC


def count(module: Any) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def meta() -> QGAC:
    with torch.device("meta"):
        return QGAC()


def test_whole_networks() -> None:
    model = meta()
    assert count(model.y_network) == 256_763_645
    assert count(model.color_network) == 2_645_097
    assert count(model) == 259_408_742


def test_parts_of_the_y_network() -> None:
    first, frequency, second = meta().y_network.subnetworks
    assert [count(part) for part in (first.encode, first.trunk, first.decode)] == [1_073_795, 26_545_935, 67_137_731]
    assert [count(part) for part in (frequency.encode, frequency.trunk, frequency.decode)] == [
        147_713,
        418_575,
        151_553,
    ]
    assert [count(part) for part in (second.encode, second.trunk, second.decode)] == [
        67_150_211,
        26_545_935,
        67_137_731,
    ]
    assert count(meta().y_network.fusion) == 454_466


def convolution(inputs: int, outputs: int, side: int, groups: int = 1) -> int:
    return inputs * outputs * side * side // groups + outputs


def test_rrdb_by_arithmetic() -> None:
    """Three times five 3x3 convolutions of 1..5 times 256 channels to 256, and fifteen PReLUs."""
    expected = 3 * (sum(convolution(j * 256, 256, 3) for j in range(1, 6)) + 5)
    assert count(meta().y_network.subnetworks[0].trunk) == expected == 26_545_935


def test_cfm_by_arithmetic() -> None:
    """8x8 convolution 1 -> 64, 1x1 64 -> 64, transposed 8x8 64 -> 1 * 256, bias head 1x1 64 -> 256, three PReLUs."""
    expected = convolution(1, 64, 8) + convolution(64, 64, 1) + convolution(64, 256, 8) + convolution(64, 256, 1) + 3
    assert count(meta().y_network.subnetworks[0].encode) == expected == 1_073_795


def test_statistics_are_no_parameters() -> None:
    model = meta()
    assert {name for name, _ in model.named_buffers()} == {
        f"normalize_{plane}.{value}" for plane in ("y", "chroma") for value in ("mean", "std")
    }
