"""Evaluations as Markdown, CSV and JSON, with the paper's figures beside one's own."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from qgac.evaluation.published import CITATION, IDCN_GENERALIZATION, Published, published
from qgac.evaluation.record import Evaluation, Measurement, Method, Protocol, Settings
from qgac.evaluation.test_sets import BENCHMARKS
from qgac.metrics.scores import Scores

__all__ = [
    "format_scores",
    "from_json",
    "generalization_markdown",
    "section",
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


def section(title: str, rows: Sequence[Sequence[str]], *notes: str) -> str:
    """Write a section of a Markdown document that holds one table.

    Parameters
    ----------
    title : str
    rows : sequence of sequence of str
        Cells; the first row is the header. A first column of numbers is set to the right.
    *notes : str
        Lines below the table.

    Returns
    -------
    str
        Ends with a newline.
    """
    header, *others = rows
    first = "---:" if all(row[0].isdecimal() for row in others) else "---"
    table = ["| " + " | ".join(row) + " |" for row in (header, [first, *["---"] * (len(header) - 1)], *others)]
    return "\n".join([f"### {title}", "", *table, "", *notes]) + "\n"


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
    rows = _rows(evaluation)
    table = [["quality", *(_COLUMNS.get(method, method) for method in settings.methods)]]
    table += [[str(row.quality), *_cells(evaluation, row)] for row in rows]
    measures = "PSNR / PSNR-B / SSIM" + (" / ST-LPIPS (VGG; less is better)" if settings.st_lpips else "")
    notes = [f"{measures}, means of per-picture figures; {_PROTOCOLS[settings.protocol]}."]
    if settings.model is not None:
        notes[0] += f" Model: {settings.label}{'' if settings.project else ', without projection'}."
    if settings.programs:
        notes.append(_times(evaluation))
    # The paper's figures are those of its regression.
    if any(row.paper for row in rows) and not settings.blend:
        table[0] += ["JPEG, paper", "QGAC, paper"]
        for cells, row in zip(table[1:], rows, strict=True):
            cells += map(format_scores, row.paper) if row.paper else ["–", "–"]  # noqa: RUF001
        notes.append(f"Paper: {CITATION}")
    what = f", blend {settings.blend:g}" if settings.blend else ""
    if settings.programs and settings.model is None:
        what = ", other programs"
    count = f"{pictures} pictures" if settings.limit is None else f"the first {pictures} pictures"
    return section(f"{title}, {_CHANNELS[settings.channels]}, {count}{what}", table, *notes)


def _cells(evaluation: Evaluation, row: _Row) -> list[str]:
    cells = []
    for method, scores in row.means.items():
        looks = evaluation.mean_st_lpips(row.quality, method) if evaluation.settings.st_lpips else None
        cells.append(format_scores(scores) + ("" if looks is None else f" / {looks:.3f}"))
    return cells


def _times(evaluation: Evaluation) -> str:
    """Say how long each method took; a model is there already, other programs are started for every picture."""
    means = {method: evaluation.mean_seconds(method) for method in evaluation.settings.methods}
    told = [f"{method} {seconds:.2f}" for method, seconds in means.items() if seconds is not None]
    return f"Seconds a picture, other programs from start to end: {', '.join(told)}."


def generalization_markdown(evaluation: Evaluation) -> str:
    """Write the paper's table 3: one model at every quality, beside IDCN's models at qualities not their own.

    Parameters
    ----------
    evaluation : Evaluation
        Of Live-1 in colour, with a model.

    Returns
    -------
    str
        Heading, table, and what it compares; empty if not two qualities of the table were measured.
    """
    own = {q: evaluation.mean(q, "restored") for q in evaluation.settings.qualities}
    rows = [["quality", "IDCN trained for", "JPEG, paper", "IDCN, paper", "QGAC, paper", "restored"]]
    for trained, quality, scores in IDCN_GENERALIZATION:
        paper = published("live1", "color", quality)
        if quality in own and paper is not None:
            cells = (paper.jpeg, scores, paper.restored, own[quality])
            rows.append([str(quality), f"quality {trained}", *map(format_scores, cells)])
    if len({quality for quality, *_ in rows[1:]}) < 2:
        return ""
    return section(
        "Generalisation: Live-1, colour (RGB, 4:2:0)",
        rows,
        "PSNR / PSNR-B / SSIM. IDCN has a model for each quality and is run here on pictures of another; QGAC and the "
        f"model measured here ({evaluation.settings.label}) are one model for all. Paper: table 3.",
    )


def to_csv(evaluation: Evaluation) -> str:
    """Write one line for each picture, quality and method.

    Parameters
    ----------
    evaluation : Evaluation

    Returns
    -------
    str
        Columns ``dataset, channels, protocol, model, picture, quality, bytes, method, psnr, psnr_b, ssim``, and
        ``st_lpips`` where it was measured.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    settings = evaluation.settings
    header = ["dataset", "channels", "protocol", "model", "picture", "quality", "bytes", "method"]
    writer.writerow([*header, "psnr", "psnr_b", "ssim", *(["st_lpips"] if settings.st_lpips else [])])
    common = [evaluation.dataset, settings.channels, settings.protocol, settings.label]
    for m in evaluation.measurements:
        for method in settings.methods:
            values = [*asdict(m.scores[method]).values(), *([m.st_lpips[method]] if settings.st_lpips else [])]
            figures = [f"{value:.6f}" for value in values]
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
    content = {
        "dataset": evaluation.dataset,
        "settings": asdict(settings),
        "means": [
            {
                "quality": row.quality,
                "scores": _plain(row.means),
                "paper": _plain(row.paper._asdict()) if row.paper else None,
            }
            for row in _rows(evaluation)
        ],
        "paper": CITATION,
        "measurements": [
            {
                "picture": m.picture,
                "quality": m.quality,
                "bytes": m.size,
                "scores": _plain({method: m.scores[method] for method in settings.methods}),
                "seconds": {method: round(seconds, 4) for method, seconds in m.seconds.items()},
                "st_lpips": m.st_lpips,
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
                    m["picture"],
                    m["quality"],
                    m["bytes"],
                    {method: Scores.from_json(figures) for method, figures in m["scores"].items()},
                    m.get("seconds", {}),  # older results have neither
                    m.get("st_lpips", {}),
                )
                for m in content["measurements"]
            ),
        )
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise ValueError("is no result of `qgac evaluate --json`; name one") from error


class _Row(NamedTuple):
    """What there is about a quality: means by method, in the order of the tables, and the paper's figures."""

    quality: int
    means: dict[Method, Scores]
    paper: Published | None


def _rows(evaluation: Evaluation) -> list[_Row]:
    settings = evaluation.settings
    return [
        _Row(
            quality,
            {method: evaluation.mean(quality, method) for method in settings.methods},
            # The paper's figures are those of the whole test set.
            published(evaluation.dataset, settings.channels, quality) if settings.limit is None else None,
        )
        for quality in settings.qualities
    ]


def _plain(scores: Mapping[Any, Scores]) -> dict[str, dict[str, float | None]]:
    """Return scores by method as JSON holds them."""
    return {method: figures.to_json() for method, figures in scores.items()}
