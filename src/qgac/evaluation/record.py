"""An evaluation as plain data: what is measured, and what was."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from qgac.evaluation.test_sets import Channels
from qgac.metrics.scores import Scores
from qgac.weights.alpha import check_alpha

__all__ = ["METHODS", "Evaluation", "Measurement", "Method", "Protocol", "Settings"]

Protocol = Literal["paper", "pillow"]
Method = str
"""``jpeg``, ``pillow``, ``restored``, or the name of another program."""

METHODS: dict[Protocol, tuple[Method, ...]] = {
    "paper": ("jpeg", "pillow", "restored"),
    "pillow": ("pillow", "restored"),
}


@dataclass(frozen=True)
class Settings:
    """What is measured.

    Attributes
    ----------
    qualities : tuple of int
        libjpeg qualities, 1..100.
    channels : {"color", "y"}
        RGB compressed with 4:2:0 chroma, or Y compressed as a gray picture.
    protocol : {"paper", "pillow"}
        paper: restored samples as they are, clamped but not rounded, beside the nearest-chroma float decode. pillow:
        restored samples rounded to 8 bit, as a picture file holds them, beside Pillow's decode.
    model : str or None
        Name or path of a model; None measures the JPEG files alone.
    project : bool
        Whether the restorer keeps to the quantisation interval.
    blend : float
        Share of a GAN's weights in those of the model, 0..1, see :func:`qgac.weights.blending.blended`.
    blend_with : str or None
        Name or path of that GAN; None for the twin of a shipped model.
    programs : dict of {str: str}
        Names and commands of other programs, see :func:`qgac.evaluation.programs.parse_program`.
    limit : int or None
        How many pictures of the test set are measured, the first by name; None for all.
    st_lpips : str or None
        Path of the weights of ST-LPIPS, which is then measured, too; see :mod:`qgac.metrics.st_lpips`.

    Raises
    ------
    ValueError
        If a quality or the blend is out of range, or there is nothing to blend or no share of it.
    """

    qualities: tuple[int, ...] = (10, 20, 30)
    channels: Channels = "color"
    protocol: Protocol = "paper"
    model: str | None = "small"
    project: bool = True
    blend: float = 0.0
    blend_with: str | None = None
    programs: dict[str, str] = field(default_factory=dict)
    limit: int | None = None
    st_lpips: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "qualities", tuple(self.qualities))
        check_alpha(self.blend)
        if self.blend and self.model is None:
            raise ValueError("without a model there is nothing to blend with")
        if self.blend_with is not None and not self.blend:
            raise ValueError("blend_with says what to mix in, but not how much; give a blend above 0")
        wrong = [quality for quality in self.qualities if not 1 <= quality <= 100]
        if wrong or not self.qualities:
            raise ValueError(f"qualities must lie between 1 and 100, got {', '.join(map(str, wrong)) or 'none'}")

    @property
    def label(self) -> str:
        """The model in words, with what is blended into it; empty without one."""
        if not self.blend:
            return self.model or ""
        return f"{self.model}, blend {self.blend:g}{f' with {self.blend_with}' if self.blend_with else ''}"

    @property
    def methods(self) -> tuple[Method, ...]:
        """What is compared with the original, in the order of the tables."""
        own = tuple(m for m in METHODS[self.protocol] if m != "restored" or self.model is not None)
        return (*own, *self.programs)


@dataclass(frozen=True)
class Measurement:
    """One picture at one quality.

    Attributes
    ----------
    picture : str
        File name.
    quality : int
    size : int
        Bytes of the JPEG file.
    scores : dict of {str: Scores}
        By method.
    seconds : dict of {str: float}
        Wall-clock time by method, of the model and of other programs; equal measurements may differ in it.
    st_lpips : dict of {str: float}
        By method, where it is measured.
    """

    picture: str
    quality: int
    size: int
    scores: dict[Method, Scores]
    seconds: dict[Method, float] = field(default_factory=dict, compare=False)
    st_lpips: dict[Method, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Evaluation:
    """A whole evaluation.

    Attributes
    ----------
    dataset : str
        Key of :data:`qgac.evaluation.test_sets.BENCHMARKS`, or ``folder``.
    settings : Settings
    measurements : tuple of Measurement
        Kept sorted by quality and picture.
    """

    dataset: str
    settings: Settings
    measurements: tuple[Measurement, ...] = field(default=())

    def __post_init__(self) -> None:
        ordered = sorted(self.measurements, key=lambda m: (m.quality, m.picture))
        object.__setattr__(self, "measurements", tuple(ordered))

    def mean(self, quality: int, method: Method) -> Scores:
        """Return the means of the per-picture figures at a quality.

        Raises
        ------
        ValueError
            If nothing was measured at this quality.
        """
        scores = [m.scores[method] for m in self.measurements if m.quality == quality]
        if not scores:
            raise ValueError(f"nothing was measured at quality {quality}")
        count = len(scores)
        return Scores(
            math.fsum(s.psnr for s in scores) / count,
            math.fsum(s.psnr_b for s in scores) / count,
            math.fsum(s.ssim for s in scores) / count,
        )

    def mean_st_lpips(self, quality: int, method: Method) -> float | None:
        """Return the mean of the per-picture ST-LPIPS at a quality, or None where it was not measured."""
        found = [m.st_lpips[method] for m in self.measurements if m.quality == quality and method in m.st_lpips]
        return math.fsum(found) / len(found) if found else None

    def mean_seconds(self, method: Method) -> float | None:
        """Return the mean time a picture over all qualities, or None where a method was not timed."""
        seconds = [m.seconds[method] for m in self.measurements if method in m.seconds]
        return math.fsum(seconds) / len(seconds) if seconds else None
