"""The 8x8 block DCT in NumPy; the form that can be differentiated is in :mod:`qgac.coefficients.dct`."""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["BLOCK_MATRIX", "blocks_at", "dct_matrix", "plane_of", "transform", "transform_back"]

_T = TypeVar("_T", bound=np.generic)


def dct_matrix() -> NDArray[np.float64]:
    """Return the 8-point orthonormal DCT-II matrix.

    Returns
    -------
    ndarray, shape (8, 8), float64
        Row k holds the k-th basis function, so ``matrix @ samples`` are the coefficients.
    """
    frequency, sample = np.mgrid[:8, :8]
    matrix: NDArray[np.float64] = 0.5 * np.cos((2 * sample + 1) * frequency * math.pi / 16)
    matrix[0] /= math.sqrt(2)
    return matrix


BLOCK_MATRIX: NDArray[np.float32] = np.kron(dct_matrix(), dct_matrix()).T.astype(np.float32)
"""What takes the samples of a block, a row of 64, to its coefficients; its transpose leads back."""


def blocks_at(plane: NDArray[_T], top: int, left: int) -> NDArray[_T]:
    """Cut a plane into whole blocks.

    Parameters
    ----------
    plane : ndarray, shape (H, W)
    top, left : int
        0..7: where the first block begins.

    Returns
    -------
    ndarray, shape (rows, columns, 64)
        A copy; samples of a block row by row.
    """
    rows, columns = max(0, (plane.shape[0] - top) // 8), max(0, (plane.shape[1] - left) // 8)
    cut = plane[top : top + 8 * rows, left : left + 8 * columns]
    return cut.reshape(rows, 8, columns, 8).swapaxes(1, 2).reshape(rows, columns, 64)


def plane_of(blocks: NDArray[_T]) -> NDArray[_T]:
    """Put blocks, shape (rows, columns, 64), together into a plane; undoes :func:`blocks_at`."""
    rows, columns = blocks.shape[:2]
    return blocks.reshape(rows, columns, 8, 8).swapaxes(1, 2).reshape(8 * rows, 8 * columns)


def transform(blocks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Transform samples, shape (..., 64), into orthonormal DCT coefficients, float32, natural order."""
    result: NDArray[np.float32] = blocks.reshape(-1, 64) @ BLOCK_MATRIX
    return result.reshape(blocks.shape)


def transform_back(coefficients: NDArray[np.float32]) -> NDArray[np.float32]:
    """Undo :func:`transform`."""
    result: NDArray[np.float32] = coefficients.reshape(-1, 64) @ BLOCK_MATRIX.T
    return result.reshape(coefficients.shape)
