"""Modules traced into ONNX graphs by PyTorch's exporter, and what has to be put right about them."""

from __future__ import annotations

import copy
import io
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import onnx
import torch
from torch.onnx import symbolic_helper

__all__ = ["SLOPE", "keep", "leaky", "traced"]

SLOPE = 0.25
"""Of leaky ReLUs until they have that of the network: that of an untrained PReLU."""

_OPSET = 18

_NETWORK = "network."  # before the names of the weights in the modules that are traced


def leaky(model: onnx.ModelProto) -> list[tuple[str, onnx.AttributeProto]]:
    """Turn every PReLU, all of one slope, into a leaky ReLU with the slope as its number.

    Parameters
    ----------
    model : onnx.ModelProto
        Changed in place.

    Returns
    -------
    list of tuple of (str, onnx.AttributeProto)
        For every activation the name of the parameter, and where its slope is.
    """
    makers = {output: node for node in model.graph.node for output in node.output}
    values = {tensor.name: tensor for tensor in model.graph.initializer}
    slopes: dict[str, str] = {}  # by what the activation returns
    useless = set()
    for node in model.graph.node:
        if node.op_type == "PRelu":
            name = node.input[1]
            while name not in values:  # brought to the rank of the features
                useless.add(name)
                name = makers[name].input[0]
            node.op_type = "LeakyRelu"
            del node.input[1:]
            node.attribute.append(onnx.helper.make_attribute("alpha", SLOPE))
            slopes[node.output[0]] = name
    keep(model.graph.node, [node for node in model.graph.node if not useless.intersection(node.output)])
    used = {name for node in model.graph.node for name in node.input}
    keep(model.graph.initializer, [tensor for tensor in model.graph.initializer if tensor.name in used])
    return [(slopes[node.output[0]], node.attribute[0]) for node in model.graph.node if node.output[0] in slopes]


def traced(module: Any) -> onnx.ModelProto:
    """Trace a module with ``inputs``, ``outputs`` and an ``example``.

    Parameters
    ----------
    module : nn.Module
        Its ``network`` is what is restored with.

    Returns
    -------
    onnx.ModelProto
        Its weights are named as in the network's ``state_dict``, and are not those of the network but any; all else
        that is constant lies there once.
    """
    module = copy.deepcopy(module)
    generator = torch.Generator().manual_seed(0)
    for value in module.network.state_dict().values():  # weights that are equal would become one
        value.copy_(torch.rand(value.shape, generator=generator))
    axes = {name: dict(enumerate(sizes)) for name, sizes in {**module.inputs, **module.outputs}.items() if sizes}
    file = io.BytesIO()
    with torch.no_grad(), warnings.catch_warnings():
        # This exporter is the older of PyTorch's two. The other needs ten times as long, and a further library.
        warnings.simplefilter("ignore")
        for name, function in _OPERATORS.items():
            torch.onnx.register_custom_op_symbolic(name, function, _OPSET)  # type: ignore[attr-defined]
        try:
            torch.onnx.export(
                module.eval(),
                module.example(),
                file,  # type: ignore[arg-type]
                dynamo=False,
                input_names=list(module.inputs),
                output_names=list(module.outputs),
                dynamic_axes=axes,
                opset_version=_OPSET,
                do_constant_folding=False,  # folded, weights lose their names; whoever runs the graph folds anyway
            )
        finally:
            for name in _OPERATORS:
                torch.onnx.unregister_custom_op_symbolic(name, _OPSET)  # type: ignore[attr-defined]
    model = onnx.load_from_string(file.getvalue())
    model.ClearField("producer_version")
    _share_constants(model.graph)
    for tensor in model.graph.initializer:
        tensor.name = tensor.name.removeprefix(_NETWORK)
    for node in model.graph.node:
        node.ClearField("doc_string")
        node.input[:] = [name.removeprefix(_NETWORK) for name in node.input]
    return model


@symbolic_helper.parse_args("v", "i", "v")
def _unflatten(graph: Any, tensor: Any, dimension: int, sizes: Any) -> Any:
    """Express unflatten by a reshape; in the exporter's own way the sizes of the example stay in the graph."""
    rank = tensor.type().dim()
    position = dimension % rank
    before, after = _sizes(graph, tensor, 0, position), _sizes(graph, tensor, position + 1, rank)
    return graph.op("Reshape", tensor, graph.op("Concat", before, sizes, after, axis_i=0))


@symbolic_helper.parse_args("v", "i")
def _squeeze(graph: Any, tensor: Any, dimension: int) -> Any:
    """Express squeeze of a dimension that is 1; the exporter, who does not know, asks in the graph."""
    return graph.op("Squeeze", tensor, graph.op("Constant", value_t=torch.tensor([dimension % tensor.type().dim()])))


@symbolic_helper.parse_args("v", "i")
def _pixel_shuffle(graph: Any, tensor: Any, factor: int) -> Any:
    """Express pixel_shuffle of any rank; the exporter knows four dimensions alone."""
    return _on_four_dimensions(graph, tensor, "DepthToSpace", {"blocksize_i": factor, "mode_s": "CRD"})


@symbolic_helper.parse_args("v", "i")
def _pixel_unshuffle(graph: Any, tensor: Any, factor: int) -> Any:
    """Express pixel_unshuffle of one channel, all that is asked for here; of several the order would differ."""
    return _on_four_dimensions(graph, tensor, "SpaceToDepth", {"blocksize_i": factor})


def _on_four_dimensions(graph: Any, tensor: Any, operator: str, options: dict[str, Any]) -> Any:
    rank = tensor.type().dim()
    all_before = graph.op("Constant", value_t=torch.tensor([-1]))
    four = graph.op("Concat", all_before, _sizes(graph, tensor, rank - 3, rank), axis_i=0)
    result = graph.op(operator, graph.op("Reshape", tensor, four), **options)
    sizes = graph.op("Concat", _sizes(graph, tensor, 0, rank - 3), _sizes(graph, result, 1, 4), axis_i=0)
    return graph.op("Reshape", result, sizes)


def _sizes(graph: Any, tensor: Any, start: int, stop: int) -> Any:
    """Return the sizes of some dimensions, as they will be."""
    ends = (graph.op("Constant", value_t=torch.tensor([end])) for end in (start, stop))
    return graph.op("Slice", graph.op("Shape", tensor), *ends)


_OPERATORS: dict[str, Callable[..., Any]] = {
    "aten::unflatten": _unflatten,
    "aten::pixel_shuffle": _pixel_shuffle,
    "aten::pixel_unshuffle": _pixel_unshuffle,
    "aten::squeeze": _squeeze,
}


def _share_constants(graph: onnx.GraphProto) -> None:
    """Put constants that several nodes have, such as the matrix of the DCT, into the graph once."""
    names: dict[bytes, str] = {}
    renamed: dict[str, str] = {}
    for node in graph.node:
        if node.op_type == "Constant":
            value = node.attribute[0].t
            value.ClearField("name")
            content = value.SerializeToString(deterministic=True)
            if content not in names:
                names[content] = f"constant_{len(names)}"
                graph.initializer.add().CopyFrom(value)
                graph.initializer[-1].name = names[content]
            renamed[node.output[0]] = names[content]
    for node in graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
    keep(graph.node, [node for node in graph.node if node.op_type != "Constant"])


def keep(field: Any, kept: Sequence[Any]) -> None:
    """Leave of a repeated field what is to be kept."""
    copies = [type(entry).FromString(entry.SerializeToString()) for entry in kept]
    del field[:]
    field.extend(copies)
