"""Batches of pictures that were JPEGs and were scaled since: no grid of them is left, and no table.

What stands for the table is what the errors of theirs have become, :func:`qgac.pixels.strength.table_after_scaling`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from qgac.coefficients.color import rgb_to_ycbcr
from qgac.coefficients.dct import dct
from qgac.coefficients.quantization import luma_table
from qgac.pixels.strength import table_after_scaling
from qgac.training.batches.bank import PatchBank
from qgac.training.batches.batch import Compressed, compress, draw_qualities, laid_over, recompress
from qgac.training.batches.drawings.drawing import drawing
from qgac.training.batches.pixels import HostPixels, Pixels, draw_cut
from qgac.training.sections import Data

__all__ = ["draw_rescaled", "rescaled_crops"]

_FILTERS = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)
_SCALES = (0.5, 1.5)
_MARGIN = 4  # pixels of a window that are not scaled, at least
_SPREAD = 16  # how far the sides of what is scaled differ within a batch, in pixels
_FULL_CHROMA_SHARE = 0.3
_SAVED_AGAIN_SHARE = 0.35  # of those that were saved as JPEGs again
_LAST_QUALITIES = (80, 95)
_NEVER_SHARE = 0.08  # of those that were no JPEG, though the network is told a table
_DOUBT = 0.15  # standard deviation of the logarithm of the coarseness that the network is told


def draw_rescaled(
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
    bank, data, seed, step, pixels, part, fonts
        As for :func:`qgac.training.batches.batch.draw_batch`.

    Returns
    -------
    Compressed
        Y on an arbitrary grid, that of the last file where there is one. Chroma is that of such a file.
    """
    generator = np.random.default_rng((seed, step))
    scale = float(np.exp(generator.uniform(*np.log(_SCALES))))
    size = -(-round(data.patch / scale + _MARGIN + 2) // 16) * 16
    window = replace(data, patch=size, downscale_share=0.0)
    cuts = [draw_cut(bank, window, generator) for _ in range(data.batch)]
    originals = (pixels or HostPixels(bank, torch.device("cpu"))).patches(cuts, size)
    device, originals = originals.device, originals.cpu()  # Pillow scales them
    qualities = draw_qualities(data.qualities, data.batch, generator)
    for i in np.flatnonzero(generator.random(data.batch) < data.drawings_share).tolist():
        own = np.random.default_rng((seed, step, 1 + i))
        originals[i] = laid_over(originals[i], drawing(size, own, fonts))
        if own.random() < data.fine_drawings_share:
            qualities[i] = own.integers(*data.fine_qualities, endpoint=True)
    factors = (1, 1) if generator.random() < _FULL_CHROMA_SHARE else (2, 2)
    decoded = recompress(originals, qualities, factors, generator.integers(16, size=(data.batch, 2)))
    never = torch.from_numpy(generator.random(data.batch) < _NEVER_SHARE)
    decoded[never] = originals[never]
    made = [
        _scaled(before, after, int(quality), data.patch, generator)
        for before, after, quality in zip(originals, decoded, qualities, strict=True)
    ]
    rgb, source, table = (torch.stack(kind) for kind in zip(*made, strict=True))
    last = generator.integers(*_LAST_QUALITIES, size=data.batch, endpoint=True)
    again = torch.from_numpy(generator.random(data.batch) < _SAVED_AGAIN_SHARE)
    batch = _as_pixels(compress(source, last, (2, 2)), rgb, source, table, again)
    mine = slice(part[0] * data.batch // part[1], (part[0] + 1) * data.batch // part[1])
    tensors = {name: getattr(batch, name)[mine].to(device) for name in _TENSORS}
    return replace(batch, **tensors)


_TENSORS = ("rgb", "y", "y_table", "chroma", "chroma_tables")


def _scaled(
    original: Tensor, decoded: Tensor, quality: int, patch: int, generator: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Scale a part of both to a patch; the third is the table that the network is told, (8, 8)."""
    size = original.shape[-1]
    side = size - _MARGIN - generator.uniform(0, _SPREAD)
    left, top = _MARGIN / 2 + generator.uniform(0, size - _MARGIN - side, 2)
    box = (float(left), float(top), float(left + side), float(top + side))
    kind = _FILTERS[int(generator.integers(len(_FILTERS)))]
    coarser, larger = np.exp(_DOUBT * generator.standard_normal(2))
    table = table_after_scaling(luma_table(quality) * coarser, patch / side * larger**0.5)
    before, after = (_resized(picture, box, patch, kind) for picture in (original, decoded))
    return before, after, torch.from_numpy(table)


def _as_pixels(batch: Compressed, rgb: Tensor, source: Tensor, table: Tensor, again: Tensor) -> Compressed:
    """Return a compressed batch with what it was made of in place of Y where it was not saved `again`, (N,)."""
    y = dct(rgb_to_ycbcr(source)[:, 0] - 128)
    both = (table.square() + batch.y_table.square()).sqrt()  # independent errors
    return replace(
        batch,
        rgb=rgb,
        y=torch.where(again[:, None, None, None], batch.y, y),
        y_table=torch.where(again[:, None, None], both, table),
    )


def rescaled_crops(crops: Tensor, quality: int) -> Compressed:
    """Compress held-out crops, scale them by 1/2, 3/4 and 5/4, and cut the same size out of all.

    Parameters
    ----------
    crops : Tensor, shape (N, 3, S, S), float32
        Originals, 0..255; S a multiple of 16.
    quality : int
        1..100, of libjpeg.

    Returns
    -------
    Compressed
        3 N pictures as pixels; :attr:`Compressed.rgb` are the originals, scaled alike.
    """
    count, size = len(crops), crops.shape[-1]
    decoded = recompress(crops.cpu(), np.full(count, quality), (2, 2), np.full((count, 2), 5))
    side = size // 2 // 16 * 16
    kinds: list[tuple[Tensor, Tensor, Tensor]] = []
    for scale in (0.5, 0.75, 1.25):
        box = (size - side / scale) / 2, (size + side / scale) / 2
        whole = (box[0], box[0], box[1], box[1])
        before, after = (
            torch.stack([_resized(crop, whole, side, Image.Resampling.BICUBIC) for crop in batch])
            for batch in (crops.cpu(), decoded)
        )
        table = torch.from_numpy(table_after_scaling(luma_table(quality), scale)).expand(count, 8, 8)
        kinds.append((before, after, table))
    rgb, source, table = (torch.cat(kind) for kind in zip(*kinds, strict=True))
    never = torch.zeros(len(source), dtype=torch.bool)
    batch = _as_pixels(compress(source, np.full(len(source), 95), (2, 2)), rgb, source, table, never)
    return replace(batch, **{name: getattr(batch, name).to(crops.device) for name in _TENSORS})


def _resized(picture: Tensor, box: tuple[float, float, float, float], size: int, kind: Image.Resampling) -> Tensor:
    """Scale a part of a picture (3, H, W), whole numbers 0..255, to (3, size, size)."""
    pixels = np.ascontiguousarray(picture.permute(1, 2, 0).byte().numpy())
    made = Image.fromarray(pixels).resize((size, size), kind, box)
    return torch.from_numpy(np.array(made)).permute(2, 0, 1).float()
