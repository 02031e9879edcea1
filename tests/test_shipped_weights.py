"""The shipped weights restore as well as the documents say; QGAC_EVALUATION names LIVE-1 for the figures."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from made_images import compressed
from qgac import Restorer, psnr
from qgac.checkpoints import load_record
from qgac.data.benchmarks import benchmark_pictures
from qgac.evaluation.benchmark import Evaluation, Settings, evaluate

EXAMPLES = Path(__file__).parent.parent / "examples"
WEIGHTS = Path(__file__).parent.parent / "src" / "qgac" / "weights" / "small.safetensors"

# What docs/results.md states for LIVE-1 colour, less a margin for other processors' arithmetic.
LIVE1 = {10: 27.04, 20: 29.25, 30: 30.52}

needs_evaluation_data = pytest.mark.skipif(
    "QGAC_EVALUATION" not in os.environ, reason="QGAC_EVALUATION names no folder with live1/"
)


@pytest.fixture(scope="module")
def restorer() -> Restorer:
    return Restorer("small", device="cpu")


def gain(restorer: Restorer, pixels: np.ndarray, data: bytes) -> float:
    decoded = np.asarray(Image.open(io.BytesIO(data)))
    restored = restorer(data).pixels
    return float(psnr(restored=restored, reference=pixels) - psnr(restored=decoded, reference=pixels))


def test_the_file_is_small_and_says_how_it_was_made() -> None:
    assert WEIGHTS.stat().st_size < 16e6
    record = load_record("small")["record"]
    assert record["stage"] == "color"
    assert record["recipe"]["model"] == load_record("small")["configuration"]


@pytest.mark.parametrize(("quality", "least"), [(10, 0.8), (30, 0.6), (70, 0.3), (95, 0.0)])
@pytest.mark.parametrize("subsampling", ["4:2:0", "4:2:2", "4:4:4"])
def test_the_example_gains(restorer: Restorer, quality: int, least: float, subsampling: str) -> None:
    pixels = np.asarray(Image.open(EXAMPLES / "night.webp").convert("RGB"))[64:321, 160:480]
    assert gain(restorer, pixels, compressed(pixels, quality, subsampling=subsampling)) > least


@pytest.mark.parametrize("quality", [10, 50])
def test_gray_stays_gray_and_gains(restorer: Restorer, quality: int) -> None:
    pixels = np.asarray(Image.open(EXAMPLES / "night.webp").convert("L"))[64:321, 160:480]
    assert gain(restorer, pixels, compressed(pixels, quality)) > 0.3


@needs_evaluation_data
@pytest.mark.slow
def test_live1_reaches_its_figures() -> None:
    pictures = benchmark_pictures("live1", Path(os.environ["QGAC_EVALUATION"]) / "live1")
    settings = Settings(qualities=tuple(LIVE1))
    evaluation = Evaluation("live1", settings, tuple(evaluate(pictures, settings)))
    for quality, least in LIVE1.items():
        assert evaluation.mean(quality, "restored").psnr >= least


@needs_evaluation_data
@pytest.mark.slow
@pytest.mark.parametrize("quality", [5, 70, 98])
def test_live1_never_loses(quality: int) -> None:
    """Every fourth picture, against both ways of decoding the JPEG."""
    pictures = benchmark_pictures("live1", Path(os.environ["QGAC_EVALUATION"]) / "live1")[::4]
    for measurement in evaluate(pictures, Settings(qualities=(quality,))):
        least = 0.3 if quality == 70 else 0.0
        for method in ("jpeg", "pillow"):
            assert measurement.scores["restored"].psnr - measurement.scores[method].psnr >= least, measurement.picture
