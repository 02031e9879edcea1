"""The algorithm of the paper in two steps: Y is restored and projected, then chroma, guided by the restored Y.

Everything that runs the networks takes these steps: batches of a training, its validation, the exported graphs, and
restoring with PyTorch. They map tensors to tensors; what they do depends on shapes and arguments, never on values, so
they can be traced.
"""

from __future__ import annotations

from torch import Tensor

from qgac.coefficients.blocks import separate_maps
from qgac.coefficients.projection import project
from qgac.models.qgac import QGAC

__all__ = ["restore_chroma", "restore_y"]


def restore_y(model: QGAC, decoded: Tensor, table: Tensor, *, projected: bool = True) -> Tensor:
    """Restore Y, or any single plane that stands for it, and project it onto the quantisation interval.

    Parameters
    ----------
    model : QGAC
    decoded : Tensor, shape (N, 64, h, w), float32
        Coefficients as the file has them, dequantised.
    table : Tensor, shape (N, 8, 8), float32
        Quantisation steps, 1..65535.
    projected : bool
        Whether to keep to the quantisation interval.

    Returns
    -------
    Tensor, shape (N, 64, h, w), float32
        Dequantised scale.
    """
    restored = model.restore_y(decoded, table)
    return project(restored, decoded, table) if projected else restored


def restore_chroma(
    model: QGAC,
    decoded: Tensor,
    tables: Tensor,
    y: Tensor,
    y_table: Tensor,
    factors: tuple[int, int],
    *,
    projected: bool = True,
) -> tuple[Tensor, Tensor]:
    """Restore Cb and Cr at full resolution, and project them onto what the file knows of their box means.

    Parameters
    ----------
    model : QGAC
    decoded : Tensor, shape (N, 128, h / vertical, w / horizontal), float32
        Coefficients as the file has them, dequantised; channel 2 f + plane.
    tables : Tensor, shape (N, 2, 8, 8), float32
        Quantisation steps of Cb and Cr.
    y : Tensor, shape (N, 64, h, w), float32
        Restored Y.
    y_table : Tensor, shape (N, 8, 8), float32
        Quantisation steps of Y.
    factors : tuple of (int, int)
        Vertical and horizontal subsampling, one of those that the network knows.
    projected : bool
        Whether to keep to the quantisation interval.

    Returns
    -------
    tuple of two Tensor, each of shape (N, 64, h, w), float32
        Cb and Cr, dequantised scale, at full resolution.
    """
    restored = separate_maps(model.restore_chroma(decoded, tables, y, y_table, factors), 2)
    if not projected:
        return restored[:, 0], restored[:, 1]
    known = separate_maps(decoded, 2)
    cb, cr = (project(restored[:, plane], known[:, plane], tables[:, plane], factors) for plane in range(2))
    return cb, cr
