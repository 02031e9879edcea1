"""What decibels cost: processor seconds a megapixel against the gain in PSNR, of the models and of other programs.

    OMP_NUM_THREADS=1 python benchmarks/cost.py LIVE-1 --out docs/results/cost.csv \
        --method "jpeg2png=jpeg2png {input} -o {output}" [--every 3] [--model small "small --best" small:torch]

Every picture of a folder, or every third of it, is compressed by libjpeg at quality 10, 4:2:0, and restored. The gain
is the mean of those in RGB over Pillow's decode. Of the models the time is that of the restoration alone, from the
file's bytes to pixels, in a process that is warm (`benchmarks/start.py` has the rest); of other programs that of the
whole process.
"""

from __future__ import annotations

import argparse
import csv
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from qgac.evaluation.baseline import compress, decode
from qgac.evaluation.programs import parse_program, run_program
from qgac.evaluation.test_sets import load_reference
from qgac.metrics.psnr import psnr
from qgac.restoration.restorer import Restorer

QUALITY = 10
Restore = Callable[[bytes, tuple[int, ...]], tuple[np.ndarray, float]]


def main() -> None:
    """Measure all and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1, help="take every so manieth picture")
    parser.add_argument("--model", nargs="*", default=["fast", "small", "small --best", "fast:torch", "small:torch"])
    parser.add_argument("--method", action="append", default=[], help="NAME=command {input} {output}")
    arguments = parser.parse_args()
    methods: dict[str, Restore] = {name: own(name) for name in arguments.model}
    methods |= {name: other(name, command) for name, command in map(parse_program, arguments.method)}
    names = sorted(path for path in arguments.folder.iterdir() if path.is_file())[:: arguments.every]
    gains: dict[str, list[float]] = {name: [] for name in methods}
    seconds = dict.fromkeys(methods, 0.0)
    megapixels = 0.0
    for path in names:
        original = load_reference(path, "color")
        data = compress(original, QUALITY)
        truth = original / 255
        before = psnr(restored=decode(data) / 255, reference=truth)
        megapixels += original.shape[0] * original.shape[1] / 1e6
        for name, restore in methods.items():
            restored, spent = restore(data, truth.shape)
            gains[name].append(psnr(restored=restored, reference=truth) - before)
            seconds[name] += spent
            print(f"{path.name} {name}: {gains[name][-1]:+.2f} dB, {spent:.2f} s", flush=True)
    with arguments.out.open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["method", "seconds_a_megapixel", "gain", "pictures"])
        for name in methods:
            gain = statistics.mean(gains[name])
            table.writerow([name, f"{seconds[name] / megapixels:.3f}", f"{gain:.3f}", len(names)])


def own(name: str) -> Restore:
    """Restore with a model: its name, ``--best`` after it, or an engine after a colon."""
    model, _, engine = name.removesuffix(" --best").partition(":")
    restorer = Restorer(model, engine=engine or "onnx", device="cpu", best=name.endswith(" --best"))
    restorer(compress(np.zeros((64, 64, 3), np.uint8), QUALITY))

    def restore(data: bytes, shape: tuple[int, ...]) -> tuple[np.ndarray, float]:
        start = time.process_time()
        pixels = restorer(data).pixels
        return pixels / 255, time.process_time() - start

    return restore


def other(name: str, command: str) -> Restore:
    """Restore with a program."""

    def spent() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    def restore(data: bytes, shape: tuple[int, ...]) -> tuple[np.ndarray, float]:
        start = spent()
        restored, _ = run_program(name, command, data, shape)
        return restored, spent() - start

    return restore


if __name__ == "__main__":
    main()
