"""What is to be seen of the 8x8 grid of the file: the cheapest texture to invent, and one that no original has."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad

__all__ = ["BLOCK", "blocks_of", "grid_jumps", "grid_steps", "grid_visibility"]

BLOCK = 8
"""Pixels a side; pictures start at the corner of a block."""


def blocks_of(samples: Tensor) -> Tensor:
    """View samples (N, C, H, W), both sides multiples of 8, as (N, C, H/8, 8, W/8, 8)."""
    count, channels, height, width = samples.shape
    return samples.reshape(count, channels, height // BLOCK, BLOCK, width // BLOCK, BLOCK)


def grid_steps(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Compare each block's steps to the next block with those inside it, from left to right.

    Parameters
    ----------
    pictures : Tensor, shape (N, C, H, W)
        H and W multiples of 8; transposed, the steps are those from top to bottom.

    Returns
    -------
    across, inside : Tensor, each of shape (N, C, H/8, W/8)
        Mean absolute step between neighbouring pixels: over the right border, 0 for the last blocks, which have no
        neighbour; and within the block.
    """
    steps = blocks_of(pad(pictures.diff(dim=-1).abs(), (0, 1)))
    return steps[..., -1].mean(3), steps[..., :-1].mean((3, 5))


def grid_jumps(pictures: Tensor) -> Tensor:
    """Tell how much brighter the next block begins than each block ends: squares are seen, and grain cancels out.

    Parameters
    ----------
    pictures : Tensor, shape (N, C, H, W)
        H and W multiples of 8; transposed, the jumps are those from top to bottom.

    Returns
    -------
    Tensor, shape (N, C, H/8, W/8)
        Mean of the eight steps over the right border, with their signs; 0 for the last blocks.
    """
    return blocks_of(pad(pictures.diff(dim=-1), (0, 1)))[..., -1].mean(3)


@torch.no_grad()
def grid_visibility(pictures: Tensor) -> float:
    """Compare the steps between neighbouring pixels across block borders with all others.

    Parameters
    ----------
    pictures : Tensor, shape (N, C, H, W)
        H and W multiples of 8, at least 16.

    Returns
    -------
    float
        Ratio of the mean absolute steps; about 1 where no grid is seen.
    """
    directions = [grid_steps(seen) for seen in (pictures, pictures.mT)]
    border = sum(across[..., :-1].mean() for across, _ in directions)
    return float(border / sum(inside.mean() for _, inside in directions))
