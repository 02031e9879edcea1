"""Properties that every form of the networks has."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch

from made.networks import COLOR_FORMS, Y_FORMS, randomize, tiny_configuration
from qgac.coefficients.blocks import interleave_maps, separate_maps
from qgac.coefficients.dct import double_nearest
from qgac.coefficients.quantization import chroma_table, luma_table
from qgac.models.configuration import ColorConfiguration, Configuration, YConfiguration
from qgac.models.qgac import QGAC


@pytest.fixture
def tiny() -> QGAC:
    return randomize(QGAC(tiny_configuration())).eval()


FACTORS = [(2, 2), (1, 2), (2, 1), (1, 1)]
ALL_SAMPLINGS = {"factors": tuple(FACTORS)}


def table(count: int, each: int | None = None) -> torch.Tensor:
    shape = (count, 8, 8) if each is None else (count, each, 8, 8)
    return torch.randint(1, 100, shape, generator=torch.Generator().manual_seed(2)).float()


def coefficients(count: int, maps: int, height: int, width: int, seed: int = 3) -> torch.Tensor:
    return 30 * torch.randn(count, 64 * maps, height, width, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("form", Y_FORMS.values(), ids=Y_FORMS)
@pytest.mark.parametrize("levels", [False, True])
def test_y_residual_starts_at_zero(form: Any, levels: bool) -> None:
    model = QGAC(tiny_configuration(form, levels=levels))
    y = coefficients(2, 1, 3, 4)
    assert torch.equal(model.restore_y(y, table(2)), y)


@pytest.mark.parametrize("form", COLOR_FORMS.values(), ids=COLOR_FORMS)
def test_color_residual_starts_at_zero(form: Any) -> None:
    """What is left is nearest-neighbour upsampling."""
    model = QGAC(tiny_configuration(color=form))
    for factors in model.factors:
        chroma = coefficients(2, 2, 2, 2)
        y = coefficients(2, 1, 2 * factors[0], 2 * factors[1])
        restored = model.restore_chroma(chroma, table(2, 2), y, table(2), factors)
        expected = interleave_maps(double_nearest(separate_maps(chroma, 2), *factors))
        torch.testing.assert_close(restored, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("form", Y_FORMS.values(), ids=Y_FORMS)
def test_stated_y_receptive_field_is_the_true_one(form: Any) -> None:
    model = randomize(QGAC(tiny_configuration(form))).double()
    field = model.receptive_field_y
    side = 2 * field + 5
    y = coefficients(1, 1, side, side).double().requires_grad_()
    middle = side // 2
    output = model.restore_y(y, table(1).double())
    (gradient,) = torch.autograd.grad(output[0, :, middle, middle].sum(), y)
    touched = gradient[0].abs().sum(0).nonzero()
    reach = (touched - middle).abs().amax(0)
    assert reach.tolist() == [field, field]


GUIDED = {f"guided, {name}": {**COLOR_FORMS[name], "guided": True} for name in ("paper", "subdivided")}


@pytest.mark.parametrize("form", [*COLOR_FORMS.values(), *GUIDED.values()], ids=[*COLOR_FORMS, *GUIDED])
@pytest.mark.parametrize("factors", FACTORS)
def test_stated_color_receptive_field_covers_the_true_one(form: Any, factors: tuple[int, int]) -> None:
    """It is stated for the coarsest sampling, and may be larger by up to two chroma blocks: transposed convolutions
    reach differently far for different positions of a block within a chroma block.
    """
    model = randomize(QGAC(tiny_configuration(color={**form, **ALL_SAMPLINGS}))).double()
    field = model.receptive_field_color
    vertical, horizontal = factors
    blocks = field // 2 + 3  # chroma blocks to each side
    side = 2 * blocks
    chroma = coefficients(1, 2, side, side).double().requires_grad_()
    y = coefficients(1, 1, side * vertical, side * horizontal).double().requires_grad_()
    reach = 0
    for shift in range(2):
        row, column = blocks * vertical + shift % vertical, blocks * horizontal + shift % horizontal
        output = model.restore_chroma(chroma, table(1, 2).double(), y, table(1).double(), factors)
        gradients = torch.autograd.grad(output[0, :, row, column].sum(), (chroma, y))
        for gradient, (v, u) in zip(gradients, (factors, (1, 1)), strict=True):
            for r, c in gradient[0].abs().sum(0).nonzero().tolist():
                # The luma blocks that a chroma block spans.
                reach = max(reach, row - v * r, v * r + v - 1 - row, column - u * c, u * c + u - 1 - column)
    assert reach <= field
    if factors == (2, 2):
        assert reach >= field - 4


@pytest.mark.parametrize("form", [*COLOR_FORMS.values(), *GUIDED.values()], ids=[*COLOR_FORMS, *GUIDED])
@pytest.mark.parametrize("factors", FACTORS)
@torch.no_grad()
def test_every_sampling_gives_full_resolution(form: Any, factors: tuple[int, int]) -> None:
    model = randomize(QGAC(tiny_configuration(color={**form, **ALL_SAMPLINGS}))).eval()
    assert model.factors == set(FACTORS)
    vertical, horizontal = factors
    chroma = coefficients(2, 2, 3, 2)
    y = coefficients(2, 1, 3 * vertical, 2 * horizontal)
    restored = model.restore_chroma(chroma, table(2, 2), y, table(2), factors)
    assert restored.shape == (2, 128, 3 * vertical, 2 * horizontal)
    plain = interleave_maps(double_nearest(separate_maps(chroma, 2), *factors))
    assert (restored - plain).abs().max() > 1e-3


def test_444_passes_without_an_upsampler_where_widths_allow() -> None:
    assert QGAC(tiny_configuration()).factors == {(2, 2), (1, 1)}
    assert QGAC(tiny_configuration(color={"width": 6})).factors == {(2, 2)}


@torch.no_grad()
def test_cb_and_cr_are_restored_by_the_same_weights() -> None:
    """With equal statistics and one plane at a time, swapping the planes swaps the results."""
    model = randomize(QGAC(tiny_configuration())).eval()
    planes, tables, y = coefficients(1, 2, 2, 2), table(1, 2), coefficients(1, 1, 4, 4)
    restored = model.restore_chroma(planes, tables, y, table(1), (2, 2))
    swapped_in = interleave_maps(separate_maps(planes, 2).flip(1))
    swapped = model.restore_chroma(swapped_in, tables.flip(1), y, table(1), (2, 2))
    torch.testing.assert_close(separate_maps(swapped, 2).flip(1), separate_maps(restored, 2))


@torch.no_grad()
def test_statistics_of_cb_and_cr_are_kept_apart() -> None:
    model = randomize(QGAC(tiny_configuration())).eval()
    chroma, y = coefficients(1, 2, 2, 2), coefficients(1, 1, 4, 4)
    before = separate_maps(model.restore_chroma(chroma, table(1, 2), y, table(1), (2, 2)), 2)
    model.normalize_chroma.mean[1] += 100
    after = separate_maps(model.restore_chroma(chroma, table(1, 2), y, table(1), (2, 2)), 2)
    assert torch.equal(before[:, 0], after[:, 0])
    assert not torch.equal(before[:, 1], after[:, 1])


@pytest.mark.parametrize("color", [{}, {"planes": 2}], ids=["one plane", "two planes"])
@torch.no_grad()
def test_residual_is_scaled_by_the_step_or_by_the_deviation(color: dict[str, Any]) -> None:
    """Output of the network, undone: (restored - plain) / scale is the same residual under both scales."""
    residuals = []
    for in_steps in (True, False):
        model = randomize(QGAC(tiny_configuration(color=color, residual_in_steps=in_steps))).eval()
        generator = torch.Generator().manual_seed(9)
        for normalization in (model.normalize_y, model.normalize_chroma):
            normalization.std.copy_(1 + 20 * torch.rand(normalization.std.shape, generator=generator))
        y, y_table = coefficients(2, 1, 2, 2), table(2)
        chroma, tables = coefficients(2, 2, 1, 1), table(2, 2)
        y_scale = y_table.flatten(1) if in_steps else model.normalize_y.std
        luma = (model.restore_y(y, y_table) - y) / y_scale[..., None, None]
        plain = double_nearest(separate_maps(chroma, 2), 2, 2)
        scale = tables.flatten(2) if in_steps else model.normalize_chroma.std[None]
        restored = separate_maps(model.restore_chroma(chroma, tables, y, y_table, (2, 2)), 2)
        residuals.append((luma, (restored - plain) / scale[..., None, None]))
    for first, second in zip(*residuals, strict=True):
        assert first.abs().max() > 1e-3
        torch.testing.assert_close(first, second, rtol=1e-3, atol=1e-4)


@torch.no_grad()
def test_pictures_of_a_batch_do_not_mix(tiny: QGAC) -> None:
    y, y_table = coefficients(3, 1, 4, 4), table(3)
    chroma, tables = coefficients(3, 2, 2, 2), table(3, 2)
    luma = tiny.restore_y(y, y_table)
    color = tiny.restore_chroma(chroma, tables, luma, y_table, (2, 2))
    for i in range(3):
        one = slice(i, i + 1)
        torch.testing.assert_close(tiny.restore_y(y[one], y_table[one]), luma[one], rtol=1e-4, atol=1e-4)
        alone = tiny.restore_chroma(chroma[one], tables[one], luma[one], y_table[one], (2, 2))
        torch.testing.assert_close(alone, color[one], rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_inputs_stay_as_they_were(tiny: QGAC) -> None:
    inputs = coefficients(1, 2, 2, 2), table(1, 2), coefficients(1, 1, 4, 4), table(1)
    copies = [tensor.clone() for tensor in inputs]
    tiny.restore_y(inputs[2], inputs[3])
    tiny.restore_chroma(*inputs, (2, 2))
    assert all(torch.equal(a, b) for a, b in zip(inputs, copies, strict=True))


@pytest.mark.parametrize("form", Y_FORMS.values(), ids=Y_FORMS)
def test_every_y_parameter_learns(form: Any) -> None:
    model = randomize(QGAC(tiny_configuration(form, levels=True, log_table=True)))
    model.restore_y(coefficients(2, 1, 3, 3), table(2)).square().sum().backward()
    for name, parameter in model.y_network.named_parameters():
        assert parameter.grad is not None, name
        # The slope of a PReLU that happens to see positive values only has a gradient of zero.
        assert parameter.grad.any() or name.endswith("activation.weight"), name


def test_configuration_there_and_back() -> None:
    for configuration in (
        Configuration(),
        tiny_configuration({"blocknets": 1}, {"factors": ((2, 2), (1, 2)), "planes": 2}, levels=True),
        Configuration(residual_in_steps=False, log_table=True),
    ):
        numbers = configuration.to_dict()
        assert Configuration.from_dict(numbers) == configuration
        assert Configuration.from_dict(json.loads(json.dumps(numbers))) == configuration  # lists for tuples


def test_configuration_defaults_and_unknown_entries() -> None:
    assert Configuration.from_dict({}) == Configuration()
    assert Configuration.from_dict({"y": {"width": 16}}).y == YConfiguration(width=16)
    for wrong in ({"y": {"widht": 16}}, {"layers": 3}):
        with pytest.raises(TypeError):
            Configuration.from_dict(wrong)


@pytest.mark.parametrize("wrong", [{"blocknets": 3}, {"blocknets": 0, "frequencynet": False}])
def test_impossible_y_networks(wrong: dict[str, Any] | dict[str, int]) -> None:
    with pytest.raises(ValueError, match="BlockNets"):
        YConfiguration(**wrong)


def test_impossible_color_networks() -> None:
    with pytest.raises(ValueError, match="1 or 2 planes"):
        ColorConfiguration(planes=3)


def test_a_table_outside_the_training_is_replaced_by_the_most_similar_one_within() -> None:
    free = randomize(QGAC(tiny_configuration())).eval()
    bound = randomize(QGAC(tiny_configuration(trained_qualities=(5, 98)))).eval()
    y, chroma = coefficients(1, 1, 4, 4), coefficients(1, 2, 2, 2)

    def both(model: QGAC, luma: np.ndarray, chrominance: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        luma, chrominance = (torch.from_numpy(t.astype("float32"))[None] for t in (luma, chrominance))
        tables = torch.stack((chrominance, chrominance), 1)
        return model.restore_y(y, luma), model.restore_chroma(chroma, tables, y, luma, (2, 2))

    def same(first: tuple[torch.Tensor, torch.Tensor], second: tuple[torch.Tensor, torch.Tensor]) -> bool:
        return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))

    inside, outside, limit = ((luma_table(q), chroma_table(q)) for q in (40, 1, 5))
    assert same(both(bound, *inside), both(free, *inside))
    assert same(both(bound, *outside), both(free, *limit))
    assert not same(both(bound, *outside), both(free, *outside))


def test_factors_without_an_upsampler_are_refused() -> None:
    with pytest.raises(ValueError, match=r"factors \[3, 5\] are none that a colour network restores"):
        ColorConfiguration(factors=((3, 5), (1, 2)))
    assert ColorConfiguration(factors=[[1, 2], [2, 1]]).factors == ((1, 2), (2, 1))  # type: ignore[arg-type]
