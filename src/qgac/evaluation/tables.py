"""Evaluations as Markdown, CSV and JSON, with the paper's figures beside one's own."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from qgac.data.benchmarks import BENCHMARKS
from qgac.evaluation.benchmark import Evaluation, Measurement, Method, Protocol, Scores, Settings
from qgac.evaluation.published import CITATION, IDCN_GENERALIZATION, published

__all__ = [
    "format_scores",
    "from_json",
    "generalization_markdown",
    "markdown_table",
    "to_csv",
    "to_json",
    "to_markdown",
]

_CHANNELS = {"color": "colour (RGB, 4:2:0)", "y": "Y (BT.601, 16..235, as a gray JPEG)"}
_COLUMNS: dict[Method, str] = {"jpeg": "JPEG", "pillow": "JPEG, Pillow", "restored": "restored"}
_PROTOCOLS: dict[Protocol, str] = {
    "paper": "float samples, clamped, not rounded; JPEG decoded with nearest-neighbour chroma",
    "pillow": "samples rounded to 8 bit; JPEG as Pillow decodes it",
}


def markdown_table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table whose first row is its header, a first column of numbers to the right."""
    header, *others = rows
    first = "---:" if all(row[0].isdecimal() for row in others) else "---"
    return ["| " + " | ".join(row) + " |" for row in (header, [first, *["---"] * (len(header) - 1)], *others)]


def format_scores(scores: Scores) -> str:
    """Return ``PSNR / PSNR-B / SSIM`` with the digits of the paper."""
    return f"{scores.psnr:.2f} / {scores.psnr_b:.2f} / {scores.ssim:.3f}"


def to_markdown(evaluation: Evaluation) -> str:
    """Write the means as a Markdown table in the paper's form, PSNR / PSNR-B / SSIM.

    Parameters
    ----------
    evaluation : Evaluation

    Returns
    -------
    str
        Heading, table, and what was measured how; ends with a newline.
    """
    settings = evaluation.settings
    benchmark = BENCHMARKS.get(evaluation.dataset)
    title = benchmark.title if benchmark else "Pictures of a folder"
    pictures = len({m.picture for m in evaluation.measurements})
    paper = {quality: published(evaluation.dataset, settings.channels, quality) for quality in settings.qualities}
    header = ["quality", *(_COLUMNS[method] for method in settings.methods)]
    if any(paper.values()):
        header += ["JPEG, paper", "QGAC, paper"]
    rows = []
    for quality in settings.qualities:
        row = [str(quality), *(format_scores(evaluation.mean(quality, method)) for method in settings.methods)]
        if any(paper.values()):
            figures = paper[quality]
            row += [format_scores(figures.jpeg), format_scores(figures.restored)] if figures else ["–", "–"]  # noqa: RUF001
        rows.append(row)
    lines = [
        f"### {title}, {_CHANNELS[settings.channels]}, {pictures} pictures",
        "",
        *markdown_table([header, *rows]),
        "",
        f"PSNR / PSNR-B / SSIM, means of per-picture figures; {_PROTOCOLS[settings.protocol]}.",
    ]
    if settings.model is not None:
        lines[-1] += f" Model: {settings.model}{'' if settings.project else ', without projection'}."
    if any(paper.values()):
        lines.append(f"Paper: {CITATION}")
    return "\n".join(lines) + "\n"


def generalization_markdown(evaluation: Evaluation) -> str:
    """Write the paper's table 3: one model at every quality, beside IDCN's models at qualities not their own.

    Parameters
    ----------
    evaluation : Evaluation
        Of Live-1 in colour, with a model.

    Returns
    -------
    str
        Heading, table, and what it compares; empty if none of the qualities of the table was measured.
    """
    own = {q: evaluation.mean(q, "restored") for q in evaluation.settings.qualities}
    rows = [["quality", "IDCN trained for", "JPEG, paper", "IDCN, paper", "QGAC, paper", "restored"]]
    for trained, quality, scores in IDCN_GENERALIZATION:
        paper = published("live1", "color", quality)
        if quality in own and paper is not None:
            cells = (paper.jpeg, scores, paper.restored, own[quality])
            rows.append([str(quality), f"quality {trained}", *map(format_scores, cells)])
    if len(rows) == 1:
        return ""
    lines = [
        "### Generalisation: Live-1, colour (RGB, 4:2:0)",
        "",
        *markdown_table(rows),
        "",
        "PSNR / PSNR-B / SSIM. IDCN has a model for each quality and is run here on pictures of another; QGAC and the "
        f"model measured here ({evaluation.settings.model}) are one model for all. Paper: table 3.",
    ]
    return "\n".join(lines) + "\n"


def to_csv(evaluation: Evaluation) -> str:
    """Write one line for each picture, quality and method.

    Parameters
    ----------
    evaluation : Evaluation

    Returns
    -------
    str
        Columns ``dataset, channels, protocol, model, picture, quality, bytes, method, psnr, psnr_b, ssim``.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(
        ["dataset", "channels", "protocol", "model", "picture", "quality", "bytes", "method", "psnr", "psnr_b", "ssim"]
    )
    settings = evaluation.settings
    common = [evaluation.dataset, settings.channels, settings.protocol, settings.model or ""]
    for m in evaluation.measurements:
        for method in settings.methods:
            figures = [f"{value:.6f}" for value in asdict(m.scores[method]).values()]
            writer.writerow([*common, m.picture, m.quality, m.size, method, *figures])
    return file.getvalue()


def to_json(evaluation: Evaluation) -> str:
    """Write settings, means, the paper's figures and every measurement as JSON.

    Parameters
    ----------
    evaluation : Evaluation

    Returns
    -------
    str
        Infinite PSNR (of equal pictures) is null.
    """
    settings = evaluation.settings
    means = []
    for quality in settings.qualities:
        figures = published(evaluation.dataset, settings.channels, quality)
        means.append(
            {
                "quality": quality,
                "scores": {method: _plain(evaluation.mean(quality, method)) for method in settings.methods},
                "paper": {"jpeg": _plain(figures.jpeg), "restored": _plain(figures.restored)} if figures else None,
            }
        )
    content = {
        "dataset": evaluation.dataset,
        "settings": asdict(settings),
        "means": means,
        "paper": CITATION,
        "measurements": [
            {
                "picture": m.picture,
                "quality": m.quality,
                "bytes": m.size,
                "scores": {method: _plain(m.scores[method]) for method in settings.methods},
            }
            for m in evaluation.measurements
        ],
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def from_json(text: str) -> Evaluation:
    """Read what :func:`to_json` wrote.

    Parameters
    ----------
    text : str

    Returns
    -------
    Evaluation

    Raises
    ------
    ValueError
        If it is no JSON, or not of an evaluation.
    """
    try:
        content = json.loads(text)
        return Evaluation(
            content["dataset"],
            Settings(**content["settings"]),
            tuple(
                Measurement(
                    m["picture"], m["quality"], m["bytes"], {method: _scores(s) for method, s in m["scores"].items()}
                )
                for m in content["measurements"]
            ),
        )
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise ValueError("is no result of `qgac evaluate --json`; name one") from error


def _scores(values: dict[str, float | None]) -> Scores:
    return Scores(**{name: math.inf if value is None else value for name, value in values.items()})


def _plain(scores: Scores) -> dict[str, Any]:
    return {name: value if math.isfinite(value) else None for name, value in asdict(scores).items()}
