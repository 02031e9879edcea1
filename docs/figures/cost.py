"""Draw the figure of performance.md: python docs/figures/cost.py docs/results/cost.csv docs/images/cost.png.

The table is what benchmarks/cost.py measured: what decibels cost, of the models and of other programs.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from matplotlib.figure import Figure

from qgac.evaluation.figures import COLORS, drawing

OURS = ("fast", "small")


@drawing
def draw(rows: list[dict[str, str]]) -> Figure:
    """Draw gain over processor seconds a megapixel, a point for each method."""
    figure = Figure(figsize=(5.5, 3.2))
    axes = figure.subplots()
    for row in rows:
        name, seconds, gain = row["method"], float(row["seconds_a_megapixel"]), float(row["gain"])
        model, _, engine = name.partition(":")
        ours = model.split()[0] in OURS
        filled = ours and not engine
        color = COLORS[1] if ours else COLORS[2]
        axes.plot(seconds, gain, "o" if ours else "s", color=color, markerfacecolor=color if filled else "white")
        # Beside its twin with ONNX Runtime, a point of PyTorch has its name below.
        below = bool(engine)
        label = f"{model}, PyTorch" if engine else name
        axes.annotate(label, (seconds, gain), xytext=(5, -10 if below else 4), textcoords="offset points", color=color)
    axes.set(
        xscale="log",
        xlabel="processor seconds a megapixel, one thread",
        ylabel="gain in PSNR (RGB), dB",
        title=f"LIVE-1, {rows[0]['pictures']} pictures, quality 10",
    )
    axes.set(xlim=(0.2, 40), ylim=(0, 2))
    axes.set_xticks([0.3, 1, 3, 10, 30], ["0.3", "1", "3", "10", "30"])
    axes.minorticks_off()
    return figure


def main() -> None:
    """Read the table and write the figure."""
    table, picture = map(Path, sys.argv[1:])
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    draw(rows).savefig(picture, dpi=150)


if __name__ == "__main__":
    main()
