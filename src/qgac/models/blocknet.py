"""BlockNet (section 3.2, Fig. 5): a representation of each block, processed among blocks, and back."""

from __future__ import annotations

from torch import Tensor, nn

from qgac.models.cfm import ConvolutionalFilterManifold, TransposedConvolutionalFilterManifold
from qgac.models.configuration import Conditioning
from qgac.models.plain_layer import PlainLayer
from qgac.models.trunk import Trunk

__all__ = ["BlockNet"]


class BlockNet(nn.Module):
    """CFM, trunk, transposed CFM, both manifolds parameterised by the Y table; or plain layers in place of the CFMs.

    Parameters
    ----------
    maps : int
        Coefficient maps in: 1 from the file, 64 from a FrequencyNet.
    width : int
        Channels of the block representation.
    output_maps : int
        Coefficient maps out.
    rrdbs, residual_blocks, subdivision, deep_blocks : int
        The trunk, see :class:`qgac.models.trunk.Trunk`.
    manifold, log_table
        See :class:`qgac.models.cfm.ConvolutionalFilterManifold`.
    residual : bool
        Whether the output is the residual itself: then no PReLU follows, and it starts at zero.
    conditioning : {"cfm", "concat", "none"}
        How the first and the last layer know the table: a CFM, or, for the ablation, a plain layer with the table
        appended to its input, or one without it, see :class:`qgac.models.plain_layer.PlainLayer`.
    """

    def __init__(
        self,
        maps: int = 1,
        width: int = 256,
        output_maps: int = 64,
        *,
        rrdbs: int = 1,
        residual_blocks: int = 0,
        subdivision: int = 1,
        deep_blocks: int = 0,
        manifold: int = 64,
        log_table: bool = False,
        residual: bool = False,
        conditioning: Conditioning = "cfm",
    ) -> None:
        super().__init__()
        self.width = width
        self.encode: ConvolutionalFilterManifold | PlainLayer
        self.decode: TransposedConvolutionalFilterManifold | PlainLayer
        if conditioning == "cfm":
            self.encode = ConvolutionalFilterManifold(maps, width, manifold=manifold, log_table=log_table)
        else:
            self.encode = PlainLayer(64 * maps, width, concatenate=conditioning == "concat", log_table=log_table)
        self.trunk = Trunk(
            width, rrdbs=rrdbs, residual_blocks=residual_blocks, subdivision=subdivision, deep_blocks=deep_blocks
        )
        if conditioning == "cfm":
            self.decode = TransposedConvolutionalFilterManifold(
                width, output_maps, manifold=manifold, log_table=log_table, activation=not residual, zero=residual
            )
        else:
            self.decode = PlainLayer(
                width, 64 * output_maps, concatenate=conditioning == "concat", log_table=log_table,
                activation=not residual, zero=residual,
            )  # fmt: skip
        self.receptive_field = self.trunk.receptive_field

    def forward(self, coefficients: Tensor, table: Tensor) -> Tensor:
        """Process coefficients.

        Parameters
        ----------
        coefficients : Tensor, shape (N, 64 * maps, H/8, W/8)
            Normalised.
        table : Tensor, shape (N, 1, 8, 8)
            Quantisation steps of Y.

        Returns
        -------
        Tensor, shape (N, 64 * output_maps, H/8, W/8)
        """
        return self.decode(self.trunk(self.encode(coefficients, table)), table)  # type: ignore[no-any-return]
