"""``qgac restore``: pictures in, restored pictures out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import rich_click as click
from click.exceptions import Exit

from qgac.commands.terminal import fail, progress_bar, say

if TYPE_CHECKING:
    from qgac.batch import Job, Plan
    from qgac.output import Format
    from qgac.restorer import Restorer

__all__ = ["restore"]


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", metavar="OUT", help="File, or folder for several pictures; - for standard output.")
@click.option("--model", default="small", show_default=True, metavar="NAME|FILE", help="Shipped model or weights file.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), default="auto", show_default=True)
@click.option(
    "--format",
    type=click.Choice(["png", "webp", "tiff", "jpeg"]),
    help="Format of the output; by default that of the name after -o, else png, or tiff for CMYK.",
)
@click.option("--overwrite", is_flag=True, help="Replace existing files.")
@click.option("--tolerant", is_flag=True, help="Restore what can be read of damaged files.")
@click.option(
    "--max-pixels", type=click.IntRange(min=1), default=200_000_000, show_default=True, help="Refuse larger pictures."
)
@click.option("--no-projection", is_flag=True, help="Let the result contradict what the file says (not advised).")
@click.option("--tile", type=click.IntRange(min=1), help="Side of the tiles in pixels; smaller ones need less memory.")
def restore(
    inputs: tuple[str, ...],
    output: str | None,
    model: str,
    device: str,
    format: Format | None,  # noqa: A002
    overwrite: bool,
    tolerant: bool,
    max_pixels: int,
    no_projection: bool,
    tile: int | None,
) -> None:
    """Restore JPEG pictures.

    INPUT is a file, a folder (searched recursively), a quoted pattern such as 'photos/**/*.jpg', or - for standard
    input. Without -o, photo.jpg becomes photo.restored.png beside it.
    """
    from qgac.batch import PlanError, plan
    from qgac.memory import give_back_freed_memory

    give_back_freed_memory()
    try:
        todo = plan(inputs, output=output, format=format)
    except PlanError as error:
        raise click.UsageError(str(error)) from error
    if any(job.destination is None for job in todo.jobs) and sys.stdout.isatty():
        raise click.UsageError("a picture is not written to a terminal; name a file with -o, or redirect the output")
    failed = len(todo.failures)
    for failure in todo.failures:
        say(f"{failure.name}: {failure.message}")
    restored = 0
    if todo.jobs:
        restorer = _restorer(model, device=device, project=not no_projection, tile=tile)
        restored, broken = _run(todo, restorer, overwrite=overwrite, tolerant=tolerant, max_pixels=max_pixels)
        failed += broken
    if restored + failed > 1:
        click.echo(f"restored {restored}, failed {failed}", err=True)
    if failed:
        raise Exit(1)


def _restorer(model: str, *, device: str, project: bool, tile: int | None) -> Restorer:
    from qgac.checkpoints import WeightsError
    from qgac.restorer import Restorer

    try:
        return Restorer(model, device=device, project=project, tile=tile)
    except (WeightsError, ValueError, OSError) as error:
        fail(str(error))


def _run(todo: Plan, restorer: Restorer, *, overwrite: bool, tolerant: bool, max_pixels: int) -> tuple[int, int]:
    """Restore, telling what happens; return how many were restored and how many failed."""
    from qgac.batch import Failed, Finished, Started, restore_files

    counts = {Finished: 0, Failed: 0}
    with progress_bar("{task.fields[number]}") as display:
        task = display.add_task("", total=sum(job.size for job in todo.jobs), number="")
        before = 0

        def advance(job: Job, share: float) -> None:
            display.update(task, completed=before + share * job.size)

        events = restore_files(
            todo.jobs, restorer, overwrite=overwrite, tolerant=tolerant, max_pixels=max_pixels, progress=advance
        )
        for event in events:
            if isinstance(event, Started):
                number = f"{sum(counts.values()) + 1}/{len(todo.jobs)}"
                display.update(task, description=event.job.name, number=number)
                job = event.job
                continue
            counts[type(event)] += 1
            before += job.size
            display.update(task, completed=before)
            if isinstance(event, Failed):
                say(f"{event.name}: {event.message}")
                continue
            for note in event.notes:
                say(f"{event.job.name}: note: {note}")
            if event.destination is not None and len(todo.jobs) == 1:
                click.echo(f"{event.job.name} restored to {event.destination}", err=True)
    return counts[Finished], counts[Failed]
