"""Drawings to train on: text, flat shapes, charts and pixel art, alone or over a photograph.

A pool of photographs has hardly any of them, and what a network has learnt from photographs alone blurs them where the
tables are fine. They are made up for every batch, so there is nothing to collect and nothing is seen twice.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

__all__ = ["drawing"]

_INKS = ("#f00", "#0f0", "#00f")

# Those that come with matplotlib: the same files on every machine.
_FONTS = (
    *(f"DejaVuSans{style}.ttf" for style in ("", "-Bold", "-Oblique")),
    *(f"DejaVuSansMono{style}.ttf" for style in ("", "-Bold")),
    *(f"DejaVuSerif{style}.ttf" for style in ("", "-Bold", "-Italic")),
    *(f"STIXGeneral{style}.ttf" for style in ("", "Bol", "Italic")),
    *("cmr10.ttf", "cmss10.ttf", "cmtt10.ttf"),
)
# As often as English has them, roughly; what is written does not matter, that it looks like writing does.
_LETTERS = np.array(
    list("eeeeeeeeeeeetttttttttaaaaaaaaooooooooiiiiiiinnnnnnnsssssshhhhhhrrrrrrddddllllccuummwwffggyyppbvk")
)
_OTHERS = np.array(list("ABCDEFGHIJKLMNOPRSTUVW0123456789.,:;-+()[]/!?%&=_'\"#*"))


def drawing(size: int, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Draw a picture.

    Parameters
    ----------
    size : int
        Its side in pixels.
    generator : numpy.random.Generator

    Returns
    -------
    ndarray, shape (size, size, 4), uint8
        Red, green and blue, multiplied by alpha already, and alpha: three in four are opaque, the others leave bare
        what they are laid over.
    """
    scale = int(generator.choice([1, 1, 2, 3]))  # drawn larger and averaged: smooth edges
    # With red, green and blue for inks, the three channels say how much of each ink a pixel has.
    canvas = Image.new("RGB", (size * scale, size * scale))
    for layer in generator.choice(np.array(_LAYERS), int(generator.integers(1, 4)), p=_SHARES):
        layer(ImageDraw.Draw(canvas), size * scale, scale, generator)
    cover = np.asarray(canvas).reshape(size, scale, size, scale, 3).mean((1, 3)) / 255
    shade, inks = _palette(generator)
    alpha = cover.sum(-1, keepdims=True).clip(0, 1)
    colors = cover @ inks
    if generator.random() < 0.75:
        colors += _ground(size, shade, generator) * (1 - alpha)
        alpha[:] = 1
    pixels: NDArray[np.float64] = np.concatenate((colors, 255 * alpha), -1)
    return pixels.clip(0, 255).round().astype(np.uint8)


def _palette(generator: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw the colour of the ground (3,) and those of the inks (3, 3): mostly dark on bright, mostly gray."""
    level = 127 * generator.random(4) ** 3  # the ends are the most frequent
    level[1:] = 255 - level[1:]
    if generator.random() < 0.7:
        level = 255 - level
    level[1:] = np.where(generator.random(3) < 0.2, generator.uniform(0, 255, 3), level[1:])
    tint = np.where(generator.random((4, 1)) < 0.4, generator.uniform(-128, 128, (4, 3)), 0)
    colors = np.rint(np.clip(level[:, None] + tint, 0, 255))
    return colors[0], colors[1:]


def _ground(size: int, shade: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.float64]:
    """Return one shade or a ramp, shape (size or 1, size or 1, 3)."""
    if generator.random() < 0.7:
        return shade[None, None]
    other = np.clip(shade + generator.uniform(-80, 80, 3), 0, 255)
    ramp = np.linspace(shade, other, size)
    return ramp[:, None] if generator.random() < 0.5 else ramp[None]


def _text(draw: ImageDraw.ImageDraw, side: int, scale: int, generator: np.random.Generator) -> None:
    height = scale * float(np.exp(generator.uniform(np.log(8), np.log(48))))
    font = _font(str(generator.choice(_FONTS)), round(height))
    draw.fontmode = "1" if scale == 1 and generator.random() < 0.2 else "L"  # without or with smoothed edges
    color = _INKS[int(generator.integers(3))]
    spacing = height * generator.uniform(1.1, 1.7)
    left = generator.uniform(-height, side / 3)
    top = generator.uniform(-height, height if generator.random() < 0.7 else side)
    lines = int(generator.integers(1, 4)) if generator.random() < 0.3 else 99
    while lines and top < side:
        draw.text((round(left), round(top)), _words(int(2 * side / height) + 2, generator), fill=color, font=font)
        top += spacing
        lines -= 1


def _words(count: int, generator: np.random.Generator) -> str:
    letters = generator.choice(_LETTERS, count)
    kind = generator.random(count)
    letters[kind < 0.12] = generator.choice(_OTHERS, int((kind < 0.12).sum()))
    letters[kind > 0.83] = " "
    return "".join(letters)


@lru_cache(256)
def _font(name: str, height: int) -> ImageFont.FreeTypeFont:
    import matplotlib

    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name, height)


def _shapes(draw: ImageDraw.ImageDraw, side: int, scale: int, generator: np.random.Generator) -> None:
    for _ in range(int(generator.integers(1, 9))):
        first, second = (int(i) for i in generator.integers(3, size=2))
        fill = _INKS[first] if generator.random() < 0.6 else None
        width = scale * int(generator.integers(1, 5))
        left, top = (int(value) for value in generator.integers(-side // 4, side, 2))
        right, bottom = (
            start + scale + int(value)
            for start, value in zip((left, top), generator.exponential(side / 4, 2), strict=True)
        )
        kind = generator.integers(4)
        if kind == 0:
            draw.rectangle((left, top, right, bottom), fill, _INKS[second], width)
        elif kind == 1:
            draw.ellipse((left, top, right, bottom), fill, _INKS[second], width)
        elif kind == 2:
            radius = scale * int(generator.integers(2, 12))
            draw.rounded_rectangle((left, top, right, bottom), radius, fill, _INKS[second], width)
        else:
            draw.polygon([tuple(point) for point in generator.integers(0, side, (3, 2)).tolist()], fill, _INKS[second])


def _lines(draw: ImageDraw.ImageDraw, side: int, scale: int, generator: np.random.Generator) -> None:
    """Draw the rules of a table, a hatching, or the curves of a chart."""
    width = scale * int(generator.choice([1, 1, 1, 2, 3]))
    color = _INKS[int(generator.integers(3))]
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
        for color in _INKS:
            heights = generator.uniform(0, side) + np.cumsum(generator.normal(0, side / 12, 13))
            draw.line(list(zip(np.linspace(0, side, 13).tolist(), heights.tolist(), strict=True)), color, width)


def _sprites(draw: ImageDraw.ImageDraw, side: int, scale: int, generator: np.random.Generator) -> None:
    """Draw mirror-symmetric figures of square pixels: icons, bar codes, old games."""
    for _ in range(int(generator.integers(1, 5))):
        dot = scale * int(generator.integers(1, 7))
        half = generator.integers(0, 4, (int(generator.integers(4, 17)), int(generator.integers(2, 9))))
        left, top = (int(value) for value in generator.integers(-dot, side, 2))
        for (row, column), index in np.ndenumerate(np.concatenate((half, half[:, ::-1]), 1)):
            if index:
                x, y = left + column * dot, top + row * dot
                draw.rectangle((x, y, x + dot - 1, y + dot - 1), _INKS[index - 1])


_Layer = Callable[[ImageDraw.ImageDraw, int, int, np.random.Generator], None]
_LAYERS: tuple[_Layer, ...] = (_text, _shapes, _lines, _sprites)
_SHARES = (0.5, 0.25, 0.15, 0.1)
