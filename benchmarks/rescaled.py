"""What restoring pictures that were JPEGs and were scaled since gains, and what is claimed of those that were none.

    python benchmarks/rescaled.py --patches patches --pictures 8

Held-out photographs of a bank, the same with grain, and drawings that no training has seen are compressed by libjpeg
(4:2:0), scaled, and kept as pixels or saved again at 90. PSNR of luma against the original scaled alike: with the table
that artifacts have become (told), and with what is found; where nothing is found, nothing is changed.
Then originals that were never compressed: how many are taken for JPEGs; and what the other codec gains that is found.
"""

from __future__ import annotations

import argparse
import io
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFilter

from qgac.coefficients.quantization import luma_table
from qgac.engine.choice import engine_for
from qgac.pixels.strength import Strength, find_strength, table_after_scaling
from qgac.restoration.rescaled import restore_luma
from qgac.training.batches.bank import PatchBank
from qgac.training.batches.drawings.drawing import drawing

SCALES = (0.5, 0.66, 0.8, 1.25, 1.5)
QUALITIES = ((10, 50), (30, 75), (20, 90))
FILTERS = tuple(Image.Resampling[name] for name in ("BICUBIC", "LANCZOS", "BILINEAR", "BICUBIC"))
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


class Gain(NamedTuple):
    """What one picture gained."""

    kind: str
    scale: float
    quality: int
    save: str
    before: float
    told: float
    found: float | None


def grainy(pixels: np.ndarray, seed: int, deviation: float) -> np.ndarray:
    """Add noise, blurred a little."""
    noise = np.random.default_rng(seed).standard_normal(pixels.shape[:2]) * 32 + 128
    soft = Image.fromarray(noise.clip(0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.6))
    grain = np.asarray(soft, np.float32) - 128
    return (pixels + grain[..., None] * (deviation / grain.std())).round().clip(0, 255).astype(np.uint8)


def drawn(index: int, size: int) -> np.ndarray:
    """Draw a picture; those of training start from three numbers, of which the last is not 0."""
    layers = drawing(size, np.random.default_rng((0, index)))
    return np.rint(layers[..., :3] + 128 * (1 - layers[..., 3:] / 255.0)).astype(np.uint8)


def saved(pixels: np.ndarray, kind: str, quality: int) -> np.ndarray:
    """Compress and decode, with Pillow."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


def scaled(pixels: np.ndarray, scale: float, kind: Image.Resampling) -> np.ndarray:
    """Scale a picture."""
    size = round(pixels.shape[1] * scale), round(pixels.shape[0] * scale)
    return np.asarray(Image.fromarray(pixels).resize(size, kind))


def middle(pixels: np.ndarray, size: int) -> np.ndarray:
    """Cut out the middle."""
    top, left = (max(0, (side - size) // 2) for side in pixels.shape[:2])
    return pixels[top : top + size, left : left + size]


def luma(pixels: np.ndarray) -> np.ndarray:
    """Return luma centred around zero."""
    plane: np.ndarray = pixels.astype(np.float32) @ LUMA - 128
    return plane


def psnr(plane: np.ndarray, reference: np.ndarray) -> float:
    """PSNR of clipped luma."""
    error = np.square(plane.clip(-128, 127) - reference).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-2)))


class Restoring:
    """Finds and restores as `qgac restore` does."""

    def __init__(self) -> None:
        self._small, self._rescaled = engine_for("small"), engine_for("small-rescaled")

    def strength(self, pixels: np.ndarray) -> Strength:
        """Find the strength of artifacts."""
        strength = find_strength(np.rint(luma(pixels)), self._small.restore_y)
        assert strength is not None
        return strength

    def gain(self, pixels: np.ndarray, original: np.ndarray, table: np.ndarray) -> float:
        """Return the gain with a table, in dB."""
        before, reference = luma(pixels), luma(original)
        restored = restore_luma(before, table.astype(np.float32), self._rescaled, limit=4000)
        return psnr(restored, reference) - psnr(before, reference)


def gains(restoring: Restoring, kinds: dict[str, list[np.ndarray]]) -> Iterator[Gain]:
    """Yield what is gained; each picture is met at all scales and, over these, at all qualities."""
    for kind, pictures in kinds.items():
        for index, picture in enumerate(pictures):
            for place, scale in enumerate(SCALES):
                source = picture if scale < 0.6 else picture[:384, :384] if scale < 1 else picture[64:304, 64:304]
                for quality in QUALITIES[(index + place) % 3]:
                    resampling = FILTERS[(index + place + quality) % 4]
                    original = scaled(source, scale, resampling)
                    pixels = scaled(saved(source, "JPEG", quality), scale, resampling)
                    for save in ("pixels", "JPEG 90")[: 1 + (index + place + 1) % 2]:
                        shown = pixels if save == "pixels" else saved(pixels, "JPEG", 90)
                        strength = restoring.strength(shown)
                        yield Gain(
                            kind,
                            scale,
                            quality,
                            save,
                            psnr(luma(shown), luma(original)),
                            restoring.gain(shown, original, table_after_scaling(luma_table(quality), scale)),
                            restoring.gain(shown, original, strength.table) if strength.found else None,
                        )


def report(name: str, some: list[Gain]) -> None:
    """Print a line of a table."""
    found = [gain.found for gain in some if gain.found is not None]
    told = [gain.told for gain in some]
    least = f"{min(found):+.2f}" if found else ""
    print(
        f"| {name} | {len(some)} | {np.mean([gain.before for gain in some]):.1f} | {np.mean(told):+.2f} "
        f"({min(told):+.2f}) | {len(found) / len(some):.0%} | {np.mean(found or [0]):+.2f} ({least}) | "
        f"{sum(found) / len(some):+.2f} |",
        flush=True,
    )


def originals(bank: PatchBank, drawings: int) -> Iterator[tuple[str, np.ndarray]]:
    """Yield pictures that were never JPEGs, as far as is known, and their kinds."""
    generator = np.random.default_rng(1)
    for index in range(len(bank.pictures)):
        whole = np.asarray(bank.picture(index))[:640, :640]
        first, second, third = (FILTERS[(index + shift) % 3] for shift in range(3))
        yield "as they are", middle(whole, 384)
        yield "scaled by 0.45 to 0.7", scaled(whole, generator.uniform(0.45, 0.7), first)
        yield "scaled by 0.7 to 0.97", scaled(middle(whole, 400), generator.uniform(0.7, 0.97), second)
        yield "scaled by 1.05 to 1.5", middle(scaled(middle(whole, 400), generator.uniform(1.05, 1.5), third), 400)
        yield "with grain", grainy(middle(whole, 384), index, generator.uniform(2, 7))
        sharp = Image.fromarray(scaled(whole, 0.6, second)).filter(ImageFilter.UnsharpMask(1, 80, 0))
        yield "scaled by 0.6 and sharpened", np.asarray(sharp)
    for index in range(100, 100 + drawings):
        yield "drawings", drawn(index, 384)
        scale = (0.5, 0.7, 0.85, 1.25, 1.5)[index % 5]
        yield "drawings, scaled by 0.5 to 1.5", scaled(drawn(index, 384), scale, FILTERS[index % 3])


def main() -> None:
    """Print the tables of docs/pixels.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patches", type=Path, required=True, help="bank that `qgac prepare` wrote")
    parser.add_argument("--pictures", type=int, default=8, help="of each kind")
    parser.add_argument("--drawings", type=int, default=80, help="that were never compressed")
    arguments = parser.parse_args()
    bank, restoring = PatchBank(arguments.patches, held_out=True), Restoring()
    chosen = np.linspace(0, len(bank.pictures) - 1, arguments.pictures).astype(int)
    photographs = [np.asarray(bank.picture(int(index)))[:512, :512] for index in chosen]
    kinds = {
        "photographs": photographs,
        "with grain": [grainy(picture, index, 3 + index % 4) for index, picture in enumerate(photographs[::2])],
        "drawings": [drawn(index, 448) for index in range(200, 200 + arguments.pictures)],
    }
    all_gains = list(gains(restoring, kinds))
    print("| | n | before | told (least) | found | gain of these (least) | of all |\n|---|---|---|---|---|---|---|")
    for save in ("pixels", "JPEG 90"):
        for kind in kinds:
            report(f"{kind}, {save}", [gain for gain in all_gains if (gain.kind, gain.save) == (kind, save)])
    for scale in SCALES:
        report(f"scaled by {scale}", [gain for gain in all_gains if gain.scale == scale])
    for quality in sorted({gain.quality for gain in all_gains}):
        report(f"quality {quality}", [gain for gain in all_gains if gain.quality == quality])
    evidence: defaultdict[str, list[float]] = defaultdict(list)
    for kind, pixels in originals(bank, arguments.drawings):
        evidence[kind].append(restoring.strength(pixels).evidence)
    for kind, values in evidence.items():
        print(f"never compressed, {kind}: {len(values)}, evidence {np.sort(values)[-3:].round(1)}", flush=True)
    for quality in (80, 50):
        cells = []
        for picture in [*photographs, *kinds["drawings"]]:
            strength = restoring.strength(shown := saved(middle(picture, 320), "WEBP", quality))
            if strength.found:
                cells.append(restoring.gain(shown, middle(picture, 320), strength.table))
        print(f"WebP {quality}: found {len(cells)} of {2 * arguments.pictures}, gain {np.round(cells, 2)}", flush=True)


if __name__ == "__main__":
    main()
