"""The filters that a CFM generates, and how they change with quality (appendix B.1, Fig. 1).

A kernel W of the first CFM of the Y network weighs the 64 normalised coefficients of a block. Of all blocks that are
equally likely in natural pictures (coefficients independent, each with the standard deviation of its frequency), the
one that excites it most is that with the normalised coefficients W: as pixels, the inverse DCT of W times the standard
deviations. It is shown without its DC, whose deviation is many times the others and which only says how bright.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from qgac.analysis.layers import first_blocknet, generated_kernels, strongest_channels
from qgac.coefficients.dct import idct
from qgac.models.cfm import ConvolutionalFilterManifold
from qgac.models.qgac import QGAC

__all__ = ["Filters", "first_filters"]


@dataclass(frozen=True, eq=False)
class Filters:
    """Kernels of a layer at several qualities.

    Attributes
    ----------
    layer : str
        Name in the network.
    qualities : tuple of int
    channels : tuple of int
    kernels : ndarray, shape (qualities, channels, 8, 8)
        Weights of normalised coefficients, vertical frequency first.
    patterns : ndarray, shape (qualities, channels, 8, 8)
        The pixels that excite them most, without their mean: gray levels.
    """

    layer: str
    qualities: tuple[int, ...]
    channels: tuple[int, ...]
    kernels: NDArray[np.float32]
    patterns: NDArray[np.float32]

    @property
    def strength(self) -> NDArray[np.float32]:
        """Euclidean norm of every kernel, shape (qualities, channels)."""
        return np.asarray(np.sqrt(np.square(self.kernels).sum((-1, -2))))

    def table(self) -> tuple[list[str], list[list[object]]]:
        """Return column names and one row for each quality, channel and tap."""
        rows: list[list[object]] = [
            [quality, channel, i, j, float(self.kernels[q, c, i, j]), float(self.patterns[q, c, i, j])]
            for q, quality in enumerate(self.qualities)
            for c, channel in enumerate(self.channels)
            for i in range(8)
            for j in range(8)
        ]
        return ["quality", "channel", "row", "column", "kernel", "pattern"], rows


def first_filters(
    model: QGAC,
    qualities: Sequence[int] = (10, 50, 100),
    *,
    channels: Sequence[int] | None = None,
    count: int = 6,
) -> Filters:
    """Generate the kernels of the first CFM of the Y network.

    Parameters
    ----------
    model : QGAC
    qualities : sequence of int
        libjpeg qualities, 0..100.
    channels : sequence of int, optional
        Which channels; by default the strongest ones, by the norm of their kernels without DC over all these qualities.
    count : int
        How many channels, where they are not given.

    Returns
    -------
    Filters
        Of the first coefficient map: the normalised coefficients themselves.

    Raises
    ------
    ValueError
        If the Y network has no CFM or not so many channels.
    """
    name, blocknet = first_blocknet(model)
    cfm = blocknet.encode
    if not isinstance(cfm, ConvolutionalFilterManifold):
        raise ValueError("the first BlockNet of this model has a plain layer in place of the CFM; choose another model")
    every = torch.stack([generated_kernels(cfm, quality)[:, 0] for quality in qualities])
    if channels is None:
        channels = strongest_channels(_without_dc(every).transpose(0, 1), count)
    beyond = [channel for channel in channels if not 0 <= channel < every.shape[1]]
    if beyond:
        raise ValueError(f"the layer has channels 0 to {every.shape[1] - 1}, not {beyond[0]}; name others")
    kernels = every[:, list(channels)].cpu()
    deviation = model.normalize_y.std[0].reshape(8, 8).cpu()
    patterns = idct((_without_dc(kernels) * deviation).flatten(-2)[..., None, None])
    return Filters(f"{name}.encode", tuple(qualities), tuple(channels), kernels.numpy(), patterns.numpy())


def _without_dc(kernels: Tensor) -> Tensor:
    frequencies = torch.arange(64).reshape(8, 8).to(kernels.device)
    return kernels * (frequencies > 0)
