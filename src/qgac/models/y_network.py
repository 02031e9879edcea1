"""Y channel correction network (section 3.2, Fig. 8): BlockNet, FrequencyNet, BlockNet, fused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from torch import Tensor, nn

from qgac.models.blocknet import BlockNet, Conditioning
from qgac.models.frequencynet import FrequencyNet
from qgac.models.fusion import Fusion
from qgac.models.sizes import check_sizes

__all__ = ["YConfiguration", "YNetwork"]


@dataclass(frozen=True)
class YConfiguration:
    """The numbers of a Y network; the defaults are the paper's.

    Attributes
    ----------
    width : int
        Channels of a BlockNet.
    maps : int
        Coefficient maps that the sub-networks hand on.
    frequency_width : int
        Channels a frequency in FrequencyNet and Fusion.
    manifold : int
        Channels inside every CFM.
    rrdbs, residual_blocks : int
        Trunk of every sub-network.
    subdivision : int
        Sub-blocks along each side of a block in the trunks of the BlockNets, see :class:`qgac.models.trunk.Trunk`.
    deep_blocks : int
        Residual blocks at half the resolution in the middle of the trunks of the BlockNets.
    blocknets : int
        0, 1 (before the FrequencyNet) or 2 (before and after it).
    frequencynet, fusion : bool
        Whether these are there. Without fusion the last sub-network makes the residual itself.
    conditioning : {"cfm", "concat", "none"}
        How the BlockNets know the table, see :class:`qgac.models.blocknet.BlockNet`.
    candidate : int
        Rounds of smoothing of a noise-free candidate that the network sees beside the coefficients, see
        :mod:`qgac.coefficients.candidate`. 0: none, as in the paper.
    gate : bool
        Whether the network also says, for every coefficient, how much of the candidate is taken in place of what it has
        restored. Needs a candidate, and no fusion.
    """

    width: int = 256
    maps: int = 64
    frequency_width: int = 4
    manifold: int = 64
    rrdbs: int = 1
    residual_blocks: int = 0
    subdivision: int = 1
    deep_blocks: int = 0
    blocknets: int = 2
    frequencynet: bool = True
    fusion: bool = True
    conditioning: Conditioning = "cfm"
    candidate: int = 0
    gate: bool = False

    def __post_init__(self) -> None:
        check_sizes(self)
        if self.blocknets not in (0, 1, 2) or self.blocknets + self.frequencynet == 0:
            raise ValueError("a Y network needs 0, 1 or 2 BlockNets, and at least one sub-network")
        if self.conditioning not in get_args(Conditioning):
            raise ValueError(f"conditioning {self.conditioning!r} is none of {', '.join(get_args(Conditioning))}")
        if self.gate and (self.candidate == 0 or self.fusion):
            raise ValueError("a gate needs a candidate (candidate of 1 or more), and a network without fusion")


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
