"""Figures of drawings: shapes, lines, charts and icons, each in one of three inks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import ImageDraw

__all__ = ["FIGURES", "INKS", "Figure"]

INKS = ("#f00", "#0f0", "#00f")

# What is drawn upon, side of the picture, how much larger than in the end it is drawn, and the generator.
Figure = Callable[[ImageDraw.ImageDraw, int, int, np.random.Generator], None]


def _shapes(draw: ImageDraw.ImageDraw, side: int, scale: int, generator: np.random.Generator) -> None:
    for _ in range(int(generator.integers(1, 9))):
        first, second = (int(i) for i in generator.integers(3, size=2))
        fill = INKS[first] if generator.random() < 0.6 else None
        width = scale * int(generator.integers(1, 5))
        left, top = (int(value) for value in generator.integers(-side // 4, side, 2))
        right, bottom = (
            start + scale + int(value)
            for start, value in zip((left, top), generator.exponential(side / 4, 2), strict=True)
        )
        kind = generator.integers(4)
        if kind == 0:
            draw.rectangle((left, top, right, bottom), fill, INKS[second], width)
        elif kind == 1:
            draw.ellipse((left, top, right, bottom), fill, INKS[second], width)
        elif kind == 2:
            radius = scale * int(generator.integers(2, 12))
            draw.rounded_rectangle((left, top, right, bottom), radius, fill, INKS[second], width)
        else:
            draw.polygon([tuple(point) for point in generator.integers(0, side, (3, 2)).tolist()], fill, INKS[second])


def _lines(draw: ImageDraw.ImageDraw, side: int, scale: int, generator: np.random.Generator) -> None:
    """Draw the rules of a table, a hatching, or the curves of a chart."""
    width = scale * int(generator.choice([1, 1, 1, 2, 3]))
    color = INKS[int(generator.integers(3))]
    distance = scale * int(generator.integers(4, 48))
    kind = generator.integers(4)
    if kind < 2:
        for position in range(int(generator.integers(distance)), side, distance):
            draw.line((0, position, side, position), color, width)
            if kind:
                draw.line((position, 0, position, side), color, width)
    elif kind == 2:
        slant = int(generator.integers(-side, side))
        for position in range(-side, 2 * side, distance):
            draw.line((position, 0, position + slant, side), color, width)
    else:
        for color in INKS:
            heights = generator.uniform(0, side) + np.cumsum(generator.normal(0, side / 12, 13))
            draw.line(list(zip(np.linspace(0, side, 13).tolist(), heights.tolist(), strict=True)), color, width)


def _chart(draw: ImageDraw.ImageDraw, side: int, scale: int, generator: np.random.Generator) -> None:
    """Draw columns on an axis with ticks, or the sectors of a pie."""
    if generator.random() < 0.3:
        left, top = (int(value) for value in generator.integers(-side // 2, side // 2, 2))
        box = (left, top, left + int(generator.integers(side // 2, 2 * side)), top + side)
        ends = np.sort(generator.uniform(0, 360, int(generator.integers(3, 8))))
        outline = INKS[int(generator.integers(3))]
        for index, (begin, end) in enumerate(zip(ends, np.roll(ends, -1), strict=True)):
            draw.pieslice(box, float(begin), float(end), INKS[index % 3], outline, scale)
        return
    axis = int(generator.integers(side // 2, side))
    column, gap = (scale * int(value) for value in generator.integers((2, 0), (16, 12)))
    line = INKS[int(generator.integers(3))]
    for index, left in enumerate(range(scale * int(generator.integers(8)), side, column + gap)):
        top = axis - int(axis * generator.random() ** 2)
        draw.rectangle((left, top, left + column - 1, axis), INKS[index % int(generator.integers(1, 4))])
        draw.line((left, axis, left, axis + 3 * scale), line, scale)
    draw.line((0, axis, side, axis), line, scale)


def _sprites(draw: ImageDraw.ImageDraw, side: int, scale: int, generator: np.random.Generator) -> None:
    """Draw mirror-symmetric figures of square pixels: icons, bar codes, old games."""
    for _ in range(int(generator.integers(1, 5))):
        dot = scale * int(generator.integers(1, 7))
        half = generator.integers(0, 4, (int(generator.integers(4, 17)), int(generator.integers(2, 9))))
        left, top = (int(value) for value in generator.integers(-dot, side, 2))
        for (row, column), index in np.ndenumerate(np.concatenate((half, half[:, ::-1]), 1)):
            if index:
                x, y = left + column * dot, top + row * dot
                draw.rectangle((x, y, x + dot - 1, y + dot - 1), INKS[index - 1])


# Shapes and lines are in more drawings than charts and icons are.
FIGURES: tuple[Figure, ...] = (_shapes, _shapes, _lines, _lines, _chart, _sprites)
