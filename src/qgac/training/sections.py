"""The sections of a recipe: what a batch is made of, how weights move, what is measured, what a GAN adds."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, TypeVar

__all__ = ["Data", "Gan", "Optimization", "Qualities", "RecipeError", "Validation"]


T = TypeVar("T")

_FACTORS = ((2, 2), (1, 2), (2, 1), (1, 1))


class RecipeError(ValueError):
    """A recipe is not valid."""


def _pair(values: tuple[T, ...], name: str) -> tuple[T, T]:
    if len(values) != 2:
        raise RecipeError(f"{name} are two numbers, not {len(values)}")
    return values[0], values[1]


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

    values: tuple[int, ...] = ()
    low: int = 10
    high: int = 100
    power: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(self.values))
        if not 1 <= self.low <= self.high <= 100 or any(value not in range(1, 101) for value in self.values):
            raise RecipeError("qualities must be whole numbers and lie between 1 and 100")
        if self.power <= 0:
            raise RecipeError("power is greater than 0")


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
    """

    batch: int = 32
    patch: int = 256
    qualities: Qualities = field(default_factory=Qualities)
    candidates: int = 1
    downscale_share: float = 0.0
    downscale: float = 2.0
    flips: bool = False
    factors: tuple[tuple[int, int], ...] = ((2, 2),)
    factor_weights: tuple[float, ...] = ()
    other_tables_share: float = 0.0
    recompressed_share: float = 0.0
    recompressed_qualities: tuple[int, int] = (10, 95)
    drawings_share: float = 0.0
    fine_drawings_share: float = 0.0
    fine_qualities: tuple[int, int] = (75, 98)

    def __post_init__(self) -> None:
        object.__setattr__(self, "factors", tuple((v, u) for v, u in self.factors))
        object.__setattr__(self, "factor_weights", tuple(self.factor_weights))
        if self.patch % 16 or self.patch < 16:
            raise RecipeError(f"patch {self.patch} is not a multiple of 16")
        if self.batch < 1 or self.candidates < 1:
            raise RecipeError("batch and candidates are at least 1")
        if not 0 <= self.downscale_share <= 1 or self.downscale < 1:
            raise RecipeError("downscale_share lies between 0 and 1, downscale is at least 1")
        if not self.factors or any(pair not in _FACTORS for pair in self.factors):
            raise RecipeError(f"factors are taken from {', '.join(str(list(pair)) for pair in _FACTORS)}")
        if self.factor_weights and len(self.factor_weights) != len(self.factors):
            raise RecipeError("factor_weights needs one weight for each of factors")
        if self.factor_weights and (min(self.factor_weights) < 0 or not any(self.factor_weights)):
            raise RecipeError("factor_weights are not negative, and not all 0")
        for name in ("other_tables_share", "recompressed_share", "drawings_share", "fine_drawings_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise RecipeError(f"{name} lies between 0 and 1")
        for name in ("recompressed_qualities", "fine_qualities"):
            low, high = _pair(getattr(self, name), name)
            object.__setattr__(self, name, (low, high))
            if not 1 <= low <= high <= 100:
                raise RecipeError(f"{name} are a lowest and a highest quality between 1 and 100")


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
    projected : bool
        Whether the Y stage measures its error after the projection onto the quantisation intervals, as restoring does:
        then the network is free to leave them where it is certain.
    roundness : float
        See :func:`qgac.training.losses.regression_loss`; in units of the sample range.
    color_space : {"rgb", "ycbcr"}
        Where the colour stage measures its error. The paper's RGB error is mostly that of the frozen Y, which drowns
        the gradient of the chroma; the error of Cb and Cr alone does not have it.
    clip : float
        Largest norm of the gradient; 0 for none.
    ema : float
        Decay of the moving average of the weights that is validated and exported; 0 for none.
    precision : {"float32", "bfloat16"}
        Arithmetic of the convolutions; weights stay float32.
    compile : bool
        Compile the networks with ``torch.compile``: some minutes at the start for faster steps on a GPU.
    """

    steps: int = 400_000
    learning_rate: float = 1e-3
    final_learning_rate: float = 1e-6
    schedule: Literal["cosine", "stable", "step"] = "cosine"
    decay_share: float = 0.2
    halve_every: int = 100_000
    warmup: int = 0
    betas: tuple[float, float] = (0.9, 0.999)
    error: Literal["absolute", "logarithmic"] = "absolute"
    least_error: float = 1.0
    projected: bool = False
    ssim_weight: float = 0.05
    roundness: float = 0.0
    color_space: Literal["rgb", "ycbcr"] = "rgb"
    clip: float = 0.0
    ema: float = 0.999
    precision: Literal["float32", "bfloat16"] = "float32"
    compile: bool = False

    def __post_init__(self) -> None:
        first, second = _pair(self.betas, "betas")
        object.__setattr__(self, "betas", (first, second))
        if self.steps < 1 or self.halve_every < 1:
            raise RecipeError("steps and halve_every are at least 1")
        if self.learning_rate <= 0 or not 0 <= first < 1 or not 0 <= second < 1 or not 0 <= self.ema < 1:
            raise RecipeError("learning_rate is greater than 0, betas and ema lie between 0 and 1, 1 excluded")
        if min(self.final_learning_rate, self.warmup, self.ssim_weight, self.roundness, self.clip) < 0:
            raise RecipeError("final_learning_rate, warmup, ssim_weight, roundness and clip are not negative")
        if self.least_error <= 0:
            raise RecipeError("least_error is greater than 0")
        if self.schedule not in ("cosine", "stable", "step"):
            raise RecipeError(f"schedule {self.schedule!r} is none of 'cosine', 'stable' and 'step'")
        if not 0 < self.decay_share <= 1:
            raise RecipeError("decay_share lies between 0 and 1, 0 excluded")
        if self.error not in ("absolute", "logarithmic"):
            raise RecipeError(f"error {self.error!r} is neither 'absolute' nor 'logarithmic'")
        if self.roundness and self.error != "absolute":
            raise RecipeError("roundness is for error = 'absolute' only")
        if self.color_space not in ("rgb", "ycbcr"):
            raise RecipeError(f"color_space {self.color_space!r} is neither 'rgb' nor 'ycbcr'")
        if self.precision not in ("float32", "bfloat16"):
            raise RecipeError(f"precision {self.precision!r} is neither 'float32' nor 'bfloat16'")

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

    every: int = 1000
    pictures: int = 24
    patch: int = 192
    qualities: tuple[int, ...] = (10, 30, 70)

    def __post_init__(self) -> None:
        object.__setattr__(self, "qualities", tuple(self.qualities))
        if self.patch % 16 or self.patch < 16:
            raise RecipeError(f"patch {self.patch} is not a multiple of 16")
        if self.every < 1 or self.pictures < 1:
            raise RecipeError("every and pictures are at least 1")
        if not self.qualities or any(not 1 <= quality <= 100 for quality in self.qualities):
            raise RecipeError("qualities must be whole numbers and lie between 1 and 100, and there is at least one")


@dataclass(frozen=True)
class Gan:
    """What the GAN stage adds to eq. 1 (eqs. 2 and 3).

    Attributes
    ----------
    texture_weight : float
        Of the texture loss; the paper's is 1.
    adversarial_weight, l1_weight : float
        The balances gamma and nu.
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

    texture_weight: float = 1.0
    adversarial_weight: float = 5e-3
    l1_weight: float = 1e-2
    texture: Literal["random", "minc"] = "random"
    texture_file: str = ""
    texture_seed: int = 0
    discriminator_width: int = 64
    discriminator_normalization: Literal["batch", "spectral", "none"] = "batch"
    discriminator_learning_rate: float = 1e-4
    discriminator_betas: tuple[float, float] = (0.9, 0.999)
    projected: bool = True
    color: bool = True

    def __post_init__(self) -> None:
        first, second = _pair(self.discriminator_betas, "discriminator_betas")
        object.__setattr__(self, "discriminator_betas", (first, second))
        if min(self.texture_weight, self.adversarial_weight, self.l1_weight) < 0:
            raise RecipeError("texture_weight, adversarial_weight and l1_weight are not negative")
        if self.texture not in ("random", "minc"):
            raise RecipeError(f"texture {self.texture!r} is neither 'random' nor 'minc'")
        if (self.texture == "minc") != bool(self.texture_file):
            raise RecipeError("texture = 'minc' needs texture_file, and nothing else does")
        if self.discriminator_normalization not in ("batch", "spectral", "none"):
            raise RecipeError(
                f"discriminator_normalization {self.discriminator_normalization!r} is none of "
                "'batch', 'spectral' and 'none'"
            )
        if self.discriminator_width < 1 or self.discriminator_learning_rate <= 0:
            raise RecipeError("discriminator_width is at least 1, discriminator_learning_rate is greater than 0")
        if not 0 <= first < 1 or not 0 <= second < 1:
            raise RecipeError("discriminator_betas lie between 0 and 1, 1 excluded")
