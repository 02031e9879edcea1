"""Colour channel correction network (section 3.3, Fig. 9): chroma restored with the restored Y as its guide.

Chroma blocks are processed at the resolution of the file, upsampled by a learned transposed convolution, joined with a
representation of the restored Y blocks, processed again, and turned into the residual of the nearest-neighbour
upsampled chroma. One network serves every sampling: each pair of factors has an upsampler of its own; 4:4:4 can do
without one.

Beyond the paper, the network may be *guided* by pixels: it sees what a local linear model of the restored Y makes of
the chroma (:mod:`qgac.models.guided_chroma`) and where that can be trusted, and it says how much of it to take.
"""

from __future__ import annotations

from math import ceil

import torch
from torch import Tensor, nn

from qgac.models import guided_chroma
from qgac.models.cfm import ConvolutionalFilterManifold, TransposedConvolutionalFilterManifold
from qgac.models.configuration import ColorConfiguration
from qgac.models.prelu import PReLU
from qgac.models.trunk import Trunk

__all__ = ["ColorNetwork"]


class _Upsampler(nn.Sequential):
    """4x4 stride-2 transposed convolution (Fig. 9); 3 wide and of stride 1 along an axis that is not subsampled."""

    def __init__(self, inputs: int, outputs: int, vertical: int, horizontal: int) -> None:
        shape = {1: (3, 1), 2: (4, 1)}
        (tall, pad_y), (wide, pad_x) = shape[vertical], shape[horizontal]
        super().__init__(
            nn.ConvTranspose2d(inputs, outputs, (tall, wide), stride=(vertical, horizontal), padding=(pad_y, pad_x)),
            PReLU(),
        )


class ColorNetwork(nn.Module):
    """The residual of the upsampled chroma coefficients, conditioned on both tables.

    Parameters
    ----------
    configuration : ColorConfiguration
    inputs : int
        Coefficient maps of each chroma plane that come in.
    log_table : bool
        See :class:`qgac.models.cfm.ConvolutionalFilterManifold`.

    Attributes
    ----------
    factors : set of (int, int)
        The subsampling factors it can restore.
    receptive_field : int
        Luma blocks to each side that a block of the restored chroma depends on.
    """

    def __init__(
        self, configuration: ColorConfiguration | None = None, *, inputs: int = 1, log_table: bool = False
    ) -> None:
        super().__init__()
        c = configuration or ColorConfiguration()
        self.planes = c.planes
        half = c.joined_width // 2
        self.passes_444 = c.width == half
        self.encode_chroma = ConvolutionalFilterManifold(
            inputs * c.planes, c.width, manifold=c.manifold, tables=c.planes, log_table=log_table
        )
        self.chroma_trunk = Trunk(c.width, rrdbs=c.rrdbs, residual_blocks=c.residual_blocks, subdivision=c.subdivision)
        self.upsamplers = nn.ModuleDict(
            {
                f"{vertical}x{horizontal}": _Upsampler(c.width, half, vertical, horizontal)
                for vertical, horizontal in c.factors
            }
        )
        self.encode_y = ConvolutionalFilterManifold(1, half, manifold=c.manifold, log_table=log_table)
        self.joined_trunk = Trunk(
            2 * half,
            rrdbs=c.joined_rrdbs,
            residual_blocks=c.joined_residual_blocks,
            subdivision=c.joined_subdivision,
        )
        self.decode = TransposedConvolutionalFilterManifold(
            2 * half,
            c.planes,
            manifold=c.manifold,
            tables=c.planes,
            log_table=log_table,
            activation=c.output_activation,
            zero=True,
        )
        coarsest = max((max(pair) for pair in c.factors), default=1)
        self.factors = {*c.factors, (1, 1)} if self.passes_444 else {*c.factors}
        before = coarsest * (self.chroma_trunk.receptive_field + 2)
        after = 0
        self.guided = c.guided
        if c.guided:
            # Of one block each, as all that takes and makes coefficients; the trunk between them knows the tables.
            self.encode_guided = nn.Conv2d(64 * 2 * c.planes, 2 * half, 1)
            self.decode_guided = nn.Conv2d(2 * half, 64 * 2 * c.planes, 1)
            # Both start at zero, so that a network that was trained without them goes on from where it is.
            for parameter in (*self.encode_guided.parameters(), *self.decode_guided.parameters()):
                nn.init.zeros_(parameter)
            before = max(before, ceil(coarsest * guided_chroma.TRUST_REACH / 8))
            after = ceil(coarsest * guided_chroma.REACH / 8)
        self.receptive_field = before + self.joined_trunk.receptive_field + after

    def forward(
        self,
        chroma: Tensor,
        tables: Tensor,
        y: Tensor,
        y_table: Tensor,
        factors: tuple[int, int] = (2, 2),
        guidance: Tensor | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Compute the residual of one plane, or of both, as `planes` says.

        Parameters
        ----------
        chroma : Tensor, shape (N, 64 * planes * inputs, h, w)
            Normalised, at the resolution of the file.
        tables : Tensor, shape (N, planes, 8, 8)
            Chroma quantisation steps.
        y : Tensor, shape (N, 64, vertical * h, horizontal * w)
            Restored Y coefficients, normalised.
        y_table : Tensor, shape (N, 1, 8, 8)
            Y quantisation steps.
        factors : tuple of (int, int)
            Vertical and horizontal subsampling, one of :attr:`factors`.
        guidance : Tensor, shape (N, 2 * planes * 64, vertical * h, horizontal * w), optional
            What a guided network sees beside them: chroma by the linear model of Y, normalised, then the trust in it.

        Returns
        -------
        residual : Tensor, shape (N, 64 * planes, vertical * h, horizontal * w)
            Frequency outermost.
        more : Tensor, shape (N, 2 * planes * 64, vertical * h, horizontal * w), or None
            Of a guided network, where chroma is subsampled: first what to add to the linear model, frequency innermost,
            then by how much it is to be trusted more.
        """
        representation = self.chroma_trunk(self.encode_chroma(chroma, tables))
        name = f"{factors[0]}x{factors[1]}"
        if name in self.upsamplers:
            representation = self.upsamplers[name](representation)
        joined = torch.cat((representation, self.encode_y(y, y_table)), 1)
        if guidance is not None:
            joined = joined + self.encode_guided(guidance)
        joined = self.joined_trunk(joined)
        more = None if guidance is None or factors == (1, 1) else self.decode_guided(joined)
        return self.decode(joined, tables), more
