"""Networks of a few channels with random weights: as built, their residual is zero, which would hide most mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from qgac.models.configuration import ColorConfiguration, Configuration, YConfiguration
from qgac.models.qgac import QGAC
from qgac.weights.checkpoints import save_model

Numbers = dict[str, Any]
Network = TypeVar("Network", bound=nn.Module)

PLAIN: Numbers = {"rrdbs": 0, "residual_blocks": 1}
PLAIN_COLOR: Numbers = {**PLAIN, "joined_rrdbs": 0, "joined_residual_blocks": 1}
EVERY_SAMPLING = ((2, 2), (1, 2), (2, 1), (1, 1))


def randomize(module: Network, seed: int = 0, scale: float = 0.1) -> Network:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(scale * torch.randn(parameter.shape, generator=generator))
    return module


def tiny_configuration(y: Numbers | None = None, color: Numbers | None = None, **numbers: Any) -> Configuration:
    """Return the paper's forms with few channels, but for the numbers that are named."""
    return Configuration(
        YConfiguration(**{"width": 8, "maps": 2, "frequency_width": 1, "manifold": 4, **(y or {})}),
        ColorConfiguration(**{"width": 4, "joined_width": 8, "manifold": 4, **(color or {})}),
        **numbers,
    )


def tiny_network(
    *,
    strength: float = 1.0,
    seed: int = 0,
    paper: bool = False,
    more_y: Numbers | None = None,
    guided: bool = False,
) -> QGAC:
    """A network for every sampling; its residuals are about `strength` quantisation steps large, zero if it is zero."""
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    y = {"rrdbs": 1} if paper else {**PLAIN, "blocknets": 1, "frequencynet": False, "fusion": False}
    y.update(more_y or {})
    color = {**PLAIN_COLOR, "width": 6, "planes": 1 if paper else 2, "factors": EVERY_SAMPLING, "guided": guided}
    model = QGAC(tiny_configuration(y, color, levels=not paper, log_table=True)).requires_grad_(False).eval()
    for normalization in (model.normalize_y, model.normalize_chroma):
        normalization.std.fill_(50.0)
    last_y = "y_network.fusion.layers.4" if paper else "y_network.subnetworks.0.decode.manifold.kernel"
    for layer in (last_y, "color_network.decode.manifold.kernel"):
        weight = model.get_parameter(f"{layer}.weight")
        weight.copy_(torch.randn(weight.shape, generator=generator) * strength)
    if guided:
        for guide in (model.color_network.encode_guided, model.color_network.decode_guided):
            guide.weight.copy_(torch.randn(guide.weight.shape, generator=generator) * 0.1 * strength)
    return model


def one_map_network(seed: int = 0) -> QGAC:
    """A network that takes coefficients alone, no levels: its kernels have one map; deviations fall with frequency."""
    torch.manual_seed(seed)
    color = {**PLAIN_COLOR, "planes": 2, "output_activation": False}
    model = QGAC(tiny_configuration({**Y_FORMS["one blocknet"], **PLAIN}, color))
    deviations = torch.logspace(2.5, 0.5, 64)
    model.normalize_y.std.copy_(deviations)
    model.normalize_chroma.std.copy_(deviations / 3)
    for parameter in model.parameters():
        if not parameter.any():  # what starts at zero would make tests blind
            torch.nn.init.normal_(parameter, std=0.02)
    return model.requires_grad_(False).eval()


def tiny_weights(path: Path, *, strength: float = 1.0, seed: int = 0) -> Path:
    """Write the weights of a tiny network."""
    save_model(tiny_network(strength=strength, seed=seed), path, record={})
    return path


Y_FORMS: dict[str, Numbers] = {
    "paper": {},
    "plain": {"rrdbs": 0, "residual_blocks": 2},
    "one blocknet": {"blocknets": 1, "frequencynet": False, "fusion": False},
    "frequencynet only": {"blocknets": 0, "fusion": False},
    "without fusion": {"fusion": False},
    "two blocknets": {"frequencynet": False},
    "one blocknet and frequencynet": {"blocknets": 1},
    "table concatenated": {"blocknets": 1, "frequencynet": False, "fusion": False, "conditioning": "concat"},
    "subdivided": {"blocknets": 1, "rrdbs": 0, "residual_blocks": 3, "subdivision": 2},
    "deep": {"blocknets": 1, "rrdbs": 0, "residual_blocks": 3, "subdivision": 2, "deep_blocks": 2},
    "table unknown": {"conditioning": "none"},
    "candidate": {"blocknets": 1, "candidate": 2},
    "gate": {"blocknets": 1, "frequencynet": False, "fusion": False, "candidate": 2, "gate": True},
}

COLOR_FORMS: dict[str, Numbers] = {
    "paper": {},
    "together": {"planes": 2, "output_activation": False},
    "plain": {"rrdbs": 0, "residual_blocks": 1, "joined_rrdbs": 0, "joined_residual_blocks": 2},
    "subdivided": {"joined_width": 8, "rrdbs": 0, "residual_blocks": 1, "subdivision": 2, "joined_subdivision": 2},
    "every sampling": {"width": 6, "factors": EVERY_SAMPLING},
}
