"""Peak memory and time of restoring one large picture, each size in a process of its own.

    python benchmarks/memory.py --megapixels 12 100 --model small

The process is ``qgac restore picture.jpg -o picture.png``, from its start to its end: interpreter, libraries, model,
file, coefficients, pixels and the file that is written, in PNG or another ``--format``. Base is the same for a picture
of 32 x 32. Peak memory is that of the resident set (``ru_maxrss``), of the largest process if there are several.

With ``--as-library`` it is ``Restorer()(image)`` in a Python process that leaves the C library's allocator alone and
holds the whole result, without writing it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory


def main() -> None:
    """Measure every size that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megapixels", type=float, nargs="+", default=[1, 12], help="sizes of the picture")
    parser.add_argument("--subsampling", default="4:2:0", choices=["gray", "4:4:4", "4:2:2", "4:2:0"])
    parser.add_argument("--model", default="small", help="a shipped model or a weights file")
    parser.add_argument("--tile", type=int, help="side of a tile in pixels; chosen by the memory if left out")
    parser.add_argument("--format", default="png", choices=["png", "webp", "tiff", "jpeg"], help="of the result")
    parser.add_argument("--threads", type=int, help="threads of torch")
    parser.add_argument("--as-library", action="store_true", help="call the library, see above")
    parser.add_argument("--make", help=argparse.SUPPRESS)
    parser.add_argument("--restore", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.make:
        make(Path(arguments.make), arguments.megapixels[0], arguments.subsampling)
    elif arguments.restore:
        restore(Path(arguments.restore), arguments.model, arguments.tile)
    else:
        measure(arguments)


def measure(arguments: argparse.Namespace) -> None:
    """Print a line for each size."""
    print("    MP        pixels  file MB seconds   s/MP peak MiB base MiB")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "picture.jpg"
        here = [sys.executable, __file__, *options(arguments)]
        base = 0.0
        for megapixels in [32 * 32 / 1e6, *arguments.megapixels]:
            subprocess.run([*here, "--make", str(path), "--megapixels", str(megapixels)], check=True)
            seconds, _, peak = run(command(path, arguments), arguments.threads)
            if not base:
                base = peak
                continue
            width, height = size(megapixels)
            print(
                f"{width * height / 1e6:6.1f} {width:6}x{height:<6} {path.stat().st_size / 1e6:8.1f} {seconds:7.1f} "
                f"{seconds / megapixels:6.3f} {peak:8.0f} {base:8.0f}",
                flush=True,
            )


def command(path: Path, arguments: argparse.Namespace) -> list[str]:
    """Return the command that restores a picture."""
    if arguments.as_library:
        return [sys.executable, __file__, *options(arguments), "--restore", str(path)]
    output = path.with_name("restored")
    written = [str(path), "-o", str(output), "--format", arguments.format, "--overwrite", "--model", arguments.model]
    tile = ["--tile", str(arguments.tile)] if arguments.tile else []
    return [sys.executable, "-m", "qgac", "restore", *written, *tile, "--device", "cpu"]


def run(arguments: list[str], threads: int | None) -> tuple[float, float, float]:
    """Run a command; return its wall and processor seconds and the peak memory of its largest process, in MiB."""
    environment = os.environ | ({"OMP_NUM_THREADS": str(threads)} if threads else {})
    start = time.perf_counter()
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, env=environment)
    assert process.stderr is not None
    told = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(told.decode())
    unit = 1 if sys.platform == "darwin" else 1 << 10  # bytes there, kilobytes elsewhere
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / (1 << 20)


def options(arguments: argparse.Namespace) -> list[str]:
    """Return the options that the processes take."""
    named = {name: getattr(arguments, name) for name in ("subsampling", "model", "tile")}
    return [part for name, value in named.items() if value is not None for part in (f"--{name}", str(value))]


def size(megapixels: float) -> tuple[int, int]:
    """Return width and height of a picture of the format 4:3."""
    width = round((megapixels * 1e6 * 4 / 3) ** 0.5)
    return width, max(1, round(width * 3 / 4))


def make(path: Path, megapixels: float, subsampling: str) -> None:
    """Write a photograph-like picture (noise of all scales) of the format 4:3 at quality 75."""
    import numpy as np
    from PIL import Image

    width, height = size(megapixels)
    generator = np.random.default_rng(0)
    patch = np.zeros((512, 512, 3), np.float32)
    for scale in (2, 4, 8, 16, 64, 256):
        noise = generator.normal(0, 4 * scale**0.4, (512 // scale, 512 // scale, 3)).astype(np.float32)
        patch += np.stack(
            [
                np.asarray(Image.fromarray(plane).resize((512, 512), Image.Resampling.BICUBIC))
                for plane in noise.transpose(2, 0, 1)
            ],
            -1,
        )
    patch = (patch + 128).clip(0, 255).astype(np.uint8)
    times = (-(-height // 512), -(-width // 512), 1)
    picture = Image.fromarray(np.tile(patch, times)[:height, :width])
    if subsampling == "gray":
        picture.convert("L").save(path, quality=75)
    else:
        picture.save(path, quality=75, subsampling=subsampling)


def restore(path: Path, model: str, tile: int | None) -> None:
    """Restore a picture as a program that uses the library does."""
    from qgac.restoration.restorer import Restorer

    Restorer(model, device="cpu", tile=tile)(path)


if __name__ == "__main__":
    main()
