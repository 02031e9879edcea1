"""The generated matrix on frequency channels against the paper's literal definition, a convolution on the plane."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from made.networks import randomize
from qgac.coefficients.blocks import interleave_maps, separate_maps, to_channels, to_plane
from qgac.models.cfm import ConvolutionalFilterManifold, TransposedConvolutionalFilterManifold
from qgac.models.prelu import PReLU


def tables(count: int, each: int = 1) -> torch.Tensor:
    return torch.randint(1, 256, (count, each, 8, 8), generator=torch.Generator().manual_seed(1)).float()


@pytest.mark.parametrize(("maps", "each"), [(1, 1), (3, 1), (2, 2)])
@torch.no_grad()
def test_forward_is_a_grouped_convolution_of_stride_8(maps: int, each: int) -> None:
    cfm = randomize(ConvolutionalFilterManifold(maps, 5, manifold=4, tables=each))
    planes = torch.randn(2, maps, 16, 24)  # coefficient planes, as the figures of the paper draw them
    steps = tables(2, each)
    code = cfm.manifold.layers(steps / 255)
    kernel = cfm.manifold.kernel(code)  # (N, width * maps, 8, 8)
    bias = cfm.manifold.bias(code).flatten()
    # Batch folded into channels, one group a sample: each has its own kernel.
    literal = F.conv2d(planes.reshape(1, 2 * maps, 16, 24), kernel.reshape(2 * 5, maps, 8, 8), bias, stride=8, groups=2)
    literal = F.prelu(literal.reshape(2, 5, 2, 3), cfm.activation.weight)
    result = cfm(interleave_maps(to_channels(planes)), steps)
    assert result.shape == (2, 5, 2, 3)
    torch.testing.assert_close(result, literal, rtol=1e-5, atol=1e-5)
    assert literal.abs().max() > 0.1


@pytest.mark.parametrize(("maps", "each"), [(1, 1), (3, 1), (2, 2)])
@torch.no_grad()
def test_transposed_is_a_grouped_transposed_convolution_of_stride_8(maps: int, each: int) -> None:
    cfm = randomize(TransposedConvolutionalFilterManifold(5, maps, manifold=4, tables=each))
    representation = torch.randn(2, 5, 2, 3)
    steps = tables(2, each)
    code = cfm.manifold.layers(steps / 255)
    kernel = cfm.manifold.kernel(code)
    bias = cfm.manifold.bias(code).flatten()
    literal = F.conv_transpose2d(
        representation.reshape(1, 10, 2, 3), kernel.reshape(10, maps, 8, 8), bias, stride=8, groups=2
    )
    literal = F.prelu(literal.reshape(2, maps, 16, 24), cfm.activation.weight)
    result = to_plane(separate_maps(cfm(representation, steps), maps))
    torch.testing.assert_close(result, literal, rtol=1e-5, atol=1e-5)
    assert literal.abs().max() > 0.1


@torch.no_grad()
def test_the_manifold_is_the_three_layer_network_of_figure_3() -> None:
    """8x8 convolution, 1x1 convolution, 8x8 transposed convolution; written out as sums over the table."""
    cfm = randomize(ConvolutionalFilterManifold(1, 2, manifold=3))
    first, slope_1, second, slope_2 = cfm.manifold.layers
    table = tables(1)

    def prelu(values: torch.Tensor, slope: PReLU) -> torch.Tensor:
        return torch.where(values > 0, values, slope.weight * values)

    hidden = prelu(torch.einsum("oij,ij->o", first.weight[:, 0], table[0, 0] / 255) + first.bias, slope_1)
    hidden = prelu(second.weight[..., 0, 0] @ hidden + second.bias, slope_2)
    kernel = torch.einsum("c,coij->oij", hidden, cfm.manifold.kernel.weight) + cfm.manifold.kernel.bias[:, None, None]
    bias = cfm.manifold.bias.weight[..., 0, 0] @ hidden + cfm.manifold.bias.bias
    result = cfm.manifold(table)
    torch.testing.assert_close(result[0][0], kernel.flatten(1))
    torch.testing.assert_close(result[1][0], bias)


def test_log_table_feeds_the_logarithm() -> None:
    """Steps of 1 are 0, and steps of 256 are 1."""
    with_logarithm = randomize(ConvolutionalFilterManifold(1, 2, manifold=3, log_table=True))
    plain = randomize(ConvolutionalFilterManifold(1, 2, manifold=3))
    for step, share in ((1, 0), (16, 0.5), (256, 1)):
        kernel, _ = with_logarithm.manifold(torch.full((1, 1, 8, 8), float(step)))
        expected, _ = plain.manifold(torch.full((1, 1, 8, 8), 255.0 * share))
        torch.testing.assert_close(kernel, expected)


def test_the_table_matters_and_only_of_its_own_sample() -> None:
    cfm = randomize(ConvolutionalFilterManifold(1, 5, manifold=4))
    channels = torch.randn(2, 64, 2, 2)
    steps = tables(2)
    before = cfm(channels, steps)
    steps[1] += 30
    after = cfm(channels, steps)
    assert torch.equal(before[0], after[0])
    assert not torch.allclose(before[1], after[1])


def test_zero_start() -> None:
    cfm = TransposedConvolutionalFilterManifold(5, 2, manifold=4, activation=False, zero=True)
    assert cfm(torch.randn(1, 5, 2, 2), tables(1)).abs().max() == 0


@pytest.mark.parametrize("width", [8, 64])
def test_start_has_unit_gain_whatever_the_width(width: int) -> None:
    torch.manual_seed(0)
    cfm = ConvolutionalFilterManifold(1, width, manifold=16)
    from qgac.coefficients.quantization import luma_table

    table = torch.from_numpy(luma_table(50).astype("float32"))[None, None]
    matrix, _ = cfm.manifold(table)
    response = matrix[0] @ torch.randn(64, 500)
    assert 0.7 < response.std() < 1.4


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_memory_layout_does_not_matter(layout: torch.memory_format) -> None:
    cfm = randomize(ConvolutionalFilterManifold(2, 5, manifold=4))
    channels = torch.randn(2, 128, 3, 4)
    steps = tables(2)
    torch.testing.assert_close(cfm(channels.contiguous(memory_format=layout), steps), cfm(channels, steps))
