from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from qgac.metrics import ssim


def brute_force(x: np.ndarray, y: np.ndarray) -> np.float64:
    """Eq. 13 of Wang et al. over every 8x8 window, population statistics by NumPy."""
    values = []
    for i in range(x.shape[0] - 7):
        for j in range(x.shape[1] - 7):
            a, b = x[i : i + 8, j : j + 8], y[i : i + 8, j : j + 8]
            covariance = ((a - a.mean()) * (b - b.mean())).mean()
            luminance = (2 * a.mean() * b.mean() + 1e-4) / (a.mean() ** 2 + b.mean() ** 2 + 1e-4)
            structure = (2 * covariance + 9e-4) / (a.var() + b.var() + 9e-4)
            values.append(luminance * structure)
    return np.mean(values)


@pytest.mark.parametrize("shape", [(8, 8), (9, 17), (20, 13)])
def test_against_loops(shape: tuple[int, int]) -> None:
    generator = np.random.default_rng(8)
    x = generator.random(shape)
    y = np.clip(x + generator.normal(0, 0.1, shape), 0, 1)
    assert ssim(restored=x, reference=y) == pytest.approx(brute_force(x, y), abs=1e-12)


def test_channels_are_averaged() -> None:
    generator = np.random.default_rng(9)
    x, y = generator.random((12, 10, 3)), generator.random((12, 10, 3))
    expected = np.mean([brute_force(x[..., c], y[..., c]) for c in range(3)])
    assert ssim(restored=x, reference=y) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("window", [3, 7, 11])
def test_against_scikit_image_where_it_can(window: int) -> None:
    """scikit-image refuses even windows; with odd ones and population variance it is the same formula."""
    generator = np.random.default_rng(10)
    reference = generator.integers(0, 256, (23, 31, 3), dtype=np.uint8)
    restored = np.clip(reference + generator.normal(0, 30, reference.shape), 0, 255).astype(np.uint8)
    expected = structural_similarity(
        reference, restored, win_size=window, data_range=255, channel_axis=-1, use_sample_covariance=False
    )
    assert ssim(restored=restored, reference=reference, window=window) == pytest.approx(expected, abs=1e-9)


def test_two_flat_pictures_by_hand() -> None:
    """No variance: the structure term is 1 and (2 * 0.2 * 0.6 + 1e-4) / (0.04 + 0.36 + 1e-4) = 0.60010 remains."""
    value = ssim(restored=np.full((8, 8), 0.2), reference=np.full((8, 8), 0.6))
    assert value == pytest.approx(0.2401 / 0.4001, abs=1e-9)


def test_identity_symmetry_and_range() -> None:
    x, y = torch.rand(4, 3, 16, 16, dtype=torch.float64), torch.rand(4, 3, 16, 16, dtype=torch.float64)
    torch.testing.assert_close(ssim(restored=x, reference=x), torch.ones(4, dtype=torch.float64))
    torch.testing.assert_close(ssim(restored=x, reference=y), ssim(restored=y, reference=x))
    assert (ssim(restored=x, reference=1 - x) < 0).all()
    assert (ssim(restored=x, reference=1 - x) >= -1).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_tensors_keep_their_type(dtype: torch.dtype) -> None:
    x = torch.rand(1, 1, 16, 16, dtype=dtype)
    assert ssim(restored=x, reference=x.flip(-1)).dtype == dtype


def test_gradient_against_differences() -> None:
    x = torch.rand(1, 1, 9, 10, dtype=torch.float64, requires_grad=True)
    y = torch.rand(1, 1, 9, 10, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda z: ssim(restored=z, reference=y), (x,))
