"""Objectives of the training stages (section 3.4)."""

from __future__ import annotations

import torch
from torch import Tensor

from qgac.metrics.ssim import ssim

__all__ = ["regression_loss"]


def regression_loss(
    restored: Tensor, target: Tensor, *, ssim_weight: float = 0.05, roundness: float = 0.0
) -> tuple[Tensor, dict[str, Tensor]]:
    """Compute the error loss of eq. 1: mean absolute error minus weighted SSIM, in the pixel domain.

    Parameters
    ----------
    restored, target : Tensor, shape (N, C, H, W), float
        Samples 0..1. `restored` is not clamped: a clamp would take the gradient away outside the range.
    ssim_weight : float
        The balance lambda; 0 leaves the term out.
    roundness : float
        Errors well below this count squared, those well above absolute (Charbonnier's norm); 0 is the paper's L1.

    Returns
    -------
    total : Tensor, shape ()
    parts : dict of Tensor
        ``l1`` and, if weighted, ``ssim``; detached.
    """
    l1 = (
        ((restored - target).square() + roundness**2).sqrt().mean() - roundness
        if roundness
        else torch.nn.functional.l1_loss(restored, target)
    )
    parts = {"l1": l1.detach()}
    if not ssim_weight:
        return l1, parts
    similarity = ssim(restored=restored, reference=target).mean()
    parts["ssim"] = similarity.detach()
    return l1 - ssim_weight * similarity, parts
