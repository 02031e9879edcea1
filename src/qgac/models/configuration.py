"""The numbers that a network is built of, as weights files, recipes and graphs say them; the defaults are the paper's.

Without PyTorch: whoever only runs exported graphs compares configurations, and builds no network.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

__all__ = ["ColorConfiguration", "Conditioning", "Configuration", "YConfiguration"]

Conditioning = Literal["cfm", "concat", "none"]
"""How the BlockNets know the table, see :class:`qgac.models.blocknet.BlockNet`."""

_COUNTS = (
    "rrdbs",
    "residual_blocks",
    "joined_rrdbs",
    "joined_residual_blocks",
    "blocknets",
    "candidate",
    "deep_blocks",
)


_FACTORS = [[1, 1], [1, 2], [2, 1], [2, 2]]
"""The (vertical, horizontal) subsampling factors for which there are upsamplers."""


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
        _check_sizes(self)
        if self.blocknets not in (0, 1, 2) or self.blocknets + self.frequencynet == 0:
            raise ValueError("a Y network needs 0, 1 or 2 BlockNets, and at least one sub-network")
        if self.conditioning not in get_args(Conditioning):
            raise ValueError(f"conditioning {self.conditioning!r} is none of {', '.join(get_args(Conditioning))}")
        if self.gate and (self.candidate == 0 or self.fusion):
            raise ValueError("a gate needs a candidate (candidate of 1 or more), and a network without fusion")


@dataclass(frozen=True)
class ColorConfiguration:
    """The numbers of a colour network; the defaults are the paper's.

    Attributes
    ----------
    width : int
        Channels of the chroma representation at its own resolution.
    joined_width : int
        Channels of upsampled chroma and Y together, half of them each.
    manifold : int
        Channels inside every CFM.
    rrdbs, residual_blocks : int
        Trunk at the resolution of the chroma.
    joined_rrdbs, joined_residual_blocks : int
        Trunk at full resolution.
    subdivision, joined_subdivision : int
        Sub-blocks along each side of a block in these trunks, see :class:`qgac.models.trunk.Trunk`.
    planes : int
        1: Cb and Cr one after the other, as in the paper; 2: together, at half the cost.
    factors : tuple of (int, int)
        The (vertical, horizontal) subsampling factors, 1 or 2 each, with a learned upsampler. Without one for (1, 1),
        4:4:4 passes unchanged where the widths allow it (`width` is half of `joined_width`).
    output_activation : bool
        Whether a PReLU follows the last layer, as in the author's later port.
    guided : bool
        Whether a local linear model of the restored Y is seen and mixed in; not so in the paper.
    """

    width: int = 32
    joined_width: int = 64
    manifold: int = 64
    rrdbs: int = 1
    residual_blocks: int = 0
    joined_rrdbs: int = 1
    joined_residual_blocks: int = 0
    subdivision: int = 1
    joined_subdivision: int = 1
    planes: int = 1
    factors: tuple[tuple[int, int], ...] = ((2, 2),)
    output_activation: bool = True
    guided: bool = False

    def __post_init__(self) -> None:
        _check_sizes(self)
        if self.planes not in (1, 2):
            raise ValueError("a colour network restores 1 or 2 planes at a time")
        for pair in self.factors:
            if list(pair) not in _FACTORS:
                raise ValueError(
                    f"factors {list(pair)} are none that a colour network restores; choose among "
                    f"{', '.join(map(str, _FACTORS))}"
                )
        # JSON and TOML know lists only.
        object.__setattr__(self, "factors", tuple((int(v), int(u)) for v, u in self.factors))


@dataclass(frozen=True)
class Configuration:
    """The numbers of a whole network; the defaults are the paper's.

    Attributes
    ----------
    y : YConfiguration
    color : ColorConfiguration
    residual_in_steps : bool
        Scale the residual by the quantisation step (True) or by the standard deviation of its frequency (the paper).
    levels : bool
        Feed the quantised levels beside the normalised coefficients, see
        :class:`qgac.models.normalization.Normalization`.
    log_table : bool
        Feed the logarithm of the table to every CFM, see :class:`qgac.models.cfm.ConvolutionalFilterManifold`.
    trained_qualities : tuple of (int, int) or None
        Lowest and highest libjpeg quality of the tables that the network was trained on, if on nothing else. It is then
        told the most similar of those tables in place of any other one: far from what it knows, a network may do harm.
        None: every table is passed on as it is.
    """

    y: YConfiguration = field(default_factory=YConfiguration)
    color: ColorConfiguration = field(default_factory=ColorConfiguration)
    residual_in_steps: bool = True
    levels: bool = False
    log_table: bool = False
    trained_qualities: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.trained_qualities is not None:  # JSON and TOML know lists only
            low, high = self.trained_qualities
            object.__setattr__(self, "trained_qualities", (int(low), int(high)))
            if not 1 <= int(low) <= int(high) <= 100:
                raise ValueError(f"trained_qualities {low} to {high} are not a range within 1 to 100")

    @classmethod
    def from_dict(cls, numbers: dict[str, Any]) -> Configuration:
        """Build a configuration from nested dictionaries, as :meth:`to_dict` makes them and recipes hold them.

        Parameters
        ----------
        numbers : dict
            Missing entries take the paper's value.

        Returns
        -------
        Configuration

        Raises
        ------
        TypeError
            If an entry is unknown.
        """
        parts = dict(numbers)
        return cls(y=YConfiguration(**parts.pop("y", {})), color=ColorConfiguration(**parts.pop("color", {})), **parts)

    def to_dict(self) -> dict[str, Any]:
        """Return nested dictionaries of numbers, fit for JSON."""
        return asdict(self)


def _check_sizes(configuration: Any) -> None:
    """Refuse a configuration with a size below 1, or a number of blocks below 0."""
    for entry in fields(configuration):
        value = getattr(configuration, entry.name)
        least = 0 if entry.name in _COUNTS else 1
        if type(value) is int and value < least:
            raise ValueError(f"{entry.name} is {value}; it is at least {least}")
