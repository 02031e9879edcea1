"""Objectives of the training stages (section 3.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import l1_loss, softplus

from qgac.metrics.psnr_b import blocking_effect
from qgac.metrics.ssim import ssim

__all__ = ["discriminator_loss", "gan_loss", "generator_loss", "regression_loss", "texture_loss"]


def regression_loss(
    restored: Tensor,
    target: Tensor,
    *,
    error: Literal["absolute", "logarithmic"] = "absolute",
    least_error: float = 1.0,
    blocking_weight: float = 0.0,
    ssim_weight: float = 0.05,
    roundness: float = 0.0,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Compute the error loss of eq. 1: mean absolute error minus weighted SSIM, in the pixel domain.

    Parameters
    ----------
    restored, target : Tensor, shape (N, C, H, W), float
        Samples 0..1. `restored` is not clamped: a clamp would take the gradient away outside the range.
    error : {"absolute", "logarithmic"}
        The paper's mean absolute error, or the mean over the patches of the logarithm of their root mean squared error:
        of PSNR, that is. Then a patch counts alike whatever its quality is; absolute errors are mostly those of the
        coarse tables.
    least_error : float
        Root mean squared error, in gray levels, below which a patch has little more to say to the logarithm.
    blocking_weight : float
        Of the blocking effect beside the squared error, in the logarithm: with 1, of one channel, that is PSNR-B's.
    ssim_weight : float
        The balance lambda; 0 leaves the term out.
    roundness : float
        Absolute errors well below this count squared, those well above as they are (Charbonnier's norm); 0 is the
        paper's L1.

    Returns
    -------
    total : Tensor, shape ()
    parts : dict of Tensor
        ``l1`` or ``log_rmse`` and, if weighted, ``ssim``; detached.
    """
    difference = restored - target
    if error == "logarithmic":
        squared = difference.square().flatten(1).mean(1)
        if blocking_weight:
            squared = squared + blocking_weight * blocking_effect(restored).mean(1)
        loss = 0.5 * (squared + (least_error / 255) ** 2).log().mean()
        parts = {"log_rmse": loss.detach()}
    else:
        loss = (difference.square() + roundness**2).sqrt().mean() - roundness if roundness else difference.abs().mean()
        parts = {"l1": loss.detach()}
    if not ssim_weight:
        return loss, parts
    similarity = ssim(restored=restored, reference=target).mean()
    parts["ssim"] = similarity.detach()
    return loss - ssim_weight * similarity, parts


def discriminator_loss(real: Tensor, restored: Tensor) -> Tensor:
    """Compute what the discriminator minimises in the relativistic average GAN.

    It learns to find an original more real than restored pictures are on average, and a restored one less real than
    originals are on average.

    Parameters
    ----------
    real, restored : Tensor, shape (N,) and (M,)
        Logits of originals and of restored pictures.

    Returns
    -------
    Tensor, shape ()
        -E[log s(real - E restored)] - E[log(1 - s(restored - E real))] with the sigmoid s; 2 log 2 at equal logits.

    References
    ----------
    .. [1] Jolicoeur-Martineau, "The relativistic discriminator", ICLR 2019.
    .. [2] Wang et al., "ESRGAN", ECCV workshops 2018, eqs. 1 and 2.
    """
    return softplus(restored.mean() - real).mean() + softplus(restored - real.mean()).mean()


def generator_loss(real: Tensor, restored: Tensor) -> Tensor:
    """Compute what the generator minimises in the relativistic average GAN: the other's loss, with the roles swapped.

    Parameters
    ----------
    real, restored : Tensor, shape (N,) and (M,)
        Logits of originals and of restored pictures.

    Returns
    -------
    Tensor, shape ()
        -E[log(1 - s(real - E restored))] - E[log s(restored - E real)].
    """
    return discriminator_loss(restored, real)


def texture_loss(restored: Sequence[Tensor], target: Sequence[Tensor]) -> Tensor:
    """Compute the texture loss of eq. 2: the mean absolute difference of features.

    Parameters
    ----------
    restored, target : sequence of Tensor
        What a network of :mod:`qgac.training.gan.texture` makes of restored pictures and originals: one tensor for the
        paper's network; for the random filters one for each scale, and one of what is to be seen of the 8x8 grid.

    Returns
    -------
    Tensor, shape ()
        Sum over the tensors of the mean of each.
    """
    return torch.stack([l1_loss(x, y) for x, y in zip(restored, target, strict=True)]).sum()


def gan_loss(
    texture: Tensor,
    adversarial: Tensor,
    restored: Tensor,
    target: Tensor,
    *,
    texture_weight: float = 1.0,
    adversarial_weight: float = 5e-3,
    l1_weight: float = 1e-2,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Compute the GAN loss of eq. 3 for the generator.

    Parameters
    ----------
    texture : Tensor, shape ()
        From :func:`texture_loss`.
    adversarial : Tensor, shape ()
        From :func:`generator_loss`.
    restored, target : Tensor, shape (N, 3, H, W)
        RGB samples 0..1, not clamped.
    texture_weight : float
        1 in the paper.
    adversarial_weight, l1_weight : float
        The balances gamma and nu.

    Returns
    -------
    total : Tensor, shape ()
    parts : dict of Tensor
        ``texture``, ``adversarial`` and ``l1``, not weighted, detached.
    """
    l1 = l1_loss(restored, target)
    total = texture_weight * texture + adversarial_weight * adversarial + l1_weight * l1
    return total, {"texture": texture.detach(), "adversarial": adversarial.detach(), "l1": l1.detach()}
