"""Draws the results of the analyses, for print at column width (3.5 to 7 inches).

Scales are perceptually uniform, or diverging where zero matters; the rest of the style is that of
:mod:`qgac.evaluation.figures`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import SymLogNorm
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from qgac.evaluation.figures import COLORS, LINES, MARKERS, WIDTH, drawing
from qgac.jpeg.image import ceil_divide

if TYPE_CHECKING:
    from qgac.analysis.activation import Activations
    from qgac.analysis.blind import BlindPair
    from qgac.analysis.crops import Crop
    from qgac.analysis.embedding import Embedding
    from qgac.analysis.equivalent_quality import Summary
    from qgac.analysis.interpolation import Strip
    from qgac.analysis.manifold import Filters
    from qgac.analysis.sheet import Comparison
    from qgac.analysis.spectrum import Spectrum
    from qgac.analysis.throughput import Tradeoff

__all__ = [
    "draw_activations",
    "draw_blind",
    "draw_embeddings",
    "draw_equivalents",
    "draw_filters",
    "draw_sheet",
    "draw_spectrum",
    "draw_strips",
    "draw_tradeoffs",
]

_GLYPHS = ("●", "■", "▲", "◆", "▼", "✚", "✖")  # the markers as text


@drawing
def draw_filters(filters: Filters) -> Figure:
    """Draw kernels, rows by quality and columns by channel: left for coefficients, right for pixels."""
    rows, columns = len(filters.qualities), len(filters.channels)
    figure = Figure(figsize=(WIDTH, 0.5 * WIDTH / columns * rows + 1.0))
    halves: NDArray[Any] = np.asarray(figure.subfigures(1, 2, wspace=0.04))
    parts = (
        (filters.kernels, "filters, DCT domain", "weight of normalised coefficient"),
        (filters.patterns, "patterns that excite them most", "gray levels"),
    )
    for half, (values, title, unit) in zip(halves, parts, strict=True):
        limit = float(np.abs(values).max()) or 1.0
        grid = _image_grid(half, rows, columns)
        for q, quality in enumerate(filters.qualities):
            for c, channel in enumerate(filters.channels):
                image = grid[q, c].imshow(values[q, c], cmap="RdBu_r", vmin=-limit, vmax=limit)
                if q == 0:
                    grid[q, c].set_title(str(channel))
            _row_label(grid[q, 0], f"quality {quality}")
        half.suptitle(f"{title}; columns: channel", fontsize=8)
        half.colorbar(image, ax=list(grid.flat), location="bottom", shrink=0.8, aspect=40, label=unit)
    return figure


@drawing
def draw_activations(activations: Activations) -> Figure:
    """Draw the pictures that activate channels most, rows by quality and columns by channel, gray levels 0 to 255."""
    rows, columns = len(activations.qualities), len(activations.channels)
    cell = min(1.15, (WIDTH - 0.4) / columns)
    figure = Figure(figsize=(max(3.5, cell * columns + 0.4), (cell + 0.18) * rows + 0.45))
    grid = _image_grid(figure, rows, columns)
    for q, quality in enumerate(activations.qualities):
        for c, channel in enumerate(activations.channels):
            grid[q, c].imshow(activations.pictures[q, c], cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            grid[q, c].set_xlabel(f"{activations.after[q, c]:.1f}", labelpad=2)
            if q == 0:
                grid[q, c].set_title(f"channel {channel}" if columns < 7 else str(channel))
        _row_label(grid[q, 0], f"quality {quality}")
    figure.suptitle("below each picture: its mean activation", fontsize=8)
    return figure


@drawing
def draw_embeddings(embeddings: Sequence[Embedding]) -> Figure:
    """Draw embedded kernels, one panel a layer, coloured by quality; multiples of ten are circled."""
    columns = min(len(embeddings), 3)
    rows = ceil_divide(len(embeddings), columns)
    panel = 1.9 if columns > 1 else 2.7
    figure = Figure(figsize=(panel * columns + 0.75, (panel + 0.45) * rows))
    grid = np.asarray(figure.subplots(rows, columns, squeeze=False))
    for axes, embedding in zip(grid.flat, embeddings, strict=False):
        qualities = np.array(embedding.qualities)
        circled = qualities % 10 == 0
        for c in range(len(embedding.channels)):
            x, y = embedding.points[c].T
            axes.plot(x, y, color="0.75", linewidth=0.7, zorder=1)
            points = axes.scatter(
                x, y, 9, qualities, marker=MARKERS[c % 7], cmap="viridis", vmin=0, vmax=100, linewidths=0, zorder=2
            )
            axes.scatter(x[circled], y[circled], 26, facecolors="none", edgecolors="black", linewidths=0.5, zorder=3)
        channels = "  ".join(f"{_GLYPHS[c % 7]} {channel}" for c, channel in enumerate(embedding.channels))
        axes.set(xticks=[], yticks=[], title=f"{_layer_title(embedding.layer)}\nchannels {channels}", box_aspect=1)
        axes.margins(0.08)
        axes.spines[["top", "right"]].set_visible(True)
    for axes in list(grid.flat)[len(embeddings) :]:
        axes.set_axis_off()
    figure.colorbar(points, ax=list(grid.flat), label="JPEG quality", shrink=0.9, aspect=30, pad=0.02)
    return figure


@drawing
def draw_strips(strips: Sequence[Strip], quality: int) -> Figure:
    """Draw details restored with blended weights, a row a picture, between JPEG and original."""
    columns = len(strips[0].blends) + 2
    cell = (WIDTH - 0.2) / columns
    figure = Figure(figsize=(WIDTH, (cell + 0.22) * len(strips) + 0.3))
    grid = _image_grid(figure, len(strips), columns)
    for row, strip in zip(grid, strips, strict=True):
        details = [strip.jpeg, *(blend.detail for blend in strip.blends), strip.original]
        for axes, detail in zip(row, details, strict=True):
            _show(axes, detail)
        for axes, blend in zip(row[1:], strip.blends, strict=False):
            axes.set_xlabel(f"{blend.psnr:.2f} / {blend.ssim:.3f}", labelpad=2)
        _row_label(row[0], strip.name)
    titles = [f"JPEG, quality {quality}", *(rf"$\alpha$ = {blend.alpha:g}" for blend in strips[0].blends), "original"]
    for axes, title in zip(grid[0], titles, strict=True):
        axes.set_title(title)
    figure.supxlabel("below each detail: PSNR (dB) / SSIM of the whole picture", fontsize=7.5)
    return figure


@drawing
def draw_blind(pairs: Sequence[BlindPair]) -> Figure:
    """Draw numbered details, a row a picture: the original and two restorations that are called A and B."""
    cell = (WIDTH - 0.2) / 3
    figure = Figure(figsize=(WIDTH, (cell + 0.05) * len(pairs) + 0.3))
    grid = _image_grid(figure, len(pairs), 3)
    for number, (row, pair) in enumerate(zip(grid, pairs, strict=True), 1):
        for axes, detail in zip(row, (pair.original, pair.first, pair.second), strict=True):
            _show(axes, detail)
        _row_label(row[0], f"{number}: {pair.name}")
    for axes, title in zip(grid[0], ("original", "A", "B"), strict=True):
        axes.set_title(title)
    return figure


@drawing
def draw_equivalents(summaries: Sequence[Summary]) -> Figure:
    """Draw the mean increase in quality, and what it saves, over the quality of the file."""
    figure = Figure(figsize=(WIDTH, 2.5))
    left, right = figure.subplots(1, 2)
    positions = np.arange(len(summaries))
    parts = (
        (left, [s.increase for s in summaries], "mean increase in quality", COLORS[2]),
        (right, [s.saved for s in summaries], "saved kB a picture", COLORS[3]),
    )
    for axes, values, label, color in parts:
        bars = axes.bar(positions, values, 0.65, color=color)
        axes.bar_label(bars, [f"{value:.1f}" for value in values], padding=2, fontsize=7.5)
        axes.set(xticks=positions, xlabel="quality of the file", ylabel=label)
        axes.set_xticklabels([str(s.quality) for s in summaries])
        axes.margins(y=0.15)
    count = max(s.pictures for s in summaries)
    figure.suptitle(f"mean of {_count(count)}", fontsize=8)
    return figure


@drawing
def draw_spectrum(spectrum: Spectrum) -> Figure:
    """Draw the DCT of details, and below how often each diagonal is set, in the mean of all pictures."""
    columns = len(spectrum.kinds)
    cell = min((WIDTH - 1.1) / columns, 1.5)
    details = len(spectrum.details)
    upper = 2 * details * (cell + 0.06) + 0.35
    figure = Figure(figsize=(min(WIDTH, max(columns * cell + 1.1, 4.5)), upper + 2.6))
    bottom: Figure | SubFigure = figure
    if details:
        top, bottom = np.asarray(figure.subfigures(2, 1, height_ratios=[upper, 2.6]))
        grid = _image_grid(top, 2 * details, columns)
        limit = max(float(np.abs(detail.coefficients).max()) for detail in spectrum.details)
        norm = SymLogNorm(1.0, vmin=-limit, vmax=limit)
        for number, detail in enumerate(spectrum.details):
            for k in range(columns):
                _show(grid[2 * number, k], detail.samples[k])
                image = grid[2 * number + 1, k].imshow(
                    detail.coefficients[k], cmap="RdBu_r", norm=norm, interpolation="nearest"
                )
            _row_label(grid[2 * number, 0], f"Y of {detail.name}")
            _row_label(grid[2 * number + 1, 0], "DCT")
        for axes, kind in zip(grid[0], spectrum.kinds, strict=True):
            axes.set_title(f"{kind}, quality {spectrum.quality}" if kind == "JPEG" else kind)
        bar = top.colorbar(image, ax=list(grid[1::2].flat), aspect=20, pad=0.02, label="coefficient")
        ticks = [tick for tick in (-1000, -100, -10, -1, 0, 1, 10, 100, 1000) if abs(tick) <= limit]
        bar.set_ticks(ticks, labels=[str(tick) for tick in ticks])
        bar.minorticks_off()
    axes = bottom.subplots()
    for k, kind in enumerate(spectrum.kinds):
        axes.plot(
            spectrum.probabilities[:, k].mean(0), color=COLORS[k % 7], marker=MARKERS[k % 7], markersize=4,
            linestyle=LINES[k % 7], linewidth=1.2, label=kind,
        )  # fmt: skip
    count = len(spectrum.names)
    axes.set(
        xticks=range(15), ylim=(0, 1.03), xlabel="diagonal frequency i + j of the block",
        ylabel="probability of being set\n(magnitude > 0.5)",
        title=f"mean of {_count(count)}",
    )  # fmt: skip
    axes.legend(frameon=False)
    return figure


@drawing
def draw_tradeoffs(tradeoffs: Sequence[Tradeoff], quality: int, published_gain: float | None) -> Figure:
    """Draw the gain in SSIM over pictures a second, a point a model or program, and the paper's gain as a line."""
    figure = Figure(figsize=(4.6, 3.2))
    axes = figure.subplots()
    for number, t in enumerate(tradeoffs):
        label = t.model if t.parameters is None else f"{t.model} ({t.parameters / 1e6:.1f} M parameters)"
        axes.plot(
            [t.speed.pictures_a_second], [t.gain], MARKERS[(number + 2) % 7], color=COLORS[(number + 2) % 7],
            markersize=7, label=label, linestyle="none",
        )  # fmt: skip
    if published_gain is not None:
        axes.axhline(
            published_gain, color="0.4", linestyle="--", linewidth=1, label="the paper's gain (speed not given)"
        )
    speeds = [t.speed.pictures_a_second for t in tradeoffs]
    gains = [t.gain for t in tradeoffs] + ([] if published_gain is None else [published_gain])
    axes.set_xscale("log")
    axes.set_xlim(min(speeds) / 2, max(speeds) * 2)
    axes.set_ylim(1.2 * min(0.0, *gains), 1.2 * max(0.001, *gains))
    ticks = [round(tick * 10.0**power, 9) for power in range(-4, 4) for tick in (1, 1.5, 2, 3, 5, 7)]
    ticks = [tick for tick in ticks if min(speeds) / 2 <= tick <= max(speeds) * 2]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    speed = tradeoffs[0].speed
    threads = f", {speed.threads} thread{'s' if speed.threads > 1 else ''}" if speed.device == "cpu" else ""
    axes.set_xlabel(f"pictures of 1280x720 a second ({speed.device}{threads})")
    axes.set_ylabel(f"mean gain in SSIM at quality {quality}")
    axes.grid(axis="y", color="0.9", linewidth=0.7)
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1.0), borderaxespad=0.2)
    return figure


@drawing
def draw_sheet(comparisons: Sequence[Comparison]) -> Figure:
    """Draw original, JPEG and restored pictures, each with its detail below."""
    cell = (WIDTH - 0.25) / 3
    shapes = [comparison.original.shape for comparison in comparisons]
    tall = [min(cell * shape[0] / shape[1], 1.2 * cell) for shape in shapes]
    heights = [height for pair in zip(tall, [cell] * len(tall), strict=True) for height in pair]
    figure = Figure(figsize=(WIDTH, sum(heights) + 0.47 * len(comparisons) + 0.1))
    grid = _image_grid(figure, len(heights), 3, height_ratios=heights)
    for number, comparison in enumerate(comparisons):
        whole, detail = grid[2 * number], grid[2 * number + 1]
        crop = comparison.crop
        for axes, zoomed, samples in zip(
            whole, detail, (comparison.original, comparison.jpeg, comparison.restored), strict=True
        ):
            _show(axes, samples)
            _frame(axes, crop)
            _show(zoomed, crop.cut(samples))
            zoomed.spines[:].set_color(COLORS[1])
        whole[0].set_title("original")
        whole[1].set_title(f"JPEG, quality {comparison.quality}, {comparison.size / 1000:.1f} kB")
        whole[2].set_title("restored")
        for axes, samples in zip(whole[1:], (comparison.jpeg, comparison.restored), strict=True):
            axes.set_xlabel("{:.2f} dB, SSIM {:.3f}".format(*comparison.scores(samples)), labelpad=2)
        _row_label(whole[0], comparison.name)
        _row_label(detail[0], f"{crop.size} x {crop.size} pixels")
    return figure


def _image_grid(figure: Figure | SubFigure, rows: int, columns: int, **ratios: Any) -> NDArray[Any]:
    """Make axes for images, without ticks."""
    grid: NDArray[Any] = np.asarray(figure.subplots(rows, columns, squeeze=False, gridspec_kw=ratios or None))
    for axes in grid.flat:
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(True)
        axes.spines[:].set_linewidth(0.5)
    return grid


def _row_label(axes: Axes, text: str) -> None:
    axes.set_ylabel(text if len(text) <= 22 else f"{text[:20]}…", labelpad=3)


def _show(axes: Axes, samples: NDArray[Any]) -> None:
    axes.imshow(samples, cmap="gray", vmin=0, vmax=255, interpolation="nearest")


def _frame(axes: Axes, crop: Crop) -> None:
    corner = (crop.x - 0.5, crop.y - 0.5)
    axes.add_patch(Rectangle(corner, crop.size, crop.size, fill=False, edgecolor="white", linewidth=2.2))
    axes.add_patch(Rectangle(corner, crop.size, crop.size, fill=False, edgecolor=COLORS[1], linewidth=1.1))


def _layer_title(layer: str) -> str:
    """Name a CFM in words, by its name in the network."""
    *_, last = layer.split(".")
    kinds = {"encode": "CFM", "decode": "transposed CFM", "encode_chroma": "CFM of chroma", "encode_y": "CFM of Y"}
    if layer.startswith("y_network.subnetworks."):
        return f"Y, part {int(layer.split('.')[2]) + 1}: {kinds.get(last, last)}"
    return f"colour: {kinds.get(last, last)}"


def _count(pictures: int) -> str:
    return f"{pictures} pictures" if pictures > 1 else "1 picture"
