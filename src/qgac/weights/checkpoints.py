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

__all__ = ["WeightsError", "blended", "interpolate", "load_model", "load_record", "save_model", "shipped_models"]

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


@torch.no_grad()
def interpolate(regression: QGAC, other: QGAC, alpha: float) -> QGAC:
    """Blend two networks parameter by parameter: (1 - alpha) regression + alpha other (appendix B.2, eq. 1).

    Parameters
    ----------
    regression, other : QGAC
        Networks of one configuration and one normalisation; neither is changed.
    alpha : float
        0..1; 0 gives the first and 1 the second network, to the bit.

    Returns
    -------
    QGAC
        A new network in evaluation mode, on the device of the first one, convolutions in channels_last.

    Raises
    ------
    ValueError
        If `alpha` is out of range, or the two networks are of different configurations or statistics.
    """
    if not 0 <= alpha <= 1:
        raise ValueError(f"networks are blended with an alpha between 0 and 1, got {alpha:g}")
    if regression.configuration != other.configuration:
        raise ValueError("networks of different configurations cannot be blended; give two runs of one configuration")
    buffers = dict(other.named_buffers())
    for name, buffer in regression.named_buffers():
        if not torch.equal(buffer, buffers[name].to(buffer.device)):
            raise ValueError(
                f"the networks differ in {name}, which is not learned; train one from the other's weights and try again"
            )
    ends = dict(other.named_parameters())
    weights = dict(regression.named_buffers())
    for name, start in regression.named_parameters():
        end = ends[name].to(start)
        # The ends are taken, not computed: 1 * w + 0 * v may lose the sign of a zero.
        weights[name] = start if alpha == 0 else end if alpha == 1 else (1 - alpha) * start + alpha * end
    model = QGAC(regression.configuration)
    model.load_state_dict({name: value.detach().clone() for name, value in weights.items()}, assign=True)
    return model.requires_grad_(False).eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def gan_twin(model: str | os.PathLike[str] | QGAC) -> str:
    """Name the shipped model that a GAN made of a shipped model: that of ``small`` is ``small-gan``.

    Parameters
    ----------
    model : str, path or QGAC
        As for :func:`blended`.

    Returns
    -------
    str

    Raises
    ------
    WeightsError
        If there is none.
    """
    twin = "" if isinstance(model, QGAC) else f"{os.fspath(model)}-gan"
    if twin not in shipped_models():
        name = "this network" if isinstance(model, QGAC) else f"model {os.fspath(model)!r}"
        raise WeightsError(
            f"{name} has no GAN twin among the shipped models; name the weights of one "
            "(--blend-with, for an analysis --other)"
        )
    return twin


def blended(
    model: str | os.PathLike[str] | QGAC, alpha: float, other: str | os.PathLike[str] | QGAC | None = None
) -> QGAC:
    """Load a model and blend it with the one that a GAN made of it, see :func:`interpolate`.

    Parameters
    ----------
    model : str, path or QGAC
        At alpha 0; as for :func:`load_model`.
    alpha : float
        0..1; the paper's figures have 0.7.
    other : str, path or QGAC, optional
        At alpha 1; by default the :func:`gan_twin`.

    Returns
    -------
    QGAC
        At alpha 0 without `other`, the model itself.

    Raises
    ------
    WeightsError
        If one of them cannot be loaded, or there is no twin.
    ValueError
        If `alpha` is out of range, or the two are no runs of one network.
    """
    if not 0 <= alpha <= 1:
        raise ValueError(f"networks are blended with an alpha between 0 and 1, got {alpha:g}")
    regression = model if isinstance(model, QGAC) else load_model(model)
    if other is None:
        if alpha == 0:
            return regression
        other = gan_twin(model)
    return interpolate(regression, other if isinstance(other, QGAC) else load_model(other), alpha)
