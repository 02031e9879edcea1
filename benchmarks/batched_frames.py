"""What it would save to restore several frames of a film in one call of the networks.

    OMP_NUM_THREADS=1 python benchmarks/batched_frames.py

prints, for films of several sizes, the processor time of a frame alone and in calls of four and eight: frames one below
the other, which is as much work as a batch of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from qgac.engine.engine import Engine
from qgac.restoration.restorer import Restorer

REPEATED = 15
SIZES = ((160, 120), (240, 176), (320, 240))


def least_seconds(function: Callable[[], object]) -> float:
    """Return the least processor time of several calls."""
    times = []
    for _ in range(REPEATED):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def seconds_of_a_frame(engine: Engine, width: int, height: int, frames: int) -> float:
    """Return what a 4:2:0 frame takes in a call of so many."""
    generator = np.random.default_rng(0)
    rows, columns = frames * -(-height // 16), -(-width // 16)
    y = generator.normal(0, 40, (2 * rows, 2 * columns, 64)).astype(np.float32)
    chroma = generator.normal(0, 20, (rows, columns, 64)).astype(np.float32)
    table = np.full(64, 20, np.float32)

    def restore() -> None:
        restored = engine.restore_y(y, table)
        engine.restore_chroma((chroma, chroma), (table, table), restored, table, (2, 2))

    return least_seconds(restore) / frames


def main() -> None:
    """Print a line for each size."""
    engine = Restorer("small").engine
    for width, height in SIZES:
        alone, *batched = (seconds_of_a_frame(engine, width, height, frames) for frames in (1, 4, 8))
        gains = ", ".join(f"of {frames} {one / alone - 1:+.1%}" for frames, one in zip((4, 8), batched, strict=True))
        print(f"{width} x {height}: alone {1000 * alone:.1f} ms, {gains}", flush=True)


if __name__ == "__main__":
    main()
