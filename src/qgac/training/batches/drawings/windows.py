"""Windows of programs: panels, buttons, fields, lists, icons and small text, pixel by pixel as screens show them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from qgac.training.batches.drawings.colors import palette
from qgac.training.batches.drawings.text import draw_font, words

__all__ = ["windows"]

_Ink = tuple[int, int, int]


class _Box(NamedTuple):
    left: int
    top: int
    right: int
    bottom: int


class _Look(NamedTuple):
    """What all parts of a program have in common."""

    ground: _Ink
    text: _Ink
    field: _Ink
    accent: _Ink
    border: _Ink
    height: int  # of text
    radius: int  # of corners
    beveled: bool
    colored_edges: bool  # text smoothed by the three colours of a screen's pixels


def windows(size: int, generator: np.random.Generator, fonts: Sequence[Path]) -> NDArray[np.uint8]:
    """Draw a part of a screen.

    Parameters
    ----------
    size : int
        Its side in pixels.
    generator : numpy.random.Generator
    fonts : sequence of Path
        See :func:`qgac.training.batches.drawings.text.draw_font`.

    Returns
    -------
    ndarray, shape (size, size, 3), uint8
    """
    look = _draw_look(generator)
    screen = Image.new("RGB", (size, size), look.ground)
    for box in _divided(_Box(0, 0, size, size), generator):
        _panel(screen, box, look, generator, fonts)
    return np.asarray(screen)


def _draw_look(generator: np.random.Generator) -> _Look:
    ground, text, accent, border = (_ink(color) for color in palette(generator, 3))
    shift = int(generator.choice([0, 6, 12, 20]))
    bright = sum(ground) > 384
    field = _ink(np.array(ground) + (shift if bright else -shift / 2))
    quiet = _ink(np.array(ground) * 0.8 + np.array(border) * 0.2)
    return _Look(
        ground=ground,
        text=text,
        field=field,
        accent=accent,
        border=quiet if generator.random() < 0.6 else border,
        height=int(generator.integers(9, 20)),
        radius=int(generator.choice([0, 0, 3, 6])),
        beveled=generator.random() < 0.25,
        colored_edges=generator.random() < 0.25,
    )


def _ink(color: NDArray[np.float64]) -> _Ink:
    red, green, blue = (int(value) for value in np.clip(color, 0, 255))
    return red, green, blue


def _divided(box: _Box, generator: np.random.Generator) -> list[_Box]:
    """Divide a part of the screen into panels."""
    width, height = box.right - box.left, box.bottom - box.top
    if max(width, height) < 40 or generator.random() < 0.35:
        return [box]
    if width > height or (width == height and generator.random() < 0.5):
        middle = box.left + int(generator.integers(16, width - 15))
        parts = (box._replace(right=middle), box._replace(left=middle))
    else:
        middle = box.top + int(generator.integers(16, height - 15))
        parts = (box._replace(bottom=middle), box._replace(top=middle))
    return [panel for part in parts for panel in _divided(part, generator)]


def _panel(screen: Image.Image, box: _Box, look: _Look, generator: np.random.Generator, fonts: Sequence[Path]) -> None:
    draw = ImageDraw.Draw(screen)
    draw.fontmode = "1" if generator.random() < 0.15 else "L"
    fill = (look.ground, look.field, look.accent)[int(generator.choice(3, p=(0.5, 0.35, 0.15)))]
    ink = look.text if fill != look.accent else look.ground
    draw.rectangle((box.left, box.top, box.right - 1, box.bottom - 1), fill)
    if generator.random() < 0.6:
        _frame(draw, box, look)
    row = round(look.height * generator.uniform(1.2, 2.2))
    font = draw_font(look.height, generator, fonts)
    left = box.left + int(generator.integers(2, 14))
    for index, top in enumerate(range(box.top + int(generator.integers(1, 8)), box.bottom - 4, row)):
        if index % 2 and look.field != fill and generator.random() < 0.3:  # every other line of a list
            draw.rectangle((box.left + 1, top, box.right - 2, top + row - 1), look.field)
        part = generator.random()
        middle = top + row // 2
        if part < 0.15:
            _button(draw, _Box(left, top, left + int(generator.integers(24, 70)), top + row - 2), look)
            _say(screen, (left + 6, top + 1), words(8, generator), ink, font, look)
        elif part < 0.25:
            _mark(draw, left, middle, look, generator)
            _say(screen, (left + 20, top), words(30, generator), ink, font, look)
        elif part < 0.33:
            _icon(draw, left, top, max(8, row - 2), generator)
            _say(screen, (left + row + 4, top), words(30, generator), ink, font, look)
        elif part < 0.4:
            end = left + int(generator.integers(20, 80))
            draw.rectangle((left, middle - 2, end, middle + 1), look.border)
            draw.rectangle((left, middle - 2, (left + end) // 2, middle + 1), look.accent)
        elif part < 0.9:
            _say(screen, (left, top), words(int(generator.integers(4, 40)), generator), ink, font, look)
    if generator.random() < 0.5:
        draw.line((box.left, box.bottom - 1, box.right, box.bottom - 1), look.border)


def _frame(draw: ImageDraw.ImageDraw, box: _Box, look: _Look) -> None:
    edge = (box.left, box.top, box.right - 1, box.bottom - 1)
    draw.rectangle(edge, outline=look.border)
    if look.beveled:
        draw.line((edge[0], edge[3], edge[0], edge[1], edge[2], edge[1]), (255, 255, 255))


def _button(draw: ImageDraw.ImageDraw, box: _Box, look: _Look) -> None:
    if box.bottom - box.top < 2 * look.radius + 2:
        return
    if look.radius:
        draw.rounded_rectangle(box, look.radius, look.field, look.border)
    else:
        draw.rectangle(box, look.field)
        _frame(draw, _Box(box.left, box.top, box.right + 1, box.bottom + 1), look)


def _mark(draw: ImageDraw.ImageDraw, left: int, middle: int, look: _Look, generator: np.random.Generator) -> None:
    """Draw a check box or a radio button, on or off."""
    box = (left, middle - 6, left + 12, middle + 6)
    chosen = generator.random() < 0.5
    if generator.random() < 0.5:
        draw.rectangle(box, look.field, look.border)
        if chosen:
            draw.line((left + 3, middle, left + 5, middle + 3, left + 10, middle - 4), look.text, 2)
    else:
        draw.ellipse(box, look.field, look.border)
        if chosen:
            draw.ellipse((left + 4, middle - 2, left + 8, middle + 2), look.accent)


def _icon(draw: ImageDraw.ImageDraw, left: int, top: int, side: int, generator: np.random.Generator) -> None:
    colors = [_ink(color) for color in generator.uniform(0, 256, (3, 3))]
    for color in colors:
        a, b = (np.sort(generator.integers(0, side + 1, 2)) for _ in range(2))
        box = (left + int(a[0]), top + int(b[0]), left + int(a[1]), top + int(b[1]))
        if generator.random() < 0.5:
            draw.rectangle(box, color)
        else:
            draw.ellipse(box, color)


def _say(
    screen: Image.Image, place: tuple[int, int], text: str, ink: _Ink, font: ImageFont.FreeTypeFont, look: _Look
) -> None:
    if not look.colored_edges:
        ImageDraw.Draw(screen).text(place, text, ink, font)
        return
    mask = Image.new("L", screen.size)
    ImageDraw.Draw(mask).text(place, text, 255, font)
    cover = np.asarray(mask) / 255
    # Red and blue lie a third of a pixel beside green.
    covers = np.stack([(2 * cover + np.roll(cover, shift, 1)) / 3 for shift in (1, 0, -1)], -1)
    below = np.asarray(screen)
    screen.paste(Image.fromarray((below + covers * (np.array(ink) - below)).round().astype(np.uint8)))
