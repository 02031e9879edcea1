r"""Pictures that activate a channel most (appendix B.1, Fig. 2).

From gray with a little noise, projected gradient ascent on the normalised DCT coefficients :math:`x` of a small plane:

.. math:: x \leftarrow P\left(x + \eta\, \nabla_x
          \left(\sum_{\mathrm{blocks}} a_c(x) - \frac{\lambda}{2} \lVert x\rVert^2\right)\right)

where :math:`a_c` is the activation of channel c, the penalty keeps coefficients to the size that they have in natural
pictures, and P brings the mean of all pixels back to mid-gray (or brightness alone would win: its coefficient is by far
the largest) and limits them to 0..255. The step is the same at every quality and is *not* adapted to the gradient,
so the pictures also show how strong the filters are: where a table generates weak ones, they remain flat.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from qgac.analysis.layers import first_blocknet
from qgac.coefficients.dct import dct, idct
from qgac.coefficients.quantization import luma_table
from qgac.models.blocknet import BlockNet
from qgac.models.qgac import QGAC

__all__ = ["Activations", "Ascent", "Stage", "maximal_activations"]

Stage = Literal["filters", "trunk"]


@dataclass(frozen=True)
class Ascent:
    r"""How a picture is found.

    Attributes
    ----------
    blocks : int
        Blocks a side of the plane.
    steps : int
    rate : float
        Step size :math:`\eta`, in normalised coefficients.
    decay : float
        Weight :math:`\lambda` of the penalty.
    noise : float
        Standard deviation of the noise that it starts from, in gray levels.
    seed : int
        Of the noise; every channel and quality starts from the same.
    """

    blocks: int = 4
    steps: int = 100
    rate: float = 1.0
    decay: float = 0.04
    noise: float = 8.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.blocks < 1 or self.steps < 0:
            raise ValueError("an ascent needs at least 1 block and no negative number of steps")
        if not 0 < self.rate * self.decay < 1:
            raise ValueError("rate times decay must lie between 0 and 1, or the ascent swings or never ends")


@dataclass(frozen=True, eq=False)
class Activations:
    """Pictures that activate channels most.

    Attributes
    ----------
    layer : str
        Whose channels.
    qualities, channels : tuple of int
    pictures : ndarray, shape (qualities, channels, H, W)
        Gray levels 0..255.
    before, after : ndarray, shape (qualities, channels)
        Mean activation over blocks of the noise and of the picture.
    """

    layer: str
    qualities: tuple[int, ...]
    channels: tuple[int, ...]
    pictures: NDArray[np.float32]
    before: NDArray[np.float32]
    after: NDArray[np.float32]

    def table(self) -> tuple[list[str], list[list[object]]]:
        """Return column names and one row for each quality and channel."""
        rows: list[list[object]] = [
            [
                quality,
                channel,
                float(self.before[q, c]),
                float(self.after[q, c]),
                float(self.pictures[q, c].std()),
            ]
            for q, quality in enumerate(self.qualities)
            for c, channel in enumerate(self.channels)
        ]
        return ["quality", "channel", "activation_of_noise", "activation", "contrast"], rows


def maximal_activations(
    model: QGAC,
    channels: Sequence[int],
    qualities: Sequence[int] = (10, 50, 100),
    *,
    stage: Stage = "filters",
    ascent: Ascent | None = None,
) -> Activations:
    """Find the pictures that activate channels of the first BlockNet most.

    Parameters
    ----------
    model : QGAC
        On the CPU.
    channels : sequence of int
    qualities : sequence of int
        libjpeg qualities, 0..100, whose luma tables the network is given.
    stage : {"filters", "trunk"}
        Activations of the CFM, as in the paper, where every block is on its own; or those after the trunk, where
        blocks see their neighbours.
    ascent : Ascent, optional

    Returns
    -------
    Activations

    Raises
    ------
    ValueError
        If the network has no BlockNet or not so many channels.
    """
    ascent = ascent or Ascent()
    name, blocknet = first_blocknet(model)
    width = blocknet.width
    beyond = [channel for channel in channels if not 0 <= channel < width]
    if beyond:
        raise ValueError(f"the layer has channels 0 to {width - 1}, not {beyond[0]}; name others")
    generator = torch.Generator().manual_seed(ascent.seed)
    side = 8 * ascent.blocks
    noise = ascent.noise * torch.randn((side, side), generator=generator)
    start = dct(_feasible(noise))
    results = [[_ascend(model, blocknet, c, q, stage, start, ascent) for c in channels] for q in qualities]
    return Activations(
        f"{name}.{'encode' if stage == 'filters' else 'trunk'}",
        tuple(qualities),
        tuple(channels),
        np.stack([np.stack([picture for picture, _, _ in row]) for row in results]),
        np.array([[before for _, before, _ in row] for row in results], np.float32),
        np.array([[after for _, _, after in row] for row in results], np.float32),
    )


def _ascend(
    model: QGAC, blocknet: BlockNet, channel: int, quality: int, stage: Stage, start: Tensor, ascent: Ascent
) -> tuple[NDArray[np.float32], float, float]:
    table = torch.from_numpy(luma_table(quality).astype("float32"))[None, None]
    mean, std = (value[0, :, None, None] for value in (model.normalize_y.mean, model.normalize_y.std))

    def activation(normalized: Tensor) -> Tensor:
        inputs, _ = model.y_inputs((normalized * std + mean)[None], table[0])
        return _representation(model, blocknet, inputs, table, stage)[0, channel]

    with torch.enable_grad():
        x = (start - mean) / std
        for _ in range(ascent.steps):
            x = x.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(activation(x).sum(), x)
            x = x.detach() + ascent.rate * (gradient - ascent.decay * x.detach())
            x = (dct(_feasible(idct(x * std + mean))) - mean) / std
    with torch.no_grad():
        before = float(activation((start - mean) / std).mean())
        after = float(activation(x.detach()).mean())
        picture = (idct(x.detach() * std + mean) + 128).clamp(0, 255)
    return picture.numpy(), before, after


def _representation(model: QGAC, blocknet: BlockNet, inputs: Tensor, table: Tensor, stage: Stage) -> Tensor:
    """Run the Y network up to the first BlockNet's filters or trunk."""
    signal = inputs
    for subnetwork in model.y_network.subnetworks:
        if subnetwork is blocknet:
            break
        signal = subnetwork(signal)  # a FrequencyNet: nothing else stands before the first BlockNet
    features: Tensor = blocknet.encode(signal, table)
    return features if stage == "filters" else blocknet.trunk(features)


def _feasible(samples: Tensor) -> Tensor:
    """Bring centred samples to mid-gray in the mean, then into their range."""
    return (samples - samples.mean()).clamp(-128, 127)
