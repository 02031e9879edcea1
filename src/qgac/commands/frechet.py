"""``qgac frechet``: Fréchet distances of restored pictures (the paper's table 4)."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from qgac.commands.destinations import WritingCommand, file_option, may_replace
from qgac.commands.options import (
    TEST_SETS,
    NumberRange,
    dataset_option,
    model_option,
    repeated_quality_option,
    root_option,
)
from qgac.commands.terminal import fail, progress_bar, sentence

__all__ = ["frechet"]


@click.command(cls=WritingCommand)
@dataset_option(tuple(name for name in TEST_SETS if name != "classic5"))  # which is gray
@root_option()
@click.option(
    "--inception", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Inception weights of torch-fidelity, pt_inception-2015-12-05-6726825d.pth; never downloaded.",
)  # fmt: skip
@click.option(
    "--vgg", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Take features of the VGG of ST-LPIPS instead, vgg_shift_tolerant.pth of stlpips-pytorch; that is no FID.",
)  # fmt: skip
@repeated_quality_option
@model_option()
@click.option(
    "--blend", type=NumberRange(0, 1), metavar="A", default=0.0, show_default=True,
    help="Mix in the weights of a GAN, from 0 (none) to 1 (all).",
)  # fmt: skip
@click.option("--blend-with", metavar="NAME|FILE", help="What to mix in; by default the GAN shipped with the model.")
@file_option("--markdown", "markdown", "Write the table here.")
def frechet(
    dataset: str,
    root: Path,
    inception: Path | None,
    vgg: Path | None,
    qualities: tuple[int, ...],
    model: str,
    blend: float,
    blend_with: str | None,
    markdown: Path | None,
) -> None:
    """Measure the Fréchet distance of restored pictures to the originals: how natural they look as a set.

    By the features of Inception, as the paper, or of another network, whose figures compare with each other only.
    --inception needs the extra `frechet`: pip install 'qgac[frechet]'.
    """
    if (inception is None) == (vgg is None):
        raise click.UsageError("the features are those of one network; name its weights, by --inception or by --vgg")
    if blend_with is not None and not blend:
        raise click.UsageError("--blend-with says what to mix in, but not how much; add --blend, 0.7 for example")
    from qgac.evaluation.realism import measure_realism, original_statistics, realism_markdown
    from qgac.evaluation.test_sets import benchmark_pictures
    from qgac.files.atomic import write_atomically
    from qgac.metrics.frechet import load_inception
    from qgac.metrics.st_lpips import STLPIPS
    from qgac.restoration.restorer import Restorer

    try:
        network = load_inception(inception) if inception is not None else STLPIPS(str(vgg)).features
        pictures = benchmark_pictures(dataset, root)
        restorer = Restorer(model, blend=blend, blend_with=blend_with)
        measured = []
        with progress_bar("{task.completed}/{task.total} qualities") as display:
            task = display.add_task("measuring", total=len(qualities))
            originals = original_statistics(pictures, network)
            for realism in measure_realism(pictures, originals, restorer, network, qualities):
                measured.append(realism)
                display.advance(task)
        label = f"{model}, blend {blend:g}" if blend else model
        text = realism_markdown(dataset, label, len(pictures), measured, inception=inception is not None)
        if markdown is not None:
            write_atomically(text.encode(), markdown, overwrite=may_replace())
    except (ValueError, OSError) as error:
        fail(sentence(error))
    click.echo(text, nl=False)
