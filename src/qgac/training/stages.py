"""The stages of training, one function each (section 3.4): Y, then colour with Y frozen.

Both yield their progress, so that whoever runs them prints, plots or stops.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from qgac.checkpoints import load_model
from qgac.data.patches import PatchBank
from qgac.jpeg.blocks import interleave_maps, separate_maps
from qgac.jpeg.color import rgb_to_ycbcr, ycbcr_to_rgb
from qgac.jpeg.dct import dct, double_nearest, idct
from qgac.losses import regression_loss
from qgac.models.color_network import ColorConfiguration
from qgac.models.qgac import QGAC
from qgac.projection import project, project_chroma
from qgac.training.augment import compress, draw_batch, held_out_crops
from qgac.training.recipe import Recipe
from qgac.training.run import Progress, Run, TrainingError

__all__ = ["train", "train_color", "train_y", "validate"]

_REPORT_EVERY = 50


def train(
    recipe: Recipe,
    patches: Path,
    folder: Path,
    *,
    start: Path | None = None,
    resume: bool = False,
    stop: Callable[[], bool] | None = None,
) -> Iterator[Progress]:
    """Run the stage of a recipe.

    Parameters
    ----------
    recipe : Recipe
    patches : Path
        A bank that ``qgac prepare`` wrote.
    folder : Path
        The run's folder, see :class:`qgac.training.run.Run`.
    start : Path, optional
        Weights to start from; the colour stage needs those of a Y stage.
    resume : bool
        Go on with the run in the folder.
    stop : callable, optional
        Asked between steps; once it returns True, the run is saved and ends, to be resumed.

    Yields
    ------
    Progress
        Every 50 steps, and at every validation.

    Raises
    ------
    TrainingError
        If the run cannot start or go on.
    ValueError
        If the bank is too small for the recipe.
    """
    bank = PatchBank(patches)
    crops = held_out_crops(PatchBank(patches, held_out=True), recipe.validation.pictures, recipe.validation.patch)
    torch.manual_seed(recipe.seed)
    model = QGAC(recipe.model).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if start is not None:
        weights = load_model(start)
        # Not all of it shows in the shapes of the weights.
        theirs, ours = (replace(c, color=ColorConfiguration()) for c in (weights.configuration, recipe.model))
        if theirs != ours:
            raise TrainingError(f"{start} has another Y network than the recipe; take the recipe's own Y stage")
        model.load_state_dict(_fitting(weights.state_dict(), model), strict=False)
    elif not resume:
        if recipe.stage == "color":
            raise TrainingError("the colour stage starts from the weights of a Y stage; name them with --start")
        _fit_statistics(model, bank, recipe)
    stage = train_y if recipe.stage == "y" else train_color
    trained = model.y_network if recipe.stage == "y" else model.color_network
    run = Run(recipe, model, trained, folder, resume=resume, stop=stop)
    return stage(run, bank, crops)


def train_y(run: Run, bank: PatchBank, crops: Tensor) -> Iterator[Progress]:
    """Train the Y network with eq. 1 on full-range Y samples; yields as :func:`train`."""
    recipe, model = run.recipe, run.model
    for step in run.steps():
        batch = draw_batch(bank, recipe.data, recipe.seed, step)
        with _precision(recipe):
            restored = model.restore_y(batch.y, batch.y_table)
        target = rgb_to_ycbcr(batch.rgb)[:, :1] / 255
        loss, parts = _loss(recipe, (idct(restored)[:, None] + 128) / 255, target)
        run.update(loss, parts)
        yield from _after_step(run, crops)


def train_color(run: Run, bank: PatchBank, crops: Tensor) -> Iterator[Progress]:
    """Train the colour network with eq. 1 on RGB or chroma samples, the Y network frozen; yields as :func:`train`."""
    recipe, model = run.recipe, run.model
    for step in run.steps():
        batch = draw_batch(bank, recipe.data, recipe.seed, step)
        with _precision(recipe):
            with torch.no_grad():
                y = model.restore_y(batch.y, batch.y_table)
            chroma = model.restore_chroma(batch.chroma, batch.chroma_tables, y, batch.y_table, batch.factors)
        if recipe.optimization.color_space == "rgb":
            loss, parts = _loss(recipe, _rgb(y, chroma) / 255, batch.rgb / 255)
        else:
            samples = (idct(separate_maps(chroma, 2)) + 128) / 255
            loss, parts = _loss(recipe, samples, rgb_to_ycbcr(batch.rgb)[:, 1:] / 255)
        run.update(loss, parts)
        yield from _after_step(run, crops)


def _after_step(run: Run, crops: Tensor) -> Iterator[Progress]:
    recipe = run.recipe
    if run.step % recipe.validation.every == 0 or run.step == recipe.optimization.steps:
        figures = validate(run.average, crops, recipe)
        yield run.report(figures)
        run.save(figures)
        return
    if run.step % _REPORT_EVERY == 0:
        yield run.report()
    if run.due():
        run.save()


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
            batch = compress(crop, np.full(len(crop), quality), (2, 2))
            y = project(model.restore_y(batch.y, batch.y_table), batch.y, batch.y_table)
            if recipe.stage == "y":
                target = rgb_to_ycbcr(crop)[:, 0]
                before, after = idct(batch.y) + 128, idct(y) + 128
            else:
                target = crop
                chroma = model.restore_chroma(batch.chroma, batch.chroma_tables, y, batch.y_table, batch.factors)
                chroma = project_chroma(chroma, batch.chroma, batch.chroma_tables, batch.factors)
                plain = interleave_maps(double_nearest(separate_maps(batch.chroma, 2), *batch.factors))
                before, after = _rgb(batch.y, plain), _rgb(y, chroma)
            errors = [(x.clamp(0, 255) - target).square().flatten(1).mean(1) for x in (before, after)]
            values.append(10 * torch.log10(errors[0] / errors[1]))
        gains[f"q{quality}"] = float(torch.cat(values).mean())
    gains["mean"] = sum(gains.values()) / len(gains)
    return gains


def _rgb(y: Tensor, chroma: Tensor) -> Tensor:
    """Turn restored coefficients (N, 64, h, w) and (N, 128, h, w) into RGB samples 0..255, not clamped."""
    planes = torch.cat((y[:, None], separate_maps(chroma, 2)), 1)
    return ycbcr_to_rgb(idct(planes) + 128)


def _loss(recipe: Recipe, restored: Tensor, target: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    weights = recipe.optimization
    return regression_loss(restored, target, ssim_weight=weights.ssim_weight, roundness=weights.roundness)


def _precision(recipe: Recipe) -> torch.autocast:
    return torch.autocast("cpu", torch.bfloat16, enabled=recipe.optimization.precision == "bfloat16")


def _fit_statistics(model: QGAC, bank: PatchBank, recipe: Recipe) -> None:
    generator = np.random.default_rng(recipe.seed)
    crops = np.stack([bank.crop(64, generator) for _ in range(2048)])
    ycbcr = rgb_to_ycbcr(torch.from_numpy(crops).permute(0, 3, 1, 2).float())
    coefficients = dct(ycbcr - 128)  # (N, 3, 64, 8, 8)
    model.normalize_y.fit(coefficients[:, :1])
    model.normalize_chroma.fit(coefficients[:, 1:])


def _fitting(weights: dict[str, Tensor], model: QGAC) -> dict[str, Tensor]:
    """Keep the tensors that the model has, in the same shape: a colour network may be of another size."""
    own = model.state_dict()
    return {name: value for name, value in weights.items() if name in own and own[name].shape == value.shape}
