"""The table of the ablation experiments (section 4.4, table 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qgac.evaluation.published import ABLATIONS
from qgac.evaluation.record import Evaluation, Settings
from qgac.evaluation.tables import format_scores, section
from qgac.metrics.scores import Scores

__all__ = ["EXPERIMENTS", "Ablation", "ablations_markdown", "measure_ablation", "measure_jpeg"]

_DATASET, _QUALITY = "classic5", 10

EXPERIMENTS: dict[str, tuple[str, str]] = {
    "cfm-none": ("CFM", "none"),
    "cfm-concat": ("CFM", "concat"),
    "cfm-cfm": ("CFM", "CFM"),
    "subnetworks-frequencynet": ("subnetworks", "FrequencyNet"),
    "subnetworks-blocknet": ("subnetworks", "BlockNet"),
    "fusion-none": ("fusion", "no fusion"),
    "fusion-fusion": ("fusion", "fusion"),
}
"""Experiment and model of the paper's table, by the name of the recipe without suffix, in the order of the table."""


@dataclass(frozen=True)
class Ablation:
    """One network of an experiment.

    Attributes
    ----------
    recipe : str
        Name of the recipe without suffix.
    parameters : int
        Of the Y network.
    steps : int
        Batches it was trained for.
    scores : Scores
        Means on Classic-5 at quality 10.
    """

    recipe: str
    parameters: int
    steps: int
    scores: Scores


def measure_ablation(recipe: str, steps: int, weights: Path, pictures: Sequence[Path]) -> Ablation:
    """Measure a trained network.

    Parameters
    ----------
    recipe : str
        Name of the recipe without suffix.
    steps : int
        Batches it was trained for.
    weights : Path
    pictures : sequence of Path
        Those of Classic-5.

    Returns
    -------
    Ablation

    Raises
    ------
    BenchmarkError, WeightsError
        If a picture or the weights cannot be used.
    """
    from qgac.weights.checkpoints import load_model  # PyTorch comes with it

    scores = _measured(pictures, str(weights)).mean(_QUALITY, "restored")
    parameters = sum(parameter.numel() for parameter in load_model(weights).y_network.parameters())
    return Ablation(recipe, parameters, steps, scores)


def measure_jpeg(pictures: Sequence[Path]) -> Scores:
    """Measure the JPEG files themselves; as :func:`measure_ablation`."""
    return _measured(pictures, None).mean(_QUALITY, "jpeg")


def _measured(pictures: Sequence[Path], model: str | None) -> Evaluation:
    from qgac.evaluation.measure import evaluate

    settings = Settings((_QUALITY,), "y", model=model)
    return Evaluation(_DATASET, settings, tuple(evaluate(pictures, settings, jobs=1)))


def ablations_markdown(ablations: Sequence[Ablation], jpeg: Scores) -> str:
    """Write the networks as a Markdown table, in the order of the paper's, beside its figures.

    Parameters
    ----------
    ablations : sequence of Ablation
        Of recipes that are not of the paper's experiments come last.
    jpeg : Scores
        Of the JPEG files.

    Returns
    -------
    str
    """
    order = list(EXPERIMENTS)
    known = sorted((a for a in ablations if a.recipe in EXPERIMENTS), key=lambda a: order.index(a.recipe))
    rows = [["experiment", "model", "parameters", "steps", "PSNR / PSNR-B / SSIM", "paper"]]
    for ablation in [*known, *(a for a in ablations if a.recipe not in EXPERIMENTS)]:
        experiment, model = EXPERIMENTS.get(ablation.recipe, ("", ablation.recipe))
        paper = ABLATIONS.get((experiment, model))
        rows.append(
            [
                experiment,
                model,
                f"{ablation.parameters:,}",
                str(ablation.steps),
                format_scores(ablation.scores),
                format_scores(paper) if paper else "",
            ]
        )
    rows.append(["", "JPEG", "", "", format_scores(jpeg), ""])
    return section(
        "Ablations: Classic-5, quality 10",
        rows,
        "All networks have about the same number of parameters. Paper: table 5, after 100,000 batches of 32 patches: "
        "compare differences, not figures.",
    )
