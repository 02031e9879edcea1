"""The two steps of a restoration by PyTorch and by ONNX Runtime, one thread each: processor seconds a megapixel.

python benchmarks/engine.py [--model small] [--rows 40] [--columns 56] [--repeats 7]

Both are measured in turn in one run, so that their ratio holds on a busy machine as well. The picture is 4:2:0.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import onnxruntime
import torch

from qgac.engine.export import ChromaGraph, LumaGraph
from qgac.engine.single_file import with_weights
from qgac.weights.checkpoints import load_model


def main() -> None:
    """Measure both steps and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="small")
    parser.add_argument("--rows", type=int, default=40, help="luma blocks, even")
    parser.add_argument("--columns", type=int, default=56, help="luma blocks, even")
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    network = load_model(arguments.model)
    rows, columns = arguments.rows, arguments.columns
    generator = np.random.default_rng(0)
    table = np.full((8, 8), 16, np.float32)

    def plane(rows: int, columns: int) -> np.ndarray:
        return 16 * np.round(generator.laplace(0, 1, (rows, columns, 64))).astype(np.float32)

    projected, y = np.array(True), plane(rows, columns)
    half = (rows // 2, columns // 2)
    inputs = {
        "Y": {"decoded": y, "table": table, "projected": projected},
        "chroma": {
            "cb": plane(*half),
            "cr": plane(*half),
            "y": y,
            "tables": np.stack((table, table)),
            "y_table": table,
            "projected": projected,
        },
    }
    modules = {"Y": LumaGraph(network).eval(), "chroma": ChromaGraph(network, (2, 2)).eval()}
    megapixels = 64e-6 * rows * columns
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    for name, module in modules.items():
        start = time.process_time()
        session = onnxruntime.InferenceSession(with_weights(module), options, providers=["CPUExecutionProvider"])
        exported = time.process_time() - start
        tensors = [torch.from_numpy(value) for value in inputs[name].values()]
        with torch.inference_mode():
            times = measured(
                [lambda: module(*tensors), lambda: session.run(None, inputs[name])],  # noqa: B023
                arguments.repeats,
            )
        by_torch, by_onnx = (seconds / megapixels for seconds in times)
        print(
            f"{name}: PyTorch {by_torch:.2f}, ONNX Runtime {by_onnx:.2f} s/MP, ratio {by_onnx / by_torch:.2f};"
            f" export {exported:.2f} s"
        )


def measured(tasks: list[Callable[[], object]], repeats: int) -> list[float]:
    """Return the median processor seconds of each task, all taken in turn; the first round is not counted."""
    seconds: list[list[float]] = [[] for _ in tasks]
    for round_number in range(repeats + 1):
        for task, own in zip(tasks, seconds, strict=True):
            start = time.process_time()
            task()
            if round_number:
                own.append(time.process_time() - start)
    return [statistics.median(own) for own in seconds]


if __name__ == "__main__":
    main()
