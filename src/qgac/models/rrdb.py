"""Residual-in-Residual Dense Block (section 3.1; Wang et al., ESRGAN, 2018), without normalisation, with PReLU.

Fifteen 3x3 convolutions: three dense blocks of five, each convolution as wide as the block itself, a PReLU after each,
residuals scaled by 0.2 inside and outside (sizes as in the author's later port). With groups, every concatenation
interleaves group by group: a plain one would hand a group the features of its neighbour, and frequencies would mix.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from qgac.models.prelu import PReLU

__all__ = ["RRDB", "DenseBlock"]

_RESIDUAL_SCALE = 0.2


class DenseBlock(nn.Module):
    """Five densely connected convolutions with a scaled residual.

    Parameters
    ----------
    width : int
        Channels in, out, and of each convolution.
    groups : int
        Independent groups of channels.
    """

    def __init__(self, width: int, *, groups: int = 1) -> None:
        super().__init__()
        self.groups = groups
        self.convolutions = nn.ModuleList(
            nn.Conv2d(inputs * width, width, 3, padding=1, groups=groups) for inputs in range(1, 6)
        )
        self.activations = nn.ModuleList(PReLU() for _ in range(5))
        for convolution in self.convolutions:
            nn.init.kaiming_normal_(convolution.weight, a=0.25)  # type: ignore[arg-type]
            with torch.no_grad():
                convolution.weight.mul_(0.1)  # type: ignore[operator]

    def forward(self, features: Tensor) -> Tensor:
        """Map (N, width, H, W) to the same shape."""
        dense = torch.unflatten(features, 1, (self.groups, -1))  # (N, groups, channels of a group, H, W)
        result = features
        for index, (convolution, activation) in enumerate(zip(self.convolutions, self.activations, strict=True)):
            result = activation(convolution(dense.flatten(1, 2)))
            if index < 4:
                dense = torch.cat((dense, torch.unflatten(result, 1, (self.groups, -1))), 2)
        return features + _RESIDUAL_SCALE * result


class RRDB(nn.Module):
    """Three dense blocks with a scaled residual around them.

    Parameters
    ----------
    width : int
        Channels in and out.
    groups : int
        Independent groups of channels; 64 in the FrequencyNet, one a frequency.
    """

    def __init__(self, width: int, *, groups: int = 1) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*(DenseBlock(width, groups=groups) for _ in range(3)))

    def forward(self, features: Tensor) -> Tensor:
        """Map (N, width, H, W) to the same shape."""
        return features + _RESIDUAL_SCALE * self.blocks(features)  # type: ignore[no-any-return]
