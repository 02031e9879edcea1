"""The levels of the compression before the last one.

What the last file decodes to lies on the earlier lattice but for the errors of the last compression, so levels are
rounded first. Where those errors are not small against the earlier steps, some levels are off by one. They are put
right in turns, a level of a block at a time, each when that makes both of these likelier together: the levels of the
last file, which compressing the earlier picture must give; and the picture, which the last file restored to comes near.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qgac.coefficients.block_dct import blocks_at, dct_matrix, plane_of, transform, transform_back
from qgac.jpeg.image import Component, JPEGImage, Metadata
from qgac.pixels.blocks import Plane
from qgac.pixels.chroma import padded

__all__ = ["decoded_parts", "decoded_plane", "earlier_levels"]

# Chosen on held-out pictures of the training pool, by how many levels are right.
_TURNS = 4
_ROUNDING = 0.6  # standard deviation of coefficients, of rounding samples and of what colours add
_NEARNESS = 40.0  # how much being a step away from the restored picture, squared, speaks against a level
_DOUBTFUL = 0.15  # how far, in steps, what is left must point to another level for it to be tried
_AT_ONCE = 16  # rows of blocks


def decoded_plane(component: Component) -> Plane:
    """Return the samples around zero, not rounded, that a component decodes to; whole blocks."""
    blocks = np.multiply(component.coefficients, component.table, dtype=np.float32)
    return plane_of(transform_back(blocks.reshape(*blocks.shape[:2], 64)))


def decoded_parts(component: Component, parts: Iterable[tuple[slice, slice]]) -> list[Plane]:
    """Return the samples of parts of a component, each of which begins with a block."""
    return [_decoded_part(component, part) for part in parts]


def _decoded_part(component: Component, part: tuple[slice, slice]) -> Plane:
    blocks = tuple(slice(side.start // 8, -(-side.stop // 8)) for side in part)
    plane = decoded_plane(replace(component, coefficients=component.coefficients[blocks]))
    return plane[: part[0].stop - part[0].start, : part[1].stop - part[1].start]


def earlier_levels(
    luma: Component, place: tuple[int, int], table: NDArray[np.int64], restored: Plane | None = None
) -> tuple[JPEGImage, int, int]:
    """Return the levels that luma had in the compression before the last one.

    Parameters
    ----------
    luma : Component
        Of the last file.
    place : tuple of (int, int)
        0..7: rows and columns before the first whole block of the earlier compression.
    table : ndarray of int, shape (64,)
        Its steps.
    restored : ndarray, shape (H, W), optional
        What the last file was restored to, 0..255. Without it levels are only rounded.

    Returns
    -------
    JPEGImage
        A gray picture of these levels, the likeliest.
    int, int
        Rows and columns of it before the picture of the file.
    """
    steps = table.astype(np.float32)
    blocks = blocks_at(padded(decoded_plane(luma), *place, (1, 1)), 0, 0)
    levels = np.rint(transform(blocks) / steps)
    if restored is not None:
        guess = transform(blocks_at(padded(restored - np.float32(128), *place, (1, 1)), 0, 0)) / steps
        beyond = [(0, size - own) for size, own in zip(levels.shape, guess.shape, strict=True)]
        _put_right(levels, luma, place, steps, np.pad(guess, beyond, mode="edge"))
    component = Component(
        levels.reshape(*levels.shape[:2], 8, 8).astype(np.int16), steps.reshape(8, 8).astype(np.uint16), 1, 1
    )
    image = JPEGImage(8 * levels.shape[1], 8 * levels.shape[0], "gray", (component,), Metadata(), "baseline")
    return image, -place[0] % 8, -place[1] % 8


def _put_right(
    levels: NDArray[np.float32],
    luma: Component,
    place: tuple[int, int],
    steps: NDArray[np.float32],
    guess: NDArray[np.float32],
) -> None:
    """Change levels, shape (rows, columns, 64), in place; `guess` has the coefficients of the restored picture."""
    last = luma.table.ravel().astype(np.float32)
    half, effect = (last / 2).astype(np.float32), _effect(*place) * steps
    rows, columns = luma.coefficients.shape[:2]
    before = int(place[0] > 0), int(place[1] > 0)  # blocks above and left of the file's that earlier ones reach
    left = np.zeros(
        (levels.shape[0] + 1, levels.shape[1] + 1, 64), np.float32
    )  # of the file's coefficients, unexplained
    own = left[before[0] : before[0] + rows, before[1] : before[1] + columns]
    earlier = plane_of(transform_back(levels * steps))[-place[0] % 8 :, -place[1] % 8 :][: 8 * rows, : 8 * columns]
    own[:] = luma.coefficients.reshape(rows, columns, 64) * last - transform(blocks_at(earlier, 0, 0))
    back = (np.moveaxis(effect, 2, 0).reshape(64, 256) / steps[:, None] ** 2).astype(np.float32)
    for _ in range(_TURNS):
        for first in np.ndindex(2, 2):  # of such blocks no two reach into the same block of the file
            for row in range(first[0], levels.shape[0], 2 * _AT_ONCE):
                _turn(levels, left, guess, (row, first[1]), effect, back, half)


def _turn(
    levels: NDArray[np.float32],
    left: NDArray[np.float32],
    guess: NDArray[np.float32],
    first: tuple[int, int],
    effect: NDArray[np.float32],
    back: NDArray[np.float32],
    half: NDArray[np.float32],
) -> None:
    """Change at most one level of every second block of some rows."""
    rows = np.arange(first[0], min(first[0] + 2 * _AT_ONCE, levels.shape[0]), 2)
    columns = np.arange(first[1], levels.shape[1], 2)
    row, column = np.repeat(rows, len(columns)), np.tile(columns, len(rows))
    around = np.stack([left[row + down, column + across] for down, across in np.ndindex(2, 2)], 1)
    towards = around.reshape(-1, 256) @ back.T
    block, frequency = np.nonzero(np.abs(towards) > _DOUBTFUL)
    if not len(block):
        return
    change = np.sign(towards[block, frequency])
    after = around[block] - change[:, None, None] * np.moveaxis(effect, 2, 0)[frequency]
    gain = _unlikely(around, half)[block] - _unlikely(after, half)
    level = levels[row[block], column[block], frequency]
    distance = guess[row[block], column[block], frequency] - level
    gain -= _NEARNESS * ((distance - change) ** 2 - distance**2)
    order = np.lexsort((gain, block))
    best = order[np.append(np.diff(block[order]) > 0, True)]
    best = best[gain[best] > 0]
    row, column = row[block[best]], column[block[best]]
    levels[row, column, frequency[best]] += change[best]
    for part, (down, across) in enumerate(np.ndindex(2, 2)):
        left[row + down, column + across] = after[best, part]


def _unlikely(left: NDArray[np.float32], half: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how much speaks against what is left of coefficients, shape (N, 4, 64): more than half a step does."""
    result: NDArray[np.float32] = (np.maximum(np.abs(left) - half, 0) ** 2).sum((1, 2)) / (2 * _ROUNDING**2)
    return result


def _effect(top: int, left: int) -> NDArray[np.float32]:
    """Return which coefficients of 2 x 2 blocks of the file those of an earlier block make, shape (4, 64, 64)."""
    matrix, shares = dct_matrix(), []
    for shift in (top, left):
        # An earlier block begins `shift` samples after one of the file's, so has 8 - shift of its samples.
        shares.append((matrix[:, shift:] @ matrix[:, : 8 - shift].T, matrix[:, :shift] @ matrix[:, 8 - shift :].T))
    return np.stack([np.kron(down, across) for down in shares[0] for across in shares[1]]).astype(np.float32)
