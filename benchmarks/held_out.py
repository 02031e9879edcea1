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
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from qgac.checkpoints import load_model
from qgac.data.patches import PatchBank
from qgac.jpeg.blocks import interleave_maps, separate_maps
from qgac.jpeg.color import rgb_to_ycbcr
from qgac.jpeg.dct import double_nearest, idct
from qgac.jpeg.quantization import scaled_table
from qgac.models.qgac import QGAC
from qgac.projection import project
from qgac.training.augment import Compressed, compress, compress_with, held_out_crops, recompress
from qgac.training.drawings import drawing
from qgac.training.stages import restore_batch, rgb_samples
from qgac.training.tables import ROBIDOUX

# A patch of plain white may come out without any error: a floor keeps the mean of the gains finite.
LEAST_ERROR = 1e-2


def files(crops: Tensor, drawings: Tensor) -> Iterator[tuple[str, Compressed, Tensor, bool]]:
    """Yield the kinds of files: what each is called, compressed, its originals, and whether colour is measured."""
    count = len(crops)

    def at(quality: int) -> np.ndarray:
        return np.full(count, quality)

    for quality in (1, 5, 10, 30, 50, 70, 90, 95, 98, 100):
        yield f"libjpeg, quality {quality}", compress(crops, at(quality), (2, 2)), crops, False
    for quality in (30, 75, 90):
        yield f"Robidoux' tables, quality {quality}", with_table(crops, scaled_table(ROBIDOUX, quality)), crops, False
    for step in (4, 8, 16, 32, 128):
        yield f"flat table of {step}", with_table(crops, np.full((8, 8), step)), crops, False
    shifts = np.random.default_rng(0).integers(1, 8, (count, 2))
    for first, second in ((75, 75), (30, 75), (50, 30), (10, 70)):
        for grid, shift in (("the same grid", np.zeros_like(shifts)), ("another grid", shifts)):
            again = compress(recompress(crops, at(first), (2, 2), shift), at(second), (2, 2))
            yield f"quality {first}, then {second} on {grid}", again, crops, False
    for quality in (10, 30, 75, 90, 95):
        drawn = compress(drawings, np.full(len(drawings), quality), (2, 2))
        yield f"drawings, quality {quality}", drawn, drawings, False
    for factors, name in (((2, 2), "4:2:0"), ((1, 2), "4:2:2"), ((2, 1), "4:4:0"), ((1, 1), "4:4:4")):
        yield f"RGB, {name}, quality 30", compress(crops, at(30), factors), crops, True


def with_table(crops: Tensor, table: np.ndarray) -> Compressed:
    """Compress every crop with one table for luma and chroma."""
    tables = torch.from_numpy(table.astype(np.float32)).expand(len(crops), 8, 8).contiguous()
    return compress_with(crops, tables, tables, (2, 2))


def errors(samples: Tensor, originals: Tensor) -> Tensor:
    """Return the mean squared error of each picture."""
    return (samples.clamp(0, 255) - originals).square().flatten(1).mean(1).clamp_min(LEAST_ERROR)


@torch.no_grad()
def gains(model: QGAC, batch: Compressed, originals: Tensor, color: bool) -> Tensor:
    """Return the gain of each picture in dB."""
    if color:
        plain = interleave_maps(double_nearest(separate_maps(batch.chroma, 2), *batch.factors))
        before, after = rgb_samples(batch.y, plain), restore_batch(model, batch)
    else:
        originals = rgb_to_ycbcr(originals)[:, :1]
        y = project(model.restore_y(batch.y, batch.y_table), batch.y, batch.y_table)
        before, after = (idct(x)[:, None] + 128 for x in (batch.y, y))
    return 10 * torch.log10(errors(before, originals) / errors(after, originals))


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
    drawn = np.stack([drawing(192, np.random.default_rng((0, index))) for index in range(24)]).astype(np.float32)
    drawings = torch.from_numpy(drawn[..., :3] + 128 * (1 - drawn[..., 3:] / 255)).permute(0, 3, 1, 2).round()

    print("| file |", " | ".join(arguments.models), "|")
    print("|---|", "---|" * len(models), sep="")
    for name, batch, originals, color in files(crops, drawings):
        cells = (gains(model, batch, originals, color) for model in models)
        print(f"| {name} |", " | ".join(f"{cell.mean():+.2f} ({cell.min():+.2f})" for cell in cells), "|", flush=True)


if __name__ == "__main__":
    main()
