"""A map of block errors as a picture: colours that the colour-blind tell apart, with their scale."""

from __future__ import annotations

import io
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

__all__ = ["draw_blocks", "draw_heat_map"]

# Nine colours of "viridis" (van der Walt and Smith, 2015), evenly spaced: even steps of lightness, for every eye.
_COLORS = np.array(
    [
        (0x44, 0x01, 0x54),
        (0x47, 0x2D, 0x7B),
        (0x3B, 0x52, 0x8B),
        (0x2C, 0x72, 0x8E),
        (0x21, 0x91, 0x8C),
        (0x28, 0xAE, 0x80),
        (0x5E, 0xC9, 0x62),
        (0xAD, 0xDC, 0x30),
        (0xFD, 0xE7, 0x25),
    ],
    np.float64,
)
_LONGEST = 1024  # pixels; a block is 8 x 8 where that stays below, and smaller in larger pictures
_MARGIN = 12
_BAR = 16
_FONT_SIZE = 14
_SHORTEST_BAR = 320


def draw_heat_map(values: NDArray[np.float32], title: str) -> bytes:
    """Draw a value for each block, with a scale from 0 to a round number above the largest.

    Parameters
    ----------
    values : ndarray of float32, shape (rows, columns)
        At least 0.
    title : str
        What the values are, with their unit.

    Returns
    -------
    bytes
        A PNG file.
    """
    step, top = _scale(values)
    rows, columns = values.shape
    side = max(1, min(8, _LONGEST // max(rows, columns)))
    picture = Image.fromarray(_colored(values / np.float32(top))).resize(
        (columns * side, rows * side), Image.Resampling.NEAREST
    )
    if max(picture.size) > _LONGEST:  # more blocks than pixels
        picture.thumbnail((_LONGEST, _LONGEST), Image.Resampling.BOX)

    width = max(picture.width, _SHORTEST_BAR)
    legend = 3 * _MARGIN + _BAR + 2 * _FONT_SIZE
    sheet = Image.new("RGB", (width + 2 * _MARGIN, picture.height + legend + _MARGIN), "white")
    sheet.paste(picture, (_MARGIN, _MARGIN))
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(_FONT_SIZE)
    below = picture.height + 2 * _MARGIN
    draw.text((_MARGIN, below), title, "black", font)
    below += _FONT_SIZE + _MARGIN // 2
    bar = _colored(np.linspace(0, 1, width, dtype=np.float32)[None])
    sheet.paste(Image.fromarray(bar).resize((width, _BAR)), (_MARGIN, below))
    for number in range(round(top / step) + 1):
        across = _MARGIN + (width - 1) * number * step / top
        draw.line((across, below + _BAR, across, below + _BAR + 3), "black")
        text = f"{number * step:g}"
        length = draw.textlength(text, font)
        left = min(max(across - length / 2, 0), sheet.width - length)
        draw.text((left, below + _BAR + 4), text, "black", font)
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()


def draw_blocks(values: NDArray[np.float32]) -> tuple[bytes, float]:
    """Draw a value for each block as one pixel, for whoever lays it over the picture.

    Parameters
    ----------
    values : ndarray of float32, shape (rows, columns)
        At least 0.

    Returns
    -------
    content : bytes
        A PNG file of `columns` x `rows` pixels.
    top : float
        The value of the last colour, that of the end of the scale of :func:`draw_heat_map`.
    """
    _, top = _scale(values)
    buffer = io.BytesIO()
    Image.fromarray(_colored(values / np.float32(top))).save(buffer, "PNG")
    return buffer.getvalue(), top


def _scale(values: NDArray[np.float32]) -> tuple[float, float]:
    """Return the step and the end of a scale, a round number that no value exceeds."""
    step = _step(float(values.max()))
    return step, step * max(1, math.ceil(float(values.max()) / step - 1e-6))


def _step(largest: float) -> float:
    """Return 1, 2 or 5 times a power of ten, of which at most eight reach the largest value."""
    power: float = 10.0 ** math.floor(math.log10(max(largest, 1e-3) / 8))
    return next(factor * power for factor in (1, 2, 5, 10) if 8 * factor * power >= largest)


def _colored(shares: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Give each share (0..1) its colour."""
    places = np.linspace(0, 1, len(_COLORS))
    return np.stack([np.interp(shares, places, channel) for channel in _COLORS.T], -1).round().astype(np.uint8)
