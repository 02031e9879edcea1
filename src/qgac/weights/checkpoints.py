"""Weights files and networks: what :mod:`qgac.weights.files` reads as PyTorch's modules, and these written."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save, save_file

from qgac.files.atomic import whole_file
from qgac.models.qgac import QGAC
from qgac.weights.files import (
    FORMAT,
    Weights,
    damaged,
    load_record,
    read_weights,
    rest_of,
    shipped_file,
    shipped_models,
)

__all__ = ["load_model", "network_of", "save_model", "weights_of", "whole_content"]


def load_model(name: str | os.PathLike[str] = "small") -> QGAC:
    """Build a network and load its weights.

    Parameters
    ----------
    name : str or path
        Name of a shipped model, or a ``.safetensors`` file of this project.

    Returns
    -------
    QGAC
        In evaluation mode, float32, on the CPU, convolutions in channels_last.

    Raises
    ------
    WeightsError
        If there is no such file, or it is damaged, foreign, or does not fit the configuration in its header; if it is
        shipped, also if it differs in any bit from what was packed.
    """
    return network_of(read_weights(name))


def network_of(weights: Weights) -> QGAC:
    """Build a network that has these weights, as :func:`load_model` returns it.

    Parameters
    ----------
    weights : Weights

    Returns
    -------
    QGAC

    Raises
    ------
    WeightsError
        If they do not fit their configuration.
    """
    model = QGAC(weights.configuration)  # not on the meta device, which would load another 70 MB of PyTorch
    try:
        model.load_state_dict({key: torch.from_numpy(value) for key, value in weights.tensors.items()}, assign=True)
    except RuntimeError as error:
        raise damaged(weights.name) from error
    return model.requires_grad_(False).eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def weights_of(model: QGAC) -> Weights:
    """Return the weights of a network; those in float32 on the CPU are not copied.

    Parameters
    ----------
    model : QGAC

    Returns
    -------
    Weights
    """
    tensors = {key: value.detach().cpu().float().numpy() for key, value in model.state_dict().items()}
    return Weights(model.configuration, tensors, "this network")


def save_model(
    model: QGAC,
    path: str | os.PathLike[str],
    *,
    record: dict[str, Any],
    dtype: torch.dtype = torch.float32,
    rest: str | None = None,
) -> None:
    """Write a network's weights, whole or not at all.

    Parameters
    ----------
    model : QGAC
    path : path
        A ``.safetensors`` file; replaced if it exists.
    record : dict
        How the weights were made; JSON types only.
    dtype : torch.dtype
        Type of the stored parameters. Statistics stay float32.
    rest : str, optional
        Name of a shipped model: what it has to the bit is left out, and the file says where it is. For models that are
        shipped beside it.

    Raises
    ------
    ValueError
        If `rest` is no shipped model, leaves something to another one itself, or has what this model has not.
    """
    path = Path(path)
    buffers = {name for name, _ in model.named_buffers()}
    tensors = {
        name: value.detach().to("cpu", torch.float32 if name in buffers else dtype).contiguous()
        for name, value in model.state_dict().items()
    }
    header = {"format": FORMAT, "configuration": model.configuration.to_dict(), "record": record}
    if rest is not None:
        there = read_weights(rest).tensors
        if rest not in shipped_models() or "rest" in load_record(rest) or not there.keys() <= tensors.keys():
            raise ValueError(
                f"{rest} is no shipped model that is whole and has no more than this one; leave `rest` out"
            )
        same = {name for name, value in tensors.items() if name in there and np.array_equal(there[name], value.float())}
        tensors = {name: value for name, value in tensors.items() if name not in same}
        header["rest"] = rest_of(rest)
    with whole_file(path, overwrite=True) as partial:
        save_file(tensors, str(partial), metadata={"qgac": json.dumps(header)})


def whole_content(path: str | os.PathLike[str]) -> bytes:
    """Return the content of a weights file, together with what it leaves to another one, in the types of both.

    Parameters
    ----------
    path : path
        A file that :func:`qgac.weights.files.read_weights` has read.

    Returns
    -------
    bytes
        Of a weights file that needs no other.
    """
    header = load_record(path)
    rest = header.pop("rest", None)
    if rest is None:
        return Path(path).read_bytes()
    tensors = load_file(shipped_file(rest["model"])) | load_file(path)
    return save(tensors, metadata={"qgac": json.dumps(header)})
