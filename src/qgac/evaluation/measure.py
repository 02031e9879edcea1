"""Measures a model on pictures by the way its users go: real JPEG bytes, the reader, the restorer (section 4.2).

Three pictures are compared with the original: ``jpeg``, the file decoded as the paper decodes it; ``pillow``, the file
as Pillow and most viewers show it (smoothly upsampled chroma, 8 bit), the stronger baseline; ``restored``. Other
programs add a picture each (:mod:`qgac.evaluation.programs`).
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from qgac.evaluation.baseline import compress, decode, decode_nearest
from qgac.evaluation.programs import run_program
from qgac.evaluation.record import Measurement, Method, Protocol, Settings
from qgac.evaluation.test_sets import load_reference
from qgac.jpeg.image import JPEGImage
from qgac.jpeg.reader import read_jpeg
from qgac.metrics.scores import Scores, score
from qgac.metrics.st_lpips import STLPIPS
from qgac.processors import processors
from qgac.restoration.restorer import Restorer

__all__ = ["evaluate", "restored_samples", "tasks_of", "work"]


def evaluate(
    pictures: Sequence[Path],
    settings: Settings,
    *,
    jobs: int | None = None,
    done: Collection[tuple[str, int]] = (),
) -> Iterator[Measurement]:
    """Measure pictures, each as soon as it is done.

    Parameters
    ----------
    pictures : sequence of Path
        Originals.
    settings : Settings
    jobs : int, optional
        Processes of one thread each; by default one a core. 1 works in this process.
    done : collection of (str, int)
        Names and qualities of pictures that are left out.

    Yields
    ------
    Measurement
        For every picture and quality, in no particular order.

    Raises
    ------
    BenchmarkError, WeightsError, ProgramError
        If a picture, the model or a program cannot be used.
    """
    tasks = tasks_of(pictures, settings, done)
    jobs = min(jobs or processors(), len(tasks))
    if not tasks:
        return
    if jobs <= 1:
        restorer, looks = _restorer(settings), _looks(settings)
        for path, quality in tasks:
            yield _measure(path, quality, settings, restorer, looks)
        return
    # Threads of torch do not survive a fork, so every worker starts afresh.
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), _leave_interrupts)
    try:
        for future in as_completed([pool.submit(work, path, quality, settings) for path, quality in tasks]):
            yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def tasks_of(pictures: Sequence[Path], settings: Settings, done: Collection[tuple[str, int]]) -> list[tuple[Path, int]]:
    """Return what is to be measured: pictures and qualities, but for those that are done."""
    return [(path, quality) for path in pictures for quality in settings.qualities if (path.name, quality) not in done]


def restored_samples(
    restorer: Restorer, image: JPEGImage, protocol: Protocol
) -> NDArray[np.float64] | NDArray[np.uint8]:
    """Restore a picture as a protocol compares it.

    Parameters
    ----------
    restorer : Restorer
    image : JPEGImage
    protocol : {"paper", "pillow"}

    Returns
    -------
    ndarray, shape (H, W, 3) or (H, W)
        paper: float64, 0..1, clamped but not rounded. pillow: uint8, as a picture file holds it.
    """
    if protocol == "pillow":
        return restorer(image, dtype=np.uint8).pixels
    return restorer(image, dtype=np.float32).pixels.astype(np.float64) / 255


def _measure(
    path: Path, quality: int, settings: Settings, restorer: Restorer | None, looks: STLPIPS | None
) -> Measurement:
    reference = load_reference(path, settings.channels)
    data = compress(reference, quality)
    image = read_jpeg(data)
    scores: dict[Method, Scores] = {}
    seconds: dict[Method, float] = {}
    st_lpips: dict[Method, float] = {}
    for method in settings.methods:
        if method == "jpeg":
            picture: NDArray[Any] = decode_nearest(image) / 255
        elif method == "pillow":
            picture = decode(data)
        elif method == "restored":
            assert restorer is not None
            started = time.perf_counter()
            picture = restored_samples(restorer, image, settings.protocol)
            seconds[method] = time.perf_counter() - started
        else:
            picture, seconds[method] = run_program(method, settings.programs[method], data, reference.shape)
        scores[method] = score(restored=picture, reference=reference)
        if looks is not None:
            st_lpips[method] = float(looks(restored=picture, reference=reference))
    return Measurement(path.name, quality, len(data), scores, seconds, st_lpips)


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


def _looks(settings: Settings) -> STLPIPS | None:
    return None if settings.st_lpips is None else STLPIPS(settings.st_lpips)


# What a worker process keeps from task to task: the model is loaded once, with the first of them, so that a failure to
# load it reaches the caller as any other does.
_worker: dict[str, Any] = {}


def _leave_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the first one ends the others


def work(path: Path, quality: int, settings: Settings) -> Measurement:
    """Measure one picture in a process that does nothing else, with one thread."""
    if _worker.get("settings") != settings:
        torch.set_num_threads(1)
        os.environ["OMP_NUM_THREADS"] = "1"  # of ONNX Runtime
        _worker.update(restorer=_restorer(settings), looks=_looks(settings), settings=settings)
    return _measure(path, quality, settings, _worker["restorer"], _worker["looks"])
