"""Draw the figures of how-sure-is-it.md, and print its numbers: python docs/figures/how_sure.py docs/images.

The example of examples/ is restored, and compared with the picture that it was compressed from.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

import qgac
from qgac.evaluation.figures import COLORS, drawing
from qgac.inspection.uncertainty import expected_map

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
FREQUENCIES = ((0, 1), (1, 1), (2, 2), (0, 4))
GROUPS = 10
Floats = NDArray[np.float64]


def dct_matrix() -> Floats:
    """Return the orthonormal DCT-II of eight samples; rows are frequencies."""
    k, n = np.mgrid[:8, :8]
    return np.sqrt(np.where(k == 0, 1, 2) / 8) * np.cos(np.pi * (2 * n + 1) * k / 16)


def blocks(plane: NDArray[Any]) -> Floats:
    """Divide a plane (8 r, 8 c) into blocks (r, c, 8, 8)."""
    rows, columns = plane.shape[0] // 8, plane.shape[1] // 8
    return plane.astype(np.float64).reshape(rows, 8, columns, 8).swapaxes(1, 2)


def luma(pixels: NDArray[Any]) -> Floats:
    """Return the Y of RGB samples 0..255, as JPEG has it."""
    weighted: Floats = pixels.astype(np.float64) @ np.array([0.299, 0.587, 0.114])
    return weighted


def rms(values: NDArray[Any], axis: Any = None) -> Any:
    """Return the root of the mean square."""
    return np.sqrt(np.square(values).mean(axis))


def offsets(coefficients: Floats, levels: NDArray[Any], table: NDArray[Any]) -> Floats:
    """Return how far coefficients are from what the file says, in quantisation steps."""
    distances: Floats = coefficients / table - levels
    return distances


@drawing
def draw_intervals(original: Floats, restored: Floats) -> Figure:
    """Draw where in their intervals coefficients lie, for some frequencies."""
    figure = Figure(figsize=(7, 2.2))
    panels = figure.subplots(1, len(FREQUENCIES), sharex=True)
    bins = np.linspace(-0.8, 0.8, 65)
    for axes, (row, column) in zip(panels, FREQUENCIES, strict=True):
        for values, color, name in ((original, "0.7", "original"), (restored, COLORS[2], "restored")):
            chosen = values[..., row, column].ravel()
            axes.hist(chosen, bins, color=color, label=name, histtype="stepfilled", alpha=0.7, log=True)
        for border in (-0.5, 0.5):
            axes.axvline(border, color=COLORS[1], linewidth=1)
        axes.set(title=f"frequency {row}, {column}", yticks=[])
        axes.minorticks_off()
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside right upper", frameon=False)
    panels[0].set_ylabel("blocks (logarithmic)")
    figure.supxlabel("distance from what the file says, in quantisation steps", fontsize=8)
    return figure


@drawing
def draw_maps(maps: dict[str, Floats]) -> Figure:
    """Draw errors of blocks beside each other, by one scale."""
    figure = Figure(figsize=(7, 2.6))
    panels = figure.subplots(1, len(maps))
    top = max(float(np.percentile(values, 99)) for values in maps.values())
    for axes, (name, values) in zip(panels, maps.items(), strict=True):
        shown = axes.imshow(values, cmap="viridis", vmin=0, vmax=top)
        axes.set(title=name, xticks=[], yticks=[])
    figure.colorbar(shown, ax=panels, label="RMS error, levels", shrink=0.9)
    return figure


@drawing
def draw_calibration(expected: Floats, found: dict[str, Floats]) -> Figure:
    """Draw what was expected of groups of blocks against what was found."""
    figure = Figure(figsize=(3.4, 2.8))
    axes = figure.subplots()
    top = 1.1 * max(float(values.max()) for values in (expected, *found.values()))
    axes.plot([0, top], [0, top], color="0.6", linewidth=0.8)
    for (name, values), color, marker in zip(found.items(), (COLORS[1], COLORS[2]), "os", strict=True):
        axes.plot(expected, values, color=color, marker=marker, markersize=4, linewidth=1, label=name)
    axes.set(
        xlabel="expected error of the decoded picture", ylabel="error that was found", xlim=(0, top), ylim=(0, top)
    )
    axes.legend(frameon=False)
    return figure


def main(folder: Path) -> None:
    """Restore, measure, draw and print."""
    image = qgac.read_jpeg(EXAMPLES / "night.jpg")
    with Image.open(EXAMPLES / "night.webp") as opened:
        truth = np.asarray(opened.convert("RGB"))
    restorer = qgac.Restorer("small")
    component = image.components[0]
    table, levels = component.table.astype(np.float64), component.coefficients.astype(np.float64)
    transform = dct_matrix()

    original = transform @ (blocks(luma(truth)) - 128) @ transform.T
    restored = np.moveaxis(np.asarray(restorer.coefficients(image)[0], np.float64), 0, -1).reshape(levels.shape)
    of_original, of_restored = offsets(original, levels, table), offsets(restored, levels, table)
    draw_intervals(of_original, of_restored).savefig(folder / "how-sure-intervals.png", dpi=150)

    decoded = transform.T @ (levels * table) @ transform + 128
    pixels = restorer(image, dtype="float32").pixels
    expected = expected_map(image).astype(np.float64)
    errors = {
        "decoded": rms(decoded.clip(0, 255) - blocks(luma(truth)), (-2, -1)),
        "restored": rms(blocks(luma(pixels)) - blocks(luma(truth)), (-2, -1)),
    }
    maps = {"expected of the file": expected, **{f"found, {name}": values for name, values in errors.items()}}
    draw_maps(maps).savefig(folder / "how-sure-maps.png", dpi=150)

    groups = np.array_split(np.argsort(expected.ravel()), GROUPS)
    found = {name: np.array([rms(values.ravel()[group]) for group in groups]) for name, values in errors.items()}
    means = np.array([rms(expected.ravel()[group]) for group in groups])
    draw_calibration(means, found).savefig(folder / "how-sure-calibration.png", dpi=150)

    print(f"coefficients of Y: {restored.size}")
    print(f"restored, at most {np.abs(of_restored).max():.4f} steps from what the file says")
    print(f"original, further than half a step: {(np.abs(of_original) > 0.5).mean():.2%}")
    print(f"expected {rms(expected):.2f}, decoded {rms(errors['decoded']):.2f}, restored {rms(errors['restored']):.2f}")
    for name, values in found.items():
        print(f"{name}, group by group over expected: {' '.join(f'{ratio:.2f}' for ratio in values / means)}")


if __name__ == "__main__":
    main(Path(*sys.argv[1:]))
