"""Regions of a plane: as the file has them, as the Y network restores them, and back as samples.

And what all kinds of planes have in common for whoever asks for their regions, see :class:`PlaneSource`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from qgac.coefficients.blocks import blocks_to_channels
from qgac.coefficients.color_cube import KnownPlane, keep_range
from qgac.coefficients.dct import dct, double_nearest, idct
from qgac.coefficients.projection import project
from qgac.jpeg.image import Component
from qgac.models import steps
from qgac.models.qgac import QGAC
from qgac.models.self_ensemble import SelfEnsemble
from qgac.restoration.tiling import Region

__all__ = ["PlaneSource", "RegionRestorer", "continued"]


@dataclass(frozen=True)
class RegionRestorer:
    """Restores regions of single planes by the Y network; what all planes of a picture are restored with.

    Attributes
    ----------
    model : QGAC or SelfEnsemble
    device : torch.device
        Where the model lies.
    project : bool
        Whether to keep to the quantisation interval.
    strength : float
        0..1: from the coefficients of the file to the restored ones, linearly. Every point between two that keep to the
        quantisation interval does so as well.
    """

    model: QGAC | SelfEnsemble
    device: torch.device
    project: bool
    strength: float = 1.0

    def samples(
        self,
        planes: list[Tensor],
        known: Sequence[KnownPlane],
        size: tuple[int, int],
        bounded: Sequence[Sequence[float]],
    ) -> Tensor:
        """Transform restored coefficients back, keep to the range of samples, and go as far as the strength says.

        Parameters
        ----------
        planes : list of Tensor, each of shape (1, 64, rows, columns)
            At full resolution, the last one in whole MCUs; projected if that is asked for. The list is emptied.
        known, size, bounded
            As in :func:`qgac.coefficients.color_cube.keep_range`.

        Returns
        -------
        Tensor, shape (P, 8 * rows, 8 * columns)
            Samples centred around zero.
        """
        rows, columns = planes[-1].shape[-2:]
        result = planes[-1].new_zeros((len(planes), 8 * rows, 8 * columns))
        for samples in result:  # coefficients go as soon as they are transformed
            own = idct(planes.pop(0))[0]
            samples[: own.shape[0], : own.shape[1]] = own
        if self.project:
            keep_range(result, known, size, bounded=bounded)
        if self.strength < 1:
            for samples, plane in zip(result, known, strict=True):
                samples.copy_(idct(double_nearest(plane.decoded, *plane.factors))[0].lerp_(samples, self.strength))
        return result

    def coefficients(self, samples: Tensor, known: Sequence[KnownPlane]) -> list[Tensor]:
        """Return the coefficients (1, 64, rows, columns) of what :meth:`samples` returned.

        They are projected once more, which moves them by no more than the transforms' rounding.
        """
        planes = [dct(plane)[None] for plane in samples]
        if not self.project:
            return planes
        return [project(p, k.decoded, k.table, k.factors, k.slack) for p, k in zip(planes, known, strict=True)]

    def restore_y(self, component: Component, region: Region) -> Tensor:
        """Restore a part of a plane by the Y network.

        Parameters
        ----------
        component : Component
        region : Region
            Blocks of the component.

        Returns
        -------
        Tensor, shape (1, 64, rows, columns)
            Dequantised, projected if asked for, at full strength.
        """
        slack = self.slack(component)
        halo = self.model.receptive_field_y + (slack is not None)  # of which the neighbours' means say something
        outer = region.grown(halo, halo).clipped(*component.coefficients.shape[:2])
        decoded, table = self.dequantized(component, outer), self.table(component)
        return steps.restore_y(
            self.model,
            decoded,
            table,
            slack=slack,
            projected=self.project,
            core=region.within(outer),
        )

    def known(self, component: Component, region: Region, factors: tuple[int, int] = (1, 1)) -> KnownPlane:
        """Return what the file says about a part of a plane that is subsampled by some factors."""
        decoded = self.dequantized(component, region)
        return KnownPlane(decoded, self.table(component), factors, self.slack(component))

    def dequantized(self, component: Component, region: Region) -> Tensor:
        """Return coefficients as the file has them, (1, 64, rows, columns); missing blocks at the end are flat."""
        rows, columns = region.clipped(*component.coefficients.shape[:2]).slices
        blocks = torch.from_numpy(component.coefficients[rows, columns].astype(np.float32)).to(self.device)
        channels = blocks_to_channels(blocks.mul_(self.table(component)[0]))[None]
        return continued(channels, region.rows, region.columns)

    def table(self, component: Component) -> Tensor:
        """Return quantisation steps, (1, 8, 8)."""
        return torch.from_numpy(component.table.astype(np.float32))[None].to(self.device)

    def slack(self, component: Component) -> Tensor | None:
        """Return what the file leaves open beyond half a step, (1, 8, 8); None if nothing."""
        slack = component.slack
        return None if slack is None else torch.from_numpy(slack)[None].to(self.device)


class PlaneSource(Protocol):
    """Restored planes of a picture.

    Tiles are regions of blocks, 8x8 samples of the picture's full resolution, and the order of the calls is fixed:
    `start` first; then every tile of :func:`qgac.restoration.tiling.tiles` once, row by row and from left to right; all
    by the same of the other three methods. So a source may keep what it has restored for the tiles to come; another
    `start` begins anew.

    Attributes
    ----------
    halo : tuple of (int, int)
        Blocks around a tile that are computed and thrown away: above and below, left and right.
    unit : tuple of (int, int)
        Rows and columns that tiles are multiples of (but for the last ones).
    grids : tuple of (int, int)
        Size of the coefficients of every plane in blocks; tiles of the first one are what `coefficients` takes.
    """

    halo: tuple[int, int]
    unit: tuple[int, int]
    grids: tuple[tuple[int, int], ...]

    def start(self, tile_rows: int) -> None:
        """Make ready for tiles of so many rows, the first one at the top left."""

    def coefficients(self, tile: Region) -> list[tuple[Region, Tensor]]:
        """Restore a tile; return for each plane the region of its grid and the coefficients (1, 64, rows, columns)."""

    def own_coefficients(self, tile: Region) -> list[tuple[Region, Tensor]]:
        """Restore a tile as `coefficients` does, at the resolution that each plane has in the file."""

    def samples(self, tile: Region) -> Tensor:
        """Restore a tile; return samples (planes, 8 * rows, 8 * columns), 0..255, at full resolution."""


def continued(channels: Tensor, rows: int, columns: int) -> Tensor:
    """Continue coefficients (1, 64, h, w) to (1, 64, rows, columns) by flat blocks of the last DC."""
    height, width = channels.shape[-2:]
    if (height, width) == (rows, columns):
        return channels
    result = channels.new_zeros((1, rows, columns, 64)).permute(0, 3, 1, 2)
    result[..., :height, :width] = channels
    result[:, 0, :height, width:] = channels[:, 0, :, -1:]
    result[:, 0, height:] = result[:, 0, height - 1 : height]
    return result
