"""Weights of a network as the start of another: other colour networks, and Y networks that can begin as the first.

A Y network with a candidate (:mod:`qgac.coefficients.candidate`), or with a gate, may start from one that has none:
what is new starts at zero, so that it does at first what the other one did. One with more residual blocks has the
other's among its own, spread evenly, and what lies between starts as the identity (in the way of Net2Net, Chen et al.,
2016). One with more channels starts as the narrower one, too: its new channels see all that is there, but nothing looks
at them before it has learned to. One with fewer blocks takes some of the other's, spread evenly, and has most of its
gain back after a few hundred steps. Colour networks that differ in the blocks after the join alone go the same way.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from qgac.models.configuration import ColorConfiguration, Configuration
from qgac.models.qgac import QGAC
from qgac.models.trunk import ResidualBlock

__all__ = ["may_start_from", "starting_weights"]

_Y_BLOCK = re.compile(r"(y_network\.subnetworks\.\d+\.trunk\.)(\d+)(\..*)")
_JOINED_BLOCK = re.compile(r"(color_network\.joined_trunk\.)(\d+)(\..*)")


def may_start_from(theirs: Configuration, ours: Configuration, *, grown: bool) -> bool:
    """Whether the Y network of a configuration can go on as that of another one.

    Parameters
    ----------
    theirs, ours : Configuration
        Of the weights there are, and of the network that is to be trained.
    grown : bool
        Whether ours may have a candidate and a gate that theirs lacks, fewer or more residual blocks, and more
        channels: where Y is trained.

    Returns
    -------
    bool
        Whether they are the same but for that; not all of it shows in the shapes of the weights.
    """
    theirs, ours = (replace(c, color=ColorConfiguration()) for c in (theirs, ours))
    if grown and ours.y.conditioning == "cfm" and ours.y.blocknets and theirs.y.candidate == 0:
        ours = replace(ours, y=replace(ours.y, candidate=0, gate=False))
    if grown and _differ_in_depth(theirs, ours):
        ours = replace(ours, y=replace(ours.y, residual_blocks=theirs.y.residual_blocks))
    if grown and _is_wider(theirs, ours):
        ours = replace(ours, y=replace(ours.y, width=theirs.y.width))
    return theirs == ours


def _differ_in_depth(theirs: Configuration, ours: Configuration) -> bool:
    """Whether our trunks of plain residual blocks can be made of theirs."""
    plain = all(c.y.rrdbs == c.y.deep_blocks == 0 < c.y.residual_blocks for c in (theirs, ours))
    return plain and ours.y.residual_blocks != theirs.y.residual_blocks


def _is_wider(theirs: Configuration, ours: Configuration) -> bool:
    """Whether our only BlockNet, of plain residual blocks, has more channels than theirs."""
    plain = all(
        c.y.rrdbs == c.y.deep_blocks == 0 and c.y.blocknets == 1 and not c.y.frequencynet and not c.y.fusion
        for c in (theirs, ours)
    )
    return plain and ours.y.conditioning == "cfm" and ours.y.width > theirs.y.width


def _differ_after_the_join(theirs: ColorConfiguration, ours: ColorConfiguration) -> bool:
    """Whether our joined trunk of plain residual blocks can be made of theirs, and all else is as theirs."""
    blocks = theirs.joined_residual_blocks
    alike = theirs == replace(ours, joined_residual_blocks=blocks)
    return alike and theirs != ours and theirs.joined_rrdbs == 0 < min(blocks, ours.joined_residual_blocks)


def starting_weights(theirs: QGAC, ours: QGAC) -> dict[str, Tensor]:
    """Return the weights of a network that another one has as well, with what lets its Y network start as the other's.

    Parameters
    ----------
    theirs, ours : QGAC
        Networks of which :func:`may_start_from` holds.

    Returns
    -------
    dict of Tensor
        Those of `theirs` whose shapes are those of `ours`, and what lets new residual blocks start as the identity and
        new channels unseen.
    """
    weights, own = theirs.state_dict(), ours.state_dict()
    before_y, after_y = theirs.configuration.y, ours.configuration.y
    before_color, after_color = theirs.configuration.color, ours.configuration.color
    if _differ_in_depth(theirs.configuration, ours.configuration):
        weights = _with_blocks(weights, _Y_BLOCK, before_y.residual_blocks, after_y.residual_blocks, ours)
    if _differ_after_the_join(before_color, after_color):
        blocks = before_color.joined_residual_blocks, after_color.joined_residual_blocks
        weights = _with_blocks(weights, _JOINED_BLOCK, *blocks, ours)
    if _is_wider(theirs.configuration, ours.configuration):
        weights |= _of_more_channels(weights, own, after_y.subdivision**2)
    before, after = (network.normalize_y.maps + (network.configuration.y.candidate > 0) for network in (theirs, ours))
    if before != after:
        first = "y_network.subnetworks.0.encode.manifold."
        for name, dimension in (("kernel.weight", 1), ("kernel.bias", 0)):
            weights[first + name] = _with_maps(weights[first + name], dimension, before, after)
    if ours.configuration.y.gate and not theirs.configuration.y.gate:
        last = f"y_network.subnetworks.{len(ours.y_network.subnetworks) - 1}.decode.manifold."
        for name, dimension in (("kernel.weight", 1), ("kernel.bias", 0), ("bias.weight", 0), ("bias.bias", 0)):
            weights[last + name] = _with_maps(weights[last + name], dimension, 1, 2)
    return {name: value for name, value in weights.items() if name in own and own[name].shape == value.shape}


def _with_blocks(
    weights: dict[str, Tensor], block: re.Pattern[str], before: int, after: int, ours: QGAC
) -> dict[str, Tensor]:
    """Spread residual blocks evenly over our trunks; the others of ours change nothing at first."""
    if after < before:
        places = {round(float(index)): place for place, index in enumerate(np.linspace(0, before - 1, after))}
    else:
        places = {index: round(float(place)) for index, place in enumerate(np.linspace(0, after - 1, before))}
    result: dict[str, Tensor] = {}
    for name, module in ours.named_modules():
        if isinstance(module, ResidualBlock) and block.fullmatch(f"{name}."):
            result |= {f"{name}.second.{part}": torch.zeros_like(w) for part, w in module.second.named_parameters()}
    for name, value in weights.items():
        found = block.fullmatch(name)
        if found is None:
            result[name] = value
        elif (index := int(found[2])) in places:
            result[f"{found[1]}{places[index]}{found[3]}"] = value
    return result


def _of_more_channels(weights: dict[str, Tensor], own: dict[str, Tensor], parts: int) -> dict[str, Tensor]:
    """Widen the layers of a BlockNet; of sub-blocks (`parts` in each block) every one alike."""
    network = "y_network.subnetworks.0."
    encode, decode = f"{network}encode.manifold.", f"{network}decode.manifold."
    bias = weights[f"{encode}bias.bias"]
    before, after = len(bias) // parts, len(own[f"{encode}bias.bias"]) // parts

    def taken(weight: Tensor, dimension: int, channels: Tensor) -> Tensor:
        apart = torch.unflatten(weight, dimension, (parts, before, -1))
        return apart.index_select(dimension + 1, channels).flatten(dimension, dimension + 2)

    again = torch.arange(after) % before
    result = {}
    for name, dimension in (("kernel.weight", 1), ("kernel.bias", 0), ("bias.weight", 0), ("bias.bias", 0)):
        result[encode + name] = taken(weights[encode + name], dimension, again)
    for name, dimension in (("kernel.weight", 1), ("kernel.bias", 0)):
        wide = torch.unflatten(taken(weights[decode + name], dimension, again), dimension, (parts, after, -1))
        wide.narrow(dimension + 1, before, after - before).zero_()
        result[decode + name] = wide.flatten(dimension, dimension + 2)
    for name, weight in weights.items():
        if not name.startswith(f"{network}trunk.") or weight.shape == own[name].shape:
            continue
        if name.endswith(".weight"):
            wide = own[name].clone()
            wide[:before] = 0
            wide[:before, :before] = weight
            result[name] = wide
        else:
            result[name] = torch.cat((weight, own[name][before:]))
    return result


def _with_maps(weight: Tensor, dimension: int, before: int, after: int) -> Tensor:
    """Put zeros beside the maps of a weight, which are innermost in one of its dimensions."""
    apart = torch.unflatten(weight, dimension, (-1, before)).movedim(dimension + 1, 0)
    grown = torch.cat((apart, apart.new_zeros((after - before, *apart.shape[1:]))))
    return grown.movedim(0, dimension + 1).flatten(dimension, dimension + 1)
