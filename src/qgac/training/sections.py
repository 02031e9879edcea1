"""The sections of a recipe: what a batch is made of, how weights move, what is measured, what a GAN adds."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Annotated, Literal

from qgac.training.entries import (
    Bound,
    Count,
    Decay,
    NotNegative,
    Positive,
    Quality,
    QualityRange,
    RecipeError,
    Share,
    Side,
    WholeNotNegative,
    check,
)

__all__ = ["Data", "Gan", "Optimization", "Qualities", "RecipeError", "Validation"]


@dataclass(frozen=True)
class Qualities:
    """The distribution of libjpeg qualities.

    Attributes
    ----------
    values : tuple of int
        Draw uniformly from these; empty to draw from a range.
    low, high : int
        Range, both ends included.
    power : float
        Quality is ``low + (high - low) * u ** power`` for uniform u: 1 is flat, more prefers low qualities.
    """

    values: tuple[Quality, ...] = ()
    low: Quality = 10
    high: Quality = 100
    power: Positive = 1.0

    def __post_init__(self) -> None:
        check(self)
        if self.low > self.high:
            raise RecipeError(f"low is {self.low} and high is {self.high}; turn them round")


@dataclass(frozen=True)
class Data:
    """What a batch is made of.

    Attributes
    ----------
    batch : int
        Patches a batch.
    patch : int
        Side of a patch in pixels, a multiple of 16.
    qualities : Qualities
    candidates : int
        Each patch is the most textured of this many random crops.
    downscale_share : float
        Share of the patches that are downscaled first, 0..1.
    downscale : float
        Largest factor of it, drawn uniformly from 1.
    flips : bool
        Mirror and transpose at random.
    factors : tuple of (int, int)
        Chroma (vertical, horizontal) subsampling factors to draw from (colour stage).
    factor_weights : tuple of float
        Their weights; empty for equal ones.
    other_tables_share : float
        Share of the patches with tables that are not libjpeg's, see :func:`qgac.training.batches.tables.draw_tables`.
    recompressed_share : float
        Share of the patches that were compressed once before, half of them on another 8x8 grid. What they should
        become is still the original.
    recompressed_qualities : tuple of (int, int)
        Lowest and highest libjpeg quality of that first time.
    drawings_share : float
        Share of the patches that are drawn or drawn upon, see :mod:`qgac.training.batches.drawings.drawing`.
    fine_drawings_share : float
        Share of the drawings whose quality is drawn from `fine_qualities`, all alike, in place of `qualities`: such
        pictures are rarely compressed much.
    fine_qualities : tuple of (int, int)
        Lowest and highest libjpeg quality of these.
    rescaled : bool
        Whether the patches are pixels that were compressed and then scaled, see
        :mod:`qgac.training.batches.rescaled` (Y stage alone, on the processor; other tables, a first compression and
        downscaling do not apply).
    """

    batch: Count = 32
    patch: Side = 256
    qualities: Qualities = field(default_factory=Qualities)
    candidates: Count = 1
    downscale_share: Share = 0.0
    downscale: Annotated[float, Bound(lambda factor: factor >= 1, "is not at least 1")] = 2.0
    flips: bool = False
    factors: tuple[tuple[Literal[1, 2], Literal[1, 2]], ...] = ((2, 2),)
    factor_weights: tuple[NotNegative, ...] = ()
    other_tables_share: Share = 0.0
    recompressed_share: Share = 0.0
    recompressed_qualities: QualityRange = (10, 95)
    drawings_share: Share = 0.0
    fine_drawings_share: Share = 0.0
    fine_qualities: QualityRange = (75, 98)
    rescaled: bool = False

    def __post_init__(self) -> None:
        check(self)
        if not self.factors:
            raise RecipeError("factors is empty; name at least one pair")
        if self.factor_weights and len(self.factor_weights) != len(self.factors):
            raise RecipeError("factor_weights needs one weight for each of factors")
        if self.factor_weights and not any(self.factor_weights):
            raise RecipeError("factor_weights are not all 0")


@dataclass(frozen=True)
class Optimization:
    """How the weights move.

    Attributes
    ----------
    steps : int
        Batches in all.
    learning_rate : float
        Of Adam, at its highest.
    final_learning_rate : float
        Where the cosine or the last decay ends.
    schedule : {"cosine", "stable", "step"}
        Cosine annealing; or a constant rate with a linear decay at the end, so that a run may go on from its weights
        before that decay as if there had been none (warm-up, stable, decay); or halving every `halve_every` steps.
    decay_share : float
        Share of the steps that the decay of "stable" takes, at the end.
    halve_every : int
        Steps between two halvings.
    warmup : int
        Steps of linear increase at the start.
    betas : tuple of (float, float)
        Of Adam.
    error : {"absolute", "logarithmic"}
        See :func:`qgac.training.losses.regression_loss`.
    ssim_weight : float
        The balance lambda of eq. 1.
    least_error : float
        See :func:`qgac.training.losses.regression_loss`; in gray levels, for error = "logarithmic".
    blocking_weight : float
        See :func:`qgac.training.losses.regression_loss`; for error = "logarithmic".
    projected : bool
        Whether all stages but the GAN's measure their error after the projection onto the quantisation intervals, as
        restoring does: then the network is free to leave them where it is certain.
    roundness : float
        See :func:`qgac.training.losses.regression_loss`; in units of the sample range.
    color_space : {"rgb", "ycbcr"}
        Where the colour stage measures its error. The paper's RGB error is mostly that of the frozen Y, which drowns
        the gradient of the chroma; the error of Cb and Cr alone does not have it. The joint stage takes RGB.
    clip : float
        Largest norm of the gradient; 0 for none.
    ema : float
        Decay of the moving average of the weights that is validated and exported; 0 for none.
    precision : {"float32", "bfloat16"}
        Arithmetic of the convolutions; weights stay float32.
    compile : bool
        Compile the networks with ``torch.compile``: some minutes at the start for faster steps on a GPU.
    """

    steps: Count = 400_000
    learning_rate: Positive = 1e-3
    final_learning_rate: NotNegative = 1e-6
    schedule: Literal["cosine", "stable", "step"] = "cosine"
    decay_share: Annotated[Share, Bound(lambda share: share > 0, "is not greater than 0")] = 0.2
    halve_every: Count = 100_000
    warmup: WholeNotNegative = 0
    betas: tuple[Decay, Decay] = (0.9, 0.999)
    error: Literal["absolute", "logarithmic"] = "absolute"
    least_error: Positive = 1.0
    blocking_weight: NotNegative = 0.0
    projected: bool = False
    ssim_weight: NotNegative = 0.05
    roundness: NotNegative = 0.0
    color_space: Literal["rgb", "ycbcr"] = "rgb"
    clip: NotNegative = 0.0
    ema: Decay = 0.999
    precision: Literal["float32", "bfloat16"] = "float32"
    compile: bool = False

    def __post_init__(self) -> None:
        check(self)
        if self.roundness and self.error != "absolute":
            raise RecipeError("roundness is for error = 'absolute' only")
        if self.blocking_weight and self.error != "logarithmic":
            raise RecipeError("blocking_weight is for error = 'logarithmic' only")

    def learning_rate_at(self, step: int) -> float:
        """Return the learning rate of a step, counted from 0."""
        if step < self.warmup:
            return self.learning_rate * (step + 1) / self.warmup
        if self.schedule == "step":
            return float(self.learning_rate * 0.5 ** (step // self.halve_every))
        if self.schedule == "stable":
            left = min(1.0, (self.steps - step) / (self.decay_share * self.steps))
            return self.final_learning_rate + (self.learning_rate - self.final_learning_rate) * left
        progress = (step - self.warmup) / max(1, self.steps - self.warmup)
        swing = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
        return self.final_learning_rate + (self.learning_rate - self.final_learning_rate) * swing


@dataclass(frozen=True)
class Validation:
    """What is measured on held-out pictures.

    Attributes
    ----------
    every : int
        Steps between two validations.
    pictures : int
        How many held-out pictures, one central crop each.
    patch : int
        Side of that crop, a multiple of 16.
    qualities : tuple of int
        Each crop is compressed at each of these.
    """

    every: Count = 1000
    pictures: Count = 24
    patch: Side = 192
    qualities: tuple[Quality, ...] = (10, 30, 70)

    def __post_init__(self) -> None:
        check(self)
        if not self.qualities:
            raise RecipeError("qualities is empty; name at least one")


@dataclass(frozen=True)
class Gan:
    """What the GAN stage adds to eq. 1 (eqs. 2 and 3).

    Attributes
    ----------
    texture_weight : float
        Of the texture loss; the paper's is 1.
    adversarial_weight, l1_weight : float
        The balances gamma and nu.
    smooth_weight : float
        Of what is to be seen in smooth places, see :mod:`qgac.training.gan.smooth`; 0 leaves it out, as the paper does.
    regression : str
        Name of a shipped model or weights file with which users will blend: then smooth places are looked at in what
        the blend makes of half of each batch, too. Empty: they are not.
    blend : float
        How much of the new weights is in that blend, 0..1.
    texture : {"random", "minc"}
        Whose features the texture loss compares, see :mod:`qgac.training.gan.texture`.
    texture_file : str
        Weights for ``minc``; a relative path counts from the current folder.
    texture_seed : int
        Of the filters of ``random``.
    discriminator_width : int
        Channels of its first convolution.
    discriminator_normalization : {"batch", "spectral", "none"}
        See :class:`qgac.training.gan.discriminator.Discriminator`.
    discriminator_learning_rate : float
        At its highest; it follows the schedule of the generator, but for its warm-up: the discriminator has to know
        something before the generator listens to it.
    discriminator_betas : tuple of (float, float)
        Of its Adam.
    projected : bool
        Whether the discriminator sees, and the losses measure, pictures after the projection.
    color : bool
        Whether the colour network moves too, as in the paper; otherwise it stays what the regression made it.
    """

    texture_weight: NotNegative = 1.0
    adversarial_weight: NotNegative = 5e-3
    l1_weight: NotNegative = 1e-2
    smooth_weight: NotNegative = 0.0
    regression: str = ""
    blend: Share = 0.7
    texture: Literal["random", "minc"] = "random"
    texture_file: str = ""
    texture_seed: int = 0
    discriminator_width: Count = 64
    discriminator_normalization: Literal["batch", "spectral", "none"] = "batch"
    discriminator_learning_rate: Positive = 1e-4
    discriminator_betas: tuple[Decay, Decay] = (0.9, 0.999)
    projected: bool = True
    color: bool = True

    def __post_init__(self) -> None:
        check(self)
        if (self.texture == "minc") != bool(self.texture_file):
            raise RecipeError("texture = 'minc' needs texture_file, and nothing else does")
        if self.regression and not self.smooth_weight:
            raise RecipeError("regression is for smooth places only; give smooth_weight, or leave it out")
