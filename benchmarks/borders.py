"""What models leave of the steps between blocks, on held-out pictures: PSNR and PSNR-B of docs/training.md.

    python benchmarks/borders.py --patches patches small runs/y/best.safetensors

Central crops of the held-out pictures of a bank are compressed with libjpeg's tables. Written for every quality: the
mean gains of Y in PSNR and PSNR-B over the decoded JPEG in dB, with the projection, those of the crop that gains least,
and how many crops fall below the JPEG in PSNR-B.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from qgac.metrics.psnr import psnr
from qgac.metrics.psnr_b import psnr_b
from qgac.training.batches.bank import PatchBank
from qgac.training.batches.batch import compress, held_out_crops
from qgac.training.validation import decoded_and_restored
from qgac.weights.checkpoints import load_model


@torch.no_grad()
def main() -> None:
    """Print a table, a line for each model and quality."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", help="names of shipped models, or weights files")
    parser.add_argument("--patches", type=Path, required=True, help="bank that `qgac prepare` wrote")
    parser.add_argument("--qualities", type=int, nargs="+", default=(10, 30, 75, 85, 90, 95, 98))
    parser.add_argument("--pictures", type=int, default=44)
    parser.add_argument("--size", type=int, default=256, help="side of a crop in pixels")
    parser.add_argument("--threads", type=int, help="threads of torch")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    crops = held_out_crops(PatchBank(arguments.patches, held_out=True), arguments.pictures, arguments.size)
    print(f"| model | quality, {len(crops)} crops | PSNR (least) | PSNR-B (least) | below the JPEG |")
    print("|---|---|---|---|---|")
    for name in arguments.models:
        model = load_model(name).to(memory_format=torch.channels_last)
        for quality in arguments.qualities:
            batch = compress(crops, np.full(len(crops), quality), (2, 2))
            decoded, restored, original = (
                (samples / 255).clamp(0, 1) for samples in decoded_and_restored(model, batch, color=False)
            )
            gains = torch.stack(
                [
                    measure(restored=restored, reference=original) - measure(restored=decoded, reference=original)
                    for measure in (psnr, psnr_b)
                ]
            )
            cells = " | ".join(f"{gain.mean():+.3f} ({gain.min():+.2f})" for gain in gains)
            print(f"| {name} | {quality} | {cells} | {int((gains[1] < 0).sum())} |", flush=True)


if __name__ == "__main__":
    main()
