"""Steps a second of a recipe, and how much of the machine's arithmetic they use.

    python benchmarks/training.py recipes/small-y.toml --patches patches --steps 40 --threads 1

Multiplications are counted as they happen in one step: network, loss and data, forward and backward. Without --patches
the pictures are noise. On a processor its time counts beside the wall time, which depends on what else it does.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from lightning_fabric import Fabric
from torch.utils.flop_counter import FlopCounterMode

from qgac.models.qgac import QGAC
from qgac.training import machine
from qgac.training.batches.bank import PatchBank, write_bank
from qgac.training.recipe import Recipe, read_recipe
from qgac.training.train import train
from qgac.weights.checkpoints import save_model

# Dense TFLOP/s from the makers' data sheets, bfloat16 on tensor cores and float32 outside them.
PEAKS = {"H200": (989, 67), "H100": (989, 67), "A100": (312, 19.5), "L40S": (362, 91.6), "RTX 4090": (165, 82.6)}


def noise_bank(folder: Path) -> Path:
    """Write a bank of 64 pictures of noise, some of which are held out."""
    import io

    import numpy as np
    from PIL import Image

    generator = np.random.default_rng(0)
    pictures = []
    for index in range(64):
        file = io.BytesIO()
        Image.fromarray(generator.integers(0, 256, (512, 512, 3), dtype=np.uint8)).save(file, "PNG")
        pictures.append((f"noise-{index}.png", file.getvalue()))
    for _ in write_bank(pictures, folder, workers=1):
        pass
    return folder


def main() -> None:
    """Count one step, then time some."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--patches", type=Path, help="bank of patches; noise if left out")
    parser.add_argument("--steps", type=int, default=40, help="timed, after a quarter as many that are not")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument("--threads", type=int, help="threads of torch")
    parser.add_argument("--peak", type=float, help="TFLOP/s of the device, where it is not known")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    recipe = read_recipe(arguments.recipe)
    # Nothing but steps: no validation, no checkpoint.
    recipe = replace(recipe, validation=replace(recipe.validation, every=10**9), minutes_between_checkpoints=1e9)
    fabric = machine.start(recipe.optimization.precision, device=arguments.device)

    with TemporaryDirectory() as name:
        folder = Path(name)
        bank = arguments.patches or noise_bank(folder / "bank")
        PatchBank(bank)
        model = QGAC(recipe.model)
        start = folder / "start.safetensors"
        save_model(model, start, record={})
        parameters = sum(p.numel() for p in model.parameters())
        del model

        operations = _operations(recipe, bank, folder / "count", start, fabric)
        seconds, processor = _times(recipe, bank, folder / "time", start, fabric, arguments.steps)

    place = torch.cuda.get_device_name() if fabric.device.type == "cuda" else f"{torch.get_num_threads()} threads"
    pixels = recipe.data.batch * recipe.data.patch**2
    print(f"{arguments.recipe.stem} on {place}, {recipe.optimization.precision}: {parameters:,} parameters")
    print(f"{operations / 2e9:.2f} GMAC a step, {operations / 2e6 / (pixels / 64):.1f} MMAC a block of Y")
    print(f"{1 / seconds:.3g} steps a second, {operations / seconds / 1e12:.3g} TFLOP/s")
    if fabric.device.type == "cpu":
        print(f"{1 / processor:.3g} steps a second of processor time, {operations / processor / 1e9:.0f} GFLOP/s")
    known = [values for gpu, values in PEAKS.items() if gpu in place]
    peak = arguments.peak or (known[0][recipe.optimization.precision == "float32"] if known else None)
    if peak:
        print(f"{operations / seconds / 1e12 / peak:.1%} of {peak:g} TFLOP/s")
    print(f"{recipe.optimization.steps:,} steps take {recipe.optimization.steps * seconds / 3600:.2f} hours")


def _operations(recipe: Recipe, bank: Path, folder: Path, start: Path, fabric: Fabric) -> int:
    """Count the floating-point operations of one step, two a multiplication."""
    plain = replace(recipe, optimization=replace(recipe.optimization, compile=False))
    counter = FlopCounterMode(display=False)
    asked = iter(range(10))
    events = train(plain, bank, folder, start=start, fabric=fabric, stop=lambda: next(asked) >= 1)
    with counter:
        for _ in events:
            pass
    return int(counter.get_total_flops())


def _times(recipe: Recipe, bank: Path, folder: Path, start: Path, fabric: Fabric, steps: int) -> tuple[float, float]:
    """Return the wall and processor time of a step, in seconds."""
    warm = max(1, steps // 4)
    marks: list[tuple[float, float]] = []

    def mark() -> bool:
        if len(marks) in (warm, warm + steps) and fabric.device.type == "cuda":
            torch.cuda.synchronize()
        marks.append((time.perf_counter(), time.process_time()))
        return len(marks) > warm + steps

    for _ in train(recipe, bank, folder, start=start, fabric=fabric, stop=mark):
        pass
    wall, processor = (b - a for a, b in zip(marks[warm], marks[warm + steps], strict=True))
    return wall / steps, processor / steps


if __name__ == "__main__":
    main()
