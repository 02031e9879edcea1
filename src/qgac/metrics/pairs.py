"""What every metric accepts, brought to one form: batches of samples 0..1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qgac.extras import lacking

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["pair"]

# Unrounded conversions pass the range a little: the Cb of pure blue is 255.5 of 255.
_TOLERANCE = 0.01


def pair(restored: Tensor | NDArray[Any], reference: Tensor | NDArray[Any]) -> tuple[Tensor, Tensor]:
    """Bring a restored picture and its reference to batches of one shape.

    Parameters
    ----------
    restored, reference : Tensor or ndarray
        Two tensors of shape (N, C, H, W), floating, samples 0..1; or two arrays of shape (H, W) or (H, W, C), each
        either uint8 with samples 0..255 or floating with samples 0..1. `restored` may leave the range.

    Returns
    -------
    tuple of two Tensors, shape (N, C, H, W)
        Tensors as they came; arrays in float64, as a batch of one.

    Raises
    ------
    TypeError
        If one is a tensor and the other an array, or the samples are of another type.
    ValueError
        If the shapes differ or do not fit, or the reference leaves 0..1.
    """
    try:
        import torch  # here, so that naming a metric or its scores costs nothing
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(lacking(error, "computing a metric"), name=error.name) from error

    if isinstance(restored, torch.Tensor) and isinstance(reference, torch.Tensor):
        if restored.ndim != 4 or restored.shape != reference.shape or 0 in restored.shape:
            raise ValueError(f"need two tensors of one shape (N, C, H, W), got {_shapes(restored, reference)}")
        if not (restored.is_floating_point() and reference.is_floating_point()):
            raise TypeError(f"tensors must be floating, samples 0..1, got {restored.dtype} and {reference.dtype}")
    elif isinstance(restored, np.ndarray) and isinstance(reference, np.ndarray):
        if restored.ndim not in (2, 3) or restored.shape != reference.shape or 0 in restored.shape:
            raise ValueError(f"need two arrays of one shape, (H, W) or (H, W, C), got {_shapes(restored, reference)}")
        restored, reference = _batch(restored), _batch(reference)
    else:
        raise TypeError(f"need two tensors or two arrays, got {type(restored).__name__} and {type(reference).__name__}")
    low, high = (float(value) for value in torch.aminmax(reference.detach()))
    if not (low >= -_TOLERANCE and high <= 1 + _TOLERANCE):
        raise ValueError(f"floating samples must lie in 0..1, the reference has {low:g}..{high:g}; divide by its peak")
    return restored, reference


def _batch(picture: NDArray[Any]) -> Tensor:
    import torch

    if picture.dtype == np.uint8:
        picture = picture / 255.0
    elif not np.issubdtype(picture.dtype, np.floating):
        raise TypeError(f"arrays must be uint8 (0..255) or floating (0..1), got {picture.dtype}")
    samples = torch.from_numpy(np.ascontiguousarray(picture, dtype=np.float64))
    return samples[None, None] if samples.ndim == 2 else samples.permute(2, 0, 1)[None]


def _shapes(restored: Tensor | NDArray[Any], reference: Tensor | NDArray[Any]) -> str:
    return f"{tuple(restored.shape)} and {tuple(reference.shape)}"
