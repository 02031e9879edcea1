"""A tiny network with random weights, and small pictures with edges, texture and colour."""

import numpy as np
import torch

from qgac.models.color_network import ColorConfiguration
from qgac.models.qgac import QGAC, Configuration
from qgac.models.y_network import YConfiguration


def tiny_network(seed=0):
    torch.manual_seed(seed)
    y = YConfiguration(width=8, manifold=4, rrdbs=0, residual_blocks=1, blocknets=1, frequencynet=False, fusion=False)
    color = ColorConfiguration(
        width=4,
        joined_width=8,
        manifold=4,
        rrdbs=0,
        residual_blocks=1,
        joined_rrdbs=0,
        joined_residual_blocks=1,
        planes=2,
        output_activation=False,
    )
    model = QGAC(Configuration(y=y, color=color))
    deviations = torch.logspace(2.5, 0.5, 64)
    model.normalize_y.std.copy_(deviations)
    model.normalize_chroma.std.copy_(deviations / 3)
    for parameter in model.parameters():
        if not parameter.any():  # what starts at zero would make tests blind
            torch.nn.init.normal_(parameter, std=0.02)
    return model.requires_grad_(False).eval()


def picture_samples(height=64, width=80, seed=0):
    rows, columns = np.mgrid[:height, :width].astype(float)
    gradient = np.stack((rows * 2, columns * 2, 200 - rows - columns), 2)
    disc = (rows - 30) ** 2 + (columns - 40) ** 2 < 15**2
    texture = 35 * np.sin(columns * (0.9 + seed / 7))[..., None] * (rows > 40)[..., None]
    noise = np.random.default_rng(seed).normal(0, 4, (height, width, 1))
    return np.clip(gradient + 70 * disc[..., None] + texture + noise, 0, 255).astype(np.uint8)
