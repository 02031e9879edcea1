"""Sizes worked out beforehand: the graph does what the module does at every size, with nothing left to ask for."""

from __future__ import annotations

import io
import warnings
from collections import Counter

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from made.networks import tiny_network
from qgac.engine.export import contents
from qgac.engine.sizes import settle_sizes


class Rearranged(nn.Module):
    """Asks for sizes in every way: one free, two free, sums, a product, ends of slices, a number alone."""

    def forward(self, plane: Tensor) -> Tensor:
        rows, columns, depth = plane.shape
        twice = plane.reshape(rows, columns, 2, depth // 2).transpose(1, 2).reshape(2 * rows, columns, -1)
        ends = twice[: rows + 1, : columns - 1]
        flat = plane.reshape(rows * columns, depth).mean(0)
        return ends.sum((0, 1)) + flat[: depth // 2] * (rows * columns + 3 * rows - 2) + plane[: rows // 2 + 1].sum()


def model_of(module: nn.Module) -> onnx.ModelProto:
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            (torch.zeros(3, 4, 6),),
            file,  # type: ignore[arg-type]
            dynamo=False,
            input_names=["plane"],
            dynamic_axes={"plane": {0: "rows", 1: "columns"}},
            opset_version=18,
        )
    model = onnx.load_from_string(file.getvalue())
    for node in [node for node in model.graph.node if node.op_type == "Constant"]:
        model.graph.initializer.add().CopyFrom(node.attribute[0].t)
        model.graph.initializer[-1].name = node.output[0]
        model.graph.node.remove(node)
    return model


@pytest.mark.parametrize("size", [(3, 4), (1, 2), (6, 9), (7, 5), (2, 31)])
def test_a_settled_graph_does_what_the_module_does(size: tuple[int, int]) -> None:
    module = Rearranged()
    model = model_of(module)
    before = Counter(node.op_type for node in model.graph.node)
    settle_sizes(model, set(), lambda rows, columns: (torch.zeros(rows, columns, 6),))
    onnx.checker.check_model(model)
    after = Counter(node.op_type for node in model.graph.node)
    assert after["Shape"] < before["Shape"]
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    plane = torch.rand(*size, 6, generator=torch.Generator().manual_seed(0))
    (found,) = session.run(None, {"plane": plane.numpy()})
    np.testing.assert_allclose(found, module(plane).numpy(), rtol=1e-5)


def test_graphs_ask_for_rows_and_columns_once() -> None:
    for name, content in contents(tiny_network(guided=True, more_y={"candidate": 2, "gate": True})).items():
        if name.endswith(".onnx"):
            operations = Counter(node.op_type for node in onnx.ModelProto.FromString(content).graph.node)
            assert operations["Shape"] == 2, name
            assert not {"If", "Range", "NonZero"} & operations.keys(), name
