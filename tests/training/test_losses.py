"""The objectives against numbers worked by hand."""

from __future__ import annotations

import math

import pytest
import torch

from qgac.training.losses import discriminator_loss, gan_loss, generator_loss, regression_loss, texture_loss

# Means 2 and -1, so originals exceed restored pictures by 4 and 2, and these fall short by 2, 4 and 3.
REAL, RESTORED = torch.tensor([3.0, 1.0]), torch.tensor([0.0, -2.0, -1.0])


def minus_log_sigmoid(x: float) -> float:
    return -math.log(1 / (1 + math.exp(-x)))


def test_what_the_discriminator_minimises() -> None:
    """Means of -log sigmoid(4), (2) and of (2), (4), (3): 0.018150, 0.126928 and 0.048587."""
    by_hand = (0.018150 + 0.126928) / 2 + (0.126928 + 0.018150 + 0.048587) / 3
    assert discriminator_loss(REAL, RESTORED).item() == pytest.approx(by_hand, abs=2e-6)
    formula = (minus_log_sigmoid(4) + minus_log_sigmoid(2)) / 2 + sum(map(minus_log_sigmoid, (2, 4, 3))) / 3
    assert discriminator_loss(REAL, RESTORED).item() == pytest.approx(formula, rel=1e-6)


def test_what_the_generator_minimises() -> None:
    """Means of -log(1 - sigmoid(4)), (2) and of -log sigmoid(-2), (-4), (-3)."""
    by_hand = (4.018150 + 2.126928) / 2 + (2.126928 + 4.018150 + 3.048587) / 3
    assert generator_loss(REAL, RESTORED).item() == pytest.approx(by_hand, abs=2e-6)


def test_the_two_are_mirrors_and_meet_where_nothing_can_be_told() -> None:
    assert generator_loss(REAL, RESTORED).item() == pytest.approx(discriminator_loss(RESTORED, REAL).item())
    equal = torch.full((3,), 5.0)
    assert discriminator_loss(equal, equal).item() == pytest.approx(2 * math.log(2))


def test_only_differences_of_logits_count() -> None:
    assert generator_loss(REAL + 7, RESTORED + 7).item() == pytest.approx(generator_loss(REAL, RESTORED).item())


def test_gradients_pull_in_opposite_directions() -> None:
    restored = RESTORED.clone().requires_grad_()
    (generator,) = torch.autograd.grad(generator_loss(REAL, restored), restored)
    (discriminator,) = torch.autograd.grad(discriminator_loss(REAL, restored), restored)
    assert (generator < 0).all()
    assert (discriminator > 0).all()


@pytest.mark.parametrize("size", [1e4, -1e4])
def test_logits_of_any_size_have_a_finite_loss_and_gradient(size: float) -> None:
    restored = torch.tensor([size, 0.0], requires_grad=True)
    for loss in (generator_loss, discriminator_loss):
        value = loss(torch.zeros(2), restored)
        (gradient,) = torch.autograd.grad(value, restored)
        assert value.isfinite()
        assert gradient.isfinite().all()
    assert generator_loss(torch.zeros(2), torch.full((2,), -1e4)).item() == pytest.approx(2e4)


def test_the_texture_loss_sums_the_mean_differences() -> None:
    first = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([10.0])
    second = torch.tensor([[1.0, 0.0], [4.0, 4.0]]), torch.tensor([7.0])
    assert texture_loss(first, second).item() == 0.75 + 3
    with pytest.raises(ValueError, match="shorter"):
        texture_loss(first, second[:1])


def test_the_gan_loss_is_the_weighted_sum() -> None:
    """0.4 + 0.005 * 2 + 0.01 * 0.25, and with other weights."""
    restored, target = torch.full((1, 3, 2, 2), 0.5), torch.full((1, 3, 2, 2), 0.75)
    total, parts = gan_loss(torch.tensor(0.4), torch.tensor(2.0), restored, target)
    assert total.item() == pytest.approx(0.4125)
    assert {name: value.item() for name, value in parts.items()} == pytest.approx(
        {"texture": 0.4, "adversarial": 2.0, "l1": 0.25}
    )
    weights = {"texture_weight": 10.0, "adversarial_weight": 0.5, "l1_weight": 2.0}
    assert gan_loss(torch.tensor(0.4), torch.tensor(2.0), restored, target, **weights)[0].item() == pytest.approx(5.5)


def test_the_regression_loss_is_l1_less_the_weighted_ssim() -> None:
    """Of equal pictures SSIM is 1; of flat ones 0.5 and 0.6 it is (2 * 0.3 + 1e-4) / (0.25 + 0.36 + 1e-4)."""
    flat = torch.full((1, 1, 8, 8), 0.5, dtype=torch.float64)
    assert regression_loss(flat, flat)[0].item() == pytest.approx(-0.05)
    total, parts = regression_loss(flat + 0.1, flat)
    ssim = (0.6 + 1e-4) / (0.61 + 1e-4)
    assert parts["ssim"].item() == pytest.approx(ssim)
    assert total.item() == pytest.approx(0.1 - 0.05 * ssim)
    assert regression_loss(flat + 0.1, flat, ssim_weight=0.0)[0].item() == pytest.approx(0.1)


def test_a_round_norm_is_square_near_zero_and_absolute_far_away() -> None:
    """sqrt(0.3^2 + 0.4^2) - 0.4 = 0.1."""
    target = torch.zeros(1, 1, 2, 2)
    assert regression_loss(target + 0.3, target, ssim_weight=0, roundness=0.4)[0].item() == pytest.approx(0.1)


def test_logarithmic_errors_are_the_psnr_of_each_patch() -> None:
    """Root mean squared errors of 3 and 30 gray levels, each with one level squared beside it."""
    target = torch.zeros(2, 3, 4, 4, dtype=torch.float64)
    restored = torch.stack((target[0] + 3 / 255, target[1] - 30 / 255))
    total, parts = regression_loss(restored, target, error="logarithmic", ssim_weight=0)
    expected = 0.5 * (math.log(10 / 255**2) + math.log(901 / 255**2)) / 2
    assert total.item() == pytest.approx(expected)
    assert parts["log_rmse"].item() == pytest.approx(expected)


def test_a_smaller_least_error_heeds_smaller_errors() -> None:
    target = torch.zeros(1, 1, 4, 4, dtype=torch.float64)
    total, _ = regression_loss(target + 0.4 / 255, target, error="logarithmic", least_error=0.3, ssim_weight=0)
    assert total.item() == pytest.approx(math.log(0.5 / 255))


def test_the_blocking_effect_counts_beside_the_squared_error() -> None:
    """A step of 6 levels across the one border of 16x16 samples that are 3 levels off on either side.

    On the border 36, elsewhere 0, times log 8 / log 16; of an equally large error without a step it is 0.
    """
    target = torch.zeros(1, 1, 16, 16, dtype=torch.float64)
    step = target + 3 / 255
    step[..., 8:] -= 6 / 255
    weights = {"error": "logarithmic", "least_error": 1.0, "ssim_weight": 0, "blocking_weight": 0.5}
    borders = 16 + 16  # of columns, where the step is, and of rows
    effect = 16 * 36 / borders * 3 / 4
    assert regression_loss(step, target, **weights)[0].item() == pytest.approx(
        0.5 * math.log((9 + 0.5 * effect + 1) / 255**2)
    )
    even = regression_loss(target + 3 / 255, target, **weights)[0].item()
    assert even == pytest.approx(0.5 * math.log(10 / 255**2))


def test_logarithmic_errors_weigh_patches_alike() -> None:
    """An error of all patches scaled by the same factor changes the loss by the same amount, small ones or large."""
    target = torch.zeros(2, 1, 8, 8, dtype=torch.float64)
    scale = torch.tensor([1.0, 1.0], dtype=torch.float64, requires_grad=True)
    errors = torch.tensor([0.1, 0.8], dtype=torch.float64)[:, None, None, None] * torch.ones_like(target)
    regression_loss(errors * scale[:, None, None, None], target, error="logarithmic", ssim_weight=0)[0].backward()
    assert scale.grad[0].item() == pytest.approx(scale.grad[1].item(), rel=2e-3)  # nearly: one level is added


def test_an_exact_patch_has_a_finite_logarithmic_error() -> None:
    restored = torch.zeros(1, 1, 8, 8, requires_grad=True)
    loss, _ = regression_loss(restored, torch.zeros(1, 1, 8, 8), error="logarithmic")
    loss.backward()
    assert loss.isfinite()
    assert restored.grad.isfinite().all()
