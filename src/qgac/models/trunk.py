"""The trunk between a CFM and its transposed twin: the paper's RRDBs, plain residual blocks, or both.

Plain residual blocks (convolution, PReLU, convolution) learn faster than RRDBs at small widths, which is why the
shipped models use them; the paper's trunk is the default everywhere.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from qgac.models.rrdb import RRDB

__all__ = ["ResidualBlock", "Trunk"]


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions around a PReLU, with a residual; starts close to the identity.

    Parameters
    ----------
    width : int
        Channels in and out.
    groups : int
        Independent groups of channels.
    """

    def __init__(self, width: int, *, groups: int = 1) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1, groups=groups)
        self.activation = nn.PReLU()
        self.second = nn.Conv2d(width, width, 3, padding=1, groups=groups)
        nn.init.kaiming_normal_(self.first.weight, a=0.25)
        nn.init.kaiming_normal_(self.second.weight, a=0.25)
        with torch.no_grad():
            self.second.weight.mul_(0.1)

    def forward(self, features: Tensor) -> Tensor:
        """Map (N, width, H, W) to the same shape."""
        return features + self.second(self.activation(self.first(features)))  # type: ignore[no-any-return]


class Trunk(nn.Sequential):
    """A chain of RRDBs and residual blocks.

    Parameters
    ----------
    width : int
        Channels in and out.
    rrdbs, residual_blocks : int
        How many of each, in this order.
    groups : int
        Independent groups of channels.

    Attributes
    ----------
    receptive_field : int
        How far the output sees, in pixels (here: blocks) to each side.
    """

    def __init__(self, width: int, *, rrdbs: int = 1, residual_blocks: int = 0, groups: int = 1) -> None:
        super().__init__(
            *(RRDB(width, groups=groups) for _ in range(rrdbs)),
            *(ResidualBlock(width, groups=groups) for _ in range(residual_blocks)),
        )
        self.receptive_field = 15 * rrdbs + 2 * residual_blocks
