"""Memory of a process that restores many small pictures: whether it keeps growing, as a service must not.

    python benchmarks/soak.py --count 2000

Pictures of random sizes, qualities, samplings and processes, each restored once in this process. Printed is the
resident set in MB after every twentieth of them, and at the end by how much it grew over the second half: bounded
memory grows in the first half, while every kind of picture and every size of tile is met for the first time, and then
no more. Linux only.

With ``--as-library`` the C library's allocator is left alone, as in programs that call qgac; without, it is told to
give freed memory back, as ``qgac restore`` does.
"""

from __future__ import annotations

import argparse
import io
import os
import time
from pathlib import Path

import numpy as np
from PIL import Image

SOURCE = Path(__file__).parent.parent / "examples" / "night.webp"


def main() -> None:
    """Restore, and tell the memory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000, help="pictures")
    parser.add_argument("--largest", type=int, default=320, help="longest side, pixels")
    parser.add_argument("--engine", default="auto", choices=["auto", "onnx", "torch"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--as-library", action="store_true", help="see above")
    arguments = parser.parse_args()
    if not arguments.as_library:
        from qgac.batch.malloc import give_back_freed_memory

        give_back_freed_memory()
    from qgac import Restorer

    with Image.open(SOURCE) as opened:
        pixels = np.asarray(opened.convert("RGB"))
    restorer = Restorer("small", engine=arguments.engine)
    generator = np.random.default_rng(arguments.seed)
    every = max(1, arguments.count // 20)
    measured = []
    started = time.monotonic()
    for number in range(1, arguments.count + 1):
        restorer(draw(pixels, arguments.largest, generator))
        if number % every == 0:
            measured.append(resident_megabytes())
            print(f"{number:6} pictures  {measured[-1]:7.1f} MB  {time.monotonic() - started:6.0f} s", flush=True)
    middle = measured[len(measured) // 2 - 1]
    print(f"grew by {measured[-1] - middle:.1f} MB over the second half, at most {max(measured):.1f} MB")


def draw(pixels: np.ndarray, largest: int, generator: np.random.Generator) -> bytes:
    """Return a JPEG file of a part of a picture."""
    height, width = generator.integers(8, largest + 1, 2)
    top, left = generator.integers(0, pixels.shape[0] - height + 1), generator.integers(0, pixels.shape[1] - width + 1)
    picture = Image.fromarray(pixels[top : top + height, left : left + width])
    if generator.random() < 0.2:
        picture = picture.convert("L")
    file = io.BytesIO()
    picture.save(
        file,
        "JPEG",
        quality=int(generator.integers(5, 96)),
        subsampling=int(generator.integers(0, 3)),
        progressive=bool(generator.random() < 0.3),
    )
    return file.getvalue()


def resident_megabytes() -> float:
    """Return the resident set of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
