"""What one small picture costs from the command line: seconds of whole processes, and of processors as a ratio.

    python benchmarks/start.py [--picture examples/night.jpg] [--repeats 7]

Processes are run in turn: the command; the same without machine code that was kept, as the first time ever; two
libraries alone, `python -c "import numba, onnxruntime"`, the measure of it; and the help. What the networks take is
measured in a process that is warm. Bytecode is kept, as pip compiles it. Of a busy machine, wall seconds tell how busy
it is; on one that is not, they tell what several processors bring.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--picture", type=Path, default=Path("examples/night.jpg"))
    parser.add_argument("--repeats", type=int, default=7, help="medians of so many")
    parser.add_argument("--python", default=sys.executable, help="of the environment that is measured")
    arguments = parser.parse_args()
    python = arguments.python
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.png"
        restore = [python, "-m", "qgac", "restore", str(arguments.picture), "-o", str(out), "--overwrite"]
        seconds(restore)  # compiles
        rounds = []
        for number in range(arguments.repeats):
            empty = Path(folder) / f"cache-{number}"
            rounds.append(
                (
                    seconds(restore),
                    seconds(restore, NUMBA_CACHE_DIR=str(empty)),
                    seconds([python, "-c", "import numba, onnxruntime"]),
                    seconds([python, "-m", "qgac", "--help"]),
                )
            )
        runs = [list(zip(*turns, strict=True)) for turns in zip(*rounds, strict=True)]
        (warm, first, libraries, usage), walls = zip(*(map(statistics.median, run) for run in runs), strict=True)
        ask = [python, "-c", _NETWORKS, str(arguments.picture)]
        told = [subprocess.run(ask, capture_output=True, check=True).stdout for _ in range(arguments.repeats)]
    networks = [statistics.median(column) for column in zip(*(map(float, line.split()) for line in told), strict=True)]
    form = "{} seconds: command {:.2f}, first time ever {:.2f}, libraries alone {:.2f}, --help {:.2f}, networks {:.2f}"
    for kind, times, own in zip(("processor", "wall"), ((warm, first, libraries, usage), walls), networks, strict=True):
        print(form.format(kind, *times, own))
        print(f"  (command - networks) / libraries = {(times[0] - own) / times[2]:.2f}")


def seconds(command: list[str], **environment: str) -> tuple[float, float]:
    """Run a process; return the processor seconds that it took, of all its threads, and the wall seconds."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, check=True, capture_output=True, env=kept | environment)
    after, end = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, end - start


_NETWORKS = """
import sys, time
from qgac import Restorer, read_jpeg
restorer, image, spent = Restorer(), read_jpeg(sys.argv[1]), [0.0, 0.0]
def timed(function):
    def run(*arguments):
        start = time.process_time(), time.perf_counter()
        result = function(*arguments)
        spent[0] += time.process_time() - start[0]
        spent[1] += time.perf_counter() - start[1]
        return result
    return run
restorer(image)
for name in ("restore_y", "restore_chroma"):
    setattr(restorer.engine, name, timed(getattr(restorer.engine, name)))
restorer(image)
print(*spent)
"""


if __name__ == "__main__":
    main()
