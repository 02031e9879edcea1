"""How time and memory of a restoration grow with pixels and fall with processor threads.

    python benchmarks/scaling.py [--megapixels 0.25 1 4 16] [--threads 1 2] [--model small]

Every picture (4:2:0, of noise of all scales) is restored by a process of its own, ``qgac restore``, in each number of
threads, in turn. Seconds a megapixel are those beyond what a picture of 32 x 32 takes. On a busy machine, processor
seconds hold and wall seconds do not.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from memory import make, run, size  # beside this file


def main() -> None:
    """Print a line for each size and number of threads."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megapixels", type=float, nargs="+", default=[0.25, 1, 4, 16])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--model", default="small")
    arguments = parser.parse_args()
    print("threads     MP  wall s  s/MP  processor s  s/MP  peak MiB")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "picture.jpg"
        base: dict[int, tuple[float, float, float]] = {}
        for megapixels in [32 * 32 / 1e6, *arguments.megapixels]:
            make(path, megapixels, "4:2:0")
            width, height = size(megapixels)
            exact = width * height / 1e6
            for threads in arguments.threads:
                wall, processor, peak = restored(path, arguments.model, threads)
                of_none = base.setdefault(threads, (wall, processor, peak))
                rates = [(spent - least) / exact for spent, least in zip((wall, processor), of_none, strict=False)]
                times = f"{wall:7.2f} {rates[0]:5.2f} {processor:12.2f} {rates[1]:5.2f}"
                print(f"{threads:7} {exact:6.2f} {times} {peak:9.0f}", flush=True)


def restored(path: Path, model: str, threads: int) -> tuple[float, float, float]:
    """Restore a picture in a process; return its wall and processor seconds and its peak memory in MiB."""
    output = path.with_suffix(".png")
    command = [sys.executable, "-m", "qgac", "restore", str(path), "-o", str(output), "--overwrite", "--model", model]
    return run(command, threads)


if __name__ == "__main__":
    main()
