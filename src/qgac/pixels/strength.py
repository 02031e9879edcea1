"""How strong the artifacts of a JPEG are in a picture that was scaled since: no grid is left to measure steps on.

What the networks would change in a picture, were it a JPEG, says whether it was one. So the Y network of `small` is
given the picture on any grid, as if it came from each of two tables, and what it changes is averaged: for every
frequency, over those blocks that have least, middling and most detail. A small network, trained on such averages of
pictures whose past is known, reads from them whether there was a JPEG, how coarse its table was, and how the picture
was scaled since (``benchmarks/strength.py``). From the last two follows a table that says how strong artifacts are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qgac.coefficients.block_dct import blocks_at, transform
from qgac.coefficients.quantization import luma_table
from qgac.pixels.blocks import Plane
from qgac.pixels.rescaling import find_period

__all__ = ["Strength", "averages", "find_strength", "table_after_scaling"]

_READOUT = Path(__file__).with_name("strength.npz")
_PART = 256  # pixels a side that are looked at together
_SHORTEST = 160  # pixels a side in which enough is seen
_ENOUGH = 4.0  # of evidence
_FLOOR, _CHANGE_FLOOR = np.float32(0.5), np.float32(0.1)  # of logarithms

RestoreY = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]
"""What :meth:`qgac.engine.engine.Engine.restore_y` does."""


@dataclass(frozen=True, eq=False)
class Strength:
    """What was found.

    Attributes
    ----------
    evidence : float
        That there was a JPEG: the logarithm of how much likelier that is.
    table : ndarray of float32, shape (8, 8)
        Steps that artifacts are like those of.
    """

    evidence: float
    table: NDArray[np.float32]

    @property
    def found(self) -> bool:
        """Whether there was a JPEG."""
        return self.evidence > _ENOUGH


def table_after_scaling(table: ArrayLike, scale: float) -> NDArray[np.float32]:
    """Return the table whose errors are like those of a table once the picture was scaled.

    What is frequency u afterwards was `scale` times u before. And of fewer pixels each shares in the errors of more: in
    coefficients of an orthonormal transform they are `scale` times as large.

    Parameters
    ----------
    table : array_like, shape (8, 8)
        Quantisation steps.
    scale : float
        Size of the picture by its size before.

    Returns
    -------
    ndarray of float32, shape (8, 8)
        1..255.
    """
    steps = np.asarray(table, np.float64)
    places = np.minimum(np.arange(8) * scale, 7)
    lower = places.astype(int)
    upper, share = np.minimum(lower + 1, 7), places - lower
    steps = steps[lower] * (1 - share)[:, None] + steps[upper] * share[:, None]
    steps = steps[:, lower] * (1 - share) + steps[:, upper] * share
    mapped: NDArray[np.float32] = np.clip(steps * scale, 1, 255).astype(np.float32)
    return mapped


def find_strength(y: Plane, restore_y: RestoreY) -> Strength | None:
    """Find how strong the artifacts of a picture are.

    Parameters
    ----------
    y : ndarray of float32, shape (H, W)
        Luma, centred around zero.
    restore_y : callable
        That of the engine of the model `small`.

    Returns
    -------
    Strength or None
        None if the picture is too small to tell.
    """
    if min(y.shape) < _SHORTEST:
        return None
    answers = np.mean([_read(averages(part, restore_y)) for part in _parts(y)], 0)
    coarseness, scale = np.exp(answers[1:])
    return Strength(float(answers[0]), table_after_scaling(luma_table(50) * coarseness, float(scale)))


def averages(part: Plane, restore_y: RestoreY) -> NDArray[np.float32]:
    """Average over the blocks of a part of a picture, what they hold and what the network would change.

    Parameters
    ----------
    part : ndarray of float32, shape (H, W)
        Luma, centred around zero; sides of at least 96.
    restore_y : callable
        As for :func:`find_strength`.

    Returns
    -------
    ndarray of float32, shape (706,)
    """
    height, width = (size // 8 * 8 for size in part.shape)
    blocks = transform(blocks_at(part[:height, :width], 0, 0))
    plain = blocks.reshape(-1, 64)
    content = np.log(np.abs(plain) + _FLOOR)
    thirds = np.array_split(np.argsort(content[:, 1:].sum(1), kind="stable"), 3)
    found = [content[third].mean(0) for third in thirds]
    for table in _probes():
        change = restore_y(blocks, table).reshape(-1, 64) - plain
        size = np.log(np.abs(change) + _CHANGE_FLOOR)
        found += [size[third].mean(0) for third in thirds]
        found.append((change * plain).mean(0) / (np.square(plain).mean(0) + 1))
    period = find_period(part)
    found.append(np.log([max(period.strength, 0.1), period.pixels]))
    return np.concatenate(found).astype(np.float32)


@lru_cache(maxsize=1)
def _probes() -> tuple[NDArray[np.float32], ...]:
    """Return the two tables of the JPEG that the picture may have been, (64,) each."""
    fine = 0.5 * table_after_scaling(luma_table(30), 0.6) + np.float32(0.5)
    return luma_table(30).astype(np.float32).reshape(64), fine.reshape(64)


def _parts(y: Plane) -> Iterator[Plane]:
    """Yield up to nine squares, evenly over the picture."""
    rows, columns = (
        [int(place) for place in np.linspace(0, size - _PART, min(3, size // _PART))]
        if size >= 2 * _PART
        else [max(0, (size - _PART) // 2)]
        for size in y.shape
    )
    for top in rows:
        for left in columns:
            yield y[top : top + _PART, left : left + _PART]


@lru_cache(maxsize=1)
def _readout() -> dict[str, NDArray[np.float32]]:
    with np.load(_READOUT) as arrays:
        return {name: np.asarray(arrays[name], np.float32) for name in arrays.files}


def _read(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return evidence, logarithm of the coarseness (1 is quality 50) and of the scale."""
    r = _readout()
    signal = np.clip((features - r["mean"]) / r["deviation"], -6, 6)
    for layer in ("first", "second"):
        signal = np.maximum(r[f"{layer}_weight"] @ signal + r[f"{layer}_bias"], 0)
    answer: NDArray[np.float32] = r["last_weight"] @ signal + r["last_bias"]
    return answer
