"""ONNX Runtime as the engine: the exported graphs, with weights of their configuration."""

from __future__ import annotations

import struct
import threading
from functools import cache, partial
from pathlib import Path

import numpy as np

from qgac.engine.description import chroma_graph, read_description, y_graph
from qgac.engine.engine import Array, Pair, memory_told
from qgac.engine.runtime import onnxruntime
from qgac.processors import beside, threads
from qgac.weights.files import Weights, WeightsError

__all__ = ["PROVIDERS", "OnnxEngine", "available"]

PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "dml": "DmlExecutionProvider",
    "mps": "CoreMLExecutionProvider",
}
"""What computes on which device, where the installed ONNX Runtime was built with it."""

# The export leaves little for them to find, nothing that takes time, and looking takes a sixth of the time of loading.
_IDLE_OPTIMIZERS = ["ConstantFolding", "ConstantSharing", "CommonSubexpressionElimination", "TransposeOptimizer"]

# Of colour in nearly all files: 4:2:0.
_USUAL_FACTORS = (2, 2)

_SHARING = threading.Lock()


class OnnxEngine:
    """Runs graphs with ONNX Runtime; :class:`qgac.engine.engine.Engine` has attributes and methods explained.

    The graph of Y is loaded at once, others when they are needed first; where there is more than one thread, that of
    chroma in nearly all files already while the caller reads the first one.

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
        description = read_description(graphs)
        if description is None:
            raise WeightsError(f"{graphs} is no folder of graphs; name one that `qgac export` wrote")
        description.check(weights)
        self._folder = graphs
        self._graphs = description.graphs
        self._weights = weights
        self._sessions: dict[str, onnxruntime.InferenceSession] = {}
        self._loading = {graph: threading.Lock() for graph in description.graphs}
        self.device = device
        self.receptive_field_y = description.receptive_field_y
        self.receptive_field_color = description.receptive_field_color
        self.factors = description.factors
        self.widest_layer = description.widest_layer
        with _SHARING:
            _share_memory()
        self._session(y_graph())  # a device that cannot be used shows itself here
        if device == "cpu" and threads() > 1 and _USUAL_FACTORS in self.factors:
            beside(partial(self._session, chroma_graph(_USUAL_FACTORS)))  # what is wrong with it is told who uses it

    def restore_y(self, decoded: Array, table: Array) -> Array:
        """Restore luma; see :meth:`qgac.engine.engine.Engine.restore_y`."""
        (restored,) = self._run(y_graph(), decoded=decoded, table=table.reshape(8, 8))
        return restored

    def restore_chroma(
        self,
        chroma: Pair,
        tables: Pair,
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
        session = self._session(graph)
        with memory_told(Exception, "alloc"):  # errors of ONNX Runtime have no type of their own
            results: list[Array] = session.run(None, values)
        return results

    def _session(self, graph: str) -> onnxruntime.InferenceSession:
        with self._loading[graph]:
            if graph not in self._sessions:
                self._sessions[graph] = self._loaded(graph)
            return self._sessions[graph]

    def _loaded(self, graph: str) -> onnxruntime.InferenceSession:
        tensors = self._weights.tensors
        content = bytearray((self._folder / graph).read_bytes())
        for name, places in self._graphs[graph].slopes.items():
            for place in places:
                content[place : place + 4] = struct.pack("<f", tensors[name].item())
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = threads()
        # For a tile like one before, one piece of memory for all would be asked for, beside the pieces that are there.
        options.enable_mem_pattern = False
        options.add_session_config_entry("session.use_env_allocators", "1")
        names = list(self._graphs[graph].weights)
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(tensors[name])) for name in names]
        options.add_external_initializers(names, values)
        provider = PROVIDERS[self.device]
        try:
            with memory_told(Exception, "alloc"):
                session = onnxruntime.InferenceSession(
                    bytes(content),
                    options,
                    providers=[provider],
                    enable_fallback=0,  # which prints on the standard output
                    disabled_optimizers=_IDLE_OPTIMIZERS,
                )
        except MemoryError:
            raise
        except Exception as error:
            if self.device == "cpu":
                raise WeightsError(
                    f"{self._folder / graph} cannot be loaded ({_first_line(error)}); export the model again"
                ) from error
            raise ValueError(
                f"the device {self.device!r} cannot be used here ({_first_line(error)}); choose 'cpu'"
            ) from error
        if provider not in session.get_providers():  # its libraries are missing: it works without
            raise ValueError(f"the device {self.device!r} cannot be used here; choose 'cpu'")
        return session


@cache
def _share_memory() -> None:
    """Let the graphs of a process take their memory from one arena; each would keep one of its own."""
    place = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    onnxruntime.create_and_register_allocator(place, None)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def available(device: str) -> bool:
    """Return whether the installed ONNX Runtime was built for a device."""
    return PROVIDERS.get(device) in onnxruntime.get_available_providers()
