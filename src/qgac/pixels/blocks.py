"""8x8 blocks of a plane at any offset, and which of them tell something."""

from __future__ import annotations

import math
from collections.abc import Iterator
from random import Random

import numpy as np
from numpy.typing import NDArray

from qgac.coefficients.block_dct import blocks_at

__all__ = ["Plane", "known_blocks", "telling", "windows"]

Plane = NDArray[np.float32]
"""Samples."""

# Tells blocks apart by one number each; equal blocks have equal ones. From Python's generator, which is there, while
# NumPy's has to be loaded.
_KEY = np.array(Random(0).sample(range(1 << 20, 1 << 40), 64), np.float64)


def known_blocks(plane: Plane, unknown: NDArray[np.bool_] | None, top: int, left: int) -> Plane:
    """Cut a plane into the whole blocks of which every sample is known.

    Parameters
    ----------
    plane : ndarray, shape (H, W)
    unknown : ndarray of bool, shape (H, W), or None
        Samples that were clipped.
    top, left : int
        0..7: where the first block begins.

    Returns
    -------
    ndarray, shape (N, 64)
    """
    blocks = blocks_at(plane, top, left).reshape(-1, 64)
    if unknown is None:
        return blocks
    return blocks[~blocks_at(unknown, top, left).reshape(-1, 64).any(1)]


def telling(blocks: Plane) -> list[NDArray[np.intp]]:
    """Select the blocks that say something about a lattice: all but one of those that differ in brightness alone.

    Repetition, in drawings and in text, is no further evidence, and its errors of rounding are the same.

    Parameters
    ----------
    blocks : ndarray, shape (N, 64)

    Returns
    -------
    list of three ndarray of int
        Indices of the blocks that vary in both directions, of those whose rows or whose columns are all equal, and of
        those that are flat. There, 1, 8 and 64 samples share one error of rounding.
    """
    pattern = (blocks - blocks[:, :1]) @ _KEY
    _, first = np.unique(np.where(pattern == 0, blocks[:, 0], 1000 + pattern), return_index=True)
    square = blocks[first].reshape(-1, 8, 8)
    down = (square == square[:, :1]).all((1, 2))
    across = (square == square[:, :, :1]).all((1, 2))
    return [first[~down & ~across], first[down ^ across], first[down & across]]


def windows(shape: tuple[int, ...], pixels: int) -> Iterator[tuple[slice, slice]]:
    """Choose parts of a picture, spread evenly over it, that begin at multiples of 16.

    Parameters
    ----------
    shape : tuple of (int, int)
        Height and width of the picture.
    pixels : int
        About how many to choose in all; of a picture that has fewer, the whole of it.

    Yields
    ------
    tuple of two slices
    """
    height, width = shape
    if height * width <= pixels:
        yield slice(0, height), slice(0, width)
        return
    side = 135  # 16 blocks at every offset
    down, across = max(1, height // 144), max(1, width // 144)
    share = min(1.0, math.sqrt(pixels / side**2 / (down * across)))
    for row in np.linspace(0, max(0, height - side), max(1, round(down * share))):
        for column in np.linspace(0, max(0, width - side), max(1, round(across * share))):
            top, left = int(row) // 16 * 16, int(column) // 16 * 16
            yield slice(top, min(height, top + side)), slice(left, min(width, left + side))
