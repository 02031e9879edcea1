r"""Projection onto the quantisation interval: the restored picture never contradicts the file.

Rounding tells where the true coefficient lay: within half a step of the decoded one. Clamping to that interval is the
orthogonal projection onto a convex set that holds the truth, so it never raises the squared error (of coefficients,
and, the DCT being orthonormal, of samples), and it makes re-quantising with the file's own tables give the file's own
coefficients back.

Of a subsampled plane the file holds the means over boxes, so only those are known. There the downsampled plane is
clamped and the difference is added back by repetition. Since the box mean undoes the repetition, the result fulfils the
condition exactly; since repetition is the adjoint of the box mean up to a scale, it is the nearest one that does.
"""

from __future__ import annotations

from torch import Tensor

from qgac.coefficients.dct import double_nearest, shrink_box
from qgac.coefficients.quantization import HALF

__all__ = ["project"]


def project(
    coefficients: Tensor,
    decoded: Tensor,
    table: Tensor,
    factors: tuple[int, int] = (1, 1),
) -> Tensor:
    """Project the restored coefficients of a plane so that quantising them gives the file's own.

    Parameters
    ----------
    coefficients : Tensor, shape (..., 64, h, w)
        Restored, dequantised scale, at full resolution.
    decoded : Tensor, shape (..., 64, h / vertical, w / horizontal)
        As the file has them, dequantised.
    table : Tensor, shape (..., 8, 8)
        Quantisation steps.
    factors : tuple of (int, int)
        Vertical and horizontal subsampling of the plane in the file.

    Returns
    -------
    Tensor, shape (..., 64, h, w)
        Each coefficient, or each coefficient of the box-downsampled plane, lies within half a step (less 1/256 step) of
        the decoded one.
    """
    half = HALF * table.flatten(-2)[..., None, None]
    lowest, highest = decoded - half, decoded + half
    if factors == (1, 1):
        return coefficients.clamp(lowest, highest)
    known = shrink_box(coefficients, *factors)
    return coefficients + double_nearest(known.clamp(lowest, highest) - known, *factors)
