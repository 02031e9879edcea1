"""Structural similarity as the paper's figures use it: 8x8 uniform window, stride 1, population variance.

Not the Gaussian 11x11 window of most libraries: values are not comparable between the two.

References
----------
.. [1] Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to structural similarity",
   IEEE TIP 13(4), 2004.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from qgac.metrics.pairs import pair

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["ssim"]

_C1 = 0.01**2
_C2 = 0.03**2


@overload
def ssim(*, restored: Tensor, reference: Tensor, window: int = 8) -> Tensor: ...
@overload
def ssim(*, restored: NDArray[Any], reference: NDArray[Any], window: int = 8) -> float: ...
def ssim(*, restored: Tensor | NDArray[Any], reference: Tensor | NDArray[Any], window: int = 8) -> Tensor | float:
    """Compute the mean SSIM of each picture.

    Parameters
    ----------
    restored, reference : Tensor of shape (N, C, H, W), or ndarray of shape (H, W) or (H, W, C)
        Tensors and floating arrays 0..1, uint8 arrays 0..255; see :func:`qgac.metrics.pairs.pair`. Both sides at least
        `window`. Tensors are computed in their own type: pass float64 to measure, as float32 cancels in flat areas.
        Arrays always are in float64.
    window : int
        Side of the uniform window; the published figures use 8.

    Returns
    -------
    Tensor of shape (N,), or float for arrays
        Mean over windows, then over channels; at most 1.

    Raises
    ------
    TypeError, ValueError
        If the two do not fit each other, or are smaller than the window.
    """
    x, y = pair(restored, reference)
    height, width = x.shape[-2:]
    if min(height, width) < window:
        raise ValueError(f"a picture of {width}x{height} pixels is smaller than the {window}x{window} window")

    def mean(values: Tensor) -> Tensor:
        # Rows, then columns: on the CPU several times faster than average pooling.
        return values.unfold(-1, window, 1).sum(-1).unfold(-2, window, 1).sum(-1) / window**2

    mean_x, mean_y = mean(x), mean(y)
    variance_x = mean(x * x) - mean_x * mean_x
    variance_y = mean(y * y) - mean_y * mean_y
    covariance = mean(x * y) - mean_x * mean_y
    similarity = ((2 * mean_x * mean_y + _C1) * (2 * covariance + _C2)) / (
        (mean_x * mean_x + mean_y * mean_y + _C1) * (variance_x + variance_y + _C2)
    )
    result = similarity.mean((-1, -2, -3))
    return float(result) if isinstance(restored, np.ndarray) else result
