"""What the metrics accept and refuse; the same for all three."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from qgac.metrics import psnr, psnr_b, ssim

METRICS = pytest.mark.parametrize("metric", [psnr, psnr_b, ssim])


def pictures(*shape: Any) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(5)
    reference = generator.integers(0, 256, shape, dtype=np.uint8)
    noise = generator.integers(-20, 21, shape)
    return np.clip(reference + noise, 0, 255).astype(np.uint8), reference


@METRICS
@pytest.mark.parametrize("shape", [(16, 16), (24, 17), (24, 17, 3), (16, 40, 1)])
def test_arrays_and_tensors_give_the_same(
    metric: Callable[..., Any], shape: tuple[int, int, int] | tuple[int, int]
) -> None:
    restored, reference = pictures(*shape)
    expected = metric(restored=restored, reference=reference)
    assert isinstance(expected, float)
    tensors = [
        torch.from_numpy(x / 255.0).reshape(*shape[:2], -1).permute(2, 0, 1)[None] for x in (restored, reference)
    ]
    value = metric(restored=tensors[0], reference=tensors[1])
    assert value.shape == (1,)
    assert value.item() == pytest.approx(expected, abs=1e-9)


@METRICS
def test_arrays_of_different_types_may_meet(metric: Callable[..., Any]) -> None:
    restored, reference = pictures(24, 20, 3)
    expected = metric(restored=restored, reference=reference)
    assert metric(restored=restored / 255.0, reference=reference) == pytest.approx(expected, abs=1e-9)
    single = (restored / 255.0).astype(np.float32)
    assert metric(restored=single, reference=reference) == pytest.approx(expected, abs=1e-5)


@METRICS
def test_every_picture_of_a_batch_is_measured_alone(metric: Callable[..., Any]) -> None:
    x, y = torch.rand(3, 2, 24, 16, dtype=torch.float64), torch.rand(3, 2, 24, 16, dtype=torch.float64)
    together = metric(restored=x, reference=y)
    alone = torch.cat([metric(restored=x[i : i + 1], reference=y[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(together, alone, rtol=1e-12, atol=1e-12)


@METRICS
def test_more_noise_is_worse(metric: Callable[..., Any]) -> None:
    reference = torch.rand(1, 3, 32, 32, dtype=torch.float64)
    noise = torch.randn_like(reference)
    values = [metric(restored=reference + amount * noise, reference=reference).item() for amount in (0.01, 0.05, 0.2)]
    assert values[0] > values[1] > values[2]


@METRICS
def test_gradient_reaches_the_restored_picture(metric: Callable[..., Any]) -> None:
    restored = torch.rand(2, 3, 16, 16, requires_grad=True)
    metric(restored=restored, reference=torch.rand(2, 3, 16, 16)).sum().backward()
    assert restored.grad is not None
    assert torch.isfinite(restored.grad).all()
    assert (restored.grad != 0).any(-1).any(-1).all()


@METRICS
def test_inputs_stay_as_they_were(metric: Callable[..., Any]) -> None:
    x, y = torch.rand(1, 1, 16, 16), torch.rand(1, 1, 16, 16)
    copies = x.clone(), y.clone()
    metric(restored=x, reference=y)
    assert torch.equal(x, copies[0])
    assert torch.equal(y, copies[1])


@METRICS
@pytest.mark.parametrize(
    ("restored", "reference", "error", "message"),
    [
        (np.zeros((16, 16)), np.zeros((16, 17)), ValueError, "one shape"),
        (np.zeros((16, 16, 3)), np.zeros((16, 16)), ValueError, "one shape"),
        (np.zeros((1, 3, 16, 16)), np.zeros((1, 3, 16, 16)), ValueError, r"\(H, W\)"),
        (np.zeros((0, 16)), np.zeros((0, 16)), ValueError, "one shape"),
        (torch.zeros(3, 16, 16), torch.zeros(3, 16, 16), ValueError, r"\(N, C, H, W\)"),
        (torch.zeros(1, 1, 16, 16), np.zeros((16, 16)), TypeError, "two tensors or two arrays"),
        (torch.zeros(1, 1, 16, 16, dtype=torch.uint8), torch.zeros(1, 1, 16, 16), TypeError, "floating"),
        (np.zeros((16, 16), np.int32), np.zeros((16, 16), np.int32), TypeError, "uint8"),
        (np.zeros((16, 16)), np.full((16, 16), 255.0), ValueError, "0..1"),
        (np.zeros((16, 16)), np.full((16, 16), np.nan), ValueError, "0..1"),
        (np.zeros((16, 7)), np.zeros((16, 7)), ValueError, "7x16 pixels"),
    ],
)
def test_what_does_not_fit_is_refused(
    metric: Callable[..., Any],
    restored: np.ndarray | torch.Tensor,
    reference: np.ndarray | torch.Tensor,
    error: type,
    message: str,
) -> None:
    if metric is psnr and message == "7x16 pixels":
        assert metric(restored=restored, reference=reference) == np.inf
        return
    with pytest.raises(error, match=message):
        metric(restored=restored, reference=reference)


@METRICS
def test_positions_are_refused(metric: Callable[..., Any]) -> None:
    picture = np.zeros((16, 16))
    with pytest.raises(TypeError):
        metric(picture, picture)
