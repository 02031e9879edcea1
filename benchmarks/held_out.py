"""What models make of every kind of file, on held-out pictures: the tables of docs/training.md.

    python benchmarks/held_out.py --patches patches small runs/y/best.safetensors

Central crops of the held-out pictures of a bank, and drawings that no training has seen, are compressed with libjpeg's
tables and others, once and twice, with every chroma subsampling. Written: the mean gain in PSNR over the decoded JPEG,
in dB, with the projection, and in brackets that of the picture that gains least. Y throughout; RGB where it says so,
against chroma doubled by repetition.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from qgac.coefficients.quantization import ROBIDOUX, scaled_table
from qgac.training.batches.bank import PatchBank
from qgac.training.batches.batch import Compressed, compress, compress_with, held_out_crops, laid_over, recompress
from qgac.training.batches.drawings.drawing import drawing
from qgac.training.validation import decoded_and_restored, psnr_gains
from qgac.weights.checkpoints import load_model


def files(crops: Tensor, drawings: Tensor) -> Iterator[tuple[str, Compressed, bool]]:
    """Yield the kinds of files: what each is called, compressed, and whether colour is measured."""

    def compressed(pictures: Tensor, quality: int, factors: tuple[int, int] = (2, 2)) -> Compressed:
        return compress(pictures, np.full(len(pictures), quality), factors)

    for quality in (1, 5, 10, 30, 50, 70, 90, 95, 98, 100):
        yield f"libjpeg, quality {quality}", compressed(crops, quality), False
    for quality in (30, 75, 90):
        yield f"Robidoux' tables, quality {quality}", with_table(crops, scaled_table(ROBIDOUX, quality)), False
    for step in (4, 8, 16, 32, 128):
        yield f"flat table of {step}", with_table(crops, np.full((8, 8), step)), False
    shifts = np.random.default_rng(0).integers(1, 8, (len(crops), 2))
    for first, second in ((75, 75), (30, 75), (50, 30), (10, 70)):
        for grid, shift in (("the same grid", np.zeros_like(shifts)), ("another grid", shifts)):
            once = recompress(crops, np.full(len(crops), first), (2, 2), shift)
            again = replace(compressed(once, second), rgb=crops)
            yield f"quality {first}, then {second} on {grid}", again, False
    for quality in (10, 30, 75, 90, 95):
        yield f"drawings, quality {quality}", compressed(drawings, quality), False
    for factors, name in (((2, 2), "4:2:0"), ((1, 2), "4:2:2"), ((2, 1), "4:4:0"), ((1, 1), "4:4:4")):
        yield f"RGB, {name}, quality 30", compressed(crops, 30, factors), True


def with_table(crops: Tensor, table: np.ndarray) -> Compressed:
    """Compress every crop with one table for luma and chroma."""
    tables = torch.from_numpy(table.astype(np.float32)).expand(len(crops), 8, 8).contiguous()
    return compress_with(crops, tables, tables, (2, 2))


@torch.no_grad()
def main() -> None:
    """Print a table, a line for each kind of file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", help="names of shipped models, or weights files")
    parser.add_argument("--patches", type=Path, required=True, help="bank that `qgac prepare` wrote")
    parser.add_argument("--threads", type=int, help="threads of torch")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    models = [load_model(model).to(memory_format=torch.channels_last) for model in arguments.models]
    crops = held_out_crops(PatchBank(arguments.patches, held_out=True), 24, 192)
    # Those of training start from three numbers, of which the last is not 0.
    gray = torch.full((3, 192, 192), 128.0)
    drawings = torch.stack([laid_over(gray, drawing(192, np.random.default_rng((0, index)))) for index in range(24)])

    print("| file |", " | ".join(arguments.models), "|")
    print("|---|", "---|" * len(models), sep="")
    for name, batch, color in files(crops, drawings):
        cells = (psnr_gains(*decoded_and_restored(model, batch, color=color)) for model in models)
        print(f"| {name} |", " | ".join(f"{cell.mean():+.2f} ({cell.min():+.2f})" for cell in cells), "|", flush=True)


if __name__ == "__main__":
    main()
