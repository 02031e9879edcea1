"""A training run from beginning to end: where it starts, which stage it goes through, what its batches are.

The stages (section 3.4) are :mod:`qgac.training.regression`, Y, then colour, then both together if wanted, and
:mod:`qgac.training.gan.stage`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from qgac.coefficients.color import rgb_to_ycbcr
from qgac.coefficients.dct import dct
from qgac.models.qgac import QGAC
from qgac.training import machine
from qgac.training.batches.bank import PatchBank
from qgac.training.batches.batch import Compressed, draw_batch, held_out_crops
from qgac.training.batches.drawings.text import find_fonts
from qgac.training.batches.pixels import pixels_on
from qgac.training.batches.rescaled import draw_rescaled
from qgac.training.gan.stage import discriminator_descent, train_gan
from qgac.training.machine import TrainingError
from qgac.training.recipe import Recipe
from qgac.training.regression import train_color, train_joint, train_y
from qgac.training.run import Progress, Run
from qgac.training.warm_start import may_start_from, starting_weights
from qgac.weights.checkpoints import load_model

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["batches", "train"]


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
    typefaces = find_fonts(fonts) if fonts is not None else ()
    bank = PatchBank(patches)
    crops = held_out_crops(PatchBank(patches, held_out=True), recipe.validation.pictures, recipe.validation.patch)
    model = _starting_model(recipe, bank, start, resume=resume).to(fabric.device)
    trained: dict[str, nn.Module] = {"y": model.y_network, "color": model.color_network}
    partners = {}
    if recipe.stage == "gan":
        model.color_network.requires_grad_(recipe.gan.color)  # what needs no gradient does not move
        partners["discriminator"] = discriminator_descent(recipe, fabric)
    moving = trained.get(recipe.stage, model)
    run = Run(recipe, model, moving, folder, fabric=fabric, resume=resume, stop=stop, partners=partners)
    if recipe.optimization.compile:
        for network in (model.y_network, model.color_network):
            network.compile()
    stage = {"y": train_y, "color": train_color, "joint": train_joint, "gan": train_gan}[recipe.stage]
    return _events(run, stage(run, batches(run, bank, typefaces), crops.to(fabric.device)))


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
    draw = draw_rescaled if data.rescaled else draw_batch
    return lambda step: draw(bank, data, run.recipe.seed, step, pixels=pixels, part=part, fonts=fonts)


def _starting_model(recipe: Recipe, bank: PatchBank, start: Path | None, *, resume: bool) -> QGAC:
    """Build the network of a recipe, with the weights that the run starts from, if any."""
    torch.manual_seed(recipe.seed)
    model: QGAC = QGAC(recipe.model).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if resume:  # the run holds everything
        return model
    if start is None:
        if recipe.stage == "color":
            raise TrainingError("the colour stage starts from the weights of a Y stage; name them with --start")
        if recipe.stage in ("joint", "gan"):
            name = {"joint": "joint", "gan": "GAN"}[recipe.stage]
            raise TrainingError(f"the {name} stage starts from the weights of a colour stage; name them with --start")
        _fit_statistics(model, bank, recipe)
        return model
    weights = load_model(start)
    if recipe.stage in ("joint", "gan") and weights.configuration != recipe.model:
        raise TrainingError(f"{start} has another network than the recipe; take the recipe's own colour stage")
    if not may_start_from(weights.configuration, recipe.model, grown=recipe.stage == "y"):
        raise TrainingError(f"{start} has another Y network than the recipe; take the recipe's own Y stage")
    model.load_state_dict(starting_weights(weights, model), strict=False)
    return model


def _fit_statistics(model: QGAC, bank: PatchBank, recipe: Recipe) -> None:
    generator = np.random.default_rng(recipe.seed)
    crops = np.stack([bank.crop(64, generator) for _ in range(2048)])
    ycbcr = rgb_to_ycbcr(torch.from_numpy(crops).permute(0, 3, 1, 2).float())
    coefficients = dct(ycbcr - 128)  # (N, 3, 64, 8, 8)
    model.normalize_y.fit(coefficients[:, :1])
    model.normalize_chroma.fit(coefficients[:, 1:])
