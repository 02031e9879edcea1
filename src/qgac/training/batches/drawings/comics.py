"""Comics: areas of one colour with outlines, shades with sharp edges, balloons with text, dots and hatching."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from qgac.training.batches.drawings.colors import ground
from qgac.training.batches.drawings.text import draw_font, words

__all__ = ["comic"]

_CORNERS = 48


def comic(size: int, generator: np.random.Generator, fonts: Sequence[Path]) -> NDArray[np.uint8]:
    """Draw a part of a comic.

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
    scale = int(generator.choice([1, 2, 3, 4]))  # drawn larger and averaged: smooth edges
    side = size * scale
    gray = generator.random() < 0.2
    back = ground(size, _color(generator, gray), generator)
    canvas = Image.fromarray(np.broadcast_to(back, (size, size, 3)).round().astype(np.uint8)).resize((side, side), 0)
    draw = ImageDraw.Draw(canvas)
    line = (0, 0, 0) if generator.random() < 0.7 else _ink(_color(generator, gray) / 3)
    width = round(scale * generator.uniform(1, 4)) if generator.random() < 0.85 else 0
    for _ in range(int(generator.integers(2, 9))):
        color = _color(generator, gray)
        outline = _blob(side, generator)
        _fill(draw, outline, _ink(color))
        if generator.random() < 0.4:  # in the shade, with a sharp edge
            shift = generator.uniform(-0.1, 0.1, 2) * side
            shade = Image.new("L", canvas.size)
            _fill(ImageDraw.Draw(shade), outline, 255)
            lit = Image.new("L", canvas.size)
            _fill(ImageDraw.Draw(lit), outline + shift, 255)
            inside = Image.fromarray(np.asarray(shade) & ~np.asarray(lit))
            canvas.paste(_ink(color * generator.uniform(0.5, 0.9)), mask=inside)
        if generator.random() < 0.2:
            _print(canvas, outline, scale, line, generator)
        if width:
            draw.line([*_points(outline), *_points(outline[:2])], line, width, joint="curve")
    if generator.random() < 0.3:
        _balloon(draw, side, scale, max(1, width), generator, fonts)
    return np.asarray(canvas.reduce(scale))


def _color(generator: np.random.Generator, gray: bool) -> NDArray[np.float64]:
    color: NDArray[np.float64] = np.floor(generator.choice([0.0, 255.0, *generator.uniform(0, 256, 4)], 3))
    return color[:1].repeat(3) if gray else color


def _ink(color: NDArray[np.float64]) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in color)
    return red, green, blue


def _blob(side: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Return the corners (N, 2) of a round, a wavy or an angular outline."""
    angles = np.linspace(0, 2 * np.pi, _CORNERS if generator.random() < 0.7 else int(generator.integers(3, 8)), False)
    radii = np.full(len(angles), side * generator.uniform(0.08, 0.6))
    for waves in range(1, 5):
        radii *= 1 + generator.uniform(0, 0.5 / waves) * np.cos(waves * angles + generator.uniform(0, 2 * np.pi))
    center, stretch = generator.uniform(0, side, 2), generator.uniform(0.4, 1, 2)
    directions = np.stack((np.cos(angles), np.sin(angles)), -1)
    corners: NDArray[np.float64] = center + stretch * radii[:, None] * directions
    return corners


def _points(outline: NDArray[np.float64]) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in outline]


def _fill(draw: ImageDraw.ImageDraw, outline: NDArray[np.float64], color: tuple[int, ...] | int) -> None:
    draw.polygon(_points(outline), color)


def _print(
    canvas: Image.Image,
    outline: NDArray[np.float64],
    scale: int,
    ink: tuple[int, int, int],
    generator: np.random.Generator,
) -> None:
    """Lay dots or lines over what is inside an outline."""
    rows, columns = np.mgrid[: canvas.height, : canvas.width] / (scale * generator.uniform(3, 9))
    angle = generator.uniform(0, np.pi)
    along, across = np.cos(angle) * rows + np.sin(angle) * columns, np.cos(angle) * columns - np.sin(angle) * rows
    wave = np.cos(2 * np.pi * along)
    if generator.random() < 0.6:
        wave = (wave + np.cos(2 * np.pi * across)) / 2
    inside = Image.new("L", canvas.size)
    _fill(ImageDraw.Draw(inside), outline, 255)
    canvas.paste(ink, mask=Image.fromarray(np.where(wave > generator.uniform(0.1, 0.8), np.asarray(inside), 0)))


def _balloon(
    draw: ImageDraw.ImageDraw,
    side: int,
    scale: int,
    width: int,
    generator: np.random.Generator,
    fonts: Sequence[Path],
) -> None:
    left, top = (int(value) for value in generator.integers(-side // 4, side // 2, 2))
    right, bottom = left + int(generator.integers(side // 3, side)), top + int(generator.integers(side // 4, side))
    draw.rounded_rectangle((left, top, right, bottom), side // 8, "white", "black", width)
    height = scale * float(generator.uniform(8, 20))
    font = draw_font(height, generator, fonts)
    for row in range(top + side // 16, bottom - round(height), round(1.2 * height)):
        draw.text((left + side // 16, row), words(int(1.4 * (right - left) / height), generator).upper(), "black", font)
