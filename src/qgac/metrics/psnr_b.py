r"""PSNR-B: PSNR with the blocking effect of the restored picture added to its error.

For every channel, with :math:`D_B` the mean squared difference of neighbouring samples across the borders of 8x8 blocks
and :math:`D_N` the one of all other neighbours,

.. math:: \mathrm{BEF} = \max(0, D_B - D_N)\,\frac{\log_2 8}{\log_2 \min(H, W)}, \qquad
          \mathrm{PSNR\text{-}B} = 10 \log_{10} \frac{1}{\mathrm{MSE} + \mathrm{BEF}}

The blocking effect is that of the restored picture alone: swapping the two pictures gives another figure, the mistake
that the paper's appendix A names.

References
----------
.. [1] Yim and Bovik, "Quality assessment of deblocked images", IEEE TIP 20(1), 2011.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from qgac.metrics.pairs import pair

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["blocking_effect", "effect_of", "psnr_b", "squared_differences"]

_BLOCK = 8


def blocking_effect(pictures: Tensor) -> Tensor:
    """Compute the blocking effect factor of each channel.

    Block borders are counted as the implementation behind the published figures counts them: ``W // 8 - 1`` a row. That
    is one too few where 8 does not divide the width, as the border before the cut block is summed all the same; kept,
    since figures would not be comparable otherwise.

    Parameters
    ----------
    pictures : Tensor, shape (N, C, H, W), float
        0..1; both sides at least two blocks, 16 samples.

    Returns
    -------
    Tensor, shape (N, C)
        Squared samples, at least 0.

    Raises
    ------
    ValueError
        If a side is too short.
    """
    height, width = pictures.shape[-2:]
    return effect_of(*squared_differences(pictures, height), height, width)


def squared_differences(pictures: Tensor, rows: int) -> tuple[Tensor, Tensor]:
    """Sum the squared differences of neighbours in a band of rows that begins with a row of blocks.

    Parameters
    ----------
    pictures : Tensor, shape (N, C, H, W), float
    rows : int
        How many rows are summed. One more, where there is one, is only the lower neighbour of the last.

    Returns
    -------
    tuple of two Tensors, shape (N, C)
        Across the borders of blocks, and over all neighbours.
    """
    across = pictures[..., :rows, :].diff(dim=-1).square().sum(-2)  # (N, C, W - 1), one a column border
    down = pictures[..., : rows + 1, :].diff(dim=-2).square().sum(-1)  # one a row border
    border = across[..., _BLOCK - 1 :: _BLOCK].sum(-1) + down[..., _BLOCK - 1 :: _BLOCK].sum(-1)
    return border, across.sum(-1) + down.sum(-1)


def effect_of(border: Tensor, total: Tensor, height: int, width: int) -> Tensor:
    """Compute the blocking effect factor from what :func:`squared_differences` sums, over all bands of a picture.

    Parameters
    ----------
    border, total : Tensor
    height, width : int
        Of the picture.

    Returns
    -------
    Tensor
        As :func:`blocking_effect`.

    Raises
    ------
    ValueError
        If a side is too short.
    """
    if min(height, width) < 2 * _BLOCK:
        raise ValueError(f"a picture of {width}x{height} pixels is too small for PSNR-B, which needs 16x16")
    borders = height * (width // _BLOCK - 1) + width * (height // _BLOCK - 1)
    others = height * (width - 1) + width * (height - 1) - borders
    excess = border / borders - (total - border) / others
    return excess.clamp_min(0) * (math.log2(_BLOCK) / math.log2(min(height, width)))


@overload
def psnr_b(*, restored: Tensor, reference: Tensor) -> Tensor: ...
@overload
def psnr_b(*, restored: NDArray[Any], reference: NDArray[Any]) -> float: ...
def psnr_b(*, restored: Tensor | NDArray[Any], reference: Tensor | NDArray[Any]) -> Tensor | float:
    """Compute the PSNR-B of each picture: the mean over its channels.

    Parameters
    ----------
    restored, reference : Tensor of shape (N, C, H, W), or ndarray of shape (H, W) or (H, W, C)
        Tensors and floating arrays 0..1, uint8 arrays 0..255; see :func:`qgac.metrics.pairs.pair`. Both sides at least
        16.

    Returns
    -------
    Tensor of shape (N,), float64, or float for arrays
        dB. Computed in float64.

    Raises
    ------
    TypeError, ValueError
        If the two do not fit each other, or are too small.
    """
    x, y = pair(restored, reference)
    x, y = x.double(), y.double()
    error = (x - y).square().mean((-1, -2)) + blocking_effect(x)  # (N, C)
    ratio = (-10 * error.log10()).mean(-1)
    return float(ratio) if isinstance(restored, np.ndarray) else ratio
