"""Pictures with a known past: natural enough to have clipping, flat parts and texture, and JPEGs saved again."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from made.pictures import compressed


@cache
def scene(height: int = 168, width: int = 200, seed: int = 0) -> np.ndarray:
    """Noise of several scales, edges, colour and a few blown-out lights; RGB uint8, never compressed."""
    generator = np.random.default_rng(seed)
    result = np.full((height, width, 3), 118.0)
    for scale, strength in ((0.7, 9), (2, 60), (8, 260)):
        noise = gaussian_filter(generator.standard_normal((height, width)), scale) * strength
        color = gaussian_filter(generator.standard_normal((height, width, 3)), (2 * scale, 2 * scale, 0)) * strength
        result += noise[..., None] + color
    rows, columns = np.mgrid[:height, :width]
    result[(rows - 40) ** 2 + (columns - 60) ** 2 < 500] += 130
    result[100:, 120:] -= 45
    pixels: np.ndarray = result.clip(0, 255).astype(np.uint8)
    pixels.setflags(write=False)
    return pixels


def decoded(content: bytes) -> np.ndarray:
    """As libjpeg shows a file; gray or RGB."""
    with Image.open(io.BytesIO(content)) as picture:
        return np.asarray(picture)


def file_of(pixels: np.ndarray, kind: str = "PNG", **options: object) -> bytes:
    """A picture file that is no JPEG; WebP without loss."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **({"lossless": True} if kind == "WEBP" else {}), **options)
    return file.getvalue()


def saved_again(pixels: np.ndarray, first: int, second: int, top: int, left: int) -> bytes:
    """A JPEG of one quality, cut, and compressed by another."""
    return compressed(decoded(compressed(pixels, first))[top:, left:], second)
