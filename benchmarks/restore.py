"""Time of restoring, by sampling, in seconds a megapixel.

    python benchmarks/restore.py --model small --megapixels 2 --threads 1

Wall time depends on what else the machine does; processor time (of all threads together) less so.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parent))
from memory import make


def main() -> None:
    """Measure every sampling."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="small", help="a shipped model or a weights file")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--megapixels", type=float, default=2.0)
    parser.add_argument("--tile", type=int, help="side of a tile in pixels; chosen by the memory if left out")
    parser.add_argument("--threads", type=int, help="threads of the networks")
    parser.add_argument("--repeats", type=int, default=3, help="the fastest counts")
    arguments = parser.parse_args()

    if arguments.threads:
        os.environ["OMP_NUM_THREADS"] = str(arguments.threads)

    from qgac.jpeg.reader import read_jpeg
    from qgac.processors import threads
    from qgac.restoration.restorer import Restorer

    restorer = Restorer(arguments.model, device=arguments.device, tile=arguments.tile)
    print(f"{arguments.megapixels:g} MP on {restorer.device}, {threads()} threads")
    print("sampling  tiles  read s/MP  restore s/MP  processor s/MP")
    for subsampling in ("gray", "4:2:0", "4:2:2", "4:4:4"):
        with TemporaryDirectory() as folder:
            path = Path(folder) / "picture.jpg"
            make(path, arguments.megapixels, subsampling)
            read_jpeg(path)
            start = time.perf_counter()
            image = read_jpeg(path)
            read = time.perf_counter() - start
        megapixels = image.width * image.height / 1e6
        times = []
        for _ in range(arguments.repeats):
            tiles: list[int] = []
            start, processor = time.perf_counter(), time.process_time()
            restorer(image, progress=lambda _, total, tiles=tiles: tiles.append(total))
            times.append((time.perf_counter() - start, time.process_time() - processor))
        wall, processor = (min(values) / megapixels for values in zip(*times, strict=True))
        print(f"{subsampling:8} {tiles[0]:6} {read / megapixels:10.3f} {wall:13.3f} {processor:15.3f}", flush=True)


if __name__ == "__main__":
    main()
