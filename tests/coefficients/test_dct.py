from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy.fft import dctn, idctn

from qgac.coefficients.block_dct import dct_matrix
from qgac.coefficients.dct import dct, double_nearest, idct, shrink_box

TOLERANCE = {torch.float32: 2e-4, torch.float64: 1e-10}  # of samples up to 128, coefficients up to 1024


def plane(*shape: Any, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return (torch.rand(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(4)) * 255 - 128).to(dtype)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_against_scipy(dtype: torch.dtype) -> None:
    samples = plane(2, 3, 16, 24, dtype=dtype)
    channels = dct(samples)
    assert channels.shape == (2, 3, 64, 2, 3)
    assert channels.dtype == dtype
    for row in range(2):
        for column in range(3):
            block = samples[..., 8 * row : 8 * row + 8, 8 * column : 8 * column + 8].double().numpy()
            expected = dctn(block, axes=(-2, -1), norm="ortho").reshape(2, 3, 64)
            np.testing.assert_allclose(channels[..., row, column], expected, atol=TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_inverse_against_scipy(dtype: torch.dtype) -> None:
    channels = plane(64, 1, 2, dtype=dtype)
    samples = idct(channels)
    assert samples.shape == (8, 16)
    for column in range(2):
        expected = idctn(channels[:, 0, column].double().numpy().reshape(8, 8), norm="ortho")
        np.testing.assert_allclose(samples[:, 8 * column : 8 * column + 8], expected, atol=TOLERANCE[dtype])


def test_there_and_back() -> None:
    samples = plane(3, 32, 16)
    torch.testing.assert_close(idct(dct(samples)), samples, rtol=0, atol=1e-10)
    channels = plane(2, 64, 3, 5)
    torch.testing.assert_close(dct(idct(channels)), channels, rtol=0, atol=1e-10)


def test_energy_is_kept() -> None:
    samples = plane(32, 16)
    torch.testing.assert_close(dct(samples).square().sum(), samples.square().sum())


def test_flat_block() -> None:
    channels = dct(torch.full((8, 8), 5.0))
    assert channels[0].item() == pytest.approx(40, abs=1e-4)
    assert channels[1:].abs().max() < 1e-5


def test_matrix_is_orthonormal_and_rows_are_frequencies() -> None:
    matrix = dct_matrix()
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(8), atol=1e-15)
    # Row k changes its sign k times.
    assert [int((np.diff(np.sign(row)) != 0).sum()) for row in matrix] == list(range(8))


def test_frequency_order_is_row_major() -> None:
    """Vertical stripes vary along a row: horizontal frequencies, channels 1..7."""
    stripes = torch.tensor([100.0, -100.0]).repeat(4).expand(8, 8)
    energy = dct(stripes).flatten().square()
    assert energy[:8].sum() == pytest.approx(energy.sum().item(), rel=1e-6)
    assert dct(stripes.T.contiguous()).flatten().square()[::8].sum() == pytest.approx(energy.sum().item(), rel=1e-6)


@pytest.mark.parametrize(("vertical", "horizontal"), [(1, 1), (1, 2), (2, 1), (2, 2), (1, 4), (3, 2)])
def test_doubling_is_repetition_of_samples(vertical: int, horizontal: int) -> None:
    channels = plane(2, 64, 2, 3)
    doubled = double_nearest(channels, vertical, horizontal)
    assert doubled.shape == (2, 64, 2 * vertical, 3 * horizontal)
    expected = np.kron(idct(channels).numpy(), np.ones((vertical, horizontal)))
    np.testing.assert_allclose(idct(doubled), expected, atol=1e-10)


@pytest.mark.parametrize(("vertical", "horizontal"), [(1, 1), (1, 2), (2, 1), (2, 2), (4, 1)])
def test_shrinking_is_the_mean_of_boxes_of_samples(vertical: int, horizontal: int) -> None:
    channels = plane(64, 2 * vertical, 3 * horizontal)
    samples = idct(channels).numpy()
    expected = np.empty((16, 24))
    for i in range(16):
        for j in range(24):
            box = samples[i * vertical : (i + 1) * vertical, j * horizontal : (j + 1) * horizontal]
            expected[i, j] = box.mean()
    shrunk = shrink_box(channels, vertical, horizontal)
    assert shrunk.shape == (64, 2, 3)
    np.testing.assert_allclose(idct(shrunk), expected, atol=1e-10)


@pytest.mark.parametrize(("vertical", "horizontal"), [(1, 2), (2, 1), (2, 2)])
def test_shrinking_undoes_doubling(vertical: int, horizontal: int) -> None:
    channels = plane(2, 64, 2, 3)
    again = shrink_box(double_nearest(channels, vertical, horizontal), vertical, horizontal)
    torch.testing.assert_close(again, channels, rtol=0, atol=1e-10)


def test_gradient_passes() -> None:
    samples = plane(8, 16).requires_grad_()
    dct(samples).square().sum().backward()
    # The gradient of the energy is twice the samples: the transform is orthonormal.
    torch.testing.assert_close(samples.grad, 2 * samples.detach())


def test_autocast_does_not_reach_the_transform() -> None:
    samples = plane(16, 16, dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        channels = dct(samples)
    assert torch.equal(channels, dct(samples))
