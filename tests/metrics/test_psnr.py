from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio

from qgac.metrics import psnr


def test_by_hand() -> None:
    """Every sample off by 0.1: MSE 0.01, so 20 dB. Half of them by 0.1: MSE 0.005, 20 + 10 log10(2) dB."""
    reference = torch.full((1, 1, 4, 4), 0.5, dtype=torch.float64)
    assert psnr(restored=reference + 0.1, reference=reference).item() == pytest.approx(20, abs=1e-9)
    half = reference.clone()
    half[..., :2] -= 0.1
    assert psnr(restored=half, reference=reference).item() == pytest.approx(20 + 10 * math.log10(2), abs=1e-9)


def test_channels_are_taken_jointly() -> None:
    """One channel off by 0.1, one by 0.3: MSE 0.05, 13.0103 dB; the mean of the channels' PSNRs would be 15.2288."""
    reference = np.full((5, 6, 2), 0.5)
    restored = reference + np.array([0.1, -0.3])
    assert psnr(restored=restored, reference=reference) == pytest.approx(13.0103, abs=1e-4)


def test_against_scikit_image() -> None:
    generator = np.random.default_rng(1)
    reference = generator.integers(0, 256, (13, 21, 3), dtype=np.uint8)
    restored = np.clip(reference + generator.normal(0, 9, reference.shape), 0, 255).astype(np.uint8)
    expected = peak_signal_noise_ratio(reference, restored, data_range=255)
    assert psnr(restored=restored, reference=reference) == pytest.approx(expected, abs=1e-10)


def test_identity_and_symmetry() -> None:
    x, y = torch.rand(2, 3, 9, 8), torch.rand(2, 3, 9, 8)
    assert torch.isposinf(psnr(restored=x, reference=x)).all()
    assert torch.equal(psnr(restored=x, reference=y), psnr(restored=y, reference=x))


def test_float32_pictures_are_measured_in_float64() -> None:
    """An error of 1e-5 vanishes in a float32 mean of squares only by luck; the type of the result tells."""
    value = psnr(restored=torch.full((1, 1, 8, 8), 0.5), reference=torch.full((1, 1, 8, 8), 0.5 - 2**-17))
    assert value.dtype == torch.float64
    assert value.item() == pytest.approx(20 * 17 * math.log10(2), abs=1e-9)
