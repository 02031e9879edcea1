"""Sizes in a traced graph, worked out once: what the exporter writes about them is most of a graph.

Wherever a module asks a tensor for its shape, the exporter writes down how it is asked, cut and put together again,
every time anew. All of it follows from the rows and the columns of the first input, so most is a number, and the rest
is a number times rows, or columns, or both. A graph that says just that has a fraction of the nodes, and is loaded in
a fraction of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper
from torch import Tensor

from qgac.engine.runtime import onnxruntime
from qgac.engine.tracing import keep

__all__ = ["settle_sizes"]

_PROBES = ((3, 4), (5, 4), (3, 7), (5, 7), (1, 2), (12, 9))
"""Rows and columns that sizes are looked at for: four to find how they depend on them, two to see if it is so."""

_MOST_NUMBERS = 64  # of one tensor; what has more is no size

_Numbers: TypeAlias = npt.NDArray[Any]


def settle_sizes(model: onnx.ModelProto, weights: Set[str], example: Callable[[int, int], tuple[Tensor, ...]]) -> None:
    """Put numbers, and products with rows and columns, in the place of all that is computed of shapes alone.

    What depends on rows and columns in another way stays as it is.

    Parameters
    ----------
    model : onnx.ModelProto
        With its weights; changed in place.
    weights : set of str
        Their names: they are no constants.
    example : callable
        Makes inputs of so many rows and columns, which are the first two axes of the first one.
    """
    graph = model.graph
    found = _computed_of_shapes(model, weights, example)
    sizes = _Sizes(graph.input[0].name)
    used = {output.name for output in graph.output}
    nodes = []
    for node in reversed(graph.node):
        if used.isdisjoint(node.output):
            continue
        for position, name in enumerate(node.input):
            if name in found:
                one_follows = node.op_type == "Reshape" and position == 1
                node.input[position] = sizes.tensor(found[name], one_follows=one_follows) or name
        used.update(node.input)
        nodes.append(node)
    keep(graph.initializer, [*(tensor for tensor in graph.initializer if tensor.name in used), *sizes.constants])
    keep(graph.node, [*sizes.nodes, *reversed(nodes)])


def _computed_of_shapes(
    model: onnx.ModelProto, weights: Set[str], example: Callable[[int, int], tuple[Tensor, ...]]
) -> dict[str, list[_Numbers]]:
    """Return what the tensors that are computed of nothing but shapes are, for each of the probes."""
    known = {tensor.name for tensor in model.graph.initializer} - weights
    names: list[str] = []
    for node in model.graph.node:
        if node.op_type == "Shape" or all(not name or name in known for name in node.input):
            known.update(node.output)
            names.extend(node.output)
    asked = onnx.ModelProto.FromString(model.SerializeToString())
    asked.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(asked.SerializeToString(), options, providers=["CPUExecutionProvider"])
    inputs = [value.name for value in model.graph.input]
    answers = [
        session.run(names, dict(zip(inputs, (tensor.numpy() for tensor in example(*probe)), strict=True)))
        for probe in _PROBES
    ]
    return dict(zip(names, map(list, zip(*answers, strict=True)), strict=True))


class _Sizes:
    """Makes tensors of sizes: each constant once, and each product once.

    Parameters
    ----------
    measured : str
        The input whose first two axes are rows and columns.

    Attributes
    ----------
    nodes : list of onnx.NodeProto
        What computes them; to come before all others.
    constants : list of onnx.TensorProto
    """

    def __init__(self, measured: str) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._measured = measured
        self._made: dict[Any, str] = {}

    def tensor(self, values: list[_Numbers], *, one_follows: bool) -> str | None:
        """Return the name of a tensor that has these values for the probes; None if there is no simple one.

        Parameters
        ----------
        values : list of ndarray
        one_follows : bool
            Whether it is the shape of a reshape, where one size may be left to follow from the others.
        """
        first = values[0]
        if first.size > _MOST_NUMBERS or any(value.shape != first.shape for value in values):
            return None
        if all(np.array_equal(value, first) for value in values):
            return self._constant(first)
        if first.ndim > 1 or first.dtype != np.int64:
            return None
        terms = [_terms([int(value.flat[index]) for value in values]) for index in range(first.size)]
        varying = [index for index, factors in enumerate(terms) if factors is None or any(factors[1:])]
        if one_follows and len(varying) == 1 and (first[np.arange(first.size) != varying[0]] > 0).all():
            shape = first.copy()
            shape[varying[0]] = -1
            return self._constant(shape)
        if None in terms:
            return None
        entries = [self._sum(factors) for factors in terms if factors is not None]
        if first.ndim == 0:
            return self._node("Squeeze", entries[0])
        return entries[0] if len(entries) == 1 else self._node("Concat", *entries, axis=0)

    def _sum(self, factors: tuple[int, ...]) -> str:
        """Return the name of a tensor of one number, the sum of 1, rows, columns and their product times these."""
        rows, columns = (self._node("Shape", self._measured, start=axis, end=axis + 1) for axis in range(2))
        parts = []
        for factor, sizes in zip(factors, ((), (rows,), (columns,), (rows, columns)), strict=True):
            if factor:
                part = self._constant(np.array([factor])) if factor != 1 or not sizes else sizes[0]
                for size in sizes if factor != 1 else sizes[1:]:
                    part = self._node("Mul", part, size)
                parts.append(part)
        total = parts[0]
        for part in parts[1:]:
            total = self._node("Add", total, part)
        return total

    def _node(self, operation: str, *inputs: str, **attributes: Any) -> str:
        key = (operation, inputs, *attributes.items())
        if key not in self._made:
            self._made[key] = f"size_{len(self._made)}"
            self.nodes.append(helper.make_node(operation, inputs, [self._made[key]], **attributes))
        return self._made[key]

    def _constant(self, value: _Numbers) -> str:
        key = (str(value.dtype), value.shape, value.tobytes())
        if key not in self._made:
            self._made[key] = f"size_{len(self._made)}"
            self.constants.append(numpy_helper.from_array(np.asarray(value), self._made[key]))
        return self._made[key]


def _terms(values: list[int]) -> tuple[int, ...] | None:
    """Return the factors of 1, rows, columns and their product of which the values for the probes are sums."""
    if len(set(values)) == 1:
        return values[0], 0, 0, 0
    grid = np.array([(1, rows, columns, rows * columns) for rows, columns in _PROBES])
    factors = np.linalg.solve(grid[:4], values[:4]).round().astype(np.int64)
    return tuple(map(int, factors)) if (grid @ factors == values).all() else None
