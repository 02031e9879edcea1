"""The orthonormal 8x8 block DCT (appendix D, eqs. 3 and 6; ITU-T T.81, A.3.3).

On frequency channels the transform of a block is one fixed 64x64 matrix, the Kronecker product of the 8-point DCT with
itself, applied to every block. Being orthonormal, its transpose is the inverse.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from qgac.coefficients.block_dct import dct_matrix
from qgac.coefficients.blocks import to_channels, to_plane

__all__ = ["dct", "double_nearest", "idct", "shrink_box"]


@lru_cache(maxsize=8)
def _block_matrix(dtype: torch.dtype, device: torch.device) -> Tensor:
    matrix = dct_matrix()
    with torch.inference_mode(False):  # made for a restoration first, it must still serve a training
        return torch.from_numpy(np.kron(matrix, matrix)).to(device=device, dtype=dtype)


def _transform(channels: Tensor, matrix: Tensor) -> Tensor:
    """Apply the matrix to every block, with all the digits that the coefficients have.

    In float64 on CUDA: there float32 products and convolutions may be computed in TF32, ten bits of mantissa, forward
    and backward, as settings say that belong to whoever uses this. float64 is out of their reach, and cheap at 64x64.
    """
    blocks = channels.flatten(-2)
    with torch.autocast(channels.device.type, enabled=False):
        precise = torch.float64 if channels.is_cuda else channels.dtype
        result = (matrix.to(precise) @ blocks.to(precise)).to(channels.dtype)
    return torch.unflatten(result, -1, channels.shape[-2:])


def dct(plane: Tensor) -> Tensor:
    """Transform a plane of samples, block by block.

    Parameters
    ----------
    plane : Tensor, shape (..., H, W), float
        Samples centred around zero (-128..127); H and W multiples of 8.

    Returns
    -------
    Tensor, shape (..., 64, H/8, W/8)
        Coefficients as frequency channels; the DC of a flat block of value v is 8 v.
    """
    return _transform(to_channels(plane), _block_matrix(plane.dtype, plane.device))


def idct(channels: Tensor) -> Tensor:
    """Transform coefficients back into samples; the inverse of :func:`dct`.

    Parameters
    ----------
    channels : Tensor, shape (..., 64, H/8, W/8), float
        Dequantised coefficients as frequency channels.

    Returns
    -------
    Tensor, shape (..., H, W)
        Samples centred around zero.
    """
    return to_plane(_transform(channels, _block_matrix(channels.dtype, channels.device).T))


def double_nearest(channels: Tensor, vertical: int, horizontal: int) -> Tensor:
    """Upsample coefficients as nearest-neighbour upsampling of the samples would (section 3.3).

    Parameters
    ----------
    channels : Tensor, shape (..., 64, h, w)
        Dequantised, *not* normalised: the operator mixes frequencies, so it does not commute with a scale a frequency.
    vertical, horizontal : int
        Factors, at least 1.

    Returns
    -------
    Tensor, shape (..., 64, vertical * h, horizontal * w)
    """
    if vertical == horizontal == 1:
        return channels
    samples = idct(channels)
    rows, columns = samples.ndim - 2, samples.ndim - 1  # -2 and -1 would be mistaken by PyTorch's exporter to ONNX
    return dct(samples.repeat_interleave(vertical, rows).repeat_interleave(horizontal, columns))


def shrink_box(channels: Tensor, vertical: int, horizontal: int) -> Tensor:
    """Downsample coefficients as the mean over boxes of samples would; undoes :func:`double_nearest` exactly.

    Parameters
    ----------
    channels : Tensor, shape (..., 64, vertical * h, horizontal * w)
    vertical, horizontal : int
        Factors, at least 1.

    Returns
    -------
    Tensor, shape (..., 64, h, w)
    """
    if vertical == horizontal == 1:
        return channels
    samples = idct(channels)
    boxes = torch.unflatten(torch.unflatten(samples, -1, (-1, horizontal)), -3, (-1, vertical))
    return dct(boxes.mean((-1, -3)))
