"""Restoring the brightness of a picture that was a JPEG and was scaled since: no levels bound it, no grid divides it.

The network `small-rescaled` was trained on such pictures, on any grid. It is told a table whose errors are as strong as
the artifacts, see :mod:`qgac.pixels.strength`. Colour stays as it is.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from qgac.coefficients.block_dct import blocks_at, plane_of, transform, transform_back
from qgac.coefficients.quantization import luma_table
from qgac.engine.choice import engine_for
from qgac.engine.engine import Array, Engine
from qgac.jpeg.image import JPEGImage
from qgac.pixels.planes import luma_of
from qgac.pixels.strength import find_strength
from qgac.restoration.tile_budget import blocks_that_fit
from qgac.restoration.tiling import Region, tile_shape, tiles
from qgac.restoration.walk import Progress

__all__ = ["restore_luma", "restore_rescaled"]


def restore_rescaled(
    pixels: NDArray[np.uint8],
    source: JPEGImage,
    *,
    quality: int | None = None,
    device: str = "auto",
    progress: Progress | None = None,
) -> NDArray[np.float32] | None:
    """Restore a picture that may have been a JPEG before it was scaled.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (H, W) or (H, W, 3)
        Gray or RGB.
    source : JPEGImage
        What stands for it.
    quality : int, optional
        1..100: artifacts are as strong as those of this quality at the present size. By default that is looked for.
    device : str
        As for :class:`qgac.restoration.restorer.Restorer`.
    progress : callable, optional
        Called with (tiles done, tiles in all).

    Returns
    -------
    ndarray of float32, of the shape of `pixels`, or None
        0..255; None if no artifacts are found beyond doubt.
    """
    luma = luma_of(pixels) - 128
    if quality is not None:
        table = luma_table(quality).astype(np.float32)
    else:
        strength = find_strength(np.rint(luma), _engine("small", device).restore_y)
        if strength is None or not strength.found:
            return None
        table = strength.table
    engine = _engine("small-rescaled", device)
    limit = blocks_that_fit(engine, source)
    change = restore_luma(luma, table, engine, limit=limit, progress=progress) - luma
    return np.clip(pixels + (change if pixels.ndim == 2 else change[..., None]), 0, 255)


def restore_luma(
    luma: NDArray[np.float32],
    table: Array,
    engine: Engine,
    *,
    limit: int,
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """Restore a plane tile by tile, without bounds.

    Parameters
    ----------
    luma : ndarray of float32, shape (H, W)
        Centred around zero.
    table : ndarray of float32, shape (8, 8)
        How strong the artifacts are.
    engine : Engine
    limit : int
        Blocks of a tile, halo included.
    progress
        As for :func:`restore_rescaled`.

    Returns
    -------
    ndarray of float32, shape (H, W)
        Not clipped.
    """
    height, width = luma.shape
    whole = np.pad(luma, ((0, -height % 8), (0, -width % 8)), mode="edge")
    blocks = transform(blocks_at(whole, 0, 0))
    rows, columns, _ = blocks.shape
    halo = engine.receptive_field_y
    shape = tile_shape(rows, columns, halo=(halo, halo), unit=(1, 1), limit=limit)
    result = np.empty_like(blocks)
    parts = tiles(Region(0, rows, 0, columns), shape)
    for done, part in enumerate(parts, 1):
        outer = part.grown(halo, halo).clipped(rows, columns)
        restored = engine.restore_y(np.ascontiguousarray(blocks[outer.slices]), table.reshape(64))
        result[part.slices] = restored[part.within(outer)]
        if progress is not None:
            progress(done, len(parts))
    return plane_of(transform_back(result))[:height, :width]


@lru_cache(maxsize=4)
def _engine(name: str, device: str) -> Engine:
    return engine_for(name, device=device)
