"""Blending two networks: the ends to the bit, the middle by hand, and what is refused."""

import pytest
import torch

from made.networks import Y_FORMS, randomize, tiny_configuration
from qgac.models.qgac import QGAC
from qgac.weights.blending import interpolate


def network(seed, width=4):
    return randomize(QGAC(tiny_configuration({"width": width, **Y_FORMS["one blocknet"]})), seed, scale=0.2)


def same_bits(first, second):
    return torch.equal(first.contiguous().view(torch.int32), second.contiguous().view(torch.int32))


@pytest.mark.parametrize("alpha", [0, 1])
def test_the_ends_are_the_networks_to_the_bit(alpha):
    ends = network(0), network(1)
    for end in ends:
        next(end.parameters()).data.flatten()[0] = -0.0
    blended = interpolate(*ends, alpha)
    for name, parameter in blended.named_parameters():
        assert same_bits(parameter, ends[alpha].get_parameter(name)), name


def test_between_the_ends_every_parameter_is_the_weighted_mean():
    first, second = network(0), network(1)
    blended = interpolate(first, second, 0.75)
    count = 0
    for name, parameter in blended.named_parameters():
        torch.testing.assert_close(parameter, first.get_parameter(name) / 4 + second.get_parameter(name) * 3 / 4)
        count += parameter.numel()
    assert count == sum(parameter.numel() for parameter in first.parameters())


@pytest.mark.parametrize("alpha", [0, 0.5, 1])
def test_the_result_is_a_network_of_its_own(alpha):
    first, second = network(0), network(1)
    before = [parameter.clone() for model in (first, second) for parameter in model.parameters()]
    blended = interpolate(first, second, alpha)
    assert not blended.training
    assert not any(parameter.requires_grad for parameter in blended.parameters())
    assert blended.configuration == first.configuration
    with torch.no_grad():
        for tensor in (*blended.parameters(), *blended.buffers()):
            tensor.fill_(7)
    after = [parameter for model in (first, second) for parameter in model.parameters()]
    assert all(map(torch.equal, before, after))
    assert not (first.normalize_y.std == 7).any()


def test_a_blend_restores_otherwise_than_either_end():
    first, second = network(0), network(1)
    y, table = torch.randn(1, 64, 3, 4) * 50, torch.full((1, 8, 8), 20.0)
    with torch.no_grad():
        results = [interpolate(first, second, alpha).restore_y(y, table) for alpha in (0, 0.5, 1)]
        torch.testing.assert_close(results[0], first.restore_y(y, table), rtol=1e-3, atol=1e-2)
        torch.testing.assert_close(results[2], second.restore_y(y, table), rtol=1e-3, atol=1e-2)
    assert not torch.allclose(results[1], results[0], rtol=0.1)
    assert not torch.allclose(results[1], results[2], rtol=0.1)


@pytest.mark.parametrize("alpha", [-0.1, 1.1, float("nan")])
def test_an_alpha_out_of_range_is_refused(alpha):
    with pytest.raises(ValueError, match="between 0 and 1"):
        interpolate(network(0), network(1), alpha)


def test_another_configuration_is_refused():
    with pytest.raises(ValueError, match="different configurations"):
        interpolate(network(0), network(1, width=6), 0.5)


def test_other_statistics_are_refused_by_name():
    second = network(1)
    second.normalize_y.std[0, 3] = 2
    with pytest.raises(ValueError, match=r"normalize_y\.std"):
        interpolate(network(0), second, 0.5)
