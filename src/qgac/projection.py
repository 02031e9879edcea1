r"""Projection onto the quantisation interval: the restored picture never contradicts the file.

Rounding tells where the true coefficient lay: within half a step of the decoded one. Clamping to that interval is the
orthogonal projection onto a convex set that holds the truth, so it never raises the squared error (of coefficients,
and, the DCT being orthonormal, of samples), and it makes re-quantising with the file's own tables give the file's own
coefficients back.
"""

from __future__ import annotations

from torch import Tensor

from qgac.jpeg.blocks import interleave_maps, separate_maps
from qgac.jpeg.dct import double_nearest, shrink_box

__all__ = ["project", "project_chroma"]

# Re-quantising must round back to the same level, so the interval is closed just short of its ends: exactly at an end
# the level would be a tie, and float32 (24 bits) must still tell the two apart at the largest coefficients (2^15).
_HALF = 0.5 - 2**-10


def project(coefficients: Tensor, decoded: Tensor, table: Tensor) -> Tensor:
    """Clamp restored coefficients to the quantisation interval of the decoded ones.

    Parameters
    ----------
    coefficients : Tensor, shape (N, 64, h, w)
        Restored, dequantised scale.
    decoded : Tensor, shape (N, 64, h, w)
        As the file has them, dequantised.
    table : Tensor, shape (N, 8, 8)
        Quantisation steps.

    Returns
    -------
    Tensor, shape (N, 64, h, w)
    """
    half = _HALF * table.reshape(-1, 64, 1, 1)
    return coefficients.clamp(decoded - half, decoded + half)


def project_chroma(coefficients: Tensor, decoded: Tensor, tables: Tensor, factors: tuple[int, int]) -> Tensor:
    """Project full-resolution chroma so that its box-downsampled planes lie in their quantisation intervals.

    The file holds the means over boxes, so only those are known. The downsampled planes are clamped and the difference
    is added back, upsampled by repetition; since the box mean undoes the repetition, the result is exact, and the
    nearest picture that fulfils the condition.

    Parameters
    ----------
    coefficients : Tensor, shape (N, 128, h, w)
        Restored, full resolution, channel 2 f + plane.
    decoded : Tensor, shape (N, 128, h / vertical, w / horizontal)
        As the file has them, dequantised.
    tables : Tensor, shape (N, 2, 8, 8)
        Quantisation steps.
    factors : tuple of (int, int)
        Vertical and horizontal subsampling.

    Returns
    -------
    Tensor, shape (N, 128, h, w)
    """
    planes = separate_maps(coefficients, 2)
    small = shrink_box(planes, *factors)
    known = separate_maps(decoded, 2)
    half = _HALF * tables.flatten(-2)[..., None, None]
    correction = small.clamp(known - half, known + half) - small
    return interleave_maps(planes + double_nearest(correction, *factors))
