"""The CFM layers of a network and the kernels that they generate."""

from __future__ import annotations

import torch
from torch import Tensor

from qgac.coefficients.quantization import chroma_table, luma_table
from qgac.models.blocknet import BlockNet
from qgac.models.cfm import ConvolutionalFilterManifold, TransposedConvolutionalFilterManifold
from qgac.models.qgac import QGAC

__all__ = ["FilterManifold", "filter_manifolds", "first_blocknet", "generated_kernels", "strongest_channels"]

FilterManifold = ConvolutionalFilterManifold | TransposedConvolutionalFilterManifold


def filter_manifolds(model: QGAC) -> dict[str, FilterManifold]:
    """Return the CFM layers of a network by name, in the order that coefficients pass them."""
    return {name: module for name, module in model.named_modules() if isinstance(module, FilterManifold)}


def first_blocknet(model: QGAC) -> tuple[str, BlockNet]:
    """Return the first BlockNet of the Y network, with its name.

    Raises
    ------
    ValueError
        If the Y network has none.
    """
    for name, module in model.named_modules():
        if isinstance(module, BlockNet):
            return name, module
    raise ValueError("the Y network of this model has no BlockNet, so no CFM; choose another model")


@torch.no_grad()
def generated_kernels(layer: FilterManifold, quality: int, *, chroma: bool = False) -> Tensor:
    """Generate the kernels of a CFM for a quality.

    Parameters
    ----------
    layer : ConvolutionalFilterManifold or TransposedConvolutionalFilterManifold
    quality : int
        libjpeg quality, 0..100; 0 acts as 1.
    chroma : bool
        Whether the layer works on chroma, so takes chroma tables (both planes the same one, as libjpeg does).

    Returns
    -------
    Tensor, shape (width, maps, 8, 8)
        One kernel for each channel of the block representation and each coefficient map; the last two axes are the
        vertical and horizontal frequency of the normalised coefficients that the kernel works on.
    """
    table = (chroma_table if chroma else luma_table)(quality)
    manifold = layer.manifold
    weight = manifold.layers[0].get_parameter("weight")  # its input channels are the tables of the layer
    tables = torch.from_numpy(table.astype("float32")).to(weight.device)
    kernel, _ = manifold(tables.expand(1, weight.shape[1], 8, 8))
    result: Tensor = kernel[0].reshape(layer.width, layer.maps, 8, 8)
    return result


def strongest_channels(kernels: Tensor, count: int) -> tuple[int, ...]:
    """Return the channels with the largest kernels, the largest first.

    Parameters
    ----------
    kernels : Tensor, shape (width, ...)
        Strength is the Euclidean norm over all other axes.
    count : int
        How many; all if there are fewer.

    Returns
    -------
    tuple of int
    """
    strength = kernels.flatten(1).norm(dim=1)
    order = torch.argsort(strength, descending=True, stable=True)
    return tuple(int(channel) for channel in order[:count])
