"""FrequencyNet (section 3.2, Fig. 6): every frequency in isolation, by convolutions with 64 groups."""

from __future__ import annotations

from torch import Tensor, nn

from qgac.models.prelu import PReLU
from qgac.models.trunk import Trunk

__all__ = ["FrequencyNet"]


class FrequencyNet(nn.Module):
    """Grouped convolution in, grouped trunk, grouped convolution out.

    Parameters
    ----------
    maps : int
        Coefficient maps in.
    width : int
        Channels a frequency inside; the paper's 4 make 256 in all.
    output_maps : int
        Coefficient maps out.
    rrdbs, residual_blocks : int
        The trunk, see :class:`qgac.models.trunk.Trunk`.
    residual : bool
        Whether the output is the residual itself: then no PReLU follows, and it starts at zero.
    """

    def __init__(
        self,
        maps: int = 64,
        width: int = 4,
        output_maps: int = 64,
        *,
        rrdbs: int = 1,
        residual_blocks: int = 0,
        residual: bool = False,
    ) -> None:
        super().__init__()
        self.encode = nn.Sequential(nn.Conv2d(64 * maps, 64 * width, 3, padding=1, groups=64), PReLU())
        self.trunk = Trunk(64 * width, rrdbs=rrdbs, residual_blocks=residual_blocks, groups=64)
        last = nn.Conv2d(64 * width, 64 * output_maps, 3, padding=1, groups=64)
        if residual:
            nn.init.zeros_(last.weight)
            assert last.bias is not None
            nn.init.zeros_(last.bias)
        self.decode = nn.Sequential(last, nn.Identity() if residual else PReLU())
        self.receptive_field = self.trunk.receptive_field + 2

    def forward(self, coefficients: Tensor) -> Tensor:
        """Map (N, 64 * maps, H/8, W/8) to (N, 64 * output_maps, H/8, W/8), frequency outermost."""
        return self.decode(self.trunk(self.encode(coefficients)))  # type: ignore[no-any-return]
