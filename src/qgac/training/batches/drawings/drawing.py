"""Drawings to train on: text, figures, windows, comics, pixel art and codes, alone or over a photograph.

A pool of photographs has hardly any of them, and what a network has learnt from photographs alone blurs them where the
tables are fine. They are made up for every batch, so there is nothing to collect and nothing is seen twice. None has
any noise: what is flat is exactly flat.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from qgac.training.batches.drawings.colors import ground, palette
from qgac.training.batches.drawings.comics import comic
from qgac.training.batches.drawings.figures import FIGURES, INKS
from qgac.training.batches.drawings.squares import squares
from qgac.training.batches.drawings.text import write
from qgac.training.batches.drawings.windows import windows

__all__ = ["drawing"]

# In inks, of windows, of square pixels, comics.
_SHARES = (0.48, 0.18, 0.22, 0.12)
_TEXT_SHARE = 0.5
_OPAQUE_SHARE = 0.5  # of those in inks; all others are


def drawing(size: int, generator: np.random.Generator, fonts: Sequence[Path] = ()) -> NDArray[np.uint8]:
    """Draw a picture.

    Parameters
    ----------
    size : int
        Its side in pixels.
    generator : numpy.random.Generator
    fonts : sequence of Path
        Files of further typefaces, beside those that come with matplotlib.

    Returns
    -------
    ndarray, shape (size, size, 4), uint8
        Red, green and blue, multiplied by alpha already, and alpha: three in four are opaque, the others leave bare
        what they are laid over.
    """
    kind = generator.choice(4, p=_SHARES)
    if kind == 0:
        return _in_inks(size, generator, fonts)
    opaque = np.full((size, size, 4), 255, np.uint8)
    if kind == 1:
        opaque[..., :3] = windows(size, generator, fonts)
    elif kind == 2:
        opaque[..., :3] = squares(size, generator)
    else:
        opaque[..., :3] = comic(size, generator, fonts)
    return opaque


def _in_inks(size: int, generator: np.random.Generator, fonts: Sequence[Path]) -> NDArray[np.uint8]:
    """Draw text and figures with three inks."""
    scale = int(generator.choice([1, 1, 2, 3]))  # drawn larger and averaged: smooth edges
    # With red, green and blue for inks, the three channels say how much of each ink a pixel has.
    canvas = Image.new("RGB", (size * scale, size * scale))
    for _ in range(int(generator.integers(1, 4))):
        draw = ImageDraw.Draw(canvas)
        if generator.random() < _TEXT_SHARE:
            write(draw, size * scale, scale, INKS[int(generator.integers(3))], generator, fonts)
        else:
            FIGURES[int(generator.integers(len(FIGURES)))](draw, size * scale, scale, generator)
    cover = np.asarray(canvas.reduce(scale)) / 255
    shade, *inks = palette(generator, 3)
    alpha = cover.sum(-1, keepdims=True).clip(0, 1)
    colors = cover @ np.stack(inks)
    if generator.random() < _OPAQUE_SHARE:
        colors += ground(size, shade, generator) * (1 - alpha)
        alpha[:] = 1
    pixels: NDArray[np.float64] = np.concatenate((colors, 255 * alpha), -1)
    return pixels.clip(0, 255).round().astype(np.uint8)
