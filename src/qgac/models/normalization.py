"""Per-frequency statistics of DCT coefficients, and what the networks are fed with.

The paper normalises every frequency of every channel by its mean and standard deviation over the training pictures.
The statistics are buffers, so they travel with the weights.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["Normalization"]

# Beyond two steps the normalised coefficient says the same, and says it better.
_LARGEST_LEVEL = 2.0


class Normalization(nn.Module):
    """Normalise dequantised coefficients per frequency.

    Parameters
    ----------
    planes : int
        How many planes with statistics of their own (1 for Y, 2 for Cb and Cr).
    levels : bool
        Whether to append the quantised levels (coefficient / step, clamped to -2..2) as further maps, so that the
        network need not divide by the table itself.

    Attributes
    ----------
    mean, std : Tensor, shape (planes, 64)
        Buffers, in units of dequantised coefficients.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, planes: int = 1, *, levels: bool = False) -> None:
        super().__init__()
        self.planes = planes
        self.levels = levels
        self.register_buffer("mean", torch.zeros(planes, 64))
        self.register_buffer("std", torch.ones(planes, 64))

    @property
    def maps(self) -> int:
        """How many maps the output has for each plane."""
        return 2 if self.levels else 1

    @torch.no_grad()
    def fit(self, coefficients: Tensor) -> None:
        """Set the statistics to those of a sample of uncompressed coefficients.

        Parameters
        ----------
        coefficients : Tensor, shape (N, planes, 64, H, W)
        """
        sample = coefficients.transpose(0, 1).transpose(1, 2).flatten(2).double()  # (planes, 64, everything)
        self.mean.copy_(sample.mean(-1))
        self.std.copy_(sample.std(-1).clamp_min(1e-3))

    def forward(self, coefficients: Tensor, tables: Tensor, plane: int | None = None) -> Tensor:
        """Normalise.

        Parameters
        ----------
        coefficients : Tensor, shape (N, P, 64, H, W)
            Dequantised; P planes.
        tables : Tensor, shape (N, P, 8, 8)
            Quantisation steps.
        plane : int, optional
            Which statistics to use when a single plane of several is given; by default plane p uses row p.

        Returns
        -------
        Tensor, shape (N, P * maps, 64, H, W)
        """
        rows = slice(None) if plane is None else slice(plane, plane + 1)
        mean, std = (value[None, rows, :, None, None] for value in (self.mean, self.std))
        normalized = (coefficients - mean) / std
        if not self.levels:
            return normalized
        steps = tables.flatten(-2)[..., None, None]
        levels = (coefficients / steps).clamp(-_LARGEST_LEVEL, _LARGEST_LEVEL)
        return torch.cat((normalized, levels), 1)
