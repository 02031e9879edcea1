"""Fusion (section 3.2, Fig. 7): three grouped convolutions that make the residual from all sub-networks."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from qgac.coefficients.blocks import interleave_maps, separate_maps
from qgac.models.prelu import PReLU

__all__ = ["Fusion"]


class Fusion(nn.Module):
    """Fuse the outputs of several sub-networks, frequency by frequency.

    Parameters
    ----------
    inputs : int
        How many sub-networks.
    maps : int
        Coefficient maps of each.
    width : int
        Channels a frequency inside.
    """

    receptive_field = 3

    def __init__(self, inputs: int = 3, maps: int = 64, width: int = 4) -> None:
        super().__init__()
        self.maps = maps
        last = nn.Conv2d(64 * width, 64, 3, padding=1, groups=64)
        nn.init.zeros_(last.weight)  # the residual starts at zero
        assert last.bias is not None
        nn.init.zeros_(last.bias)
        self.layers = nn.Sequential(
            nn.Conv2d(64 * maps * inputs, 64 * width, 3, padding=1, groups=64),
            PReLU(),
            nn.Conv2d(64 * width, 64 * width, 3, padding=1, groups=64),
            PReLU(),
            last,
        )

    def forward(self, *outputs: Tensor) -> Tensor:
        """Fuse.

        Parameters
        ----------
        *outputs : Tensor, each of shape (N, 64 * maps, H/8, W/8)

        Returns
        -------
        Tensor, shape (N, 64, H/8, W/8)
            The residual.
        """
        maps = torch.cat([separate_maps(output, self.maps) for output in outputs], 1)
        return self.layers(interleave_maps(maps))  # type: ignore[no-any-return]
