"""Fit what reads the strength of artifacts from the averages of a picture: src/qgac/pixels/strength.npz.

    python benchmarks/strength.py --patches patches --fonts FOLDER --samples 6000 --out strength.npz

Squares of 160 to 288 pixels are cut from the training pictures of a bank, or drawn; blurred, sharpened or given noise
at times; half of them compressed by libjpeg, at 5 to 95 and on any grid; scaled by 0.45 to 1.6, and a few saved as fine
JPEGs again. A network of two hidden layers learns from the averages of :func:`qgac.pixels.strength.averages` whether
there was a JPEG, how coarse, and how it was scaled. Printed: of samples kept out, how many of those that were none are
taken for one at each evidence, and how many of the others.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, dropout, relu, smooth_l1_loss

from qgac.coefficients.quantization import luma_table
from qgac.engine.choice import engine_for
from qgac.pixels.strength import averages, table_after_scaling
from qgac.training.batches.bank import PatchBank
from qgac.training.batches.drawings.drawing import drawing
from qgac.training.batches.drawings.text import find_fonts

R = Image.Resampling
FILTERS = (R.BILINEAR, R.BICUBIC, R.BICUBIC, R.LANCZOS, R.HAMMING)
SCALES = np.exp(np.linspace(np.log(0.35), np.log(2.2), 75))
LOW = np.add.outer(np.arange(8), np.arange(8)).ravel() < 8
VISIBLE = 0.35  # mean squared error of what is to be found


class Sample(NamedTuple):
    """A picture and its past."""

    luma: np.ndarray
    compressed: int  # 0, 1, or -1 where it hardly shows
    coarseness: float  # 1 is quality 50
    scale: float


def make(bank: PatchBank, fonts: list[Path], generator: np.random.Generator) -> Sample:
    """Make a sample."""
    side, scale = int(generator.choice([160, 224, 288])), float(np.exp(generator.uniform(np.log(0.45), np.log(1.6))))
    compressed, quality = generator.random() < 0.5, int(generator.integers(5, 96))
    size = int(np.ceil(side / scale)) + 6
    larger = generator.uniform(1, 2.2) if generator.random() < 0.35 else 1.0
    kind = FILTERS[int(generator.integers(len(FILTERS)))]
    original = painted(bank, fonts, int(size * larger), generator).resize((size, size), kind)
    left, top = generator.uniform(2, size - side / scale - 2 + 1e-6, 2)
    box = (left, top, left + side / scale, top + side / scale)
    decoded = original
    if compressed:
        above, before = generator.integers(8, size=2)
        larger_one = Image.fromarray(np.pad(np.asarray(original), ((above, 8), (before, 8)), "edge"))
        decoded = saved(larger_one, quality).crop((before, above, before + size, above + size))
    elif generator.random() < 0.35:  # not scaled at all
        box = (2, 2, 2 + side, 2 + side) if size >= side + 4 else box
    scaled, truth = (np.asarray(picture.resize((side, side), kind, box)) for picture in (decoded, original))
    error = np.square(scaled.astype(np.float32) - truth).mean()
    if compressed and generator.random() < 0.12:
        scaled = np.asarray(saved(Image.fromarray(scaled), int(generator.integers(82, 98))))
    percent = 5000 / quality if quality < 50 else 200 - 2 * quality
    return Sample(scaled.astype(np.float32) - 128, (1 if error > VISIBLE else -1) * compressed, percent / 100, scale)


def painted(bank: PatchBank, fonts: list[Path], size: int, generator: np.random.Generator) -> Image.Image:
    """Return a square of a photograph or a drawing in gray, at times with noise, blurred or sharpened."""
    pixels = bank.cut(bank.draw(size, generator)).astype(np.float32)
    if generator.random() < 0.3:
        over = drawing(size, generator, fonts).astype(np.float32)
        if generator.random() < 0.5:
            pixels[:] = generator.integers(256)
        pixels = over[..., :3] + pixels * (1 - over[..., 3:] / 255)
    picture = Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).convert("L")
    change = generator.random()
    if change < 0.08:
        return picture.filter(ImageFilter.GaussianBlur(generator.uniform(0.4, 1.2)))
    if change < 0.14:
        return picture.filter(ImageFilter.UnsharpMask(generator.uniform(0.5, 2), int(generator.integers(40, 150)), 0))
    if change < 0.30:
        noisy = np.asarray(picture) + generator.normal(0, generator.uniform(0.5, 5), (size, size))
        return Image.fromarray(noisy.round().clip(0, 255).astype(np.uint8))
    return picture


def saved(picture: Image.Image, quality: int) -> Image.Image:
    """Compress and decode."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("L")


class Readout(nn.Module):
    """Evidence, logarithms of coarseness and scale."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.first, self.second, self.last = nn.Linear(inputs, 48), nn.Linear(48, 48), nn.Linear(48, 3)

    def forward(self, signal: Tensor) -> Tensor:
        """Map (N, inputs) to (N, 3)."""
        hidden = dropout(relu(self.first(signal)), 0.3, self.training)
        answer: Tensor = self.last(dropout(relu(self.second(hidden)), 0.2, self.training))
        return answer


def log_tables(coarseness: Tensor, scale: Tensor) -> Tensor:
    """Return logarithms of the tables after scaling, (N, 36), differentiable in both logarithms."""
    shapes = np.stack([table_after_scaling(luma_table(50), s).ravel() / s for s in SCALES])[:, LOW]
    known = torch.from_numpy(np.log(shapes)).float()
    place = ((scale - np.log(SCALES[0])) / np.log(SCALES[1] / SCALES[0])).clamp(0, len(SCALES) - 1.001)
    lower = place.long()
    share = (place - lower)[:, None]
    return coarseness[:, None] + scale[:, None] + known[lower] * (1 - share) + known[lower + 1] * share


def fit(features: np.ndarray, past: np.ndarray, epochs: int = 80) -> dict[str, np.ndarray]:
    """Fit the readout to features (N, F) and past (N, 3): compressed, logarithms of coarseness and scale."""
    mean, deviation = features.mean(0), features.std(0) + 1e-3
    signal = torch.from_numpy(((features - mean) / deviation).astype(np.float32)).clamp(-6, 6)
    label, coarseness, scale = torch.from_numpy(past.astype(np.float32)).unbind(1)
    model = Readout(features.shape[1])
    descent = torch.optim.AdamW(model.parameters(), 2e-3, weight_decay=0.05)
    for epoch in range(epochs):
        for group in descent.param_groups:
            group["lr"] = 1e-3 * (1 + np.cos(np.pi * epoch / epochs))
        for some in torch.randperm(len(signal)).split(128):
            noisy = dropout(signal[some], 0.1) + 0.05 * torch.randn(len(some), signal.shape[1])
            evidence, k, s = model(noisy).unbind(1)
            sure, was = label[some] >= 0, label[some] == 1
            loss = binary_cross_entropy_with_logits(evidence[sure], label[some][sure])
            error = log_tables(k, s)[was] - log_tables(coarseness[some], scale[some])[was]
            loss = loss + 1.5 * smooth_l1_loss(error, torch.zeros_like(error), beta=0.3)
            loss = loss + 0.3 * smooth_l1_loss(s[was], scale[some][was], beta=0.2)
            descent.zero_grad()
            loss.backward()
            descent.step()
    layers = {
        f"{name}_{kind}": value.detach().numpy()
        for name, layer in model.named_children()
        for kind, value in layer.named_parameters()
    }
    return {"mean": mean.astype(np.float32), "deviation": deviation.astype(np.float32), **layers}


def read(readout: dict[str, np.ndarray], features: np.ndarray) -> np.ndarray:
    """Return the evidence of features, (N,)."""
    signal = ((features - readout["mean"]) / readout["deviation"]).clip(-6, 6)
    for name in ("first", "second"):
        signal = (signal @ readout[f"{name}_weight"].T + readout[f"{name}_bias"]).clip(0)
    evidence: np.ndarray = (signal @ readout["last_weight"].T + readout["last_bias"])[:, 0]
    return evidence


def main() -> None:
    """Make samples, fit, and say what evidence is worth."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patches", type=Path, required=True, help="bank that `qgac prepare` wrote")
    parser.add_argument("--fonts", type=Path, help="folder of further typefaces")
    parser.add_argument("--samples", type=int, default=6000)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    engine, generator, bank = engine_for("small"), np.random.default_rng(0), PatchBank(arguments.patches)
    fonts = list(find_fonts(arguments.fonts)) if arguments.fonts else []
    samples = [make(bank, fonts, generator) for _ in range(arguments.samples)]
    features = np.stack([averages(sample.luma, engine.restore_y) for sample in samples])
    past = np.array([(s.compressed, np.log(max(s.coarseness, 0.02)), np.log(s.scale)) for s in samples])
    kept = np.arange(len(samples)) % 5 == 4
    evidence = read(fit(features[~kept], past[~kept]), features[kept])
    for limit in range(7):
        never, was = (float((evidence[past[kept, 0] == kind] > limit).mean()) for kind in (0, 1))
        print(f"evidence above {limit}: {never:.2%} of those that were none, {was:.1%} of the others")
    np.savez_compressed(arguments.out, **fit(features, past))


if __name__ == "__main__":
    main()
