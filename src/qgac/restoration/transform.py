"""The block DCT and the change of resolution in NumPy: what restoring needs of :mod:`qgac.coefficients.dct`.

Coefficients are laid out as a file stores them, (rows, columns, 64), frequencies row-major; samples as planes (8 rows,
8 columns), centred around zero. Everything is a product with a fixed matrix.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from qgac.coefficients.block_dct import blocks_at, dct_matrix, plane_of, transform, transform_back
from qgac.engine.engine import Array

__all__ = [
    "box_matrix",
    "dct",
    "double_nearest",
    "from_mcus",
    "idct",
    "shrink_box",
    "spread_matrix",
    "to_mcus",
]


@lru_cache(maxsize=16)
def box_matrix(vertical: int, horizontal: int) -> Array:
    """Return what takes the coefficients of neighbouring blocks to those of the means over boxes of samples.

    Repeating samples is the adjoint of averaging over boxes but for a scale: with the transpose, times
    ``vertical * horizontal``, coefficients are brought to the higher resolution.

    Returns
    -------
    ndarray, shape (64 * vertical * horizontal, 64), float32
        Its rows are the coefficients of the blocks, row by row.
    """
    matrix = dct_matrix()
    rows, columns = (
        (matrix @ np.kron(np.eye(8), np.full((1, factor), 1 / factor))).reshape(8, factor, 8) @ matrix.T
        for factor in (vertical, horizontal)
    )  # [frequency of the means, block, frequency of the block]
    means: Array = np.einsum("kip,ljq->ijpqkl", rows, columns).reshape(-1, 64).astype(np.float32)
    return means


@lru_cache(maxsize=16)
def spread_matrix(vertical: int, horizontal: int) -> Array:
    """Return what takes coefficients to those of their samples repeated, (64, 64 * vertical * horizontal)."""
    return box_matrix(vertical, horizontal).T * np.float32(vertical * horizontal)


def idct(blocks: Array) -> Array:
    """Transform coefficients (rows, columns, 64) into samples (8 rows, 8 columns)."""
    return plane_of(transform_back(blocks))


def dct(samples: Array) -> Array:
    """Transform samples (8 rows, 8 columns) into coefficients (rows, columns, 64)."""
    return transform(blocks_at(samples, 0, 0))


def shrink_box(blocks: Array, vertical: int, horizontal: int) -> Array:
    """Downsample coefficients as the mean over boxes of samples would: the inverse of :func:`double_nearest`."""
    if vertical == horizontal == 1:
        return blocks
    mcus = to_mcus(blocks, vertical, horizontal)
    return mcus @ box_matrix(vertical, horizontal)


def double_nearest(blocks: Array, vertical: int, horizontal: int) -> Array:
    """Upsample coefficients (rows, columns, 64) as repeating the samples would (section 3.3)."""
    if vertical == horizontal == 1:
        return blocks
    mcus = blocks @ spread_matrix(vertical, horizontal)
    return from_mcus(mcus, vertical, horizontal)


def to_mcus(blocks: Array, vertical: int, horizontal: int) -> Array:
    """Put the blocks of each MCU side by side: (v rows, u columns, 64) to (rows, columns, v * u * 64)."""
    rows, columns = blocks.shape[0] // vertical, blocks.shape[1] // horizontal
    return blocks.reshape(rows, vertical, columns, horizontal, 64).swapaxes(1, 2).reshape(rows, columns, -1)


def from_mcus(mcus: Array, vertical: int, horizontal: int) -> Array:
    """Undo :func:`to_mcus`."""
    rows, columns, _ = mcus.shape
    apart = mcus.reshape(rows, columns, vertical, horizontal, 64).swapaxes(1, 2)
    return apart.reshape(rows * vertical, columns * horizontal, 64)
