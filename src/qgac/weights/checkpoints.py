"""Weights as self-describing safetensors files: the header alone says how to build the network.

The header's ``qgac`` entry is JSON with the configuration and the record of the training run (stage, recipe, figures).
The weights that the package ships lie in ``weights/`` beside their checksums, ``SHA256SUMS``, as sha256sum writes them.
"""

from __future__ import annotations

import hashlib
import json
import os
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from qgac.files.atomic import whole_file
from qgac.models.qgac import QGAC, Configuration

__all__ = ["WeightsError", "load_model", "load_record", "save_model", "shipped_models"]

_FORMAT = 1


class WeightsError(ValueError):
    """A weights file is missing, damaged, or not of this project."""


def shipped_models() -> tuple[str, ...]:
    """Return the names of the models that the package ships."""
    folder = resources.files("qgac") / "weights"
    return tuple(
        sorted(
            entry.name.removesuffix(".safetensors") for entry in folder.iterdir() if entry.name.endswith(".safetensors")
        )
    )


def _locate(name: str | os.PathLike[str]) -> Path:
    if str(name) in shipped_models():
        return Path(str(resources.files("qgac") / "weights" / f"{name}.safetensors"))
    path = Path(name)
    if not path.is_file():
        known = ", ".join(shipped_models()) or "none"
        raise WeightsError(
            f"model {str(name)!r} is neither a shipped model ({known}) nor a weights file; check the name or the path"
        )
    return path


def _check_shipped(path: Path) -> None:
    """Refuse shipped weights that are not as they were packed: what they restore would be wrong without a sign."""
    sums = path.with_name("SHA256SUMS")
    try:
        expected = {name: checksum for checksum, name in map(str.split, sums.read_text().splitlines())}
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path} cannot be checked against {sums.name} ({error}); install qgac again") from error
    if expected.get(path.name) != found:
        raise WeightsError(f"{path} is not as it was packed: its SHA-256 differs from {sums.name}; install qgac again")


def load_record(name: str | os.PathLike[str]) -> dict[str, Any]:
    """Read the header of a weights file.

    Parameters
    ----------
    name : str or path
        Name of a shipped model, or a ``.safetensors`` file of this project.

    Returns
    -------
    dict
        ``configuration`` (numbers of the network) and ``record`` (how it was trained).

    Raises
    ------
    WeightsError
        If there is no such file, or it is damaged or foreign.
    """
    path = _locate(name)
    try:
        with safe_open(str(path), framework="pt") as file:
            header = (file.metadata() or {}).get("qgac")
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path} is not a whole safetensors file ({error}); fetch or train it again") from error
    if header is None:
        raise WeightsError(f"{path} holds no qgac network; name a file that `qgac train` wrote")
    try:
        content: Any = json.loads(header)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise WeightsError(f"{path} is damaged: its header is no table; fetch or train it again")
    if content.get("format") != _FORMAT:
        raise WeightsError(
            f"{path} has weights format {content.get('format')}, this version reads {_FORMAT}; update qgac"
        )
    return content


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
    if str(name) in shipped_models():
        _check_shipped(_locate(name))
    content = load_record(name)
    path = _locate(name)
    try:
        configuration = Configuration.from_dict(content["configuration"])
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(
            f"{path} has an impossible configuration ({error}); update qgac, or fetch the file again"
        ) from error
    model = QGAC(configuration)  # not on the meta device, which would load another 70 MB of PyTorch
    try:
        with safe_open(str(path), framework="pt") as file:
            weights = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118
        model.load_state_dict(weights, assign=True)
    except (SafetensorError, RuntimeError) as error:
        raise WeightsError(f"{path} is damaged: its tensors do not fit its header; fetch or train it again") from error
    return model.requires_grad_(False).eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def save_model(
    model: QGAC, path: str | os.PathLike[str], *, record: dict[str, Any], dtype: torch.dtype = torch.float32
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
    """
    path = Path(path)
    buffers = {name for name, _ in model.named_buffers()}
    tensors = {
        name: value.detach().to("cpu", torch.float32 if name in buffers else dtype).contiguous()
        for name, value in model.state_dict().items()
    }
    header = {"format": _FORMAT, "configuration": model.configuration.to_dict(), "record": record}
    with whole_file(path, overwrite=True) as partial:
        save_file(tensors, str(partial), metadata={"qgac": json.dumps(header)})
