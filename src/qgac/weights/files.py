"""Weights as self-describing safetensors files: the header alone says how to build the network.

The header's ``qgac`` entry is JSON with the configuration and the record of the training run (stage, recipe, figures).
The weights that the package ships lie in ``weights/`` beside their checksums, ``SHA256SUMS``, as sha256sum writes them.
One of these may leave out what another one has to the bit, a colour network that several have: its header names that
model and the checksum of its file (``rest``).
Nothing here needs PyTorch; :mod:`qgac.weights.checkpoints` makes networks of what is read here.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open

from qgac.models.configuration import Configuration
from qgac.processors import beside

__all__ = [
    "FORMAT",
    "STATISTICS",
    "WEIGHTS",
    "Weights",
    "WeightsError",
    "damaged",
    "load_record",
    "read_weights",
    "rest_of",
    "shipped_file",
    "shipped_models",
]

FORMAT = 1
"""Of the header, counted up when it changes."""

WEIGHTS = "weights.safetensors"
"""Name of the file in a folder of exported graphs."""

STATISTICS = ("normalize_y.", "normalize_chroma.")
"""How the names of what was counted, not learned, begin."""

_FOLDER = Path(__file__).parent

_TYPES = {"BF16": "<u2", "F16": "<f2", "F32": "<f4", "F64": "<f8"}


class WeightsError(ValueError):
    """A weights file is missing, damaged, or not of this project."""


@dataclass(frozen=True, eq=False)
class Weights:
    """What a weights file holds.

    Attributes
    ----------
    configuration : Configuration
        The numbers of the network.
    tensors : dict of str to ndarray of float32
        By the names that they have in the network.
    name : str
        Path of the file; of weights that were mixed or taken from a network, words for messages.
    """

    configuration: Configuration
    tensors: dict[str, npt.NDArray[np.float32]]
    name: str

    @property
    def parameters(self) -> int:
        """How many numbers were learned."""
        return sum(tensor.size for name, tensor in self.tensors.items() if not name.startswith(STATISTICS))


def shipped_models() -> tuple[str, ...]:
    """Return the names of the models that the package ships."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.safetensors")))


def shipped_file(model: str) -> Path:
    """Return where the weights of a shipped model are."""
    return _FOLDER / f"{model}.safetensors"


def _locate(name: str | os.PathLike[str]) -> Path:
    if str(name) in shipped_models():
        return shipped_file(str(name))
    path = Path(name)
    if path.is_dir() and (path / WEIGHTS).is_file():  # as `qgac export` leaves it
        return path / WEIGHTS
    if not path.is_file():
        known = ", ".join(shipped_models()) or "none"
        raise WeightsError(
            f"model {str(name)!r} is neither a shipped model ({known}) nor a weights file, nor a folder with one that"
            " `qgac export` wrote; check the name or the path"
        )
    return path


def _check_shipped(path: Path, checksum: str) -> None:
    """Refuse shipped weights that are not as they were packed: what they restore would be wrong without a sign."""
    sums = path.with_name("SHA256SUMS")
    try:
        expected = {name: packed for packed, name in map(str.split, sums.read_text().splitlines())}
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path} cannot be checked against {sums.name} ({error}); install qgac again") from error
    if expected.get(path.name) != checksum:
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
    return _record(_locate(name))


def _record(path: Path) -> dict[str, Any]:
    try:
        with safe_open(str(path), framework="np") as file:
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
    if content.get("format") != FORMAT:
        raise WeightsError(
            f"{path} has weights format {content.get('format')}, this version reads {FORMAT}; update qgac"
        )
    return content


def read_weights(name: str | os.PathLike[str] = "small") -> Weights:
    """Read a weights file.

    Parameters
    ----------
    name : str or path
        Name of a shipped model, or a ``.safetensors`` file of this project.

    Returns
    -------
    Weights

    Raises
    ------
    WeightsError
        If there is no such file, or it is damaged or foreign, or has an impossible configuration in its header; if it
        is shipped, also if it differs in any bit from what was packed.
    """
    path = _locate(name)
    record = _record(path)
    content, checksum = _content(path)
    try:
        configuration = _configuration(path, record)
        tensors = _tensors(path, content)
    finally:  # what differs from what was packed is told first
        checksum()
    if "rest" in record:
        tensors |= _rest(path, record["rest"], tensors.keys())
    return Weights(configuration, tensors, str(path))


def _configuration(path: Path, record: dict[str, Any]) -> Configuration:
    """Return what the header of a weights file says of the networks."""
    try:
        return Configuration.from_dict(record["configuration"])
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(
            f"{path} has an impossible configuration ({error}); update qgac, or fetch the file again"
        ) from error


def _content(path: Path) -> tuple[npt.NDArray[np.uint8], Callable[[], str]]:
    """Return the bytes of a weights file and what waits for its checksum if it is shipped: it has to be right then."""
    try:
        content = np.memmap(path, mode="r")
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror or error}); check the file") from error
    if path.parent != _FOLDER:
        return content, str

    def checksum() -> str:
        found = hashlib.sha256(content.data).hexdigest()
        _check_shipped(path, found)
        return found

    return content, beside(checksum)


def rest_of(model: str) -> dict[str, str]:
    """Return what the header of a file says that leaves out what a shipped model has."""
    _, checksum = _content(_locate(model))
    return {"model": model, "sha256": checksum()}


def _rest(path: Path, rest: Any, there: Set[str]) -> dict[str, npt.NDArray[np.float32]]:
    """Return the tensors of a shipped model that a weights file left out."""
    model = rest.get("model") if isinstance(rest, dict) else None
    if model not in shipped_models():
        raise WeightsError(f"{path} has the rest of its weights in a model {model!r}, which is not there; update qgac")
    content, checksum = _content(_locate(model))
    if checksum() != rest.get("sha256"):
        raise WeightsError(
            f"{path} has the rest of its weights in another {model!r} than this one; install the qgac that it is from"
        )
    return _tensors(path, content, there)


def damaged(name: str | os.PathLike[str]) -> WeightsError:
    """Return what is to be said of a file whose tensors are not those of its configuration."""
    return WeightsError(f"{name} is damaged: its tensors do not fit its header; fetch or train it again")


def _tensors(
    path: Path, content: npt.NDArray[np.uint8], but: Set[str] = frozenset()
) -> dict[str, npt.NDArray[np.float32]]:
    """Return the tensors of a weights file, all but some."""
    try:
        return _converted(content, but)
    except (KeyError, ValueError) as error:
        raise damaged(path) from error


def _converted(content: npt.NDArray[np.uint8], but: Set[str]) -> dict[str, npt.NDArray[np.float32]]:
    """Return the tensors of a safetensors file whose header was read before, all in one piece of memory.

    safetensors' own functions copy what is converted here anyway, and do not know bfloat16 with NumPy.
    """
    start = 8 + int(content[:8].view("<u8")[0])
    entries = json.loads(content[8:start].tobytes())
    for name in {"__metadata__", *but} & entries.keys():
        del entries[name]
    values = np.empty(sum(math.prod(entry["shape"]) for entry in entries.values()), np.float32)
    tensors, filled = {}, 0
    for name, entry in entries.items():
        first, last = entry["data_offsets"]
        stored = content[start + first : start + last].view(_TYPES[entry["dtype"]])
        tensor = values[filled : filled + len(stored)].reshape(entry["shape"])
        if entry["dtype"] == "BF16":  # the upper half of float32
            tensor.view(np.uint32)[...] = stored.astype(np.uint32).reshape(tensor.shape) << 16
        else:
            tensor[...] = stored.reshape(tensor.shape)
        tensors[name] = tensor
        filled += len(stored)
    return tensors
