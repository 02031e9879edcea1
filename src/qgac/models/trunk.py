"""The trunk between a CFM and its transposed twin: the paper's RRDBs, plain residual blocks, or both.

Plain residual blocks (convolution, PReLU, convolution) learn faster than RRDBs at small widths, which is why the
shipped models use them; the paper's trunk is the default everywhere.

A trunk may be subdivided: the channels of each block are laid out as a grid of sub-blocks, as in sub-pixel convolution
(Shi et al., 2016), and processed there. At equal arithmetic there are fewer channels at more places, so each weight is
used, and learned from, several times a block. The paper's trunks are not subdivided.

A subdivided trunk may have a deep part in its middle, as in U-Net (Ronneberger et al., 2015): at half the resolution,
where a convolution sees twice as far, with twice the channels, which at equal arithmetic are twice the weights.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from qgac.models.prelu import PReLU
from qgac.models.rrdb import RRDB

__all__ = ["DeepPart", "ResidualBlock", "Trunk"]


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


class DeepPart(nn.Module):
    """Residual blocks at half the resolution, with a residual; starts as the identity.

    Parameters
    ----------
    width : int
        Channels in and out; the blocks have twice as many.
    residual_blocks : int
        How many.
    """

    def __init__(self, width: int, residual_blocks: int) -> None:
        super().__init__()
        self.down = nn.Conv2d(width, 2 * width, 2, stride=2)
        self.blocks = nn.Sequential(*(ResidualBlock(2 * width) for _ in range(residual_blocks)))
        self.up = nn.ConvTranspose2d(2 * width, width, 2, stride=2)
        assert self.up.bias is not None
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Map (N, width, H, W), H and W even, to the same shape."""
        return features + self.up(self.blocks(self.down(features)))  # type: ignore[no-any-return]


class Trunk(nn.Sequential):
    """A chain of RRDBs and residual blocks, with a deep part in its middle if it has one.

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
    deep_blocks : int
        Residual blocks of a :class:`DeepPart`, beside those of the chain. 0: there is none.

    Attributes
    ----------
    receptive_field : int
        How far the output sees, in pixels (here: blocks) to each side.

    Raises
    ------
    ValueError
        If the width is not divisible by the number of sub-blocks, or a trunk with a deep part has no even number of
        sub-blocks along a side: half the resolution is then not the same in every block.
    """

    def __init__(
        self,
        width: int,
        *,
        rrdbs: int = 1,
        residual_blocks: int = 0,
        groups: int = 1,
        subdivision: int = 1,
        deep_blocks: int = 0,
    ) -> None:
        if subdivision < 1 or width % subdivision**2:
            raise ValueError(f"{width} channels cannot be laid out as {subdivision} x {subdivision} sub-blocks")
        if deep_blocks and (subdivision % 2 or groups > 1):
            raise ValueError("deep blocks need 2, 4 or another even number of sub-blocks (subdivision), and no groups")
        inner = width // subdivision**2
        chain: list[nn.Module] = [RRDB(inner, groups=groups) for _ in range(rrdbs)]
        chain += [ResidualBlock(inner, groups=groups) for _ in range(residual_blocks)]
        reaches = [15] * rrdbs + [2] * residual_blocks  # in sub-blocks
        middle = len(chain) // 2
        reach = sum(reaches[middle:])
        if deep_blocks:
            chain.insert(middle, DeepPart(inner, deep_blocks))
            reach += reach % 2 + 4 * deep_blocks  # from the end of a pair of sub-blocks, by two for each convolution
        super().__init__(*chain)
        self.subdivision = subdivision
        self.receptive_field = math.ceil((reach + sum(reaches[:middle])) / subdivision)

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
