"""Telling that a picture was scaled: differences between neighbours repeat at another distance than 8.

No lattice survives scaling, but the steps between blocks do: they make every so-many-th difference between neighbours
larger than those beside it. Enlarging alone has a period as well, that of its interpolation, whether the picture was a
JPEG or not; so what is told is that it was scaled. Period and place are looked for in rows and in columns together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qgac.pixels.blocks import Plane

__all__ = ["Period", "find_period"]

_PERIODS = np.exp(np.linspace(np.log(4.2), np.log(17), 1200))  # of scales 0.53 to 2.1
_HARMONICS = 3
_SHORTEST = 96  # pixels a side in which a period can be seen
_LIMIT = 1024  # rows and columns looked at
_ENOUGH = 24.0
_SAME = 0.01  # relative distance of periods that are the same


@dataclass(frozen=True)
class Period:
    """How far apart edges of blocks are.

    Attributes
    ----------
    pixels : float
        Their distance, or a multiple of it.
    strength : float
        How much more the differences repeat at it than at most distances.
    """

    pixels: float
    strength: float

    @property
    def found(self) -> bool:
        """Whether there is any."""
        return self.strength > _ENOUGH

    @property
    def scaled(self) -> bool:
        """Whether it is not that of blocks of 8, two of them, or the thirds of two."""
        return min(abs(self.pixels / period - 1) for period in (8, 16, 16 / 3)) > _SAME


def find_period(y: Plane) -> Period:
    """Find at which distance differences between neighbours repeat.

    Parameters
    ----------
    y : ndarray of float32, shape (H, W)
        Luma.

    Returns
    -------
    Period
        The likeliest, found or not.
    """
    if min(y.shape) < _SHORTEST:
        return Period(8.0, 0.0)
    top, left = (max(0, (size - _LIMIT) // 2) for size in y.shape)
    part = y[top : top + _LIMIT, left : left + _LIMIT]
    power = _power(part) + _power(part.T)
    best = int(np.argmax(power))
    return Period(float(_PERIODS[best]), float(power[best]))


def _power(plane: Plane) -> NDArray[np.float64]:
    """Return how strongly the differences between columns repeat at each period, about 1 where nothing does."""
    steps = np.minimum(np.abs(np.diff(plane, axis=1)), 24).mean(0).astype(np.float64)
    excess = steps[1:-1] - (steps[:-2] + steps[2:]) / 2
    limit = 4 * np.median(np.abs(excess)) + 1e-9
    excess = np.clip(excess, -limit, limit)
    excess -= excess.mean()
    if not excess.any():
        return np.zeros(len(_PERIODS))
    position = np.arange(len(excess))
    power = np.zeros(len(_PERIODS))
    for harmonic in range(1, _HARMONICS + 1):
        waves = np.exp(-2j * np.pi * harmonic * position / _PERIODS[:, None])
        power += np.abs(waves @ excess) ** 2 / (excess @ excess) / _HARMONICS
    return power
