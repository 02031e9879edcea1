"""Peak memory and time of restoring one large picture, each size in a process of its own.

    python benchmarks/memory.py --megapixels 12 100 --model small

The picture is made by another process, so that only the restoring counts. Peak memory is the resident set's
(``ru_maxrss``), with the interpreter, the libraries, the file, its coefficients and the result; base is what it was
after a tiny picture. The allocator is set as the command line sets it, or left alone with ``--as-library``.
"""

from __future__ import annotations

import argparse
import io
import resource
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
    parser.add_argument("--threads", type=int, help="threads of torch")
    parser.add_argument("--as-library", action="store_true", help="leave the C library's allocator as it is")
    parser.add_argument("--make", help=argparse.SUPPRESS)
    parser.add_argument("--restore", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.make:
        make(Path(arguments.make), arguments.megapixels[0], arguments.subsampling)
    elif arguments.restore:
        restore(
            Path(arguments.restore), arguments.model, arguments.tile, arguments.threads, as_library=arguments.as_library
        )
    else:
        print("    MP        pixels  file MB  read s restore s   s/MP peak MiB base MiB")
        for megapixels in arguments.megapixels:
            with TemporaryDirectory() as folder:
                path = Path(folder) / "picture.jpg"
                here = [sys.executable, __file__, *options(arguments)]
                subprocess.run([*here, "--make", str(path), "--megapixels", str(megapixels)], check=True)
                subprocess.run([*here, "--restore", str(path)], check=True)


def options(arguments: argparse.Namespace) -> list[str]:
    """Return the options that both processes take."""
    named = {name: getattr(arguments, name) for name in ("subsampling", "model", "tile", "threads")}
    given = [part for name, value in named.items() if value is not None for part in (f"--{name}", str(value))]
    return [*given, "--as-library"] if arguments.as_library else given


def make(path: Path, megapixels: float, subsampling: str) -> None:
    """Write a photograph-like picture (noise of all scales) of the format 4:3 at quality 75."""
    import numpy as np
    from PIL import Image

    width = round((megapixels * 1e6 * 4 / 3) ** 0.5)
    height = round(width * 3 / 4)
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


def restore(path: Path, model: str, tile: int | None, threads: int | None, *, as_library: bool) -> None:
    """Restore a picture and print a line."""
    if not as_library:
        from qgac.memory import give_back_freed_memory

        give_back_freed_memory()
    import torch
    from PIL import Image

    from qgac.jpeg.reader import read_jpeg
    from qgac.restorer import Restorer

    if threads:
        torch.set_num_threads(threads)
    restorer = Restorer(model, device="cpu", tile=tile)
    warm_up = io.BytesIO()
    Image.new("RGB", (32, 32)).save(warm_up, "JPEG")
    restorer(warm_up.getvalue())
    base = peak_mebibytes()

    start = time.perf_counter()
    image = read_jpeg(path)
    read = time.perf_counter() - start
    restorer(image)
    seconds = time.perf_counter() - start - read
    megapixels = image.width * image.height / 1e6
    print(
        f"{megapixels:6.1f} {image.width:6}x{image.height:<6} {path.stat().st_size / 1e6:8.1f} {read:7.2f} "
        f"{seconds:9.2f} {seconds / megapixels:6.3f} {peak_mebibytes():8.0f} {base:8.0f}",
        flush=True,
    )


def peak_mebibytes() -> float:
    """Return the largest resident set of this process so far."""
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10  # bytes there, kilobytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / (1 << 20)


if __name__ == "__main__":
    main()
