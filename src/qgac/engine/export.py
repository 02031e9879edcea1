"""The networks as ONNX graphs: exported from :mod:`qgac.models.steps`, so that they run without PyTorch.

A folder holds one graph for Y and one for the chroma of each subsampling, with dynamic height and width, and
``graphs.json``, which says what network they are of. The weights are not in them: the graphs name them as the weights
file does, and whoever runs them hands them over, so that one set of graphs serves every weights file of a
configuration, and blends of two.

Blocks come and go as a JPEG file stores them, rows by columns by 64 frequencies. That nothing is in the graphs but
what the networks do is the point: the CFMs run inside, from the quantisation tables. The projection is left to whoever
runs them.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Set
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from qgac.coefficients.blocks import interleave_maps
from qgac.engine.description import DESCRIPTION, FORMAT, chroma_graph, y_graph
from qgac.engine.sizes import settle_sizes
from qgac.engine.torch_engine import widest_layer
from qgac.engine.tracing import SLOPE, leaky, traced
from qgac.files.atomic import write_atomically
from qgac.models import steps
from qgac.models.qgac import QGAC
from qgac.weights.checkpoints import whole_content
from qgac.weights.files import WEIGHTS

__all__ = [
    "ChromaGraph",
    "LumaGraph",
    "check_tables",
    "contents",
    "export",
    "to_blocks",
    "to_channels",
]


class LumaGraph(nn.Module):
    """The first step of :mod:`qgac.models.steps` for one plane.

    Parameters
    ----------
    network : QGAC
    """

    inputs: ClassVar = {"decoded": ("rows", "columns"), "table": ()}
    outputs: ClassVar = {"restored": ("rows", "columns")}

    def __init__(self, network: QGAC) -> None:
        super().__init__()
        self.network = network

    def example(self, rows: int = 3, columns: int = 4) -> tuple[Tensor, ...]:
        """Return inputs to trace it with."""
        return torch.zeros(rows, columns, 64), torch.full((8, 8), 16.0)

    def forward(self, decoded: Tensor, table: Tensor) -> Tensor:
        """Restore a plane.

        Parameters
        ----------
        decoded : Tensor, shape (rows, columns, 64), float32
            Dequantised coefficients.
        table : Tensor, shape (8, 8), float32
            Quantisation steps.

        Returns
        -------
        Tensor, shape (rows, columns, 64), float32
            Not projected.
        """
        return to_blocks(steps.restore_y(self.network, to_channels(decoded), table[None], projected=False))


class ChromaGraph(nn.Module):
    """The second step of :mod:`qgac.models.steps` for one picture.

    Parameters
    ----------
    network : QGAC
    factors : tuple of (int, int)
        Vertical and horizontal subsampling, one of those that the network knows.
    """

    inputs: ClassVar = {
        "cb": ("rows", "columns"),
        "cr": ("rows", "columns"),
        "y": ("luma_rows", "luma_columns"),
        "tables": (),
        "y_table": (),
    }
    outputs: ClassVar = {"restored_cb": ("luma_rows", "luma_columns"), "restored_cr": ("luma_rows", "luma_columns")}

    def __init__(self, network: QGAC, factors: tuple[int, int]) -> None:
        super().__init__()
        self.network = network
        self.factors = factors

    def example(self, rows: int = 3, columns: int = 4) -> tuple[Tensor, ...]:
        """Return inputs to trace it with."""
        plane = torch.zeros(rows, columns, 64)
        y = torch.zeros(rows * self.factors[0], columns * self.factors[1], 64)
        tables = torch.full((2, 8, 8), 16.0)
        return plane, plane.clone(), y, tables, tables[0].clone()

    def forward(self, cb: Tensor, cr: Tensor, y: Tensor, tables: Tensor, y_table: Tensor) -> tuple[Tensor, Tensor]:
        """Restore Cb and Cr at full resolution.

        Parameters
        ----------
        cb, cr : Tensor, shape (rows, columns, 64), float32
            Dequantised coefficients.
        y : Tensor, shape (vertical * rows, horizontal * columns, 64), float32
            Restored Y.
        tables : Tensor, shape (2, 8, 8), float32
            Quantisation steps of Cb and Cr.
        y_table : Tensor, shape (8, 8), float32
            Quantisation steps of Y.

        Returns
        -------
        tuple of two Tensor, each of shape (vertical * rows, horizontal * columns, 64), float32
            Not projected.
        """
        restored = steps.restore_chroma(
            self.network,
            interleave_maps(torch.stack((to_channels(cb), to_channels(cr)), 1)),
            tables[None],
            to_channels(y),
            y_table[None],
            self.factors,
            projected=False,
        )
        return to_blocks(restored[0]), to_blocks(restored[1])


def export(
    network: QGAC, folder: str | os.PathLike[str], *, weights: Path | None = None, overwrite: bool = False
) -> list[Path]:
    """Write the graphs of a network.

    Parameters
    ----------
    network : QGAC
        Float32, on the CPU.
    folder : path
        Made if it is not there.
    weights : Path, optional
        The weights file of the network, whose content goes beside the graphs: then the folder is a model of its own.
    overwrite : bool
        Whether to replace files that exist.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    ValueError
        If the network is told other tables than those of the file, see :func:`check_tables`.
    FileExistsError
        If a file exists and may not be replaced.
    OSError
        If a file cannot be written.
    """
    check_tables(network)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    files = contents(network)
    if weights is not None:
        files[WEIGHTS] = whole_content(weights)
    for name, content in files.items():
        write_atomically(content, folder / name, overwrite=overwrite)
        written.append(folder / name)
    return written


def check_tables(network: QGAC) -> None:
    """Refuse a network that looks for the most similar table it was trained on, which no graph does.

    Raises
    ------
    ValueError
        If it does, see `trained_qualities` in :class:`qgac.models.configuration.Configuration`.
    """
    if network.configuration.trained_qualities is not None:
        raise ValueError(
            "the network looks for the table most similar to those it was trained on (trained_qualities), which a graph"
            " cannot; run it with PyTorch"
        )


def contents(network: QGAC) -> dict[str, bytes]:
    """Return what :func:`export` writes, by the names of the files."""
    modules: dict[str, LumaGraph | ChromaGraph] = {y_graph(): LumaGraph(network)}
    for factors in sorted(network.factors):
        modules[chroma_graph(factors)] = ChromaGraph(network, factors)
    weights = set(network.state_dict())
    files: dict[str, bytes] = {}
    parts: dict[str, dict[str, Any]] = {}
    for name, module in modules.items():
        model = traced(module)
        settle_sizes(model, weights, module.example)
        files[name], parts[name] = _without_weights(model, weights)
    description = {
        "format": FORMAT,
        "configuration": network.configuration.to_dict(),
        "receptive_field_y": network.receptive_field_y,
        "receptive_field_color": network.receptive_field_color,
        "factors": sorted(map(list, network.factors)),
        "widest_layer": widest_layer(network),
        "graphs": parts,
    }
    files[DESCRIPTION] = (json.dumps(description, indent=1) + "\n").encode()
    return files


def _without_weights(model: onnx.ModelProto, weights: Set[str]) -> tuple[bytes, dict[str, Any]]:
    """Return a graph that names its weights as the file does, which these are, and the places of others in it.

    An activation with its slope as a weight would not be fused with the convolution before it, which costs a seventh
    of the time. So the slope is a number in the graph, to be overwritten by whoever has the weights.
    """
    slopes = leaky(model)
    external = [tensor for tensor in model.graph.initializer if tensor.name in weights]
    for tensor in external:
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="weights")
    for number, (_, attribute) in enumerate(slopes):
        attribute.f = _mark(number)
    content = model.SerializeToString(deterministic=True)
    places: dict[str, list[int]] = {}
    for number, (name, _) in enumerate(slopes):
        mark = struct.pack("<f", _mark(number))
        assert content.count(mark) == 1
        places.setdefault(name, []).append(content.index(mark))
        content = content.replace(mark, struct.pack("<f", SLOPE))
    shapes = {tensor.name: list(tensor.dims) for tensor in sorted(external, key=lambda tensor: tensor.name)}
    return content, {"weights": shapes, "slopes": places}


def _mark(number: int) -> float:
    """Return a number that no graph has."""
    return float(np.frombuffer(struct.pack("<I", 0x7E5A0000 + number), np.float32)[0])


def to_channels(blocks: Tensor) -> Tensor:
    """Turn (rows, columns, 64) into (1, 64, rows, columns)."""
    return blocks.permute(2, 0, 1)[None]


def to_blocks(channels: Tensor) -> Tensor:
    """Turn (1, 64, rows, columns) into (rows, columns, 64)."""
    return channels[0].permute(1, 2, 0)
