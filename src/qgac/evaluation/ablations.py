"""The table of the ablation experiments (section 4.4, table 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qgac.evaluation.published import ABLATIONS
from qgac.evaluation.tables import format_scores, section
from qgac.metrics.scores import Scores

__all__ = ["EXPERIMENTS", "Ablation", "ablations_markdown"]

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
