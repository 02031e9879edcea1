"""Pictures made in memory, JPEG ones of any sampling, and the DCT as SciPy knows it."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image
from scipy.fft import dctn, idctn

from qgac.coefficients.quantization import chroma_table, luma_table
from qgac.jpeg.image import Color, Component, JPEGImage, Metadata

Sampling = tuple[int, int]  # vertical, horizontal, as files declare it

GRAY: list[Sampling] = [(1, 1)]
S444: list[Sampling] = [(1, 1), (1, 1), (1, 1)]
S422: list[Sampling] = [(1, 2), (1, 1), (1, 1)]
S440: list[Sampling] = [(2, 1), (1, 1), (1, 1)]
S420: list[Sampling] = [(2, 2), (1, 1), (1, 1)]
S411: list[Sampling] = [(1, 4), (1, 1), (1, 1)]
S410: list[Sampling] = [(4, 4), (1, 1), (1, 1)]
THIRDS: list[Sampling] = [(1, 3), (1, 1), (1, 1)]
MIXED: list[Sampling] = [(2, 2), (1, 2), (2, 1)]
SMALL_LUMA: list[Sampling] = [(1, 1), (2, 2), (1, 1)]
FRACTIONAL: list[Sampling] = [(1, 3), (1, 2), (1, 1)]

SAMPLINGS = {
    "gray": GRAY,
    "4:4:4": S444,
    "4:2:2": S422,
    "4:4:0": S440,
    "4:2:0": S420,
    "4:1:1": S411,
    "4:1:0": S410,
    "thirds": THIRDS,
    "mixed": MIXED,
    "small luma": SMALL_LUMA,
    "fractional": FRACTIONAL,
}
RESTORED_TOGETHER = ("4:4:4", "4:2:2", "4:4:0", "4:2:0", "4:1:1", "4:1:0", "thirds")


def ceil_divide(dividend: int, divisor: int) -> int:
    return -(-dividend // divisor)


def blocks_of(plane: np.ndarray) -> np.ndarray:
    """(8 r, 8 c) -> (r, c, 8, 8)."""
    rows, columns = plane.shape[0] // 8, plane.shape[1] // 8
    return plane.reshape(rows, 8, columns, 8).swapaxes(1, 2)


def plane_of(blocks: np.ndarray) -> np.ndarray:
    """(r, c, 8, 8) -> (8 r, 8 c)."""
    return blocks.swapaxes(1, 2).reshape(8 * blocks.shape[0], 8 * blocks.shape[1])


def coefficients_of(plane: np.ndarray) -> np.ndarray:
    coefficients: np.ndarray = dctn(blocks_of(plane), axes=(-2, -1), norm="ortho")
    return coefficients


def file_blocks(channels: np.ndarray) -> np.ndarray:
    """Frequency channels (64, rows, columns) as a file has its blocks, (rows, columns, 8, 8), float64."""
    return np.moveaxis(channels, 0, -1).reshape(*channels.shape[1:], 8, 8).astype(np.float64)


def samples_of(coefficients: np.ndarray) -> np.ndarray:
    """Dequantised blocks to samples around zero."""
    return plane_of(idctn(coefficients, axes=(-2, -1), norm="ortho"))


def quantized(coefficients: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Quantise blocks as encoders do: to the nearest level, halves away from zero."""
    levels: np.ndarray = coefficients / table
    rounded: np.ndarray = np.sign(levels) * np.floor(np.abs(levels) + 0.5)
    return rounded


def photo(height: int, width: int, seed: int = 11) -> np.ndarray:
    """Waves, a disc, an edge, colour and noise, different with every seed; RGB uint8."""
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    angle, period = generator.uniform(0, np.pi), generator.uniform(5, 12)
    wave = np.sin((rows * np.cos(angle) + columns * np.sin(angle)) / period * 2)
    center, area = generator.uniform(10, 50, 2), generator.uniform(80, 500)
    disc = (rows - center[0]) ** 2 + (columns - center[1]) ** 2 < area
    edge = rows * np.cos(angle + 1) + columns * np.sin(angle + 1) > 30
    color = generator.uniform(-1, 1, (3, 3))
    gray = 120 + 30 * wave + 50 * disc - 35 * edge
    tint = np.stack((wave, disc, edge), -1) @ color * 15
    samples: np.ndarray = gray[..., None] + tint + generator.normal(0, 2, (height, width, 3))
    return samples.clip(0, 255).astype(np.uint8)


def compressed(pixels: np.ndarray, quality: int, **options: object) -> bytes:
    """A JPEG file of libjpeg's."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, **options)
    return file.getvalue()


def make_image(
    width: int,
    height: int,
    samplings: Sequence[Sampling],
    color: Color | None = None,
    *,
    quality: int = 20,
    inverted: bool = False,
    seed: int = 0,
) -> JPEGImage:
    """Compress random planes (waves, an edge, noise), each at its own resolution."""
    generator = np.random.default_rng(seed)
    largest = max(v for v, _ in samplings), max(u for _, u in samplings)
    components = []
    for index, (vertical, horizontal) in enumerate(samplings):
        rows = ceil_divide(ceil_divide(height * vertical, largest[0]), 8)
        columns = ceil_divide(ceil_divide(width * horizontal, largest[1]), 8)
        y, x = np.mgrid[: 8 * rows, : 8 * columns] / 8
        waves = 50 * np.sin(x * generator.uniform(0.3, 3)) * np.cos(y * generator.uniform(0.3, 3))
        plane = waves + 60 * (x + y > generator.uniform(0, columns + rows)) + generator.normal(0, 12, x.shape) - 30
        table = (
            luma_table(quality) if index in (0, 3) or color not in (None, "YCbCr", "YCCK") else chroma_table(quality)
        )
        levels = quantized(coefficients_of(plane.round().clip(-128, 127)), table).astype(np.int16)
        components.append(Component(levels, table, horizontal, vertical))
    guessed: Color = "gray" if len(samplings) == 1 else "YCbCr"
    return JPEGImage(width, height, color or guessed, tuple(components), Metadata(), "baseline", inverted)
