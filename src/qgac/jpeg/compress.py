"""Compression on the fly for training: samples to quantised coefficients, as libjpeg makes them.

Colour conversion and chroma downsampling are rounded to 8 bit as in ``jccolor.c`` and ``jcsample.c``, quantisation
rounds half away from zero as in ``jcdctmgr.c`` (the paper's appendix D says that it truncates; libjpeg rounds). What is
left is libjpeg's integer DCT, whose coefficients have three fractional bits: a level differs, by one step, where the
exact coefficient lies within about 0.2 of a rounding boundary. On photographs that are 0.1 % of the luma levels at
quality 50, 0.8 % at 90, 4 % at 98, and a third of that in chroma.
"""

from __future__ import annotations

import torch
from torch import Tensor

from qgac.jpeg.color import rgb_to_ycbcr
from qgac.jpeg.dct import dct

__all__ = ["downsample_chroma", "quantize", "rounded_ycbcr"]


def rounded_ycbcr(rgb: Tensor) -> Tensor:
    """Convert RGB to YCbCr as libjpeg does before compression: rounded to 8 bit.

    Parameters
    ----------
    rgb : Tensor, shape (..., 3, H, W), float
        0..255, whole numbers.

    Returns
    -------
    Tensor, shape (..., 3, H, W)
        Whole numbers, 0..255.
    """
    y, cb, cr = rgb_to_ycbcr(rgb).unbind(-3)
    # libjpeg adds ONE_HALF - 1 to the chroma sums, so exact halves round down there and up in Y.
    return torch.stack((torch.floor(y + 0.5), torch.ceil(cb - 0.5), torch.ceil(cr - 0.5)), -3).clamp_(0, 255)


def downsample_chroma(plane: Tensor, vertical: int, horizontal: int) -> Tensor:
    """Average boxes of a chroma plane, rounded to 8 bit as libjpeg rounds (``jcsample.c``).

    Parameters
    ----------
    plane : Tensor, shape (..., H, W), float
        Whole numbers 0..255; H and W multiples of the factors.
    vertical, horizontal : int
        Downsampling factors.

    Returns
    -------
    Tensor, shape (..., H/vertical, W/horizontal)
        Whole numbers 0..255.
    """
    if vertical == horizontal == 1:
        return plane
    count = vertical * horizontal
    boxes = torch.unflatten(torch.unflatten(plane, -1, (-1, horizontal)), -3, (-1, vertical))
    total = boxes.sum((-1, -3))
    if (vertical, horizontal) in ((1, 2), (2, 2)):
        # Alternating bias from column to column (0, 1 for h2v1; 1, 2 for h2v2) instead of a constant half.
        bias = torch.arange(total.shape[-1], device=plane.device) % 2 + (vertical - 1)
        return torch.floor((total + bias) / count)
    return torch.floor((total + count // 2) / count)


def quantize(plane: Tensor, table: Tensor) -> Tensor:
    """Transform and quantise a plane.

    Parameters
    ----------
    plane : Tensor, shape (N, H, W), float
        Samples 0..255; H and W multiples of 8.
    table : Tensor, shape (N, 8, 8) or (8, 8), float
        Quantisation steps.

    Returns
    -------
    Tensor, shape (N, 64, H/8, W/8)
        Quantised coefficients (whole numbers) as frequency channels; multiply by the table to dequantise.
    """
    steps = table.reshape(-1, 64, 1, 1)
    levels = dct(plane - 128) / steps
    return torch.sign(levels) * torch.floor(levels.abs() + 0.5)
