"""ONNX Runtime as the engine: the exported graphs, with weights of their configuration."""

from __future__ import annotations

import json
import struct
import threading
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from qgac.engine.description import DESCRIPTION, chroma_graph, y_graph
from qgac.engine.engine import Array, Pair
from qgac.processors import threads
from qgac.weights.files import Weights, damaged

__all__ = ["PROVIDERS", "OnnxEngine", "available"]

PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "dml": "DmlExecutionProvider",
    "mps": "CoreMLExecutionProvider",
}
"""What computes on which device, where the installed ONNX Runtime was built with it."""


class OnnxEngine:
    """Runs graphs with ONNX Runtime; :class:`qgac.engine.engine.Engine` has attributes and methods explained.

    A graph is loaded when it is needed first.

    Parameters
    ----------
    graphs : Path
        A folder as :func:`qgac.engine.export.export` writes it.
    weights : Weights
        Of the configuration of the graphs.
    device : str
        One of :data:`PROVIDERS`.

    Raises
    ------
    ValueError
        If the device cannot be used.
    WeightsError
        If the weights do not fit their configuration.
    """

    def __init__(self, graphs: Path, weights: Weights, device: str = "cpu") -> None:
        if not available(device):
            raise ValueError(f"the device {device!r} cannot be used by this ONNX Runtime; choose 'cpu'")
        description = json.loads((graphs / DESCRIPTION).read_text(encoding="utf-8"))
        self._folder = graphs
        self._graphs: dict[str, Any] = description["graphs"]
        self._weights = weights
        if not all(weights.tensors.keys() >= {*graph["weights"], *graph["slopes"]} for graph in self._graphs.values()):
            raise damaged(weights.name)
        self._sessions: dict[str, onnxruntime.InferenceSession] = {}
        self._loading = threading.Lock()
        self.device = device
        self.receptive_field_y: int = description["receptive_field_y"]
        self.receptive_field_color: int = description["receptive_field_color"]
        self.factors = frozenset((vertical, horizontal) for vertical, horizontal in description["factors"])
        self.widest_layer: int = description["widest_layer"]
        self._session(y_graph())

    def restore_y(self, decoded: Array, table: Array) -> Array:
        """Restore luma; see :meth:`qgac.engine.engine.Engine.restore_y`."""
        (restored,) = self._run(y_graph(), decoded=decoded, table=table.reshape(8, 8))
        return restored

    def restore_chroma(
        self,
        chroma: tuple[Array, Array],
        tables: tuple[Array, Array],
        y: Array,
        y_table: Array,
        factors: tuple[int, int],
    ) -> Pair:
        """Restore Cb and Cr; see :meth:`qgac.engine.engine.Engine.restore_chroma`."""
        cb, cr = self._run(
            chroma_graph(factors),
            cb=chroma[0],
            cr=chroma[1],
            y=y,
            tables=np.stack(tables).reshape(2, 8, 8),
            y_table=y_table.reshape(8, 8),
        )
        return cb, cr

    def _run(self, graph: str, **inputs: Array) -> list[Array]:
        values = {name: np.ascontiguousarray(value) for name, value in inputs.items()}
        try:
            results: list[Array] = self._session(graph).run(None, {**values, "projected": np.array(False)})
        except Exception as error:  # its classes have no base of their own
            if "alloc" in str(error):
                raise MemoryError("not enough memory for a tile") from error
            raise
        return results

    def _session(self, graph: str) -> onnxruntime.InferenceSession:
        with self._loading:
            if graph not in self._sessions:
                self._sessions[graph] = self._loaded(graph)
            return self._sessions[graph]

    def _loaded(self, graph: str) -> onnxruntime.InferenceSession:
        tensors = self._weights.tensors
        content = bytearray((self._folder / graph).read_bytes())
        for name, places in self._graphs[graph]["slopes"].items():
            for place in places:
                struct.pack_into("<f", content, place, tensors[name].item())
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = threads()
        names = self._graphs[graph]["weights"]
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(tensors[name])) for name in names]
        options.add_external_initializers(names, values)
        try:
            session = onnxruntime.InferenceSession(bytes(content), options, providers=[PROVIDERS[self.device]])
        except Exception as error:
            raise damaged(self._weights.name) from error
        if PROVIDERS[self.device] not in session.get_providers():  # its libraries are missing: it works without
            raise ValueError(f"the device {self.device!r} cannot be used here; choose 'cpu'")
        return session


def available(device: str) -> bool:
    """Return whether the installed ONNX Runtime was built for a device."""
    return PROVIDERS.get(device) in onnxruntime.get_available_providers()
