"""The three scores together: each is what its own definition gives, wherever the bands of rows are cut."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from qgac.metrics import psnr, psnr_b, scores, ssim
from qgac.metrics.scores import Scores, score

Samples = NDArray[np.uint8]


def blocky_pair(*shape: int) -> tuple[Samples, Samples]:
    """A picture with blocks of 8x8 and noise, and an original; every row and channel has errors of another size."""
    generator = np.random.default_rng(11)
    original = generator.integers(0, 256, shape)
    blocks = np.kron(generator.integers(-60, 61, [-(-side // 8) for side in shape[:2]]), np.ones((8, 8)))
    error = blocks[: shape[0], : shape[1]] * np.linspace(0.2, 1, shape[0])[:, None]
    if len(shape) == 3:
        error = error[..., None] * np.arange(1, shape[2] + 1)
    return (original + error).clip(0, 255).astype(np.uint8), original.astype(np.uint8)


def test_a_step_at_a_border_by_hand() -> None:
    r"""A 16x24 picture, all columns from 8 on brighter by 51 of 255, of an original that is 102 everywhere.

    MSE: 256 of 384 samples are off by 0.2: 0.04 * 2 / 3.
    Borders of blocks: 7|8 and 15|16 across with 16 pairs each, 7|8 down with 24, of which 16 differ by 0.2:
    D_B = 16 * 0.04 / 56 = 0.0114286. Nothing else differs: D_N = 0. BEF = D_B * log2(8) / log2(16) = 0.00857143.
    PSNR = -10 log10(0.0266667) = 15.740313 dB; PSNR-B = -10 log10(0.0352381) = 14.529875 dB.
    SSIM: windows begin in 17 columns and 9 rows. With k of its 8 columns bright, k = 1..8 and 8 more times, a window
    has the mean 0.4 + 0.2 k / 8, the variance 0.04 (k / 8) (1 - k / 8) and no covariance with a flat original.
    """
    original = np.full((16, 24), 102, np.uint8)
    picture = original.copy()
    picture[:, 8:] += 51
    bright = np.array([*range(9), *[8] * 8]) / 8
    mean, variance = 0.4 + 0.2 * bright, 0.04 * bright * (1 - bright)
    similarity = (0.8 * mean + 1e-4) / (0.16 + mean**2 + 1e-4) * 9e-4 / (variance + 9e-4)
    found = score(restored=picture, reference=original)
    assert found.psnr == pytest.approx(15.740313, abs=1e-6)
    assert found.psnr_b == pytest.approx(14.529875, abs=1e-6)
    assert found.ssim == pytest.approx(similarity.mean(), abs=1e-12)


# Heights that end a band of 16 rows before, at and after a row of blocks, and in rows where no window begins.
HEIGHTS = (16, 17, 32, 33, 38, 39, 40, 63, 64, 65)


@pytest.mark.parametrize("height", HEIGHTS)
@pytest.mark.parametrize("channels", [(), (1,), (3,), (4,)])
def test_bands_leave_no_trace(height: int, channels: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    restored, reference = blocky_pair(height, 21, *channels)
    monkeypatch.setattr(scores, "_SAMPLES", 16 * 21 * (channels or (1,))[0])
    found = score(restored=restored, reference=reference)
    assert found.psnr == pytest.approx(peak_signal_noise_ratio(reference, restored, data_range=255), abs=1e-10)
    assert found.psnr_b == pytest.approx(psnr_b(restored=restored, reference=reference), abs=1e-10)
    assert found.ssim == pytest.approx(ssim(restored=restored, reference=reference), abs=1e-12)


def test_in_one_band_they_are_those_of_the_metrics_to_the_bit() -> None:
    restored, reference = blocky_pair(45, 70, 3)
    figures = (metric(restored=restored, reference=reference) for metric in (psnr, psnr_b, ssim))
    assert score(restored=restored, reference=reference) == Scores(*figures)


@pytest.mark.parametrize("window", [7, 9])
def test_bands_against_scikit_image(window: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It refuses the even window of the paper; with an odd one and population variance it is the same formula."""
    restored, reference = blocky_pair(61, 40, 3)
    monkeypatch.setattr(scores, "_SAMPLES", 8 * 40 * 3)
    monkeypatch.setattr(scores, "_WINDOW", window)
    expected = structural_similarity(
        reference, restored, win_size=window, data_range=255, channel_axis=-1, use_sample_covariance=False
    )
    assert score(restored=restored, reference=reference).ssim == pytest.approx(expected, abs=1e-9)


def test_equal_pictures_are_infinitely_near(monkeypatch: pytest.MonkeyPatch) -> None:
    """In several bands too, to the last bit; PSNR-B is infinite only where the picture shows no blocks itself."""
    monkeypatch.setattr(scores, "_SAMPLES", 1)
    flat = np.full((40, 24, 3), 90, np.uint8)
    assert score(restored=flat, reference=flat) == Scores(np.inf, np.inf, 1.0)
    blocks = np.kron(np.arange(0, 225, 15, np.uint8).reshape(5, 3), np.ones((8, 8), np.uint8))
    found = score(restored=blocks, reference=blocks)
    assert found.psnr == np.inf
    assert found.psnr_b < 60
    assert found.ssim == pytest.approx(1, abs=1e-12)


def test_samples_of_other_types() -> None:
    restored, reference = blocky_pair(24, 33, 3)
    expected = score(restored=restored, reference=reference)
    assert score(restored=restored / 255, reference=reference) == expected
    single = score(restored=(restored / 255).astype(np.float32), reference=reference)
    assert single.psnr == pytest.approx(expected.psnr, abs=1e-5)


def test_large_pictures_cost_a_band(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what NumPy holds, while one picture in float64 would be 8 bytes a sample."""
    restored, reference = blocky_pair(2048, 256)
    monkeypatch.setattr(scores, "_SAMPLES", 64 * 256)
    tracemalloc.start()
    try:
        score(restored=restored, reference=reference)
        in_bands = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert in_bands < 2 * restored.size


@pytest.mark.parametrize(
    ("restored", "reference", "error", "message"),
    [
        (np.zeros((16, 16)), np.zeros((16, 17)), ValueError, "one shape"),
        (np.zeros((16, 16, 3)), np.zeros((16, 16)), ValueError, "one shape"),
        (np.zeros(99), np.zeros(99), ValueError, r"\(H, W\)"),
        (np.zeros((15, 99)), np.zeros((15, 99)), ValueError, "at least 16x16"),
        (np.zeros((99, 15)), np.zeros((99, 15)), ValueError, "at least 16x16"),
        (np.zeros((16, 16, 0)), np.zeros((16, 16, 0)), ValueError, "one shape"),
        (np.zeros((16, 16)), np.full((16, 16), 255.0), ValueError, "0..1"),
        (np.zeros((16, 16), np.int32), np.zeros((16, 16), np.int32), TypeError, "uint8"),
    ],
)
def test_what_does_not_fit_is_refused(
    restored: NDArray[np.generic], reference: NDArray[np.generic], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        score(restored=restored, reference=reference)


def test_json_has_no_infinity() -> None:
    perfect = Scores(np.inf, 40.5, 1.0)
    assert perfect.to_json() == {"psnr": None, "psnr_b": 40.5, "ssim": 1.0}
    assert Scores.from_json(perfect.to_json()) == perfect


@pytest.mark.parametrize(
    "module", ["qgac.metrics.scores", "qgac.evaluation.published", "qgac.evaluation.tables", "qgac.evaluation.gains"]
)
def test_stating_scores_loads_no_torch(module: str) -> None:
    code = f"import sys, {module}; print('numpy' in sys.modules, 'torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert found == ["True", "False"]
