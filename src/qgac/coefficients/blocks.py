"""The frequency-channel layout (Fig. 4): one channel a DCT frequency, one pixel a block.

Three layouts of the same coefficients meet in this project:

* *blocks*: ``(rows, cols, 8, 8)``, how a JPEG file stores them (NumPy, :mod:`qgac.jpeg.image`);
* *plane*: ``(..., H, W)``, each block in its place, how the paper's figures draw them;
* *frequency channels*: ``(..., 64, H/8, W/8)``, frequencies row-major, how every network here works. With ``m`` maps
  the channel axis is ``64 * m`` long, frequency outermost and map innermost, so that a convolution with 64 groups sees
  one frequency a group.

The paper's Frequency Component Rearrangement is the step from plane to frequency channels: a pixel unshuffle.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

__all__ = ["blocks_to_channels", "channels_to_blocks", "interleave_maps", "separate_maps", "to_channels", "to_plane"]


def to_channels(plane: Tensor) -> Tensor:
    """Rearrange a plane into frequency channels.

    Parameters
    ----------
    plane : Tensor, shape (..., H, W)
        H and W multiples of 8.

    Returns
    -------
    Tensor, shape (..., 64, H/8, W/8)
        Channel ``8 * i + j`` holds position (i, j) of every block.
    """
    return F.pixel_unshuffle(plane.unsqueeze(-3), 8)


def to_plane(channels: Tensor) -> Tensor:
    """Rearrange frequency channels into a plane; the inverse of :func:`to_channels`.

    Parameters
    ----------
    channels : Tensor, shape (..., 64, H/8, W/8)

    Returns
    -------
    Tensor, shape (..., H, W)
    """
    return F.pixel_shuffle(channels, 8).squeeze(-3)


def interleave_maps(maps: Tensor) -> Tensor:
    """Join ``m`` maps of frequency channels into one tensor, frequency outermost.

    Parameters
    ----------
    maps : Tensor, shape (N, m, 64, H, W)

    Returns
    -------
    Tensor, shape (N, 64 * m, H, W)
    """
    return maps.transpose(1, 2).flatten(1, 2)


def separate_maps(channels: Tensor, maps: int) -> Tensor:
    """Take the maps of a joined tensor apart; the inverse of :func:`interleave_maps`.

    Parameters
    ----------
    channels : Tensor, shape (N, 64 * maps, H, W)
    maps : int

    Returns
    -------
    Tensor, shape (N, maps, 64, H, W)
    """
    return torch.unflatten(channels, 1, (64, maps)).transpose(1, 2)


def blocks_to_channels(blocks: Tensor) -> Tensor:
    """Rearrange blocks as a file stores them into frequency channels.

    Parameters
    ----------
    blocks : Tensor, shape (..., rows, cols, 8, 8)

    Returns
    -------
    Tensor, shape (..., 64, rows, cols)
    """
    return torch.movedim(blocks.flatten(-2), -1, -3)


def channels_to_blocks(channels: Tensor) -> Tensor:
    """Rearrange frequency channels into blocks; the inverse of :func:`blocks_to_channels`.

    Parameters
    ----------
    channels : Tensor, shape (..., 64, rows, cols)

    Returns
    -------
    Tensor, shape (..., rows, cols, 8, 8)
    """
    return torch.unflatten(torch.movedim(channels, -3, -1), -1, (8, 8))
