"""Small networks with every weight at random: as built, their residual is zero, which would hide most mistakes."""

import torch
from torch import nn

from qgac.models.color_network import ColorConfiguration
from qgac.models.qgac import Configuration
from qgac.models.y_network import YConfiguration


def randomize(module: nn.Module, seed: int = 0, scale: float = 0.1) -> nn.Module:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(scale * torch.randn(parameter.shape, generator=generator))
    return module


def tiny_configuration(y=None, color=None, **numbers) -> Configuration:
    return Configuration(
        YConfiguration(**{"width": 8, "maps": 2, "frequency_width": 1, "manifold": 4, **(y or {})}),
        ColorConfiguration(**{"width": 4, "joined_width": 8, "manifold": 4, **(color or {})}),
        **numbers,
    )


Y_FORMS = {
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

COLOR_FORMS = {
    "paper": {},
    "together": {"planes": 2, "output_activation": False},
    "plain": {"rrdbs": 0, "residual_blocks": 1, "joined_rrdbs": 0, "joined_residual_blocks": 2},
    "subdivided": {"joined_width": 8, "rrdbs": 0, "residual_blocks": 1, "subdivision": 2, "joined_subdivision": 2},
    "every sampling": {"width": 6, "factors": ((2, 2), (1, 2), (2, 1), (1, 1))},
}
