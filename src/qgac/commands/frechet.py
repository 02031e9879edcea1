"""``qgac frechet``: Fréchet inception distances of restored pictures (the paper's table 4)."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from qgac.commands.destinations import WritingCommand, file_option, may_replace
from qgac.commands.options import TEST_SETS, dataset_option, model_option, repeated_quality_option, root_option
from qgac.commands.terminal import fail, progress_bar, sentence

__all__ = ["frechet"]


@click.command(cls=WritingCommand)
@dataset_option(tuple(name for name in TEST_SETS if name != "classic5"))  # which is gray
@root_option()
@click.option(
    "--inception", required=True, type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Inception weights of torch-fidelity, pt_inception-2015-12-05-6726825d.pth; never downloaded.",
)  # fmt: skip
@repeated_quality_option
@model_option()
@file_option("--markdown", "markdown", "Write the table here.")
def frechet(
    dataset: str, root: Path, inception: Path, qualities: tuple[int, ...], model: str, markdown: Path | None
) -> None:
    """Measure the Fréchet inception distance of restored pictures to the originals.

    Needs the extra `frechet`: pip install 'qgac[frechet]'.
    """
    from qgac.evaluation.realism import measure_realism, original_statistics, realism_markdown
    from qgac.evaluation.test_sets import benchmark_pictures
    from qgac.files.atomic import write_atomically
    from qgac.metrics.frechet import load_inception
    from qgac.restoration.restorer import Restorer

    try:
        network = load_inception(inception)
        pictures = benchmark_pictures(dataset, root)
        restorer = Restorer(model)
        measured = []
        with progress_bar("{task.completed}/{task.total} qualities") as display:
            task = display.add_task("measuring", total=len(qualities))
            originals = original_statistics(pictures, network)
            for realism in measure_realism(pictures, originals, restorer, network, qualities):
                measured.append(realism)
                display.advance(task)
        text = realism_markdown(dataset, model, len(pictures), measured)
        if markdown is not None:
            write_atomically(text.encode(), markdown, overwrite=may_replace())
    except (ValueError, OSError) as error:
        fail(sentence(error))
    click.echo(text, nl=False)
