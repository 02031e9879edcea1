"""A batch on its way through the networks, with gradients: restored as pictures are, samples at the end."""

from __future__ import annotations

import torch
from torch import Tensor

from qgac.coefficients.color import ycbcr_to_rgb
from qgac.coefficients.dct import idct
from qgac.models import steps
from qgac.models.qgac import QGAC
from qgac.training.batches.batch import Compressed

__all__ = ["restore_batch", "rgb_samples"]


def restore_batch(model: QGAC, batch: Compressed, *, projected: bool = True) -> Tensor:
    """Restore a batch as :class:`qgac.restoration.restorer.Restorer` would, with gradients.

    Parameters
    ----------
    model : QGAC
    batch : Compressed
    projected : bool
        Whether to keep to the quantisation interval.

    Returns
    -------
    Tensor, shape (N, 3, H, W), float32
        RGB samples 0..255, not clamped.
    """
    y = steps.restore_y(model, batch.y, batch.y_table, projected=projected)
    tables, factors = batch.chroma_tables, batch.factors
    cb, cr = steps.restore_chroma(model, batch.chroma, tables, y, batch.y_table, factors, projected=projected)
    return rgb_samples(y, cb, cr)


def rgb_samples(y: Tensor, cb: Tensor, cr: Tensor) -> Tensor:
    """Turn coefficients of Y and chroma into samples.

    Parameters
    ----------
    y, cb, cr : Tensor, shape (N, 64, h, w)
        Dequantised scale, all at full resolution.

    Returns
    -------
    Tensor, shape (N, 3, 8 h, 8 w)
        RGB, 0..255, not clamped.
    """
    return ycbcr_to_rgb(idct(torch.stack((y, cb, cr), 1)) + 128)
