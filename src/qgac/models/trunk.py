"""The trunk between a CFM and its transposed twin: the paper's RRDBs, plain residual blocks, or both.

Plain residual blocks (convolution, PReLU, convolution) learn faster than RRDBs at small widths, which is why the
shipped models use them; the paper's trunk is the default everywhere.

A trunk may be subdivided: the channels of each block are laid out as a grid of sub-blocks, as in sub-pixel convolution
(Shi et al., 2016), and processed there. At equal arithmetic there are fewer channels at more places, so each weight is
used, and learned from, several times a block. The paper's trunks are not subdivided.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from qgac.models.prelu import PReLU
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
        self.activation = PReLU()
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
    subdivision : int
        Sub-blocks along each side of a block; they have ``width / subdivision**2`` channels. 1: none.

    Attributes
    ----------
    receptive_field : int
        How far the output sees, in pixels (here: blocks) to each side.

    Raises
    ------
    ValueError
        If the width is not divisible by the number of sub-blocks.
    """

    def __init__(
        self, width: int, *, rrdbs: int = 1, residual_blocks: int = 0, groups: int = 1, subdivision: int = 1
    ) -> None:
        if subdivision < 1 or width % subdivision**2:
            raise ValueError(f"{width} channels cannot be laid out as {subdivision} x {subdivision} sub-blocks")
        inner = width // subdivision**2
        super().__init__(
            *(RRDB(inner, groups=groups) for _ in range(rrdbs)),
            *(ResidualBlock(inner, groups=groups) for _ in range(residual_blocks)),
        )
        self.subdivision = subdivision
        self.receptive_field = math.ceil((15 * rrdbs + 2 * residual_blocks) / subdivision)

    def forward(self, features: Tensor) -> Tensor:
        """Map (N, width, H, W) to the same shape."""
        if self.subdivision > 1:
            features = _split(features, self.subdivision)
        for block in self:
            features = block(features)
        return features if self.subdivision == 1 else _join(features, self.subdivision)


def _split(features: Tensor, factor: int) -> Tensor:
    """Lay (N, factor² C, H, W) out as (N, C, factor H, factor W), sub-block outermost in the channels.

    PyTorch's pixel_shuffle leaves the channels-last format, on the way back as well, which doubles the time of a step.
    """
    count, _, rows, columns = features.shape
    sub_blocks = features.permute(0, 2, 3, 1).reshape(count, rows, columns, factor, factor, -1).transpose(2, 3)
    return sub_blocks.reshape(count, factor * rows, factor * columns, -1).permute(0, 3, 1, 2)


def _join(features: Tensor, factor: int) -> Tensor:
    """Undo :func:`_split`."""
    count, _, rows, columns = features.shape
    shape = (count, rows // factor, factor, columns // factor, factor, -1)
    sub_blocks = features.permute(0, 2, 3, 1).reshape(shape).transpose(2, 3)
    return sub_blocks.reshape(count, rows // factor, columns // factor, -1).permute(0, 3, 1, 2)
