"""Which engine runs a model: ONNX Runtime where there are graphs of it, else PyTorch."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from qgac.engine.description import read_description
from qgac.models.configuration import Configuration
from qgac.weights.blending import blended_weights
from qgac.weights.files import Weights, WeightsError, shipped_models

if TYPE_CHECKING:
    import torch

    from qgac.engine.engine import Engine
    from qgac.models.qgac import QGAC

__all__ = ["EngineName", "engine_for"]

EngineName = Literal["auto", "onnx", "torch"]

_SHIPPED = Path(__file__).parent / "graphs"

_EXPORT = "export it with `qgac export`, where PyTorch is installed, and name the folder"


def engine_for(
    model: str | os.PathLike[str] | QGAC,
    *,
    engine: EngineName = "auto",
    device: str | torch.device = "auto",
    blend: float = 0.0,
    blend_with: str | os.PathLike[str] | QGAC | None = None,
) -> Engine:
    """Load a model into the engine that runs it.

    Parameters
    ----------
    model : str, path or QGAC
        Name of a shipped model, a weights file, a folder that ``qgac export`` wrote, or a network of PyTorch.
    engine : {"auto", "onnx", "torch"}
        ``auto``: ONNX Runtime on the processor, or by CUDA where it was built for that; PyTorch for networks, for
        weights without graphs, and where it has a GPU and ONNX Runtime has none.
    device : str or torch.device
        ``auto``: where a given network lies; of a model to load, a GPU that CUDA or, through PyTorch, Metal reaches, if
        there is one, else the processor.
    blend, blend_with
        As `alpha` and `other` of :func:`qgac.weights.blending.blended`.

    Returns
    -------
    Engine

    Raises
    ------
    ValueError
        If the engine or the device cannot be used, or the two models not be blended.
    WeightsError
        If a model cannot be loaded, or the one to blend with is missing.
    """
    if engine not in get_args(EngineName):
        raise ValueError(f"the engine {engine!r} is none of {', '.join(get_args(EngineName))}; choose one of them")
    if not isinstance(model, str | os.PathLike) or not isinstance(blend_with, str | os.PathLike | None):
        if engine == "onnx":
            raise ValueError("a network of PyTorch runs in PyTorch; name a weights file, or choose the engine 'torch'")
        return _network_by_torch(model, device, blend, blend_with)
    weights = blended_weights(model, blend, blend_with)
    graphs = _graphs_of(model, weights.configuration)
    if engine == "torch" or (engine == "auto" and (graphs is None or _torch_is_faster(str(device)))):
        return _by_torch(model, weights, device, graphs=graphs is not None)
    if graphs is None:
        raise ValueError(f"there are no graphs of model {os.fspath(model)!r}; {_EXPORT}, or choose the engine 'torch'")
    return _by_graphs(graphs, weights, str(device))


def _network_by_torch(
    model: str | os.PathLike[str] | QGAC,
    device: str | torch.device,
    blend: float,
    blend_with: str | os.PathLike[str] | QGAC | None,
) -> Engine:
    from qgac.engine.torch_engine import TorchEngine, fastest_device
    from qgac.weights.blending import blended

    if device == "auto" and isinstance(model, str | os.PathLike):
        device = fastest_device()
    return TorchEngine(blended(model, blend, blend_with), device)


def _by_torch(model: str | os.PathLike[str], weights: Weights, device: str | torch.device, *, graphs: bool) -> Engine:
    if find_spec("torch") is None:
        if not graphs:
            raise ValueError(f"model {os.fspath(model)!r} needs PyTorch: pip install 'qgac[torch]'; or {_EXPORT}")
        what = f"the device {str(device)!r}" if device not in ("auto", "cpu") else "the engine 'torch'"
        raise ValueError(f"{what} needs PyTorch: pip install 'qgac[torch]'; or leave the option out")
    from qgac.engine.torch_engine import TorchEngine, fastest_device
    from qgac.weights.checkpoints import network_of

    return TorchEngine(network_of(weights), fastest_device() if device == "auto" else device)


def _by_graphs(graphs: Path, weights: Weights, device: str) -> Engine:
    from qgac.engine.onnx_engine import OnnxEngine, available

    if device == "auto" and available("cuda"):
        try:
            return OnnxEngine(graphs, weights, "cuda")
        except WeightsError:
            raise
        except ValueError:  # there is no such GPU
            pass
    return OnnxEngine(graphs, weights, "cpu" if device == "auto" else device)


def _graphs_of(model: str | os.PathLike[str], configuration: Configuration) -> Path | None:
    """Return the folder with the graphs of a configuration: the model's own, or one that the package ships."""
    own = [] if str(model) in shipped_models() else [Path(model)]
    for folder in (*own, *sorted(_SHIPPED.iterdir())):
        description = read_description(folder)
        if description is not None and description.configuration == configuration:
            return folder
    return None


def _torch_is_faster(device: str) -> bool:
    """Whether PyTorch can use a GPU that was asked for, or that is there, and this ONNX Runtime cannot."""
    from qgac.engine.onnx_engine import available

    if device != "auto":
        return not available(device)
    if available("cuda") or find_spec("torch") is None:
        return False
    # Importing PyTorch in order to ask takes seconds: not where there is no sign of a GPU.
    signs = Path("/dev/nvidiactl").exists() or Path("/dev/kfd").exists() or shutil.which("nvidia-smi") is not None
    if not signs and sys.platform != "darwin" and "torch" not in sys.modules:
        return False
    from qgac.engine.torch_engine import fastest_device

    return fastest_device() != "cpu"
