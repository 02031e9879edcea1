"""What is seen in smooth places: by loops over the windows, and by what it should notice there more than elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from qgac.training.gan.smooth import smooth_loss


def grain(seed: int, contrast: float, side: int = 64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + contrast / 255 * torch.randn(1, 3, side, side, generator=generator)


def steps(plane: np.ndarray, border: bool) -> float:
    """Mean over 16 blocks of the absolute steps over their right and lower borders (0 at the edge), or inside."""
    found = np.zeros((4, 4))
    for planes, seen in ((plane, found), (plane.T, found.T)):
        for row, column in np.ndindex(4, 4):
            block = planes[8 * row : 8 * row + 8, 8 * column : 8 * column + 9]
            differences = np.abs(np.diff(block, axis=1))
            if border:
                seen[row, column] += differences[:, 7].mean() / 2 if column < 3 else 0
            else:
                seen[row, column] += differences[:, :7].mean() / 2
    return found.mean()


def pattern(plane: np.ndarray) -> float:
    blocks = [plane[8 * row : 8 * row + 8, 8 * column : 8 * column + 8] for row, column in np.ndindex(4, 4)]
    mean = np.mean([block - block.mean() for block in blocks], axis=0)
    return np.sqrt((mean**2).mean() + (0.1 / 255) ** 2)


def jumps(plane: np.ndarray) -> np.ndarray:
    rows = plane.reshape(4, 8, 32)
    return np.stack([(rows[..., 8 * c + 8] - rows[..., 8 * c + 7]).mean(1) if c < 3 else np.zeros(4) for c in range(4)])


def test_one_window_by_loops() -> None:
    restored, original = (grain(seed, contrast, 32) for seed, contrast in ((0, 2.0), (1, 1.0)))
    expected = []
    for x, y in zip(restored[0].double().numpy(), original[0].double().numpy(), strict=True):
        total = sum(abs(steps(x, border) - steps(y, border)) for border in (True, False))
        total += 5 * abs(pattern(x) - pattern(y)) + 0.2 * np.abs(x - y).mean()
        total += sum(np.abs(jumps(a) - jumps(b)).mean() for a, b in ((x, y), (x.T, y.T)))
        expected.append(total * (0.5 / 255) / (steps(y, border=False) + 0.5 / 255) ** 2)
    assert float(smooth_loss(restored, original)) == pytest.approx(np.mean(expected), rel=1e-4)
    assert float(smooth_loss(original, original)) == 0


def test_the_same_pattern_costs_more_the_smoother_the_original_is() -> None:
    repeated = (grain(2, 1.0, 8) - 0.5).repeat(1, 1, 8, 8)
    costs = [float(smooth_loss(original + repeated, original)) for original in (grain(3, c) for c in (0.1, 1, 10))]
    assert costs[0] > 2 * costs[1] > 10 * costs[2]


def test_grain_that_does_not_repeat_costs_less_than_a_pattern() -> None:
    original = grain(4, 0.5)
    repeated = (grain(2, 1.0, 8) - 0.5).repeat(1, 1, 8, 8)
    other = grain(5, 1.0) - 0.5
    assert smooth_loss(original + other, original) < 0.5 * smooth_loss(original + repeated, original)


def test_the_gradient_is_finite_even_at_flat_pictures() -> None:
    flat = torch.full((1, 3, 32, 32), 0.5, requires_grad=True)
    smooth_loss(flat, torch.full((1, 3, 32, 32), 0.4)).backward()
    assert flat.grad.isfinite().all()
