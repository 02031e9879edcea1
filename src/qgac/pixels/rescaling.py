"""Telling that a picture was scaled: differences between neighbours repeat at another distance than 8.

No lattice survives scaling, but the steps between blocks do: they make every so-many-th difference between neighbours
larger than those beside it. Enlarging alone has a period as well, that of its interpolation, whether the picture was a
JPEG or not; so what is told is that it was scaled.

Much else repeats. Windows and weaves do, in one direction mostly, or at another distance in the other: what counts is
the lesser of rows and columns at one distance. And blocks that were never scaled, of 8 or of 16 for chroma, repeat at
all fractions of 16, also where a picture was restored or blurred since and has no lattice any more: such frequencies
say nothing of scaling. Those of blocks of 8 say that there are some.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qgac.pixels.blocks import Plane

__all__ = ["Period", "find_period"]

_PERIODS = np.exp(np.linspace(np.log(4.2), np.log(17), 1200))  # of scales 0.53 to 2.1
_HARMONICS = 3
_BLOCKS = 16  # the frequencies of blocks are multiples of one in so many
_WIDTH = 1.5  # of a line in the spectrum, times the length
_SHORTEST = 96  # pixels a side in which a period can be seen
_LIMIT = 1024  # rows and columns looked at
_SAMPLES = 1 << 15  # of the spectrum, many for each line
_SCALED = 6.5
_BLOCKY = 45.0


@dataclass(frozen=True)
class Period:
    """How far apart edges of blocks are.

    Attributes
    ----------
    pixels : float
        Their distance, or a multiple of it, if the picture was scaled.
    strength : float
        How much more the differences repeat at it than at most distances, in that direction in which they do so less.
    blocks : float
        The same at a distance of 8, both directions together.
    """

    pixels: float
    strength: float
    blocks: float

    @property
    def scaled(self) -> bool:
        """Whether the picture was scaled."""
        return self.strength > _SCALED

    @property
    def blocky(self) -> bool:
        """Whether there are blocks of 8."""
        return self.blocks > _BLOCKY


def find_period(y: Plane) -> Period:
    """Find at which distance differences between neighbours repeat.

    Parameters
    ----------
    y : ndarray of float32, shape (H, W)
        Luma.

    Returns
    -------
    Period
        The likeliest, whether there is one or not.
    """
    if min(y.shape) < _SHORTEST:
        return Period(8.0, 0.0, 0.0)
    top, left = (max(0, (size - _LIMIT) // 2) for size in y.shape)
    part = y[top : top + _LIMIT, left : left + _LIMIT]
    across, down = _excess(part), _excess(part.T)
    power = np.minimum(_power(across, _PERIODS, blocks=False), _power(down, _PERIODS, blocks=False))
    best = int(np.argmax(power))
    eight = np.array([8.0])
    blocks = _power(across, eight, blocks=True) + _power(down, eight, blocks=True)
    return Period(float(_PERIODS[best]), float(power[best]), float(blocks[0]))


def _excess(plane: Plane) -> NDArray[np.float64]:
    """Return by how much differences between columns surpass those beside them, around zero."""
    steps = np.minimum(np.abs(np.diff(plane, axis=1)), 24).mean(0).astype(np.float64)
    excess = steps[1:-1] - (steps[:-2] + steps[2:]) / 2
    limit = 4 * np.median(np.abs(excess)) + 1e-9
    excess = np.clip(excess, -limit, limit)
    result: NDArray[np.float64] = excess - excess.mean()
    return result


def _power(excess: NDArray[np.float64], periods: NDArray[np.float64], *, blocks: bool) -> NDArray[np.float64]:
    """Return how strongly values repeat at each period, about 1 where nothing does, with those of blocks or without."""
    power = np.zeros(len(periods))
    if not excess.any():
        return power
    spectrum = np.abs(np.fft.fft(excess, _SAMPLES)) ** 2 / (excess @ excess) / _HARMONICS
    for harmonic in range(1, _HARMONICS + 1):
        frequencies = harmonic / periods
        found = spectrum[np.rint(_SAMPLES * frequencies).astype(np.int64) % _SAMPLES]
        distance = np.abs(frequencies - np.rint(_BLOCKS * frequencies) / _BLOCKS)
        power += found if blocks else np.where(distance > _WIDTH / len(excess), found, 0)
    return power
