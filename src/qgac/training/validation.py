"""Validation: what the networks make of held-out pictures, restored as users have them, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from qgac.coefficients.blocks import separate_maps
from qgac.coefficients.color import rgb_to_ycbcr
from qgac.coefficients.dct import double_nearest, idct
from qgac.models import steps
from qgac.models.qgac import QGAC
from qgac.training.batches.batch import Compressed, compress
from qgac.training.batches.rescaled import rescaled_crops
from qgac.training.forward import restore_batch, rgb_samples
from qgac.training.recipe import Recipe
from qgac.training.run import Progress, Run

__all__ = ["after_step", "contact_sheet", "decoded_and_restored", "psnr_gains", "validate"]

Measure = Callable[[QGAC, Tensor, Recipe], dict[str, float]]

_REPORT_EVERY = 50

# Squared levels. A crop of plain white may come out without any: its gain would be infinite, and so would the mean.
_LEAST_ERROR = 1e-2


def after_step(run: Run, crops: Tensor, measure: Measure | None = None) -> Iterator[Progress]:
    """Validate (with :func:`validate` or another measure), log and save what is due after a step."""
    recipe = run.recipe
    if run.step % recipe.validation.every == 0 or run.step == recipe.optimization.steps:
        figures = (measure or validate)(run.average, crops, recipe)
        if run.log is not None:
            run.log.show(run.step, contact_sheet(run.average, crops, recipe))
        yield run.report(figures)
        run.save(figures)
    elif run.step % _REPORT_EVERY == 0:
        yield run.report()


@torch.no_grad()
def validate(model: QGAC, crops: Tensor, recipe: Recipe) -> dict[str, float]:
    """Measure the mean gain in PSNR over the decoded JPEG on held-out crops, with the projection.

    Parameters
    ----------
    model : QGAC
    crops : Tensor, shape (N, 3, H, W)
        Originals, 0..255.
    recipe : Recipe
        Y stage: PSNR of Y. Colour stage: PSNR of RGB, against nearest-neighbour chroma, 4:2:0.

    Returns
    -------
    dict of float
        dB; ``q10`` and so on for every quality of the recipe, and their ``mean``.
    """
    gains = {}
    for quality in recipe.validation.qualities:
        values = []
        for crop in torch.split(crops, 4):
            values.append(psnr_gains(*_decoded_and_restored(model, crop, quality, recipe)))
        gains[f"q{quality}"] = float(torch.cat(values).mean())
    gains["mean"] = sum(gains.values()) / len(gains)
    return gains


@torch.no_grad()
def contact_sheet(model: QGAC, crops: Tensor, recipe: Recipe, *, rows: int = 6) -> NDArray[np.uint8]:
    """Lay held-out crops side by side: JPEG, restored, original; at the lowest quality of the validation.

    Parameters
    ----------
    model : QGAC
    crops : Tensor, shape (N, 3, S, S)
        Originals, 0..255.
    recipe : Recipe
    rows : int
        How many of the crops, evenly chosen.

    Returns
    -------
    ndarray, shape (rows * S, 3 * S, 3), uint8
        RGB; gray in the Y stage.
    """
    chosen = crops[np.unique(np.linspace(0, len(crops) - 1, rows).astype(int))]
    columns = _decoded_and_restored(model, chosen, min(recipe.validation.qualities), recipe)
    sheet = torch.cat([column.expand(-1, 3, -1, -1) for column in columns], -1)  # (rows, 3, S, 3 S)
    return sheet.round().clamp(0, 255).byte().permute(0, 2, 3, 1).flatten(0, 1).cpu().numpy()


def _decoded_and_restored(model: QGAC, crops: Tensor, quality: int, recipe: Recipe) -> tuple[Tensor, Tensor, Tensor]:
    if recipe.data.rescaled:
        return decoded_and_restored(model, rescaled_crops(crops, quality), color=False, projected=False)
    batch = compress(crops, np.full(len(crops), quality), (2, 2))
    return decoded_and_restored(model, batch, color=recipe.stage != "y")


def decoded_and_restored(
    model: QGAC, batch: Compressed, *, color: bool, projected: bool = True
) -> tuple[Tensor, Tensor, Tensor]:
    """Return pictures as the plain JPEG, restored, and as they were.

    Parameters
    ----------
    model : QGAC
    batch : Compressed
    color : bool
        RGB, plain with nearest-neighbour chroma; otherwise Y.
    projected : bool
        Of Y: whether to keep to the quantisation interval.

    Returns
    -------
    tuple of Tensor, each of shape (N, 3 or 1, H, W)
        Samples 0..255, not clamped.
    """
    if not color:
        y = steps.restore_y(model, batch.y, batch.y_table, projected=projected)
        return idct(batch.y)[:, None] + 128, idct(y)[:, None] + 128, rgb_to_ycbcr(batch.rgb)[:, :1]
    cb, cr = double_nearest(separate_maps(batch.chroma, 2), *batch.factors).unbind(1)
    return rgb_samples(batch.y, cb, cr), restore_batch(model, batch), batch.rgb


def psnr_gains(decoded: Tensor, restored: Tensor, originals: Tensor) -> Tensor:
    """Return how much nearer to the originals each picture is restored than decoded, clamped.

    Parameters
    ----------
    decoded, restored, originals : Tensor, shape (N, C, H, W)
        Samples 0..255.

    Returns
    -------
    Tensor, shape (N,)
        dB of PSNR.
    """
    before, after = (
        (samples.clamp(0, 255) - originals).square().flatten(1).mean(1).clamp_min(_LEAST_ERROR)
        for samples in (decoded, restored)
    )
    return 10 * torch.log10(before / after)
