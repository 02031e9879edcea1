"""The two steps of a restoration by PyTorch and by ONNX Runtime, one thread each: processor seconds a megapixel.

OMP_NUM_THREADS=1 python benchmarks/engine.py [--model small] [--rows 40] [--columns 56] [--repeats 7]

Both are measured in turn in one run, so that their ratio holds on a busy machine as well, and so are products of two
matrices by NumPy: square ones, of 1024, and ones of the size that most of the networks' work has. The picture is 4:2:0.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from qgac.engine.choice import engine_for
from qgac.engine.engine import Engine
from qgac.engine.torch_engine import TorchEngine


def main() -> None:
    """Measure both steps and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="small")
    parser.add_argument("--rows", type=int, default=40, help="luma blocks, even")
    parser.add_argument("--columns", type=int, default=56, help="luma blocks, even")
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows, columns = arguments.rows, arguments.columns
    generator = np.random.default_rng(0)
    table = np.full(64, 16, np.float32)

    def plane(rows: int, columns: int) -> np.ndarray:
        return 16 * np.round(generator.laplace(0, 1, (rows, columns, 64))).astype(np.float32)

    y = plane(rows, columns)
    chroma = plane(rows // 2, columns // 2), plane(rows // 2, columns // 2)
    steps: dict[str, Callable[[Engine], object]] = {
        "Y": lambda engine: engine.restore_y(y, table),
        "chroma": lambda engine: engine.restore_chroma(chroma, (table, table), y, table, (2, 2)),
    }
    by_torch = engine_for(arguments.model, engine="torch", device="cpu")
    by_onnx = engine_for(arguments.model, engine="onnx", device="cpu")
    # 3x3 convolutions of 64 channels, as products: of the patches of all sub-blocks with the weights.
    patches = generator.normal(size=(4 * rows * columns, 9 * 64)).astype(np.float32)
    weights = generator.normal(size=(9 * 64, 64)).astype(np.float32)
    square = generator.normal(size=(1024, 1024)).astype(np.float32)
    megapixels = 64e-6 * rows * columns
    for name, step in steps.items():
        tasks = [
            lambda: step(by_torch),  # noqa: B023
            lambda: step(by_onnx),  # noqa: B023
            lambda: square @ square,
            lambda: patches @ weights,
        ]
        torch_seconds, onnx_seconds, square_seconds, like_seconds = measured(tasks, arguments.repeats)
        rate = operations(by_torch, step) / onnx_seconds / 1e9
        of_square = 2e-9 * square.size * square.shape[1] / square_seconds
        of_like = 2e-9 * patches.size * weights.shape[1] / like_seconds
        print(
            f"{name}: PyTorch {torch_seconds / megapixels:.2f}, ONNX Runtime {onnx_seconds / megapixels:.2f} s/MP,"
            f" ratio {onnx_seconds / torch_seconds:.2f};"
            f" {rate:.0f} GFLOP/s, products of square matrices {of_square:.0f}, of such sizes {of_like:.0f}"
        )


def operations(engine: Engine, step: Callable[[Engine], object]) -> int:
    """Count the floating-point operations of a step in convolutions and products, two a multiplication."""
    assert isinstance(engine, TorchEngine)
    counter = FlopCounterMode(display=False)
    with counter:
        step(engine)
    return int(counter.get_total_flops())


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
