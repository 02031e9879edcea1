"""What a GAN twin gives and what it costs, on held-out pictures: the tables of docs/gan.md.

    python benchmarks/texture.py --patches patches small runs/gan/last.safetensors

Central crops of the held-out pictures of a bank are compressed with libjpeg's tables (4:2:0) and restored by blends of
two models, with the projection. PSNR and SSIM (RGB, clamped) say what texture costs, the distance of texture features
and the upper diagonals whether it is there, and steps across block borders over those inside whether the 8x8 grid is.

Smooth places are blocks whose original luma has a standard deviation below 3 levels and a mean step between pixels
below 1, so that there is no grain either: whatever is invented there is seen. Of them are written, in levels of luma,
the contrast of the *pattern* that repeats from block to block (the mean of 4x4 smooth blocks, without what a 5x5
binomial mean holds), the mean *step* across borders and inside, and *squares*: the mean error of the eight steps
across a border together, in which grain cancels out.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, pad

from qgac.coefficients.color import rgb_to_ycbcr
from qgac.coefficients.dct import dct
from qgac.metrics.psnr import psnr
from qgac.metrics.ssim import ssim
from qgac.metrics.st_lpips import STLPIPS
from qgac.models.qgac import QGAC
from qgac.training.batches.bank import PatchBank
from qgac.training.batches.batch import compress, held_out_crops
from qgac.training.forward import restore_batch
from qgac.training.gan.grid import BLOCK, blocks_of, grid_jumps, grid_steps, grid_visibility
from qgac.training.gan.texture import RandomTexture
from qgac.training.losses import texture_loss
from qgac.weights.blending import interpolate
from qgac.weights.checkpoints import load_model

SMOOTH, GRAIN = 3.0, 1.0
"""Levels: standard deviation and mean absolute step of luma in a block below which it is smooth."""

SIDE = 4
"""Blocks a side of the windows in which a pattern is looked for; they overlap by half."""

PLACES = ("grid", "diagonals", "grid, textured", "diagonals, textured", "pattern, smooth", "step", "inside", "squares")
DISTANCES = ("PSNR", "SSIM", "texture distance · 1000", "ST-LPIPS")


def repeated(luma: Tensor, smooth: Tensor) -> float:
    """Return the contrast (root mean square, in levels) of what the blocks of a smooth window share: mean of windows.

    Parameters
    ----------
    luma : Tensor, shape (N, 1, H, W)
    smooth : Tensor of bool, shape (N, 1, H/8, W/8)
        A window counts if all its blocks are.
    """
    binomial = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    detail = luma - conv2d(pad(luma, (2, 2, 2, 2), mode="reflect"), torch.outer(binomial, binomial)[None, None])
    blocks = blocks_of(detail).permute(0, 1, 3, 5, 2, 4).flatten(1, 3)  # (N, 64, H/8, W/8)
    contrasts = avg_pool2d(blocks, SIDE, SIDE // 2).square().mean(1, keepdim=True).sqrt()
    return float(contrasts[avg_pool2d(smooth.float(), SIDE, SIDE // 2) == 1].mean())


def steps_at(luma: Tensor, blocks: Tensor) -> tuple[float, float]:
    """Return the mean absolute step between pixels: from one of these blocks to another of them, and inside them."""
    across, inside = [], []
    for seen, chosen in ((luma, blocks), (luma.mT, blocks.mT)):
        border, within = grid_steps(seen)
        across.append(border[..., :-1][chosen[..., :-1] & chosen[..., 1:]])
        inside.append(within[chosen])
    return float(torch.cat(across).mean()), float(torch.cat(inside).mean())


def jumps_at(luma: Tensor, blocks: Tensor) -> float:
    """Return the mean size of the jumps from one of these blocks to another of them: of an error, squares."""
    jumps = [
        grid_jumps(seen)[..., :-1][chosen[..., :-1] & chosen[..., 1:]].abs()
        for seen, chosen in ((luma, blocks), (luma.mT, blocks.mT))
    ]
    return float(torch.cat(jumps).mean())


def smooth_blocks(luma: Tensor) -> Tensor:
    """Find the blocks of originals (N, 1, H, W) that are smooth: bool, (N, 1, H/8, W/8)."""
    steps = (grid_steps(luma)[1] + grid_steps(luma.mT)[1].mT) / 2
    return (blocks_of(luma).std((3, 5), correction=0) < SMOOTH) & (steps < GRAIN)


def upper_diagonals(luma: Tensor, blocks: Tensor) -> float:
    """Return the share of the coefficients with i + j >= 7 whose magnitude is above 0.5, in these blocks."""
    upper = torch.from_numpy(np.add.outer(range(BLOCK), range(BLOCK)) >= 7).flatten()
    large = (dct(luma - 128)[:, 0, upper].abs() > 0.5).float().mean(1, keepdim=True)
    return float(large[blocks].mean())


def places(pictures: Tensor, originals: Tensor, smooth: Tensor) -> list[str]:
    """Measure pictures (N, 3, H, W) by places, in the order of `PLACES`."""
    luma = rgb_to_ycbcr(pictures)[:, :1]
    across, inside = steps_at(luma, ~smooth)
    figures = (
        grid_visibility(pictures),
        upper_diagonals(luma, torch.ones_like(smooth)),
        across / inside,
        upper_diagonals(luma, ~smooth),
        repeated(luma, smooth),
        *steps_at(luma, smooth),
        jumps_at(luma - rgb_to_ycbcr(originals)[:, :1], smooth),
    )
    return [f"{figure:.3f}" for figure in figures]


def distances(pictures: Tensor, originals: Tensor, perceptual: STLPIPS | None) -> list[str]:
    """Compare pictures with their originals, (N, 3, H, W), in the order of `DISTANCES`; means over the pictures."""
    texture = RandomTexture()
    pairs = list(zip((pictures / 255).split(1), (originals / 255).split(1), strict=True))
    figures = [
        f"{np.mean([float(psnr(restored=x, reference=y)) for x, y in pairs]):.2f}",
        f"{np.mean([float(ssim(restored=x.double(), reference=y.double())) for x, y in pairs]):.4f}",
        f"{1000 * np.mean([float(texture_loss(texture(x), texture(y))) for x, y in pairs]):.3f}",
    ]
    if perceptual is not None:
        figures.append(f"{np.mean([float(perceptual(restored=x, reference=y)) for x, y in pairs]):.4f}")
    return figures


def restored(model: QGAC, crops: Tensor, quality: int) -> Tensor:
    """Compress and restore crops (N, 3, H, W); what comes back is clamped."""
    batches = (compress(few, np.full(len(few), quality), (2, 2)) for few in crops.split(4))
    return torch.cat([restore_batch(model, batch).clamp(0, 255) for batch in batches])


@torch.no_grad()
def main() -> None:
    """Print a table, a line for each quality and blend."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("regression", help="name of a shipped model, or weights file")
    parser.add_argument("twin", help="likewise, what a GAN made of it")
    parser.add_argument("--patches", type=Path, required=True, help="bank that `qgac prepare` wrote")
    parser.add_argument("--pictures", type=int, default=44, help="how many held-out pictures")
    parser.add_argument("--qualities", type=int, nargs="+", default=[10, 20])
    parser.add_argument("--alphas", type=float, nargs="+", default=[0, 0.7, 1])
    parser.add_argument("--st-lpips", type=Path, help="vgg_shift_tolerant.pth, to measure ST-LPIPS too")
    parser.add_argument("--threads", type=int, help="threads of torch")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    perceptual = STLPIPS(arguments.st_lpips) if arguments.st_lpips else None
    regression, twin = load_model(arguments.regression), load_model(arguments.twin)
    crops = held_out_crops(PatchBank(arguments.patches, held_out=True), arguments.pictures, 192)
    smooth = smooth_blocks(rgb_to_ycbcr(crops)[:, :1])

    compared = DISTANCES if perceptual else DISTANCES[:-1]
    print("| quality | alpha |", " | ".join((*compared, *PLACES)), "|")
    print("|---|---|", "---|" * len((*compared, *PLACES)), sep="")
    print("| originals | |", " | ".join(("",) * len(compared) + tuple(places(crops, crops, smooth))), "|", flush=True)
    for quality in arguments.qualities:
        for alpha in arguments.alphas:
            pictures = restored(interpolate(regression, twin, alpha), crops, quality)
            figures = (*distances(pictures, crops, perceptual), *places(pictures, crops, smooth))
            print(f"| {quality} | {alpha:g} |", " | ".join(figures), "|", flush=True)


if __name__ == "__main__":
    main()
