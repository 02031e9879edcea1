"""Peak signal-to-noise ratio over all channels jointly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from qgac.metrics.pairs import pair

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["psnr"]


@overload
def psnr(*, restored: Tensor, reference: Tensor) -> Tensor: ...
@overload
def psnr(*, restored: NDArray[Any], reference: NDArray[Any]) -> float: ...
def psnr(*, restored: Tensor | NDArray[Any], reference: Tensor | NDArray[Any]) -> Tensor | float:
    """Compute the PSNR of each picture: 10 log10(1 / MSE), the mean taken over all samples of all channels.

    Not the mean of the channels' PSNRs, which is higher where channels differ.

    Parameters
    ----------
    restored, reference : Tensor of shape (N, C, H, W), or ndarray of shape (H, W) or (H, W, C)
        Tensors and floating arrays 0..1, uint8 arrays 0..255; see :func:`qgac.metrics.pairs.pair`.

    Returns
    -------
    Tensor of shape (N,), float64, or float for arrays
        dB; infinite for equal pictures. Computed in float64.

    Raises
    ------
    TypeError, ValueError
        If the two do not fit each other.

    Examples
    --------
    >>> black, gray = np.zeros((8, 8), np.uint8), np.full((8, 8), 51, np.uint8)
    >>> round(psnr(restored=gray, reference=black), 2)  # an error of a fifth of the range
    13.98
    """
    x, y = pair(restored, reference)
    error = (x.double() - y.double()).square().mean((-1, -2, -3))
    ratio = -10 * error.log10()
    return float(ratio) if isinstance(restored, np.ndarray) else ratio
