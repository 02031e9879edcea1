"""Colours of drawings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["ground", "palette"]


def palette(generator: np.random.Generator, inks: int) -> NDArray[np.float64]:
    """Draw the colour of a ground and those of what is drawn on it: mostly dark on bright, mostly gray.

    Parameters
    ----------
    generator : numpy.random.Generator
    inks : int

    Returns
    -------
    ndarray, shape (1 + inks, 3)
        Whole numbers 0..255, the ground first.
    """
    level = 127 * generator.random(1 + inks) ** 3  # the ends are the most frequent
    level[1:] = 255 - level[1:]
    if generator.random() < 0.7:
        level = 255 - level
    level[1:] = np.where(generator.random(inks) < 0.2, generator.uniform(0, 255, inks), level[1:])
    tint = np.where(generator.random((1 + inks, 1)) < 0.4, generator.uniform(-128, 128, (1 + inks, 3)), 0)
    colors: NDArray[np.float64] = np.rint(np.clip(level[:, None] + tint, 0, 255))
    return colors


def ground(size: int, shade: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.float64]:
    """Return one shade, or a ramp from it to another one.

    Parameters
    ----------
    size : int
        Side of the picture in pixels.
    shade : ndarray, shape (3,)
    generator : numpy.random.Generator

    Returns
    -------
    ndarray, shape (size or 1, size or 1, 3)
        0..255, not rounded.
    """
    kind = generator.random()
    if kind < 0.7:
        return shade[None, None]
    other = np.clip(shade + generator.uniform(-80, 80, 3), 0, 255)
    rows, columns = np.mgrid[:size, :size] / max(1, size - 1)
    if kind < 0.9:
        angle = generator.choice([0, np.pi / 2, generator.uniform(0, np.pi / 2)])
        place = (np.sin(angle) * rows + np.cos(angle) * columns) / (np.sin(angle) + np.cos(angle))
    else:
        place = np.hypot(rows - generator.random(), columns - generator.random()) / np.sqrt(2)
    ramp: NDArray[np.float64] = shade + place[..., None] * (other - shade)
    return ramp
