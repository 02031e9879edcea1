"""Measures a model on pictures by the way its users go: real JPEG bytes, the reader, the restorer (section 4.2).

Three pictures are compared with the original: ``jpeg``, the file decoded as the paper decodes it; ``pillow``, the file
as Pillow and most viewers show it (smoothly upsampled chroma, 8 bit), the stronger baseline; ``restored``.
"""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from qgac.evaluation.baseline import compress, decode, decode_nearest
from qgac.evaluation.test_sets import Channels, load_reference
from qgac.jpeg.reader import read_jpeg
from qgac.metrics import psnr, psnr_b, ssim
from qgac.restoration.restorer import Restorer

__all__ = [
    "METHODS",
    "Evaluation",
    "Measurement",
    "Method",
    "Protocol",
    "Scores",
    "Settings",
    "evaluate",
]

Protocol = Literal["paper", "pillow"]
Method = Literal["jpeg", "pillow", "restored"]

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

    def __post_init__(self) -> None:
        object.__setattr__(self, "qualities", tuple(self.qualities))
        if not 0 <= self.blend <= 1:
            raise ValueError(f"networks are blended with an alpha between 0 and 1, got {self.blend:g}")
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
        methods = METHODS[self.protocol]
        return methods if self.model is not None else tuple(m for m in methods if m != "restored")


@dataclass(frozen=True)
class Scores:
    """PSNR and PSNR-B in dB, and SSIM, of one picture or their means over several."""

    psnr: float
    psnr_b: float
    ssim: float


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
    """

    picture: str
    quality: int
    size: int
    scores: dict[Method, Scores]


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


def evaluate(pictures: Sequence[Path], settings: Settings, *, jobs: int | None = None) -> Iterator[Measurement]:
    """Measure pictures, each as soon as it is done.

    Parameters
    ----------
    pictures : sequence of Path
        Originals.
    settings : Settings
    jobs : int, optional
        Processes of one thread each; by default one a core. 1 works in this process.

    Yields
    ------
    Measurement
        For every picture and quality, in no particular order.

    Raises
    ------
    BenchmarkError, WeightsError
        If a picture or the model cannot be used.
    """
    tasks = [(path, quality) for path in pictures for quality in settings.qualities]
    jobs = min(jobs or os.cpu_count() or 1, len(tasks))
    if jobs <= 1:
        restorer = _restorer(settings)
        for path, quality in tasks:
            yield _measure(path, quality, settings, restorer)
        return
    # Threads of torch do not survive a fork, so every worker starts afresh.
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), _start_worker, (settings,))
    try:
        for future in as_completed([pool.submit(_work, path, quality) for path, quality in tasks]):
            yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _score(picture: NDArray[Any], reference: NDArray[np.uint8]) -> Scores:
    """Compare samples 0..255 of any type with the original."""
    restored = picture.astype(np.float64) / 255
    original = reference / 255.0
    return Scores(
        psnr(restored=restored, reference=original),
        psnr_b(restored=restored, reference=original),
        ssim(restored=restored, reference=original),
    )


def _measure(path: Path, quality: int, settings: Settings, restorer: Restorer | None) -> Measurement:
    reference = load_reference(path, settings.channels)
    data = compress(reference, quality)
    image = read_jpeg(data)
    scores: dict[Method, Scores] = {}
    for method in settings.methods:
        if method == "jpeg":
            picture: NDArray[Any] = decode_nearest(image)
        elif method == "pillow":
            picture = decode(data)
        else:
            assert restorer is not None
            picture = restorer(image, dtype=np.uint8 if settings.protocol == "pillow" else np.float32).pixels
        scores[method] = _score(picture, reference)
    return Measurement(path.name, quality, len(data), scores)


def _restorer(settings: Settings) -> Restorer | None:
    if settings.model is None:
        return None
    return Restorer(
        settings.model,
        device="cpu",
        project=settings.project,
        blend=settings.blend,
        blend_with=settings.blend_with,
    )


# What a worker process keeps from task to task: the model is loaded once, with the first of them, so that a failure to
# load it reaches the caller as any other does.
_worker: dict[str, Any] = {}


def _start_worker(settings: Settings) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the first one ends the others
    torch.set_num_threads(1)
    _worker["settings"] = settings


def _work(path: Path, quality: int) -> Measurement:
    settings: Settings = _worker["settings"]
    if "restorer" not in _worker:
        _worker["restorer"] = _restorer(settings)
    return _measure(path, quality, settings, _worker["restorer"])
