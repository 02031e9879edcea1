"""Batches: crops of the bank, compressed on the fly. Every batch follows from the seed and its number alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from qgac.coefficients.blocks import interleave_maps, separate_maps
from qgac.coefficients.color import ycbcr_to_rgb
from qgac.coefficients.compress import downsample_chroma, quantize, rounded_ycbcr
from qgac.coefficients.dct import idct
from qgac.coefficients.quantization import chroma_table, luma_table
from qgac.training.batches.bank import PatchBank
from qgac.training.batches.drawings.drawing import drawing
from qgac.training.batches.pixels import HostPixels, Pixels, draw_cut
from qgac.training.batches.tables import draw_tables
from qgac.training.sections import Data, Qualities

__all__ = [
    "Compressed",
    "compress",
    "compress_with",
    "draw_batch",
    "draw_qualities",
    "held_out_crops",
    "laid_over",
    "recompress",
]


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
    """Compress a batch as libjpeg would, with its own tables.

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
    tables = [(luma_table(int(quality)), chroma_table(int(quality))) for quality in qualities]
    return compress_with(rgb, *_stacked(tables, rgb.device), factors)


def compress_with(rgb: Tensor, y_table: Tensor, c_table: Tensor, factors: tuple[int, int]) -> Compressed:
    """Compress a batch as libjpeg would, with given tables.

    Parameters
    ----------
    rgb : Tensor, shape (N, 3, H, W), float32
        Whole numbers 0..255; H and W multiples of 8 times the factors.
    y_table, c_table : Tensor, shape (N, 8, 8), float32
        Steps of Y, and of Cb and Cr.
    factors : tuple of (int, int)
        Vertical and horizontal chroma subsampling.

    Returns
    -------
    Compressed
    """
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


def recompress(
    rgb: Tensor, qualities: NDArray[np.int64], factors: tuple[int, int], shifts: NDArray[np.int64]
) -> Tensor:
    """Compress and decode a batch: what a picture is like that was a JPEG before.

    Parameters
    ----------
    rgb : Tensor, shape (N, 3, H, W), float32
        Whole numbers 0..255; H and W multiples of 16.
    qualities : ndarray of int, shape (N,)
        1..100, with libjpeg's tables.
    factors : tuple of (int, int)
        Vertical and horizontal chroma subsampling.
    shifts : ndarray of int, shape (N, 2)
        How many rows and columns, 0..15, the 8x8 grid lies above and left of each picture's corner.

    Returns
    -------
    Tensor, shape (N, 3, H, W), float32
        Whole numbers 0..255; chroma doubled linearly, as viewers do.
    """
    height, width = rgb.shape[2:]
    top, left = torch.split(torch.from_numpy(shifts).to(rgb.device), 1, 1)  # (N, 1) each
    surrounded = _taken(rgb, _range(height + 16, rgb) - top, _range(width + 16, rgb) - left)
    jpeg = compress(surrounded, qualities, factors)
    chroma = idct(separate_maps(jpeg.chroma, 2))
    if factors != (1, 1):
        size = surrounded.shape[2:]
        chroma = torch.nn.functional.interpolate(chroma, size=size, mode="bilinear", align_corners=False)
    ycbcr = (torch.cat((idct(jpeg.y)[:, None], chroma), 1) + 128).round().clamp(0, 255)
    decoded = ycbcr_to_rgb(ycbcr).round().clamp(0, 255)
    return _taken(decoded, _range(height, rgb) + top, _range(width, rgb) + left)


def _range(count: int, like: Tensor) -> Tensor:
    return torch.arange(count, device=like.device)


def _taken(pictures: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Take rows (N, R) and columns (N, C) of pictures (N, 3, H, W); beyond an edge is what is at the edge."""
    rows, columns = rows.clamp(0, pictures.shape[2] - 1), columns.clamp(0, pictures.shape[3] - 1)
    pictures = pictures.take_along_dim(rows[:, None, :, None], 2)
    return pictures.take_along_dim(columns[:, None, None, :], 3)


def _stacked(
    tables: list[tuple[NDArray[np.uint16], NDArray[np.uint16]]], device: torch.device
) -> tuple[Tensor, Tensor]:
    luma, chroma = (
        torch.from_numpy(np.stack(kind).astype(np.float32)).to(device) for kind in zip(*tables, strict=True)
    )
    return luma, chroma


def draw_qualities(qualities: Qualities, count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Draw libjpeg qualities, (count,), 1..100."""
    if qualities.values:
        return generator.choice(np.asarray(qualities.values, dtype=np.int64), count)
    spread = qualities.high - qualities.low
    return np.rint(qualities.low + spread * generator.random(count) ** qualities.power).astype(np.int64)


def draw_batch(
    bank: PatchBank,
    data: Data,
    seed: int,
    step: int,
    *,
    pixels: Pixels | None = None,
    part: tuple[int, int] = (0, 1),
    fonts: Sequence[Path] = (),
) -> Compressed:
    """Make the batch of a step.

    Parameters
    ----------
    bank : PatchBank
    data : Data
    seed, step : int
        Together they determine the batch, so a resumed run sees what an unbroken one would have seen.
    pixels : Pixels, optional
        Who cuts the patches out of the bank; by default the processor.
    part : tuple of (int, int)
        Number of a process and how many there are: each makes its own share of the same batch.
    fonts : sequence of Path
        Further typefaces of drawings.

    Returns
    -------
    Compressed
        On the device of `pixels`.
    """
    generator = np.random.default_rng((seed, step))
    cuts = [draw_cut(bank, data, generator) for _ in range(data.batch)]
    qualities = draw_qualities(data.qualities, data.batch, generator)
    weights = np.asarray(data.factor_weights or [1.0] * len(data.factors))
    factors = data.factors[int(generator.choice(len(data.factors), p=weights / weights.sum()))]
    tables = [draw_tables(int(quality), data.other_tables_share, generator) for quality in qualities]
    recompressions = _draw_recompressions(data, generator)
    drawn = [i for i in range(data.batch) if data.drawings_share and generator.random() < data.drawings_share]

    mine = range(part[0] * data.batch // part[1], (part[0] + 1) * data.batch // part[1])
    pixels = pixels or HostPixels(bank, torch.device("cpu"))
    originals = pixels.patches([cuts[i] for i in mine], data.patch)
    for i in drawn:
        if i in mine:  # by a generator of its own: whoever does not draw it has drawn no numbers
            own = np.random.default_rng((seed, step, 1 + i))  # a trailing 0 would change nothing
            over = drawing(data.patch, own, fonts)
            originals[i - mine.start] = laid_over(originals[i - mine.start], over)
            if data.fine_drawings_share and own.random() < data.fine_drawings_share:
                quality = int(own.integers(*data.fine_qualities, endpoint=True))
                tables[i] = draw_tables(quality, data.other_tables_share, own)
    sources = originals.clone()
    for first_factors in _FIRST_FACTORS:
        again = [i for i in mine if i in recompressions and recompressions[i].factors == first_factors]
        if again:
            first_qualities, shifts = (np.array([recompressions[i][field] for i in again]) for field in (0, 2))
            places = torch.tensor(again, device=originals.device) - mine.start
            sources[places] = recompress(originals[places], first_qualities, first_factors, shifts)
    y_table, c_table = _stacked([tables[i] for i in mine], originals.device)
    return replace(compress_with(sources, y_table, c_table, factors), rgb=originals)


def laid_over(patch: Tensor, over: NDArray[np.uint8]) -> Tensor:
    """Lay a drawing over a patch.

    Parameters
    ----------
    patch : Tensor, shape (3, H, W), float32
        Whole numbers 0..255.
    over : ndarray, shape (H, W, 4), uint8
        See :func:`qgac.training.batches.drawings.drawing.drawing`.

    Returns
    -------
    Tensor, shape (3, H, W), float32
        Whole numbers 0..255.
    """
    layer = torch.from_numpy(over.copy()).to(patch.device).permute(2, 0, 1).float()
    return (layer[:3] + patch * (1 - layer[3] / 255)).round().clamp(max=255)  # both are rounded


_FIRST_FACTORS = ((2, 2), (1, 1))


class _Recompression(NamedTuple):
    """How a patch is compressed a first time."""

    quality: int
    factors: tuple[int, int]
    shift: tuple[int, int]


def _draw_recompressions(data: Data, generator: np.random.Generator) -> dict[int, _Recompression]:
    """Draw which patches are compressed a first time; half of these on the grid of the second time, half on another."""
    if not data.recompressed_share:
        return {}
    drawn: dict[int, _Recompression] = {}
    for index in np.flatnonzero(generator.random(data.batch) < data.recompressed_share):
        quality = int(generator.integers(*data.recompressed_qualities, endpoint=True))
        factors = _FIRST_FACTORS[int(generator.integers(2))]
        aligned = generator.random() < 0.5
        top, left = (0, 0) if aligned else (int(value) for value in generator.integers(16, size=2))
        drawn[int(index)] = _Recompression(quality, factors, (top, left))
    return drawn


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
