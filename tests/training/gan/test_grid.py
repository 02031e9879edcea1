"""The 8x8 grid in pictures whose steps are known, and by loops over the blocks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from qgac.training.gan.grid import grid_jumps, grid_steps, grid_visibility


def test_a_visible_grid_is_measured() -> None:
    """On a ramp all steps are 1; raised by 2 from block to block in one direction, those at borders are 3 and 1."""
    ramp = torch.arange(32.0).expand(1, 3, 32, 32)
    ramp = ramp + ramp.mT
    assert grid_visibility(ramp) == pytest.approx(1)
    raised = ramp + 2 * torch.arange(32).div(8, rounding_mode="floor")
    assert grid_visibility(raised) == pytest.approx((3 + 1) / (1 + 1))


def test_steps_of_every_block_by_loops() -> None:
    pictures = torch.from_numpy(np.random.default_rng(0).normal(0, 1, (2, 3, 16, 24)))
    across, inside = (steps.numpy() for steps in grid_steps(pictures))
    assert across.shape == inside.shape == (2, 3, 2, 3)
    for n, c, row, column in np.ndindex(across.shape):
        rows = pictures[n, c, 8 * row : 8 * row + 8].numpy()
        block = rows[:, 8 * column : 8 * column + 8]
        assert inside[n, c, row, column] == pytest.approx(np.abs(block[:, 1:] - block[:, :-1]).mean())
        expected = np.abs(rows[:, 8 * column + 8] - block[:, 7]).mean() if column < 2 else 0
        assert across[n, c, row, column] == pytest.approx(expected)


def test_jumps_are_of_squares_and_not_of_grain() -> None:
    squares = (
        torch.tensor([[1.0, 4.0, 2.0], [0.0, 0.0, 5.0]]).repeat_interleave(8, 0).repeat_interleave(8, 1)[None, None]
    )
    expected = torch.tensor([[[[3.0, -2.0, 0.0], [0.0, 5.0, 0.0]]]])
    assert torch.equal(grid_jumps(squares), expected)
    grain = torch.tensor([1.0, -1.0]).repeat(8)[:, None] * (torch.arange(24) % 8 == 0)  # steps of 1 and -1 in turn
    assert torch.equal(grid_jumps(squares + grain), expected)


@pytest.mark.parametrize("shape", [(1, 1, 16, 16), (2, 3, 24, 40)])
def test_visibility_counts_every_step_once(shape: tuple[int, int, int, int]) -> None:
    """Also those from the last blocks to the edge, which are inside, and none from the edge on."""
    pictures = torch.from_numpy(np.random.default_rng(1).normal(0, 1, shape))
    border, inner = [], []
    for planes in (pictures.numpy(), pictures.mT.numpy()):
        steps = np.abs(np.diff(planes, axis=-1))
        borders = np.arange(steps.shape[-1]) % 8 == 7
        border.append(steps[..., borders].mean())
        inner.append(steps[..., ~borders].mean())
    assert grid_visibility(pictures) == pytest.approx(sum(border) / sum(inner))
