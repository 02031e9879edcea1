"""Files that were saved twice, restored as they were before: the last table of docs/pixels.md.

    python benchmarks/resaved.py live1 --root FOLDER --first 10 30 --second 50 --shift 4 4

Y of each picture of a test set (BT.601, 16 to 235) is compressed as a gray JPEG, decoded, cut by the shift and
compressed again: the protocol of Jiang, Zhang and Timofte, "Towards Flexible Blind JPEG Artifacts Removal" (ICCV 2021),
section 4.3. Written, a line a picture and the mean of all so far: PSNR in dB of what is decoded; restored by the last
file's table (--earlier off); restored by default; and restored where the first quality is told (--earlier Q). The last
two are the same where the search has found the truth.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import numpy as np
from PIL import Image

from qgac.evaluation.test_sets import benchmark_pictures, load_reference
from qgac.jpeg.reader import read_jpeg
from qgac.metrics.psnr import psnr
from qgac.pixels.earlier import find_earlier
from qgac.restoration.hints import Hints
from qgac.restoration.restorer import Restorer


def saved(pixels: np.ndarray, quality: int) -> bytes:
    """Compress with the tables of libjpeg."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return file.getvalue()


def decoded(content: bytes) -> np.ndarray:
    """Decode as Pillow does."""
    return np.asarray(Image.open(io.BytesIO(content)))


def measured(restorer: Restorer, y: np.ndarray, first: int, second: int, shift: tuple[int, int]) -> list[float]:
    """Return the four figures of a picture, and whether the truth was found, and anything."""
    top, left = shift
    twice = saved(decoded(saved(y, first))[top:, left:], second)
    reference = y[top:, left:]
    image = read_jpeg(twice)
    earlier = find_earlier(image.components[0])
    claimed = earlier is not None and earlier.found
    true = claimed and (earlier.top, earlier.left, earlier.index) == (-top % 8, -left % 8, first - 1)
    off = restorer(image).pixels
    auto = restorer(image, hints=Hints()).pixels if claimed else off
    told = auto if true or shift == (0, 0) else restorer(image, hints=Hints(earlier=first)).pixels
    scores = [psnr(restored=pixels, reference=reference) for pixels in (decoded(twice), off, auto, told)]
    return [*scores, float(true), float(claimed)]


def main() -> None:
    """Measure every picture of a test set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset")
    parser.add_argument("--root", type=Path, required=True, help="folder that holds the test sets")
    parser.add_argument("--first", type=int, nargs="+", default=[10, 30])
    parser.add_argument("--second", type=int, default=50)
    parser.add_argument("--shift", type=int, nargs=2, default=(4, 4), help="rows and columns that are cut off between")
    parser.add_argument("--model", default="small")
    arguments = parser.parse_args()
    restorer = Restorer(arguments.model)
    for first in arguments.first:
        rows = []
        print(f"{first}, then {arguments.second}: decoded, by the last table, by default, told; truth found, claimed")
        for number, path in enumerate(benchmark_pictures(arguments.dataset, arguments.root), 1):
            row = measured(restorer, load_reference(path, "y"), first, arguments.second, tuple(arguments.shift))
            rows.append(row)
            mean = " ".join(f"{value:.3f}" for value in np.mean(rows, 0))
            print(f"{number} {path.stem} {' '.join(f'{value:.2f}' for value in row)}; mean {mean}", flush=True)


if __name__ == "__main__":
    main()
