r"""Convolutional Filter Manifold (section 3.1, Fig. 3): a convolution whose kernel is computed from the table.

A three-layer network turns the 8x8 quantisation table into the kernel and the bias of an 8x8 stride-8 convolution on
the coefficient plane. Every output of such a convolution sees exactly one block, so on frequency channels it is a 1x1
convolution: a generated matrix applied to each block,

.. math:: y_o = b_o(q) + \sum_{i,f} W_{o,i,f}(q)\, x_{f,i}

and its transposed twin is :math:`y_{f,o} = b_o(q) + \sum_i W_{i,o,f}(q)\, x_i`. Both are proved equal to the literal
convolutions by a test. The layer sizes follow the author's later port: 8x8 convolution, 1x1 convolution, 8x8 transposed
convolution.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from qgac.coefficients.quantization import luma_table
from qgac.models.prelu import PReLU

__all__ = ["ConvolutionalFilterManifold", "TransposedConvolutionalFilterManifold"]


class _Manifold(nn.Module):
    """From quantisation tables to a kernel and a bias; the part that the two twins share."""

    def __init__(
        self, kernels: int, biases: int, fan_in: int, *, width: int, tables: int, log_table: bool, zero: bool
    ) -> None:
        super().__init__()
        self.log_table = log_table
        self.layers = nn.Sequential(nn.Conv2d(tables, width, 8), PReLU(), nn.Conv2d(width, width, 1), PReLU())
        self.kernel = nn.ConvTranspose2d(width, kernels, 8)
        self.bias = nn.Conv2d(width, biases, 1)
        self._initialize(tables, fan_in, zero=zero)

    @torch.no_grad()
    def _initialize(self, tables: int, fan_in: int, *, zero: bool) -> None:
        """Start with kernels of unit gain at quality 50, or of zero, whatever the widths are."""
        for parameter in (self.kernel.bias, self.bias.weight, self.bias.bias):
            assert parameter is not None
            nn.init.zeros_(parameter)
        if zero:
            nn.init.zeros_(self.kernel.weight)
            return
        nn.init.normal_(self.kernel.weight)
        if not self.kernel.weight.is_meta:
            reference = torch.from_numpy(luma_table(50).astype("float32")).expand(1, tables, 8, 8)
            self.kernel.weight.mul_(1 / (math.sqrt(fan_in) * self(reference)[0].std()))

    def forward(self, tables: Tensor) -> tuple[Tensor, Tensor]:
        scaled = tables.log2() / 8 if self.log_table else tables / 255
        code = self.layers(scaled)
        return self.kernel(code).flatten(2), self.bias(code).flatten(1)  # (N, kernels, 64), (N, biases)


def _apply(matrix: Tensor, bias: Tensor, channels: Tensor) -> Tensor:
    """Apply one matrix a sample to every block: (N, O, I), (N, O), (N, I, H, W) -> (N, O, H, W), channels last."""
    count, _, height, width = channels.shape
    blocks = channels.permute(0, 2, 3, 1).reshape(count, height * width, -1)  # free when channels_last
    result = torch.baddbmm(bias[:, None].to(blocks.dtype), blocks, matrix.transpose(1, 2).to(blocks.dtype))
    return result.reshape(count, height, width, -1).permute(0, 3, 1, 2)


class ConvolutionalFilterManifold(nn.Module):
    """CFM: coefficients to a representation of each block.

    Parameters
    ----------
    maps : int
        Coefficient maps that come in.
    width : int
        Channels that come out.
    manifold : int
        Channels inside the network that makes the kernel.
    tables : int
        Quantisation tables that parameterise it: 1, or 2 where Cb and Cr are restored together.
    log_table : bool
        Feed log2(step) / 8 to the manifold instead of the paper's step / 255, which hardly tells the fine tables of
        high qualities apart.
    """

    def __init__(self, maps: int, width: int, *, manifold: int = 64, tables: int = 1, log_table: bool = False) -> None:
        super().__init__()
        self.maps = maps
        self.width = width
        self.manifold = _Manifold(
            width * maps, width, 64 * maps, width=manifold, tables=tables, log_table=log_table, zero=False
        )
        self.activation = PReLU()

    def forward(self, coefficients: Tensor, tables: Tensor) -> Tensor:
        """Compute the block representation.

        Parameters
        ----------
        coefficients : Tensor, shape (N, 64 * maps, H/8, W/8)
            Normalised, frequency outermost.
        tables : Tensor, shape (N, tables, 8, 8)
            Quantisation steps, 1..65535.

        Returns
        -------
        Tensor, shape (N, width, H/8, W/8)
        """
        kernel, bias = self.manifold(tables)
        matrix = kernel.unflatten(1, (self.width, self.maps)).transpose(2, 3).flatten(2)  # (N, width, 64 * maps)
        return self.activation(_apply(matrix, bias, coefficients))  # type: ignore[no-any-return]


class TransposedConvolutionalFilterManifold(nn.Module):
    """Transposed CFM: block representations back to coefficients.

    Parameters
    ----------
    width : int
        Channels that come in.
    maps : int
        Coefficient maps that come out.
    manifold, tables, log_table
        As in :class:`ConvolutionalFilterManifold`.
    activation : bool
        Whether a PReLU follows.
    zero : bool
        Start with an output of zero: for the layer that makes the residual.
    """

    def __init__(
        self,
        width: int,
        maps: int,
        *,
        manifold: int = 64,
        tables: int = 1,
        log_table: bool = False,
        activation: bool = True,
        zero: bool = False,
    ) -> None:
        super().__init__()
        self.width = width
        self.maps = maps
        self.manifold = _Manifold(
            width * maps, maps, width, width=manifold, tables=tables, log_table=log_table, zero=zero
        )
        self.activation = PReLU() if activation else nn.Identity()

    def forward(self, representation: Tensor, tables: Tensor) -> Tensor:
        """Compute coefficients.

        Parameters
        ----------
        representation : Tensor, shape (N, width, H/8, W/8)
        tables : Tensor, shape (N, tables, 8, 8)
            Quantisation steps, 1..65535.

        Returns
        -------
        Tensor, shape (N, 64 * maps, H/8, W/8)
            Frequency outermost.
        """
        kernel, bias = self.manifold(tables)
        matrix = kernel.unflatten(1, (self.width, self.maps)).permute(0, 3, 2, 1).flatten(1, 2)  # (N, 64 * maps, width)
        return self.activation(_apply(matrix, bias.repeat(1, 64), representation))  # type: ignore[no-any-return]
