from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from made.networks import randomize
from qgac.models.frequencynet import FrequencyNet
from qgac.models.fusion import Fusion
from qgac.models.prelu import PReLU
from qgac.models.rrdb import RRDB
from qgac.models.trunk import ResidualBlock, Trunk


@torch.no_grad()
def test_against_an_unrolled_one() -> None:
    """ESRGAN's block, written out; growth as wide as the block, PReLU after every convolution, no normalisation."""
    rrdb = randomize(RRDB(6))
    x0 = torch.randn(1, 6, 7, 5)
    x = x0
    for block in rrdb.blocks:
        (c1, c2, c3, c4, c5), (a1, a2, a3, a4, a5) = block.convolutions, block.activations

        def layer(convolution: nn.Conv2d, activation: PReLU, *features: Any) -> torch.Tensor:
            return F.prelu(
                F.conv2d(torch.cat(features, 1), convolution.weight, convolution.bias, padding=1), activation.weight
            )

        f1 = layer(c1, a1, x)
        f2 = layer(c2, a2, x, f1)
        f3 = layer(c3, a3, x, f1, f2)
        f4 = layer(c4, a4, x, f1, f2, f3)
        f5 = layer(c5, a5, x, f1, f2, f3, f4)
        x = x + 0.2 * f5
    torch.testing.assert_close(rrdb(x0), x0 + 0.2 * x)


@torch.no_grad()
def test_grouped_is_one_rrdb_for_each_group() -> None:
    """Every group, taken out with its own weights, gives its part of the whole."""
    groups, width = 4, 3
    whole = randomize(RRDB(groups * width, groups=groups))
    features = torch.randn(2, groups * width, 6, 6)
    expected = []
    for group in range(groups):
        rows = slice(group * width, (group + 1) * width)
        alone = RRDB(width)
        for mine, theirs in zip(alone.blocks, whole.blocks, strict=True):
            for a, b in zip(mine.convolutions, theirs.convolutions, strict=True):
                a.weight.copy_(b.weight[rows])
                a.bias.copy_(b.bias[rows])
            for a, b in zip(mine.activations, theirs.activations, strict=True):
                a.weight.copy_(b.weight)
        expected.append(alone(features[:, rows]))
    torch.testing.assert_close(whole(features), torch.cat(expected, 1))


def leaks(
    module: Any, maps_in: int, maps_out: int, frequencies: tuple[int, int, int] = (0, 5, 63)
) -> dict[int, set[int]]:
    """Return which input frequencies have a gradient from each of some output frequencies."""
    found = {}
    for frequency in frequencies:
        channels = torch.randn(1, 64 * maps_in, 3, 3, requires_grad=True)
        output = module(channels)[:, frequency * maps_out : (frequency + 1) * maps_out]
        (gradient,) = torch.autograd.grad(output.square().sum(), channels)
        touched = gradient.abs().sum((0, 2, 3)).reshape(64, maps_in).sum(1)
        found[frequency] = set(touched.nonzero().flatten().tolist())
    return found


@pytest.mark.parametrize(
    ("module", "maps_in", "maps_out"),
    [
        (RRDB(128, groups=64), 2, 2),
        (Trunk(128, rrdbs=1, residual_blocks=1, groups=64), 2, 2),
        (FrequencyNet(3, 2, 2), 3, 2),
        (FrequencyNet(1, 1, 1, rrdbs=0, residual_blocks=1, residual=True), 1, 1),
        (Fusion(1, 2, 2), 2, 1),
    ],
    ids=["RRDB", "trunk", "FrequencyNet", "FrequencyNet with residual", "Fusion"],
)
def test_a_frequency_sees_no_other(module: Any, maps_in: int, maps_out: int) -> None:
    assert leaks(randomize(module), maps_in, maps_out) == {0: {0}, 5: {5}, 63: {63}}


def test_fusion_takes_every_subnetwork() -> None:
    fusion = randomize(Fusion(3, 2, 2))
    outputs = [torch.randn(1, 128, 3, 3, requires_grad=True) for _ in range(3)]
    fusion(*outputs)[:, 9].sum().backward()
    for output in outputs:
        touched = output.grad.abs().sum((0, 2, 3)).reshape(64, 2).sum(1)
        assert touched.nonzero().flatten().tolist() == [9]


@torch.no_grad()
def test_residual_block_by_hand() -> None:
    block = randomize(ResidualBlock(4))
    x = torch.randn(1, 4, 6, 5)
    inner = F.prelu(F.conv2d(x, block.first.weight, block.first.bias, padding=1), block.activation.weight)
    torch.testing.assert_close(block(x), x + F.conv2d(inner, block.second.weight, block.second.bias, padding=1))


@pytest.mark.parametrize("module", [RRDB(8), ResidualBlock(8)])
def test_starts_close_to_the_identity(module: RRDB | ResidualBlock) -> None:
    features = torch.randn(1, 8, 12, 12)
    change = (module(features) - features).std()
    assert 0 < change < 0.5


def test_sub_blocks_are_processed_alike() -> None:
    """Where all sub-blocks hold the same, a subdivided trunk gives all the same, away from the border."""
    trunk = randomize(Trunk(8, rrdbs=0, residual_blocks=1, subdivision=2))
    features = torch.randn(1, 2, 1, 1).repeat(1, 4, 1, 1).expand(1, 8, 7, 7)
    inner = trunk(features)[:, :, 2:-2, 2:-2].reshape(4, 2, 9)
    torch.testing.assert_close(inner, inner[:1, :, :1].expand_as(inner))


def test_a_width_that_cannot_be_subdivided() -> None:
    with pytest.raises(ValueError, match="10 channels cannot be laid out as 2 x 2 sub-blocks"):
        Trunk(10, subdivision=2)
