"""The last stage of training (section 3.4, eq. 3): both networks together against a discriminator, for texture.

The generator is the whole network, Y and colour, as it restores pictures: with the projection onto the quantisation
interval. So the discriminator judges what users will see, and no gradient is spent on coefficients that the projection
would take back. Everything is measured on RGB samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from qgac.models.qgac import QGAC
from qgac.training.batches.batch import Compressed, compress
from qgac.training.descent import Descent
from qgac.training.forward import restore_batch
from qgac.training.gan.blend import Blended, first_of
from qgac.training.gan.discriminator import Discriminator
from qgac.training.gan.grid import grid_visibility
from qgac.training.gan.smooth import smooth_loss
from qgac.training.gan.texture import MincTexture, RandomTexture, TextureError
from qgac.training.losses import discriminator_loss, gan_loss, generator_loss, texture_loss
from qgac.training.machine import TrainingError
from qgac.training.recipe import Recipe
from qgac.training.run import Progress, Run
from qgac.training.sections import Gan
from qgac.training.validation import after_step, validate

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["discriminator_descent", "texture_network", "train_gan"]


def discriminator_descent(recipe: Recipe, fabric: Fabric) -> Descent:
    """Build the discriminator of a recipe and its optimiser, on the device of `fabric`."""
    gan = recipe.gan
    network = Discriminator(
        recipe.data.patch, width=gan.discriminator_width, normalization=gan.discriminator_normalization
    )
    optimization = replace(
        recipe.optimization,
        learning_rate=gan.discriminator_learning_rate,
        final_learning_rate=min(recipe.optimization.final_learning_rate, gan.discriminator_learning_rate),
        betas=gan.discriminator_betas,
        warmup=0,  # it should know something before the generator listens
        clip=0.0,
    )
    network.to(device=fabric.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Descent(network, optimization, fabric)


def texture_network(gan: Gan) -> nn.Module:
    """Build the network whose features the texture loss compares.

    Raises
    ------
    TrainingError
        If it needs a file that cannot be used.
    """
    if gan.texture == "random":
        return RandomTexture(seed=gan.texture_seed)
    try:
        return MincTexture(gan.texture_file)
    except TextureError as error:
        raise TrainingError(str(error)) from error


def train_gan(run: Run, batch_of: Callable[[int], Compressed], crops: Tensor) -> Iterator[Progress]:
    """Train both networks with eq. 3 against a discriminator, which learns first in every step.

    Besides the losses the logs have the mean logits of originals and restored patches: where they part more and more,
    the discriminator wins; where they stay equal, it has nothing to say.

    Parameters
    ----------
    run : Run
        With the partner ``discriminator``, see :func:`discriminator_descent`.
    batch_of : callable
        Makes the batch of a step, see :func:`qgac.training.train.batches`.
    crops : Tensor, shape (N, 3, H, W)
        Held-out originals, 0..255, on the device of the run.

    Yields
    ------
    Progress
        As :func:`qgac.training.train.train`.
    """
    gan = run.recipe.gan
    judge = run.partners["discriminator"]
    texture = texture_network(gan).to(run.fabric.device)

    blended = Blended(run.model, gan) if gan.smooth_weight and gan.regression else None

    def measure(model: QGAC, crops: Tensor, recipe: Recipe) -> dict[str, float]:
        return {**validate(model, crops, recipe), **_texture_figures(model, texture, crops, recipe)}

    for step in run.steps():
        batch = batch_of(step)
        original = batch.rgb / 255
        with run.fabric.autocast():
            restored = restore_batch(run.model, batch, projected=gan.projected) / 255
            logits = judge.network(original), judge.network(restored.detach())
        loss = discriminator_loss(*logits)
        parts = {"discriminator": loss, "logit_original": logits[0].mean(), "logit_restored": logits[1].mean()}
        parts = {name: value.detach().clone() for name, value in parts.items()}
        judge.step(loss, list(parts.values()))

        judge.network.requires_grad_(False)  # it only passes the gradient on
        with run.fabric.autocast():
            with torch.no_grad():
                real, features = judge.network(original), texture(original)
            adversarial = generator_loss(real, judge.network(restored))
            difference = texture_loss(texture(restored), features)
        judge.network.requires_grad_(True)
        loss, generator_parts = gan_loss(
            difference,
            adversarial,
            restored,
            original,
            texture_weight=gan.texture_weight,
            adversarial_weight=gan.adversarial_weight,
            l1_weight=gan.l1_weight,
        )
        if gan.smooth_weight:
            smooth = smooth_loss(restored, original)
            loss = loss + gan.smooth_weight * smooth
            generator_parts["smooth"] = smooth.detach()
        if blended is not None:
            few = first_of(batch, (len(original) + 1) // 2)  # it costs a pass of its own
            with run.fabric.autocast():
                smooth = smooth_loss(blended(few) / 255, few.rgb / 255)
            loss = loss + gan.smooth_weight * smooth
            generator_parts["smooth_blended"] = smooth.detach()
        run.update(loss, {**generator_parts, **parts})
        yield from after_step(run, crops, measure)


@torch.no_grad()
def _texture_figures(model: QGAC, texture: nn.Module, crops: Tensor, recipe: Recipe) -> dict[str, float]:
    """Return the mean texture loss and the visibility of the grid on held-out crops at the lowest quality validated."""
    losses, pictures = [], []
    for crop in torch.split(crops, 4):
        batch = compress(crop, np.full(len(crop), min(recipe.validation.qualities)), (2, 2))
        pictures.append(restore_batch(model, batch).div(255).clamp(0, 1))
        losses += [texture_loss(texture(pictures[-1]), texture(crop / 255))] * len(crop)
    return {"texture_distance": float(torch.stack(losses).mean()), "grid": grid_visibility(torch.cat(pictures))}
