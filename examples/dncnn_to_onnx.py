"""Turn `DnCNN3.mat` of github.com/cszn/DnCNN into the ONNX file that `restore_with_dncnn.py` takes.

Needs h5py and onnx: python examples/dncnn_to_onnx.py DnCNN3.mat dncnn3.onnx
"""

import sys

import h5py
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def main(source: str, destination: str) -> None:
    """Read the layers of MatConvNet and write a graph from samples 0..1, (N, 1, H, W), to cleaned ones."""
    nodes, weights, value = [], [], "input"
    with h5py.File(source) as file:
        for number, reference in enumerate(np.ravel(file["net/layers"])):
            layer = file[reference]
            if bytes(np.ravel(layer["type"]).astype(np.uint8)) == b"relu":
                nodes.append(helper.make_node("Relu", [value], [f"relu{number}"]))
            else:
                kernels, biases = (np.array(file[place], np.float32) for place in np.ravel(layer["weights"]))
                # MATLAB stores by columns: what is read here is (outputs, inputs, columns, rows).
                kernels = kernels.reshape(biases.size, -1, 3, 3).swapaxes(2, 3)
                weights += [
                    numpy_helper.from_array(np.ascontiguousarray(kernels), f"kernels{number}"),
                    numpy_helper.from_array(biases.ravel(), f"biases{number}"),
                ]
                inputs = [value, f"kernels{number}", f"biases{number}"]
                nodes.append(helper.make_node("Conv", inputs, [f"conv{number}"], pads=[1, 1, 1, 1]))
            value = nodes[-1].output[0]
    nodes.append(helper.make_node("Sub", ["input", value], ["output"]))  # the network gives what is wrong
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, "H", "W"]) for name in ("input", "output")]
    graph = helper.make_graph(nodes, "DnCNN-3", ends[:1], ends[1:], weights)
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]), destination)


if __name__ == "__main__":
    main(*sys.argv[1:])
