"""Y channel correction network (section 3.2, Fig. 8): BlockNet, FrequencyNet, BlockNet, fused."""

from __future__ import annotations

from torch import Tensor, nn

from qgac.models.blocknet import BlockNet
from qgac.models.configuration import YConfiguration
from qgac.models.frequencynet import FrequencyNet
from qgac.models.fusion import Fusion

__all__ = ["YNetwork"]


class YNetwork(nn.Module):
    """The residual of the Y coefficients, conditioned on the Y table.

    Parameters
    ----------
    configuration : YConfiguration
    inputs : int
        Coefficient maps that come in.
    log_table : bool
        See :class:`qgac.models.cfm.ConvolutionalFilterManifold`.

    Attributes
    ----------
    receptive_field : int
        Blocks to each side that a block of the output depends on; those that the candidate depends on not counted.
    """

    def __init__(
        self, configuration: YConfiguration | None = None, *, inputs: int = 1, log_table: bool = False
    ) -> None:
        super().__init__()
        c = configuration or YConfiguration()
        stations = ["block"] * min(c.blocknets, 1) + ["frequency"] * c.frequencynet + ["block"] * (c.blocknets == 2)
        subnetworks: list[BlockNet | FrequencyNet] = []
        for position, station in enumerate(stations):
            maps = inputs if position == 0 else c.maps
            makes_residual = not c.fusion and position == len(stations) - 1
            output_maps = 1 + c.gate if makes_residual else c.maps
            if station == "block":
                subnetworks.append(
                    BlockNet(
                        maps,
                        c.width,
                        output_maps,
                        rrdbs=c.rrdbs,
                        residual_blocks=c.residual_blocks,
                        subdivision=c.subdivision,
                        deep_blocks=c.deep_blocks,
                        manifold=c.manifold,
                        log_table=log_table,
                        residual=makes_residual,
                        conditioning=c.conditioning,
                    )
                )
            else:
                subnetworks.append(
                    FrequencyNet(
                        maps,
                        c.frequency_width,
                        output_maps,
                        rrdbs=c.rrdbs,
                        residual_blocks=c.residual_blocks,
                        residual=makes_residual,
                    )
                )
        self.subnetworks = nn.ModuleList(subnetworks)
        self.fusion = Fusion(len(stations), c.maps, c.frequency_width) if c.fusion else None
        self.receptive_field = sum(subnetwork.receptive_field for subnetwork in subnetworks)
        if self.fusion is not None:
            self.receptive_field += self.fusion.receptive_field

    def forward(self, coefficients: Tensor, table: Tensor) -> Tensor:
        """Compute the residual.

        Parameters
        ----------
        coefficients : Tensor, shape (N, 64 * inputs, H/8, W/8)
            Normalised, frequency outermost.
        table : Tensor, shape (N, 1, 8, 8)
            Quantisation steps.

        Returns
        -------
        Tensor, shape (N, 64, H/8, W/8)
            With a gate (N, 128, H/8, W/8), channel 2 f + 1 for what is to become the gate of frequency f.
        """
        outputs = []
        signal = coefficients
        for subnetwork in self.subnetworks:
            signal = subnetwork(signal, table) if isinstance(subnetwork, BlockNet) else subnetwork(signal)
            outputs.append(signal)
        return signal if self.fusion is None else self.fusion(*reversed(outputs))
