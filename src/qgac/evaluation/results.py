"""The document of results, made of a folder of measurements: tables of the JSON files, tables in Markdown, figures."""

from __future__ import annotations

from pathlib import Path

from qgac.evaluation.record import Evaluation
from qgac.evaluation.tables import from_json, generalization_markdown, to_markdown
from qgac.evaluation.test_sets import BENCHMARKS

__all__ = ["MARKERS", "insert", "read_results", "results_markdown"]

MARKERS = ("<!-- results: start -->", "<!-- results: end -->")

_FIGURES = {
    "gain": "Increase in PSNR over quality (the paper's Fig. 11)",
    "tradeoff": "Increase in PSNR and SSIM beside other methods (Fig. 12)",
    "manifold": "Filters that the first CFM generates (appendix, Fig. 1)",
    "activation": "Pictures that activate channels most (appendix, Fig. 2)",
    "embedding": "Embeddings of generated filters (appendix, Fig. 3)",
    "interpolation": "Model interpolation, quality 10 (appendix, Fig. 4)",
    "interpolation-20": "Model interpolation, quality 20",
    "equivalent-quality": "Equivalent quality (appendix, Figs. 5 and 6)",
    "spectrum": "Frequency domain (appendix, Fig. 7)",
    "throughput": "Increase in SSIM and speed (appendix, Fig. 8)",
    "sheet": "Restored pictures (appendix, Fig. 9)",
}


def read_results(files: list[Path]) -> list[Evaluation]:
    """Read results of ``qgac evaluate --json``.

    Raises
    ------
    OSError
        If one cannot be read.
    ValueError
        If one is something else.
    """
    found = []
    for file in files:
        try:
            found.append(from_json(file.read_text(encoding="utf-8")))
        except ValueError as error:
            raise ValueError(f"{file} {error}") from error
    return found


def results_markdown(folder: Path, beside: Path) -> str:
    """Write everything that a folder of results holds.

    Parameters
    ----------
    folder : Path
        Its ``*.json`` files are results of ``qgac evaluate --json`` and become tables; its ``*.md`` files are taken as
        they are; its ``*.png`` files are shown.
    beside : Path
        Folder of the document, from which figures are linked.

    Returns
    -------
    str
        Regression before blends with a GAN, colour before Y, test sets in the order of the paper, then the comparison
        of table 3 where it can be made.

    Raises
    ------
    OSError, ValueError
        If the folder or a file cannot be read.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder; name the one with the results")
    order = [*BENCHMARKS, "folder"]
    evaluations = sorted(
        read_results(sorted(folder.glob("*.json"))),
        key=lambda e: (
            e.settings.blend,
            e.settings.protocol != "paper",
            e.settings.channels != "color",
            order.index(e.dataset),
        ),
    )
    parts = [to_markdown(evaluation) for evaluation in evaluations]
    for evaluation in evaluations:
        settings = evaluation.settings
        standard = (evaluation.dataset, settings.channels, settings.protocol) == ("live1", "color", "paper")
        if standard and settings.model and not settings.blend:
            parts.append(generalization_markdown(evaluation))
    parts += [file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.md"))]
    figures = {file.stem: file for file in sorted(folder.glob("*.png"))}
    for stem in [*(s for s in _FIGURES if s in figures), *(s for s in figures if s not in _FIGURES)]:
        title = _FIGURES.get(stem, stem)
        parts.append(f"### {title}\n\n![{title}]({_link(figures[stem], beside)})\n")
    return "\n".join(part for part in parts if part) or "Nothing has been measured yet.\n"


def insert(document: str, text: str) -> str:
    """Replace what stands between the markers of a document.

    Parameters
    ----------
    document, text : str

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the document lacks the markers.
    """
    start, end = MARKERS
    before, found, rest = document.partition(start)
    _, also_found, after = rest.partition(end)
    if not (found and also_found):
        raise ValueError(f"lacks the lines {start} and {end}; add them where the results should stand")
    return f"{before}{start}\n\n{text.rstrip()}\n\n{end}{after}"


def _link(file: Path, beside: Path) -> str:
    try:
        return file.absolute().relative_to(beside.absolute()).as_posix()
    except ValueError:
        return file.as_posix()
