"""Pictures made in memory, JPEG ones of any sampling, and tiny networks with a residual that matters."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from scipy.fft import dctn, idctn

from qgac.coefficients.quantization import chroma_table, luma_table
from qgac.jpeg.image import Color, Component, JPEGImage, Metadata
from qgac.models.color_network import ColorConfiguration
from qgac.models.qgac import QGAC, Configuration
from qgac.models.y_network import YConfiguration

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
    return dctn(blocks_of(plane), axes=(-2, -1), norm="ortho")


def samples_of(coefficients: np.ndarray) -> np.ndarray:
    """Dequantised blocks to samples around zero."""
    return plane_of(idctn(coefficients, axes=(-2, -1), norm="ortho"))


def quantized(coefficients: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Quantise blocks as encoders do: to the nearest level, halves away from zero."""
    levels = coefficients / table
    return np.sign(levels) * np.floor(np.abs(levels) + 0.5)


def photo(height: int, width: int, seed: int = 11) -> np.ndarray:
    """Something with smooth shades, edges, fine lines and texture; RGB uint8."""
    y, x = np.mgrid[:height, :width].astype(float)
    generator = np.random.default_rng(seed)
    shade = 110 + 60 * np.sin(x / 37) * np.cos(y / 29)
    red = shade + 70 * ((x - 70) ** 2 + (y - 60) ** 2 < 900) + 50 * ((x // 3 + y // 40) % 7 == 0)
    green = shade + 40 * (x > y) - 30 * ((x - 20) ** 2 + (y - 90) ** 2 < 400)
    blue = 230 - shade + 60 * np.sin((x + 2 * y) / 4) * (y > 100)
    texture = generator.normal(0, 3, (height, width, 1))
    return (np.stack([red, green, blue], -1) + texture).clip(0, 255).astype(np.uint8)


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


def tiny_network(*, strength: float = 1.0, seed: int = 0, paper: bool = False) -> QGAC:
    """A network of a few channels; its residuals are about `strength` quantisation steps large, zero if it is zero."""
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    every = ((2, 2), (1, 2), (2, 1), (1, 1))
    trunk = {"rrdbs": 1} if paper else {"rrdbs": 0, "residual_blocks": 1}
    y = YConfiguration(
        width=8,
        maps=2,
        frequency_width=1,
        manifold=4,
        blocknets=2 if paper else 1,
        frequencynet=paper,
        fusion=paper,
        **trunk,
    )
    color = ColorConfiguration(
        width=6,
        joined_width=8,
        manifold=4,
        rrdbs=0,
        residual_blocks=1,
        joined_rrdbs=0,
        joined_residual_blocks=1,
        planes=1 if paper else 2,
        factors=every,
    )
    model = QGAC(Configuration(y=y, color=color, levels=not paper, log_table=True)).requires_grad_(False).eval()
    for normalization in (model.normalize_y, model.normalize_chroma):
        normalization.std.fill_(50.0)
    last_y = (
        model.y_network.fusion.layers[-1].weight
        if paper
        else model.y_network.subnetworks[-1].decode.manifold.kernel.weight
    )
    for weight in (last_y, model.color_network.decode.manifold.kernel.weight):
        weight.copy_(torch.randn(weight.shape, generator=generator) * strength)
    return model
