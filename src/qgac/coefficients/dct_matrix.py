"""The 8-point DCT as a matrix, for both forms of the transform: PyTorch's and NumPy's."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["dct_matrix"]


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
