"""Full-range RGB and YCbCr (JFIF 1.02; appendix D, where the paper's Y swaps the weights of G and B by a slip)."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["limited_range_y", "rgb_to_ycbcr", "ycbcr_to_rgb"]


def rgb_to_ycbcr(rgb: Tensor) -> Tensor:
    """Convert RGB to full-range YCbCr.

    Parameters
    ----------
    rgb : Tensor, shape (..., 3, H, W), float
        0..255.

    Returns
    -------
    Tensor, shape (..., 3, H, W)
        0..255, chroma centred at 128; not rounded.
    """
    red, green, blue = rgb.unbind(-3)
    y = 0.299 * red + 0.587 * green + 0.114 * blue
    cb = 128 - 0.168735892 * red - 0.331264108 * green + 0.5 * blue
    cr = 128 + 0.5 * red - 0.418687589 * green - 0.081312411 * blue
    return torch.stack((y, cb, cr), -3)


def ycbcr_to_rgb(ycbcr: Tensor) -> Tensor:
    """Convert full-range YCbCr to RGB.

    Parameters
    ----------
    ycbcr : Tensor, shape (..., 3, H, W), float
        0..255, chroma centred at 128.

    Returns
    -------
    Tensor, shape (..., 3, H, W)
        Neither clamped nor rounded.
    """
    y, cb, cr = ycbcr.unbind(-3)
    cb, cr = cb - 128, cr - 128
    return torch.stack((y + 1.402 * cr, y - 0.344136286 * cb - 0.714136286 * cr, y + 1.772 * cb), -3)


def limited_range_y(rgb: Tensor) -> Tensor:
    """Convert RGB to the limited-range Y that the field measures gray pictures on (ITU-R BT.601, 16..235, rounded).

    Parameters
    ----------
    rgb : Tensor, shape (..., 3, H, W), float
        0..255.

    Returns
    -------
    Tensor, shape (..., H, W)
        Whole numbers, 16..235.
    """
    red, green, blue = rgb.unbind(-3)
    return torch.round(16 + (65.481 * red + 128.553 * green + 24.966 * blue) / 255)
