"""Time the JPEG reader on a synthetic 12-megapixel photo, beside Pillow's whole decode.

Run it with ``python benchmarks/reader.py [rounds]``; it prints milliseconds per megapixel, best of the rounds.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable

import numpy as np
from PIL import Image

from qgac.jpeg.reader import read_jpeg

WIDTH, HEIGHT = 4000, 3000

KINDS: dict[str, dict[str, object]] = {
    "baseline 4:2:0, quality 90": {"quality": 90, "subsampling": "4:2:0"},
    "progressive 4:2:0, quality 90": {"quality": 90, "subsampling": "4:2:0", "progressive": True},
    "baseline 4:4:4, quality 92": {"quality": 92, "subsampling": "4:4:4"},
}


def synthetic_photo(seed: int = 0) -> Image.Image:
    """Make a picture with the 1/f spectrum of photographs and a little sensor noise."""
    generator = np.random.default_rng(seed)
    picture = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    for level in range(1, 10):
        size = (max(2, WIDTH >> level), max(2, HEIGHT >> level))
        noise = generator.uniform(0, 255, (size[1], size[0], 3)).astype(np.uint8)
        layer = Image.fromarray(noise).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
        picture += (np.asarray(layer, np.float32) - 127.5) * 0.75 ** (9 - level)
    picture += generator.normal(0, 2.5, picture.shape)
    return Image.fromarray(np.clip(picture + 127.5, 0, 255).astype(np.uint8))


def best(function: Callable[[], object], rounds: int) -> float:
    """Return the shortest time of a call in seconds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    start = time.perf_counter()
    tiny = io.BytesIO()
    Image.new("L", (8, 8)).save(tiny, "JPEG")
    read_jpeg(tiny.getvalue())
    print(f"first call: {time.perf_counter() - start:.2f} s")
    photo = synthetic_photo()
    megapixels = WIDTH * HEIGHT / 1e6
    print(f"{'ms/MP':32} {'MB':>6} {'read':>7} {'Pillow':>7}")
    for name, options in KINDS.items():
        stream = io.BytesIO()
        photo.save(stream, "JPEG", **options)
        data = stream.getvalue()
        seconds = (
            best(lambda data=data: read_jpeg(data), rounds),
            best(lambda data=data: Image.open(io.BytesIO(data)).load(), rounds),
        )
        figures = " ".join(f"{second * 1e3 / megapixels:7.1f}" for second in seconds)
        print(f"{name:32} {len(data) / 1e6:6.2f} {figures}")


if __name__ == "__main__":
    main()
