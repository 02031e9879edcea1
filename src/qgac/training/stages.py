"""The stages of training, one function each (section 3.4): Y, then colour with Y frozen.

Both yield their progress, so that whoever runs them prints, plots or stops.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from qgac.coefficients.blocks import separate_maps
from qgac.coefficients.color import rgb_to_ycbcr
from qgac.coefficients.dct import dct, idct
from qgac.coefficients.projection import project
from qgac.models.color_network import ColorConfiguration
from qgac.models.qgac import QGAC
from qgac.training import machine
from qgac.training.batches.bank import PatchBank
from qgac.training.batches.batch import Compressed, draw_batch, held_out_crops
from qgac.training.batches.drawings.text import find_fonts
from qgac.training.batches.pixels import pixels_on
from qgac.training.losses import regression_loss
from qgac.training.machine import TrainingError
from qgac.training.recipe import Recipe
from qgac.training.run import Progress, Run
from qgac.training.validation import contact_sheet, rgb_samples, validate
from qgac.weights.checkpoints import load_model

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = [
    "after_step",
    "batches",
    "train",
    "train_color",
    "train_y",
]

_REPORT_EVERY = 50


def train(
    recipe: Recipe,
    patches: Path,
    folder: Path,
    *,
    start: Path | None = None,
    fonts: Path | None = None,
    resume: bool = False,
    stop: Callable[[], bool] | None = None,
    fabric: Fabric | None = None,
) -> Generator[Progress, None, int]:
    """Run the stage of a recipe.

    Parameters
    ----------
    recipe : Recipe
    patches : Path
        A bank that ``qgac prepare`` wrote.
    folder : Path
        The run's folder, see :class:`qgac.training.run.Run`.
    start : Path, optional
        Weights to start from; the colour stage needs those of a Y stage. Not read when a run is resumed.
    fonts : Path, optional
        A folder of further typefaces for drawings.
    resume : bool
        Go on with the run in the folder.
    stop : callable, optional
        Asked between steps; once it returns True, the run is saved and ends, to be resumed.
    fabric : Fabric, optional
        Where to train, see :func:`qgac.training.machine.start`; by default one process on the processor.

    Returns
    -------
    generator of Progress
        Yields every 50 steps and at every validation, in every process; returns the number of steps done in all.

    Raises
    ------
    TrainingError
        If the run cannot start or go on.
    ValueError
        If the bank is too small for the recipe, or the folder of typefaces has none.
    """
    fabric = fabric or machine.start(recipe.optimization.precision, device="cpu")
    if recipe.data.batch % fabric.world_size:
        raise TrainingError(f"{fabric.world_size} processes cannot share a batch of {recipe.data.batch} evenly")
    if recipe.data.drawings_share and find_spec("matplotlib") is None:
        raise TrainingError("drawings take their fonts from matplotlib; install it with `pip install 'qgac[train]'`")
    bank = PatchBank(patches)
    crops = held_out_crops(PatchBank(patches, held_out=True), recipe.validation.pictures, recipe.validation.patch)
    torch.manual_seed(recipe.seed)
    model = QGAC(recipe.model).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if start is not None and not resume:  # a run to resume holds everything
        weights = load_model(start)
        # Not all of it shows in the shapes of the weights.
        theirs, ours = (replace(c, color=ColorConfiguration()) for c in (weights.configuration, recipe.model))
        if recipe.stage == "gan" and weights.configuration != recipe.model:
            raise TrainingError(f"{start} has another network than the recipe; take the recipe's own colour stage")
        if theirs != ours:
            raise TrainingError(f"{start} has another Y network than the recipe; take the recipe's own Y stage")
        model.load_state_dict(_fitting(weights.state_dict(), model), strict=False)
    elif not resume:
        if recipe.stage == "color":
            raise TrainingError("the colour stage starts from the weights of a Y stage; name them with --start")
        if recipe.stage == "gan":
            raise TrainingError("the GAN stage starts from the weights of a colour stage; name them with --start")
        _fit_statistics(model, bank, recipe)
    model.to(fabric.device)
    trained, partners = model.y_network if recipe.stage == "y" else model.color_network, {}
    stage = train_y if recipe.stage == "y" else train_color
    if recipe.stage == "gan":
        from qgac.training.gan.stage import discriminator_descent, train_gan  # imports this module

        model.color_network.requires_grad_(recipe.gan.color)  # what needs no gradient does not move
        trained, stage, partners = model, train_gan, {"discriminator": discriminator_descent(recipe, fabric)}
    run = Run(recipe, model, trained, folder, fabric=fabric, resume=resume, stop=stop, partners=partners)
    if recipe.optimization.compile:
        for network in (model.y_network, model.color_network):
            network.compile()
    return _events(run, stage(run, batches(run, bank, find_fonts(fonts) if fonts else ()), crops.to(fabric.device)))


def _events(run: Run, events: Iterator[Progress]) -> Generator[Progress, None, int]:
    try:
        yield from events
    finally:
        run.close()
    return run.step


def batches(run: Run, bank: PatchBank, fonts: Sequence[Path] = ()) -> Callable[[int], Compressed]:
    """Return the function that makes this process's share of the batch of a step, on its device."""
    data, device = run.recipe.data, run.fabric.device
    part = (run.fabric.global_rank, run.fabric.world_size)
    pixels = pixels_on(device, bank, largest=round(data.patch * data.downscale) if data.downscale_share else data.patch)
    return lambda step: draw_batch(bank, data, run.recipe.seed, step, pixels=pixels, part=part, fonts=fonts)


def train_y(run: Run, batch_of: Callable[[int], Compressed], crops: Tensor) -> Iterator[Progress]:
    """Train the Y network with eq. 1 on full-range Y samples.

    Parameters
    ----------
    run : Run
    batch_of : callable
        Makes the batch of a step, see :func:`batches`.
    crops : Tensor, shape (N, 3, H, W)
        Held-out originals, 0..255, on the device of the run.

    Yields
    ------
    Progress
        As :func:`train`.
    """
    recipe, model = run.recipe, run.model
    for step in run.steps():
        batch = batch_of(step)
        with run.fabric.autocast():
            restored = model.restore_y(batch.y, batch.y_table)
        if recipe.optimization.projected:
            restored = project(restored, batch.y, batch.y_table)
        target = rgb_to_ycbcr(batch.rgb)[:, :1] / 255
        loss, parts = _loss(recipe, (idct(restored)[:, None] + 128) / 255, target)
        run.update(loss, parts)
        yield from after_step(run, crops)


def train_color(run: Run, batch_of: Callable[[int], Compressed], crops: Tensor) -> Iterator[Progress]:
    """Train the colour network with eq. 1 on RGB or chroma samples, the Y network frozen; as :func:`train_y`."""
    recipe, model = run.recipe, run.model
    for step in run.steps():
        batch = batch_of(step)
        with run.fabric.autocast():
            with torch.no_grad():
                y = model.restore_y(batch.y, batch.y_table)
            chroma = model.restore_chroma(batch.chroma, batch.chroma_tables, y, batch.y_table, batch.factors)
        if recipe.optimization.color_space == "rgb":
            loss, parts = _loss(recipe, rgb_samples(y, chroma) / 255, batch.rgb / 255)
        else:
            samples = (idct(separate_maps(chroma, 2)) + 128) / 255
            loss, parts = _loss(recipe, samples, rgb_to_ycbcr(batch.rgb)[:, 1:] / 255)
        run.update(loss, parts)
        yield from after_step(run, crops)


Measure = Callable[[QGAC, Tensor, Recipe], dict[str, float]]


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


def _loss(recipe: Recipe, restored: Tensor, target: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    o = recipe.optimization
    return regression_loss(
        restored, target, error=o.error, least_error=o.least_error, ssim_weight=o.ssim_weight, roundness=o.roundness
    )


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
