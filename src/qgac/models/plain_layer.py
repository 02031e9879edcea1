"""What a CFM is compared with (section 4.4, Table 5): a learned layer whose kernel does not depend on the table."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from qgac.models.prelu import PReLU

__all__ = ["PlainLayer"]


class PlainLayer(nn.Module):
    """A matrix applied to each block, on frequency channels: the place of a CFM, or of its transposed twin.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    concatenate : bool
        Append the table to the input, as 64 further channels that are constant over the picture; otherwise the layer
        does not see it.
    log_table : bool
        Append log2(step) / 8 instead of the paper's step / 255.
    activation : bool
        Whether a PReLU follows.
    zero : bool
        Start with an output of zero: for the layer that makes the residual.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        concatenate: bool,
        log_table: bool = False,
        activation: bool = True,
        zero: bool = False,
    ) -> None:
        super().__init__()
        self.concatenate = concatenate
        self.log_table = log_table
        self.convolution = nn.Conv2d(inputs + 64 * concatenate, outputs, 1)
        self.activation = PReLU() if activation else nn.Identity()
        assert self.convolution.bias is not None
        nn.init.zeros_(self.convolution.bias)
        nn.init.normal_(self.convolution.weight, std=0.0 if zero else 1 / math.sqrt(inputs))

    def forward(self, channels: Tensor, tables: Tensor) -> Tensor:
        """Map each block.

        Parameters
        ----------
        channels : Tensor, shape (N, inputs, H/8, W/8)
        tables : Tensor, shape (N, 1, 8, 8)
            Quantisation steps, 1..65535.

        Returns
        -------
        Tensor, shape (N, outputs, H/8, W/8)
        """
        if self.concatenate:
            scaled = tables.log2() / 8 if self.log_table else tables / 255
            constant = scaled.to(channels.dtype).reshape(-1, 64, 1, 1).expand(-1, -1, *channels.shape[2:])
            channels = torch.cat((channels, constant), 1)
        return self.activation(self.convolution(channels))  # type: ignore[no-any-return]
