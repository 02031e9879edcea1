"""The whole restoration in one graph with its weights: levels and tables in, RGB out, for other programs.

What :class:`qgac.restoration.restorer.Restorer` does with a picture in one piece: both networks, the projection, the
range of samples, the strength, the conversion to RGB, rounded.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from qgac.coefficients import sample_range
from qgac.coefficients.blocks import interleave_maps
from qgac.coefficients.color import ycbcr_to_rgb
from qgac.coefficients.dct import dct, double_nearest, idct
from qgac.coefficients.projection import project
from qgac.engine.export import check_tables, to_channels
from qgac.engine.tracing import leaky, traced
from qgac.files.atomic import write_atomically
from qgac.models import steps
from qgac.models.qgac import QGAC

__all__ = ["PictureGraph", "export_pictures", "picture_graph", "with_weights"]


def picture_graph(factors: tuple[int, int]) -> str:
    """Return the name of the graph for pictures with these (vertical, horizontal) subsampling factors."""
    return f"picture-{factors[0]}x{factors[1]}.onnx"


class PictureGraph(nn.Module):
    """Restores a YCbCr picture.

    Parameters
    ----------
    network : QGAC
    factors : tuple of (int, int)
        Vertical and horizontal subsampling of chroma, one of those that the network knows.
    """

    inputs: ClassVar = {
        "y": ("rows", "columns"),
        "cb": ("chroma_rows", "chroma_columns"),
        "cr": ("chroma_rows", "chroma_columns"),
        "y_table": (),
        "cb_table": (),
        "cr_table": (),
        "height": (),
        "width": (),
        "strength": (),
        "projected": (),
    }
    outputs: ClassVar = {"rgb": ("samples_down", "samples_across")}

    def __init__(self, network: QGAC, factors: tuple[int, int]) -> None:
        super().__init__()
        self.network = network
        self.factors = factors

    def example(self) -> tuple[Tensor, ...]:
        """Return inputs to trace it with."""
        levels = torch.zeros(3, 4, 8, 8, dtype=torch.int16)
        y = torch.zeros(3 * self.factors[0], 4 * self.factors[1], 8, 8, dtype=torch.int16)
        tables = torch.full((3, 8, 8), 16, dtype=torch.int32)
        size = torch.tensor(24), torch.tensor(32)
        return y, levels, levels.clone(), *tables.clone().unbind(), *size, torch.tensor(1.0), torch.tensor(True)

    def forward(
        self,
        y: Tensor,
        cb: Tensor,
        cr: Tensor,
        y_table: Tensor,
        cb_table: Tensor,
        cr_table: Tensor,
        height: Tensor,
        width: Tensor,
        strength: Tensor,
        projected: Tensor,
    ) -> Tensor:
        """Restore a picture.

        Parameters
        ----------
        y, cb, cr : Tensor, shape (rows, columns, 8, 8), int16
            Quantised levels as the file has them, each plane at its own resolution.
        y_table, cb_table, cr_table : Tensor, shape (8, 8), int32
            Quantisation steps.
        height, width : Tensor, int64
            Of the picture in pixels.
        strength : Tensor, float32
            0..1: from the decoded picture to the restored one.
        projected : Tensor, bool
            Whether to keep to the quantisation intervals and to the range of samples.

        Returns
        -------
        Tensor, shape (8 * vertical * chroma rows, 8 * horizontal * chroma columns, 3), uint8
            RGB; what lies beyond height and width is to be cut off.
        """
        planes = ((y, y_table), (cb, cb_table), (cr, cr_table))
        tables = [table.float()[None] for _, table in planes]
        decoded = [to_channels((levels.float() * table.float()).flatten(2)) for levels, table in planes]
        plain = steps.restore_y(self.network, decoded[0], tables[0], projected=False)
        grid = (self.factors[0] * cb.shape[0], self.factors[1] * cb.shape[1])
        luma = _continued(torch.where(projected, project(plain, decoded[0], tables[0]), plain), grid)
        restored = steps.restore_chroma(
            self.network,
            interleave_maps(torch.stack(decoded[1:], 1)),
            torch.stack(tables[1:], 1),
            luma,
            tables[0],
            self.factors,
            projected=False,
        )
        known = [_continued(decoded[0], grid), *decoded[1:]]
        factors = [(1, 1), self.factors, self.factors]
        chroma = [
            torch.where(projected, project(plane, own, table, self.factors), plane)
            for plane, own, table in zip(restored, decoded[1:], tables[1:], strict=True)
        ]
        samples = torch.cat([idct(plane) for plane in (luma, *chroma)])
        inside = (torch.arange(samples.shape[1]) < height)[:, None] & (torch.arange(samples.shape[2]) < width)
        kept = samples
        for _ in range(sample_range.ROUNDS):
            moved = _clipped(kept, inside)
            moved = torch.cat(
                [
                    idct(project(dct(plane[None]), own, table, factor))
                    for plane, own, table, factor in zip(moved.unbind(), known, tables, factors, strict=True)
                ]
            )
            kept = torch.where(self._outside(kept, inside), moved, kept)
        samples = torch.where(projected, kept, samples)
        plain = torch.cat([idct(double_nearest(own, *factor)) for own, factor in zip(known, factors, strict=True)])
        samples = (plain + strength * (samples - plain) + 128).clamp(0, 255)
        return ycbcr_to_rgb(samples).clamp(0, 255).round().to(torch.uint8).permute(1, 2, 0)

    def _outside(self, samples: Tensor, inside: Tensor) -> Tensor:
        """Return for every sample whether its MCU leaves the range, (H, W)."""
        middle = (sample_range.LOWEST + sample_range.HIGHEST) / 2
        distance = torch.stack(
            [(_combined(samples, weights) - middle).abs() for weights in sample_range.RGB_OF_YCBCR]
        ).amax(0)
        rows, columns = 8 * self.factors[0], 8 * self.factors[1]
        farthest = F.max_pool2d((distance * inside)[None, None], (rows, columns))[0, 0]
        return (farthest > sample_range.FARTHEST).repeat_interleave(rows, 0).repeat_interleave(columns, 1)


def export_pictures(network: QGAC, folder: str | os.PathLike[str], *, overwrite: bool = False) -> list[Path]:
    """Write a graph with weights for each subsampling that the network knows.

    Parameters
    ----------
    network : QGAC
        Float32, on the CPU.
    folder : path
        Made if it is not there.
    overwrite : bool
        Whether to replace files that exist.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    ValueError
        If the network is told other tables than those of the file, see :func:`qgac.engine.export.check_tables`.
    FileExistsError
        If a file exists and may not be replaced.
    OSError
        If a file cannot be written.
    """
    check_tables(network)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for factors in sorted(network.factors):
        path = folder / picture_graph(factors)
        write_atomically(with_weights(PictureGraph(network, factors)), path, overwrite=overwrite)
        written.append(path)
    return written


def with_weights(module: PictureGraph) -> bytes:
    """Return a graph that runs without a weights file."""
    weights = module.network.state_dict()
    model = traced(module)
    for name, attribute in leaky(model):
        attribute.f = weights[name].item()
    for tensor in model.graph.initializer:
        if tensor.name in weights:
            tensor.raw_data = weights[tensor.name].numpy().tobytes()
    return bytes(model.SerializeToString(deterministic=True))


def _continued(channels: Tensor, grid: tuple[int, int]) -> Tensor:
    """Continue coefficients (1, 64, h, w) to a grid by flat blocks of the last DC, as restoring a file does."""
    margin = (0, grid[1] - channels.shape[3], 0, grid[0] - channels.shape[2])
    return torch.cat((F.pad(channels[:, :1], margin, mode="replicate"), F.pad(channels[:, 1:], margin)), 1)


def _combined(planes: Tensor, weights: tuple[float, ...]) -> Tensor:
    return planes[0] * weights[0] + planes[1] * weights[1] + planes[2] * weights[2]


def _clipped(planes: Tensor, inside: Tensor) -> Tensor:
    """Take samples (3, H, W) to the nearest point of each slab, and beyond it."""
    for weights in sample_range.RGB_OF_YCBCR:
        value = _combined(planes, weights)
        step = value.clamp(sample_range.LOWEST, sample_range.HIGHEST) - value
        step = step * inside * (sample_range.RELAXATION / sum(weight**2 for weight in weights))
        planes = torch.stack([plane + weight * step for plane, weight in zip(planes.unbind(), weights, strict=True)])
    return planes
