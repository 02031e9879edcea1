"""Square details of pictures, given or found where two pictures differ most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Crop", "most_different"]


@dataclass(frozen=True)
class Crop:
    """A square in a picture.

    Attributes
    ----------
    x, y : int
        Its left and top pixel.
    size : int
        Its side in pixels.
    """

    x: int
    y: int
    size: int

    def cut(self, samples: NDArray[Any]) -> NDArray[Any]:
        """Return this part of a picture (H, W) or (H, W, C).

        Raises
        ------
        ValueError
            If it does not lie in the picture.
        """
        height, width = samples.shape[:2]
        if min(self.x, self.y, self.size - 1) < 0 or self.x + self.size > width or self.y + self.size > height:
            raise ValueError(
                f"the crop {self.x},{self.y},{self.size} does not lie in the picture of {width}x{height} pixels; "
                "give x,y,size inside it"
            )
        return samples[self.y : self.y + self.size, self.x : self.x + self.size]


def most_different(first: NDArray[Any], second: NDArray[Any], size: int, *, grid: int = 8) -> Crop:
    """Find the square in which two pictures differ most, by the sum of absolute differences.

    Parameters
    ----------
    first, second : ndarray, shape (H, W) or (H, W, C)
        Samples of one scale.
    size : int
        Side in pixels; shortened to a side of the picture.
    grid : int
        Corners are looked for at multiples of this.

    Returns
    -------
    Crop
        The first such one, row by row.
    """
    difference = np.abs(first.astype(np.float64) - second.astype(np.float64))
    if difference.ndim == 3:
        difference = difference.sum(2)
    size = min(size, *difference.shape)
    total = np.pad(difference.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    sums = total[size:, size:] - total[:-size, size:] - total[size:, :-size] + total[:-size, :-size]
    candidates = sums[::grid, ::grid]
    row, column = np.unravel_index(int(candidates.argmax()), candidates.shape)
    return Crop(int(column) * grid, int(row) * grid, size)
