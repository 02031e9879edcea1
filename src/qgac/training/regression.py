"""The stages of training that minimise eq. 1 (section 3.4): Y, then colour with Y frozen.

Beyond the paper, both may be trained together then, on the error of RGB that is asked for in the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from qgac.coefficients.color import rgb_to_ycbcr
from qgac.coefficients.dct import idct
from qgac.models import steps
from qgac.training.batches.batch import Compressed
from qgac.training.forward import rgb_samples
from qgac.training.losses import regression_loss
from qgac.training.recipe import Recipe
from qgac.training.run import Progress, Run
from qgac.training.validation import after_step

__all__ = ["train_color", "train_joint", "train_y"]


def train_y(run: Run, batch_of: Callable[[int], Compressed], crops: Tensor) -> Iterator[Progress]:
    """Train the Y network with eq. 1 on full-range Y samples.

    Parameters
    ----------
    run : Run
    batch_of : callable
        Makes the batch of a step, see :func:`qgac.training.train.batches`.
    crops : Tensor, shape (N, 3, H, W)
        Held-out originals, 0..255, on the device of the run.

    Yields
    ------
    Progress
        As :func:`qgac.training.train.train`.
    """
    recipe, model = run.recipe, run.model
    for step in run.steps():
        batch = batch_of(step)
        with run.fabric.autocast():
            restored = steps.restore_y(model, batch.y, batch.y_table, projected=recipe.optimization.projected)
        target = rgb_to_ycbcr(batch.rgb)[:, :1] / 255
        loss, parts = _loss(recipe, (idct(restored)[:, None] + 128) / 255, target)
        run.update(loss, parts)
        yield from after_step(run, crops)


def train_color(run: Run, batch_of: Callable[[int], Compressed], crops: Tensor) -> Iterator[Progress]:
    """Train the colour network with eq. 1 on RGB or chroma samples, the Y network frozen; as :func:`train_y`."""
    return _train_on_colors(run, batch_of, crops, y_moves=False)


def train_joint(run: Run, batch_of: Callable[[int], Compressed], crops: Tensor) -> Iterator[Progress]:
    """Train both networks with eq. 1 on RGB samples; as :func:`train_y`."""
    return _train_on_colors(run, batch_of, crops, y_moves=True)


def _train_on_colors(
    run: Run, batch_of: Callable[[int], Compressed], crops: Tensor, *, y_moves: bool
) -> Iterator[Progress]:
    recipe, model = run.recipe, run.model
    projected = recipe.optimization.projected
    for step in run.steps():
        batch = batch_of(step)
        with run.fabric.autocast():
            with torch.set_grad_enabled(y_moves):
                y = steps.restore_y(model, batch.y, batch.y_table, projected=projected)
            cb, cr = steps.restore_chroma(
                model, batch.chroma, batch.chroma_tables, y, batch.y_table, batch.factors, projected=projected
            )
        if recipe.optimization.color_space == "rgb":
            loss, parts = _loss(recipe, rgb_samples(y, cb, cr) / 255, batch.rgb / 255)
        else:
            samples = (idct(torch.stack((cb, cr), 1)) + 128) / 255
            loss, parts = _loss(recipe, samples, rgb_to_ycbcr(batch.rgb)[:, 1:] / 255)
        run.update(loss, parts)
        yield from after_step(run, crops)


def _loss(recipe: Recipe, restored: Tensor, target: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    o = recipe.optimization
    return regression_loss(
        restored,
        target,
        error=o.error,
        least_error=o.least_error,
        blocking_weight=o.blocking_weight,
        ssim_weight=o.ssim_weight,
        roundness=o.roundness,
    )
