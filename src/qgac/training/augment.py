"""Batches: crops of the bank, compressed on the fly. Every batch follows from the seed and its number alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from qgac.data.patches import PatchBank
from qgac.jpeg.blocks import interleave_maps
from qgac.jpeg.compress import downsample_chroma, quantize, rounded_ycbcr
from qgac.jpeg.quantization import chroma_table, luma_table
from qgac.training.recipe import Data, Qualities

__all__ = ["Compressed", "compress", "draw_batch", "held_out_crops"]


@dataclass(frozen=True)
class Compressed:
    """A compressed batch beside what it was made of.

    Attributes
    ----------
    rgb : Tensor, shape (N, 3, H, W), float32
        The originals, whole numbers 0..255.
    y : Tensor, shape (N, 64, H/8, W/8)
        Dequantised Y coefficients.
    y_table : Tensor, shape (N, 8, 8)
    chroma : Tensor, shape (N, 128, H/8/vertical, W/8/horizontal)
        Dequantised Cb and Cr coefficients, channel 2 f + plane.
    chroma_tables : Tensor, shape (N, 2, 8, 8)
    factors : tuple of (int, int)
        Vertical and horizontal subsampling.
    """

    rgb: Tensor
    y: Tensor
    y_table: Tensor
    chroma: Tensor
    chroma_tables: Tensor
    factors: tuple[int, int]


def compress(rgb: Tensor, qualities: NDArray[np.int64], factors: tuple[int, int]) -> Compressed:
    """Compress a batch as libjpeg would.

    Parameters
    ----------
    rgb : Tensor, shape (N, 3, H, W), float32
        Whole numbers 0..255; H and W multiples of 8 times the factors.
    qualities : ndarray of int, shape (N,)
        1..100.
    factors : tuple of (int, int)
        Vertical and horizontal chroma subsampling.

    Returns
    -------
    Compressed
    """
    y_table = torch.from_numpy(np.stack([luma_table(int(q)) for q in qualities]).astype(np.float32))
    c_table = torch.from_numpy(np.stack([chroma_table(int(q)) for q in qualities]).astype(np.float32))
    y, cb, cr = rounded_ycbcr(rgb).unbind(1)
    planes = [quantize(downsample_chroma(plane, *factors), c_table) for plane in (cb, cr)]
    tables = torch.stack((c_table, c_table), 1)
    chroma = torch.stack(planes, 1) * tables.flatten(-2)[..., None, None]
    return Compressed(
        rgb=rgb,
        y=quantize(y, y_table) * y_table.reshape(-1, 64, 1, 1),
        y_table=y_table,
        chroma=interleave_maps(chroma),
        chroma_tables=tables,
        factors=factors,
    )


def _texture(pixels: NDArray[np.uint8]) -> float:
    """Mean absolute gradient of the green samples, every second pixel: cheap, and enough to tell sky from grass."""
    green = pixels[::2, ::2, 1].astype(np.int16)
    return float(np.abs(np.diff(green, axis=0)).mean() + np.abs(np.diff(green, axis=1)).mean())


def _draw_patch(bank: PatchBank, data: Data, generator: np.random.Generator) -> NDArray[np.uint8]:
    factor = 1.0
    if data.downscale_share and generator.random() < data.downscale_share:
        factor = generator.uniform(1, data.downscale)
    size = round(data.patch * factor)
    crops = [bank.crop(size, generator) for _ in range(data.candidates)]
    crop = crops[0] if len(crops) == 1 else max(crops, key=_texture)
    if size != data.patch:
        resized = Image.fromarray(crop).resize((data.patch, data.patch), Image.Resampling.LANCZOS)
        crop = np.asarray(resized)
    if data.flips:
        if generator.random() < 0.5:
            crop = crop[::-1]
        if generator.random() < 0.5:
            crop = crop[:, ::-1]
        if generator.random() < 0.5:
            crop = crop.transpose(1, 0, 2)
    return crop


def _draw_qualities(qualities: Qualities, count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    if qualities.values:
        return generator.choice(np.asarray(qualities.values, dtype=np.int64), count)
    spread = qualities.high - qualities.low
    return np.rint(qualities.low + spread * generator.random(count) ** qualities.power).astype(np.int64)


def draw_batch(bank: PatchBank, data: Data, seed: int, step: int) -> Compressed:
    """Make the batch of a step.

    Parameters
    ----------
    bank : PatchBank
    data : Data
    seed, step : int
        Together they determine the batch, so a resumed run sees what an unbroken one would have seen.

    Returns
    -------
    Compressed
    """
    generator = np.random.default_rng((seed, step))
    patches = np.stack([_draw_patch(bank, data, generator) for _ in range(data.batch)])
    qualities = _draw_qualities(data.qualities, data.batch, generator)
    weights = np.asarray(data.factor_weights or [1.0] * len(data.factors))
    factors = data.factors[int(generator.choice(len(data.factors), p=weights / weights.sum()))]
    return compress(torch.from_numpy(patches).permute(0, 3, 1, 2).float(), qualities, factors)


def held_out_crops(bank: PatchBank, count: int, size: int) -> Tensor:
    """Take the central crop of evenly chosen pictures.

    Parameters
    ----------
    bank : PatchBank
        Its held-out part.
    count : int
        How many; fewer if the bank has fewer large enough.
    size : int
        Side in pixels.

    Returns
    -------
    Tensor, shape (N, 3, size, size), float32
        0..255.

    Raises
    ------
    ValueError
        If no picture is large enough.
    """
    large = [i for i, picture in enumerate(bank.pictures) if min(picture.height, picture.width) >= size]
    if not large:
        raise ValueError(f"no held-out picture is {size} pixels a side; prepare larger ones, or lower validation.patch")
    chosen = [large[i] for i in np.linspace(0, len(large) - 1, min(count, len(large))).astype(int)]
    crops = []
    for index in chosen:
        pixels = bank.picture(index)
        # Three pixels off centre, so that the crop does not start on the 8x8 grid of a picture that was once a JPEG.
        top, left = (pixels.shape[0] - size) // 2 // 8 * 8, (pixels.shape[1] - size) // 2 // 8 * 8
        top, left = max(0, top - 3), max(0, left - 3)
        crops.append(np.ascontiguousarray(pixels[top : top + size, left : left + size]))
    return torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float()
