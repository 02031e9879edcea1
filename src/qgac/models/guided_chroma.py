r"""Subsampled chroma brought to full resolution by a local linear model of the restored Y.

Where two colours meet, they nearly always differ in Y too, and what is known of chroma is its mean over boxes of
pixels. In a window of 3x3 boxes, chroma is fitted as :math:`C = a Y + b`, with

.. math:: a = \frac{\operatorname{cov}(Y, C)}{\operatorname{var}(Y) + 1}, \qquad b = \bar C - a \bar Y

and the same a and b, averaged over the windows that hold a box and interpolated linearly, give chroma for every pixel:
He and Sun's fast guided filter (2015). What its means over boxes then lack is added by repetition, so that they are
those that are known.

Whether chroma follows Y differs from place to place: on film grain it does not, on a drawing entirely.
:func:`trust` finds out by a test one scale lower: chroma is averaged over boxes once more, brought back up by the
linear model and by plain interpolation, and compared with what is known.

All of it is local, what is at the ends of the grid is repeated beyond them, and nothing depends on values: it can be
differentiated and traced.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

__all__ = ["REACH", "TRUST_REACH", "guided", "mixed", "repeated", "trust"]

REACH = 3
"""Boxes to each side that a pixel of :func:`guided` depends on."""

TRUST_REACH = 10
"""Boxes to each side that :func:`trust` depends on."""

_SMOOTHNESS = 1.0  # squared levels: a window whose Y varies less than this tells nothing about chroma

_LEAST_TRUST = 1e-3  # and as much less than 1 is the most: logits end there


def guided(y: Tensor, chroma: Tensor, factors: tuple[int, int]) -> Tensor:
    """Bring chroma to full resolution by a local linear model of Y.

    Parameters
    ----------
    y : Tensor, shape (N, 1, vertical * h, horizontal * w), float32
        Samples centred around zero.
    chroma : Tensor, shape (N, C, h, w), float32
        Means over boxes.
    factors : tuple of (int, int)
        Vertical and horizontal size of a box in pixels.

    Returns
    -------
    Tensor, shape (N, C, vertical * h, horizontal * w)
        Their means over boxes are `chroma`.
    """
    # Variances are small differences of large means: in float32 two engines would differ by thousandths of a level.
    precise = torch.float32 if y.device.type == "mps" else torch.float64
    coarse_y, coarse, planes = _boxes(y, factors).to(precise), chroma.to(precise), chroma.shape[1]
    products = torch.cat((coarse_y, coarse_y.square(), coarse, coarse_y * coarse), 1)
    mean_y, mean_y_squared, mean, mean_product = torch.split(_means(products, 3), [1, 1, planes, planes], 1)
    slope = (mean_product - mean_y * mean) / (mean_y_squared - mean_y.square() + _SMOOTHNESS)
    line = torch.cat((slope, mean - slope * mean_y), 1).to(y.dtype)
    lines = _enlarged(_means(line, 3), factors)
    result = lines[:, planes:].addcmul(lines[:, :planes], y)
    return result + repeated(chroma - _boxes(result, factors), factors)


def trust(y: Tensor, chroma: Tensor, noise: Tensor, factors: tuple[int, int]) -> Tensor:
    """Tell where the linear model explains chroma better than plain interpolation, tried one scale lower.

    Parameters
    ----------
    y, chroma, factors
        As in :func:`guided`; `h` and `w` even.
    noise : Tensor, shape (N, C, 1, 1)
        Squared error that either has in any case: what is below it tells nothing.

    Returns
    -------
    Tensor, shape (N, C, vertical * h, horizontal * w)
        0..1: 1/2 where there is no difference, 1 where the linear model alone is right.
    """
    lower = _boxes(chroma, (2, 2))
    model, plain = guided(_boxes(y, factors), lower, (2, 2)), _enlarged(lower, (2, 2))
    errors = [(_means((other - chroma).square(), 5) + noise).square() for other in (model, plain)]
    return _enlarged(errors[1] / (errors[0] + errors[1]), factors)


def mixed(
    y: Tensor, restored: Tensor, trust: Tensor, change: Tensor, doubt: Tensor, factors: tuple[int, int]
) -> Tensor:
    """Mix restored chroma with the linear model that has the same means over boxes.

    Where their shares differ within a box, so does its mean a little, until it is projected.

    Parameters
    ----------
    y : Tensor, shape (N, 1, H, W), float32
        Samples centred around zero.
    restored, trust, change, doubt : Tensor, shape (N, C, H, W), float32
        Restored chroma; the trust in the linear model; what to add to it; by how much the trust is wrong, in logits.
    factors : tuple of (int, int)
        Vertical and horizontal size of a box in pixels.

    Returns
    -------
    Tensor, shape (N, C, H, W)
    """
    model = guided(y, _boxes(restored, factors), factors)
    share = torch.sigmoid(trust.clamp(_LEAST_TRUST, 1 - _LEAST_TRUST).logit() + doubt)
    return restored + share * (model - restored + change)


def repeated(samples: Tensor, factors: tuple[int, int]) -> Tensor:
    """Repeat samples (N, C, h, w) of boxes for every pixel."""
    scale = (float(factors[0]), float(factors[1]))
    return torch.as_tensor(F.interpolate(samples, scale_factor=scale, mode="nearest"))


def _boxes(samples: Tensor, factors: tuple[int, int]) -> Tensor:
    """Average samples (N, C, H, W) over boxes of (vertical, horizontal) pixels."""
    return samples if factors == (1, 1) else F.avg_pool2d(samples, factors)


def _enlarged(samples: Tensor, factors: tuple[int, int]) -> Tensor:
    """Interpolate samples (N, C, h, w) of boxes linearly to pixels; at the ends the last ones are repeated."""
    scale = (float(factors[0]), float(factors[1]))
    return F.interpolate(samples, scale_factor=scale, mode="bilinear", align_corners=False)


def _means(samples: Tensor, size: int) -> Tensor:
    """Average over windows of size x size; beyond the ends is what is at the ends."""
    reach, (height, width) = size // 2, samples.shape[-2:]
    surrounded = F.pad(samples, (reach,) * 4, mode="replicate")
    if torch.onnx.is_in_onnx_export() and samples.dtype == torch.float32:  # see qgac.coefficients.candidate
        return F.avg_pool2d(surrounded, size, 1)
    rows = surrounded[..., :height, :] + surrounded[..., 1 : 1 + height, :]
    for i in range(2, size):
        rows += surrounded[..., i : i + height, :]
    columns = rows[..., :width] + rows[..., 1 : 1 + width]
    for i in range(2, size):
        columns += rows[..., i : i + width]
    return columns / size**2
