"""``qgac evaluate``: a model measured on a test set, as a table beside the paper's."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from qgac.commands.destinations import WritingCommand, file_option, may_replace
from qgac.commands.options import (
    NumberRange,
    channels_of,
    channels_option,
    dataset_option,
    model_option,
    programs_option,
    root_option,
)
from qgac.commands.terminal import fail, progress_bar, sentence

if TYPE_CHECKING:
    from qgac.evaluation.record import Settings
    from qgac.evaluation.resuming import Kept

__all__ = ["evaluate"]


def _parse_qualities(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[int, ...]:
    qualities: set[int] = set()
    for value in ",".join(values).split(",") if values else ():
        if not value.isdecimal() or not 1 <= int(value) <= 100:
            raise click.BadParameter(
                f"{value!r} is not a whole number between 1 and 100", context, param_hint="--quality"
            )
        qualities.add(int(value))
    return tuple(sorted(qualities))


@click.command(cls=WritingCommand)
@dataset_option()
@root_option()
@click.option(
    "--quality",
    multiple=True,
    callback=_parse_qualities,
    metavar="Q [Q ...]",
    help="libjpeg qualities; 10 20 30 by default.",
)
# What follows the first number of `--quality 10 20 30`: an option takes a fixed number of values.
@click.argument("more_qualities", nargs=-1, callback=_parse_qualities, metavar="")
@channels_option
@click.option(
    "--protocol",
    type=click.Choice(["paper", "pillow"]),
    default="paper",
    show_default=True,
    help="paper: float samples as published. pillow: 8-bit pictures as users have them.",
)
@model_option()
@click.option(
    "--blend",
    type=NumberRange(0, 1),
    metavar="A",
    default=0.0,
    show_default=True,
    help="Mix in the weights of a GAN, from 0 (none) to 1 (all).",
)
@click.option(
    "--blend-with", metavar="NAME|FILE", help="What to mix in; by default the GAN that is shipped with the model."
)
@programs_option
@click.option(
    "--st-lpips",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Measure ST-LPIPS too, with these weights: vgg_shift_tolerant.pth of the package stlpips-pytorch.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Measure only so many pictures, the first by name.")
@click.option("--jpeg-only", is_flag=True, help="Measure with no model: the JPEG files, and other programs.")
@click.option("--no-projection", is_flag=True, help="Let the result leave the quantisation interval.")
@file_option("--json", "json_file", "Write everything measured here.")
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with what an interrupted run has measured (the FILE.partial of --json), or with an earlier result.",
)
@file_option("--markdown", "markdown_file", "Write the table here.")
@file_option("--csv", "csv_file", "Write one line a picture here.")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes; one a core by default.")
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Measure on this Ray cluster, ray://head:10001 for example, or local for Ray on this machine. The machines "
    "share this folder and that of the pictures.",
)
def evaluate(
    dataset: str,
    root: Path,
    quality: tuple[int, ...],
    more_qualities: tuple[int, ...],
    channels: str | None,
    protocol: str,
    model: str,
    blend: float,
    blend_with: str | None,
    programs: dict[str, str],
    st_lpips: Path | None,
    limit: int | None,
    jpeg_only: bool,
    no_projection: bool,
    json_file: Path | None,
    resume: bool,
    markdown_file: Path | None,
    csv_file: Path | None,
    jobs: int | None,
    cluster: str | None,
) -> None:
    """Measure a model on a test set.

    Every picture is compressed at every quality, restored, and compared with the original: PSNR, PSNR-B and SSIM,
    beside those of the JPEG file, of other programs (--method), and the paper's where it has them.
    """
    if resume and json_file is None:
        raise click.UsageError("--resume goes on with a result; name it (--json)")
    if more_qualities and not quality:
        raise click.UsageError("qualities are given as --quality 10 20 30")
    if blend_with is not None and not blend:
        raise click.UsageError("--blend-with says what to mix in, but not how much; add --blend, 0.7 for example")

    from qgac.evaluation.record import Evaluation, Settings
    from qgac.evaluation.resuming import Kept
    from qgac.evaluation.tables import to_csv, to_json, to_markdown
    from qgac.evaluation.test_sets import benchmark_pictures
    from qgac.files.atomic import write_atomically

    try:
        settings = Settings(
            qualities=tuple(sorted({*quality, *more_qualities})) or (10, 20, 30),
            channels=channels_of(dataset, channels),
            protocol=protocol,  # type: ignore[arg-type]
            model=None if jpeg_only else model,
            project=not no_projection,
            blend=blend,
            blend_with=blend_with,
            programs=programs,
            limit=limit,
            st_lpips=None if st_lpips is None else str(st_lpips),
        )
        pictures = benchmark_pictures(dataset, root)[:limit]
        kept = Kept(dataset, settings, pictures, json_file, resume=resume)
        _measure(pictures, settings, jobs, kept, cluster)
        evaluation = Evaluation(dataset, settings, tuple(kept.measurements))
        for file, write in ((json_file, to_json), (markdown_file, to_markdown), (csv_file, to_csv)):
            if file is not None:
                write_atomically(write(evaluation).encode(), file, overwrite=may_replace())
        kept.forget()
    except (ValueError, OSError) as error:
        fail(sentence(error))
    click.echo(to_markdown(evaluation), nl=False)


def _measure(pictures: Sequence[Path], settings: Settings, jobs: int | None, kept: Kept, cluster: str | None) -> None:
    """Measure what is not measured yet; what is measured stays if this is interrupted."""
    from concurrent.futures.process import BrokenProcessPool

    with ExitStack() as stack:
        if cluster is None:
            from qgac.evaluation.measure import evaluate as measure

            found = measure(pictures, settings, jobs=jobs, done=kept.done)
        else:
            from qgac.cluster.connection import connected
            from qgac.evaluation.on_cluster import evaluate_on_cluster

            stack.enter_context(connected(cluster))
            measured = evaluate_on_cluster(pictures, settings, workers=jobs, done=kept.done)
            found = stack.enter_context(closing(measured))
        display = stack.enter_context(progress_bar("{task.completed}/{task.total} files"))
        task = display.add_task("measuring", total=len(pictures) * len(settings.qualities), completed=len(kept.done))
        try:
            for measurement in found:
                kept.add(measurement)
                display.advance(task)
        except BrokenProcessPool:
            fail("a process ended early, most likely for want of memory; try fewer --jobs")
        finally:
            kept.save()
