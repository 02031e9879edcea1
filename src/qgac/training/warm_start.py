"""Weights of a network as the start of another: other colour networks, and Y networks that can begin as the first.

A Y network with a candidate (:mod:`qgac.coefficients.candidate`), or with a gate, may start from one that has none:
what is new starts at zero, so that it does at first what the other one did. One of fewer residual blocks may start from
a deeper one: it takes blocks spread evenly over the other's, the first and the last among them, and has most of its
gain back after a few hundred steps. One with more channels starts as the narrower one, too (in the way of Net2Net, Chen
et al., 2016): its new channels see all that is there, but nothing looks at them before it has learned to.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from qgac.models.configuration import ColorConfiguration, Configuration
from qgac.models.qgac import QGAC

__all__ = ["may_start_from", "starting_weights"]

_BLOCK = re.compile(r"(y_network\.subnetworks\.\d+\.trunk\.)(\d+)(\..*)")


def may_start_from(theirs: Configuration, ours: Configuration, *, grown: bool) -> bool:
    """Whether the Y network of a configuration can go on as that of another one.

    Parameters
    ----------
    theirs, ours : Configuration
        Of the weights there are, and of the network that is to be trained.
    grown : bool
        Whether ours may have a candidate and a gate that theirs lacks, fewer residual blocks, and more channels: where
        Y is trained.

    Returns
    -------
    bool
        Whether they are the same but for that; not all of it shows in the shapes of the weights.
    """
    theirs, ours = (replace(c, color=ColorConfiguration()) for c in (theirs, ours))
    if grown and ours.y.conditioning == "cfm" and ours.y.blocknets and theirs.y.candidate == 0:
        ours = replace(ours, y=replace(ours.y, candidate=0, gate=False))
    if grown and _is_shallower(theirs, ours):
        ours = replace(ours, y=replace(ours.y, residual_blocks=theirs.y.residual_blocks))
    if grown and _is_wider(theirs, ours):
        ours = replace(ours, y=replace(ours.y, width=theirs.y.width))
    return theirs == ours


def _is_shallower(theirs: Configuration, ours: Configuration) -> bool:
    """Whether our trunks of plain residual blocks can be made of some of theirs."""
    plain = all(c.y.rrdbs == c.y.deep_blocks == 0 for c in (theirs, ours))
    return plain and 0 < ours.y.residual_blocks < theirs.y.residual_blocks


def _is_wider(theirs: Configuration, ours: Configuration) -> bool:
    """Whether our only BlockNet, of plain residual blocks, has more channels than theirs."""
    plain = all(
        c.y.rrdbs == c.y.deep_blocks == 0 and c.y.blocknets == 1 and not c.y.frequencynet and not c.y.fusion
        for c in (theirs, ours)
    )
    return plain and ours.y.conditioning == "cfm" and ours.y.width > theirs.y.width


def starting_weights(theirs: QGAC, ours: QGAC) -> dict[str, Tensor]:
    """Return the weights of a network that another one has as well, with what lets its Y network start as the other's.

    Parameters
    ----------
    theirs, ours : QGAC
        Networks of which :func:`may_start_from` holds.

    Returns
    -------
    dict of Tensor
        Those of `theirs` whose shapes are those of `ours`.
    """
    weights, own = theirs.state_dict(), ours.state_dict()
    if _is_shallower(theirs.configuration, ours.configuration):
        weights = _of_fewer_blocks(
            weights, theirs.configuration.y.residual_blocks, ours.configuration.y.residual_blocks
        )
    if _is_wider(theirs.configuration, ours.configuration):
        weights |= _of_more_channels(weights, own, ours.configuration.y.subdivision**2)
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


def _of_fewer_blocks(weights: dict[str, Tensor], before: int, after: int) -> dict[str, Tensor]:
    """Leave of the blocks of the Y network's trunks so many, spread evenly."""
    kept = {round(float(index)): number for number, index in enumerate(np.linspace(0, before - 1, after))}
    result = {}
    for name, value in weights.items():
        found = _BLOCK.fullmatch(name)
        if found is None:
            result[name] = value
        elif (index := int(found[2])) in kept:
            result[f"{found[1]}{kept[index]}{found[3]}"] = value
    return result


def _of_more_channels(weights: dict[str, Tensor], own: dict[str, Tensor], parts: int) -> dict[str, Tensor]:
    """Widen the Y network's layers; what they have several of, in as many sub-blocks (`parts`), is widened in each."""
    network = "y_network.subnetworks.0."
    encode, decode = f"{network}encode.manifold.", f"{network}decode.manifold."
    bias = weights[f"{encode}bias.bias"]
    before, after = len(bias) // parts, len(own[f"{encode}bias.bias"]) // parts

    def widened(weight: Tensor, dimension: int, share: float) -> Tensor:
        """Append channels like the first ones, `share` times as large, in every sub-block."""
        apart = torch.unflatten(weight, dimension, (parts, before, -1))
        more = apart.index_select(dimension + 1, torch.arange(before, after) % before)
        return torch.cat((apart, share * more), dimension + 1).flatten(dimension, dimension + 2)

    result = {}
    for name, dimension in (("kernel.weight", 1), ("kernel.bias", 0), ("bias.weight", 0), ("bias.bias", 0)):
        result[encode + name] = widened(weights[encode + name], dimension, 1)
    for name, dimension in (("kernel.weight", 1), ("kernel.bias", 0)):
        result[decode + name] = widened(weights[decode + name], dimension, 0)
    for name, weight in weights.items():
        if name.startswith(f"{network}trunk.") and name.endswith(("first.weight", "second.weight")):
            wide = own[name].clone()
            wide[:before] = 0
            wide[:before, :before] = weight
            result[name] = wide
        elif name.startswith(f"{network}trunk.") and name.endswith(("first.bias", "second.bias")):
            result[name] = torch.cat((weight, own[name][before:]))
    return result


def _with_maps(weight: Tensor, dimension: int, before: int, after: int) -> Tensor:
    """Put zeros beside the maps of a weight, which are innermost in one of its dimensions."""
    apart = torch.unflatten(weight, dimension, (-1, before)).movedim(dimension + 1, 0)
    grown = torch.cat((apart, apart.new_zeros((after - before, *apart.shape[1:]))))
    return grown.movedim(0, dimension + 1).flatten(dimension, dimension + 1)
