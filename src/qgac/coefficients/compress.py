"""Compression on the fly for training: samples to quantised coefficients, as libjpeg makes them.

Equal to what libjpeg writes, coefficient by coefficient: colour conversion in its 16-bit weights (``jccolor.c``),
chroma downsampling rounded to 8 bit (``jcsample.c``), its integer DCT, and quantisation that rounds half away from
zero (``jcdctmgr.c``; the paper's appendix D says that it truncates; libjpeg rounds).
"""

from __future__ import annotations

import torch
from torch import Tensor

from qgac.coefficients.integer_dct import SCALE, integer_dct

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
    red, green, blue = rgb.to(torch.int32).unbind(-3)
    half = 1 << 15
    y = (19595 * red + 38470 * green + 7471 * blue + half) >> 16
    # ``jccolor.c`` adds one half minus one here, so exact halves round down in chroma and up in Y.
    center = (128 << 16) + half - 1
    cb = (-11059 * red - 21709 * green + 32768 * blue + center) >> 16
    cr = (32768 * red - 27439 * green - 5329 * blue + center) >> 16
    return torch.stack((y, cb, cr), -3).to(rgb.dtype)


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
        Samples 0..255, whole numbers; H and W multiples of 8.
    table : Tensor, shape (N, 8, 8) or (8, 8), float
        Quantisation steps.

    Returns
    -------
    Tensor, shape (N, 64, H/8, W/8)
        Quantised coefficients (whole numbers) as frequency channels; multiply by the table to dequantise.
    """
    divisors = SCALE * table.reshape(-1, 64, 1, 1)
    coefficients = integer_dct(plane - 128).to(table.dtype)
    return torch.sign(coefficients) * torch.floor((coefficients.abs() + divisors / 2) / divisors)
