"""The figures of the paper's section 4.2: gain over quality (Fig. 11), and gain in PSNR against gain in SSIM (Fig. 12).

What is plotted is computed first, as rows fit for a CSV file; the drawing takes no other numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from typing import NamedTuple

from matplotlib.figure import Figure

from qgac.evaluation.figures import COLORS, LINES, MARKERS, drawing
from qgac.evaluation.published import published, published_methods
from qgac.evaluation.record import Evaluation, Method
from qgac.evaluation.test_sets import BENCHMARKS, Channels
from qgac.metrics.scores import Scores

__all__ = ["Gain", "draw_gains", "draw_tradeoff", "gains", "published_gains"]

_PAPER = "QGAC"


@dataclass(frozen=True)
class Gain:
    """What restoring adds to the JPEG file, in the mean of a test set.

    Attributes
    ----------
    dataset : str
    channels : str
    model : str
        A model or another program measured here, or the name of a method of the paper.
    source : {"measured", "paper"}
    quality : int
    psnr, psnr_b : float
        dB.
    ssim : float
    """

    dataset: str
    channels: Channels
    model: str
    source: str
    quality: int
    psnr: float
    psnr_b: float
    ssim: float

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """Return the names of the columns of :meth:`row`."""
        return tuple(field.name for field in fields(cls))

    def row(self) -> tuple[object, ...]:
        """Return a line of a CSV file."""
        return astuple(self)


class _Line(NamedTuple):
    dataset: str
    channels: Channels
    model: str

    @classmethod
    def of(cls, gain: Gain) -> _Line:
        return cls(gain.dataset, gain.channels, gain.model)


def gains(evaluations: Sequence[Evaluation]) -> list[Gain]:
    """Compute the gains of several evaluations; those of one test set and one model complete each other.

    Parameters
    ----------
    evaluations : sequence of Evaluation

    Returns
    -------
    list of Gain
        In the order of the evaluations, sorted by quality; without qualities whose mean PSNR is infinite.

    Raises
    ------
    ValueError
        If one holds nothing but JPEG files (``--jpeg-only``), or two measure the same.
    """
    found: dict[_Line, dict[int, Gain]] = {}
    for evaluation in evaluations:
        settings = evaluation.settings
        if settings.model is None and not settings.programs:
            raise ValueError("a result was measured with --jpeg-only, so it has no gain; leave it out")
        labels: dict[Method, str] = {} if settings.model is None else {"restored": settings.label}
        labels |= {name: name for name in settings.programs}
        baseline: Method = "jpeg" if settings.protocol == "paper" else "pillow"
        for method, label in labels.items():
            key = _Line(evaluation.dataset, settings.channels, label)
            line = found.setdefault(key, {})
            for quality in settings.qualities:
                if quality in line:
                    raise ValueError(
                        f"two results measure {label} on {evaluation.dataset} at quality {quality}; leave one out"
                    )
                before, after = evaluation.mean(quality, baseline), evaluation.mean(quality, method)
                gain = _gain(key, "measured", quality, before, after)
                if math.isfinite(gain.psnr):
                    line[quality] = gain
    return [line[quality] for line in found.values() for quality in sorted(line)]


def published_gains(dataset: str, channels: Channels, quality: int) -> list[Gain]:
    """Return the gains of the methods in the paper's tables 1 and 2, its own among them as ``QGAC``."""
    methods = published_methods(dataset, channels, quality)
    return [
        _gain(_Line(dataset, channels, name), "paper", quality, methods["JPEG"], scores)
        for name, scores in methods.items()
        if name != "JPEG"
    ]


def _gain(line: _Line, source: str, quality: int, before: Scores, after: Scores) -> Gain:
    psnr = after.psnr - before.psnr if math.isfinite(before.psnr) else math.nan
    psnr_b = after.psnr_b - before.psnr_b if math.isfinite(before.psnr_b) else math.nan
    return Gain(*line, source, quality, psnr, psnr_b, after.ssim - before.ssim)


@drawing
def draw_gains(measured: Sequence[Gain]) -> tuple[Figure, list[Gain]]:
    """Draw the gain in PSNR over quality, a line for each test set and model, and the paper's points as hollow markers.

    Parameters
    ----------
    measured : sequence of Gain
        As :func:`gains` returns them.

    Returns
    -------
    Figure, list of Gain
        The figure, and all that is in it.
    """
    lines = list(dict.fromkeys(_Line.of(gain) for gain in measured))
    models = {line.model for line in lines}
    figure = Figure(figsize=(4.6, 3.2))
    axes = figure.subplots()
    drawn = list(measured)
    shown_paper = False
    for number, line in enumerate(lines):
        style = (number + 1) % len(COLORS)
        points = [gain for gain in measured if _Line.of(gain) == line]
        axes.plot(
            [gain.quality for gain in points], [gain.psnr for gain in points], color=COLORS[style],
            marker=MARKERS[style], linestyle=LINES[style], markersize=4, linewidth=1.2, label=_label(line, models),
        )  # fmt: skip
        if (line.dataset, line.channels) in {(other.dataset, other.channels) for other in lines[:number]}:
            continue
        for quality in range(1, 101):
            if published(line.dataset, line.channels, quality) is None:
                continue
            paper = next(g for g in published_gains(line.dataset, line.channels, quality) if g.model == _PAPER)
            drawn.append(paper)
            axes.plot(
                [quality], [paper.psnr], color=COLORS[style], marker=MARKERS[style], linestyle="none", markersize=7,
                markerfacecolor="none",
            )  # fmt: skip
            shown_paper = True
    if shown_paper:
        axes.plot([], [], color="0.4", marker="o", linestyle="none", markersize=7, markerfacecolor="none",
                  label="the paper, tables 1 to 3")  # fmt: skip
    axes.axhline(0, color="0.6", linewidth=0.7, zorder=0)
    axes.set(xlim=(5, 102), xticks=range(10, 101, 10), xlabel="JPEG quality", ylabel="increase in PSNR (dB)")
    low, high = min(gain.psnr for gain in drawn), max(gain.psnr for gain in drawn)
    axes.set_ylim(min(0.0, 1.15 * low), max(0.1, 1.15 * high))
    axes.grid(axis="y", color="0.9", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.legend(frameon=False)
    return figure, drawn


@drawing
def draw_tradeoff(measured: Sequence[Gain], quality: int) -> tuple[Figure, list[Gain]]:
    """Draw the gain in SSIM against the gain in PSNR, with the other methods of the paper's table.

    Parameters
    ----------
    measured : sequence of Gain
        As :func:`gains` returns them.
    quality : int

    Returns
    -------
    Figure, list of Gain
        The figure, and all that is in it.

    Raises
    ------
    ValueError
        If nothing was measured at this quality, or on several test sets.
    """
    own = [gain for gain in measured if gain.quality == quality]
    sets = {(gain.dataset, gain.channels) for gain in own}
    if len(sets) != 1:
        problem = "nothing was measured" if not sets else "several test sets were measured"
        raise ValueError(f"{problem} at quality {quality}; name results of one test set at this quality")
    (dataset, channels), = sets  # fmt: skip
    paper = published_gains(dataset, channels, quality)
    figure = Figure(figsize=(4.2, 3.2))
    axes = figure.subplots()
    for gain in paper:
        ours = gain.model == _PAPER
        axes.plot(
            [gain.psnr], [gain.ssim], linestyle="none", marker="D" if ours else "o", markersize=6,
            color="black" if ours else "0.45",
        )  # fmt: skip
    for number, gain in enumerate(own):
        axes.plot(
            [gain.psnr], [gain.ssim], linestyle="none", marker=MARKERS[(1, 4, 5, 6, 2)[number % 5]], markersize=7,
            color=COLORS[(1, 3, 4, 5, 2)[number % 5]],
        )  # fmt: skip
    everything = [*paper, *own]
    for gain in everything:
        # Labels stand on the side where no neighbour is: to the left of whoever has another just right of it.
        crowded = any(
            other is not gain and 0 <= other.psnr - gain.psnr < 0.3 and abs(other.ssim - gain.ssim) < 0.0025
            for other in everything
        )
        name = "QGAC, paper" if gain.source == "paper" and gain.model == _PAPER else gain.model
        axes.annotate(
            name, (gain.psnr, gain.ssim), (-6 if crowded else 6, 0), textcoords="offset points",
            ha="right" if crowded else "left", va="center", fontsize=7.5,
        )  # fmt: skip
    psnr = [gain.psnr for gain in everything]
    ssim = [gain.ssim for gain in everything]
    width, height = max(0.1, max(psnr) - min(psnr)), max(0.004, max(ssim) - min(ssim))
    axes.set_xlim(min(psnr) - 0.25 * width, max(psnr) + 0.4 * width)
    axes.set_ylim(min(ssim) - 0.1 * height, max(ssim) + 0.1 * height)
    note = "; gray: as the paper measured them" if paper else ""
    axes.set(
        xlabel="increase in PSNR (dB)", ylabel="increase in SSIM",
        title=f"{_set_title(dataset, channels)}, quality {quality}{note}",
    )  # fmt: skip
    axes.grid(color="0.9", linewidth=0.7)
    axes.set_axisbelow(True)
    return figure, everything


def _set_title(dataset: str, channels: Channels) -> str:
    benchmark = BENCHMARKS.get(dataset)
    return f"{benchmark.title if benchmark else dataset}, {'colour' if channels == 'color' else 'Y'}"


def _label(line: _Line, models: set[str]) -> str:
    title = _set_title(line.dataset, line.channels)
    return title if len(models) == 1 else f"{title}: {line.model}"
