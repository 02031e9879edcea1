"""``qgac restore --dry-run``: what would be restored, what is inside, and how much quantisation took from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from qgac.commands.terminal import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qgac.batch.jobs import Job
    from qgac.batch.plan import Plan
    from qgac.batch.settings import Settings
    from qgac.jpeg.image import JPEGImage

__all__ = ["show"]


def show(todo: Plan, settings: Settings) -> bool:
    """Print what a plan would do; nothing is restored or written.

    Returns
    -------
    bool
        Whether all of it can be done, as far as reading the files tells.
    """
    from qgac.containers.container import ContainerError
    from qgac.jpeg.errors import JPEGError
    from qgac.pictures.formats import OutputError
    from qgac.pictures.writer import check_destination

    for failure in (*todo.passed_over, *todo.failures):
        say(f"{failure.name}: {failure.message}")
    for skip in todo.skipped:
        click.echo(f"{skip.job.name}: skipped, {skip.destination} exists already")
    whole = not todo.failures
    for job in todo.jobs:
        try:
            lines = list(_lines(job, settings))
            if job.destination is not None and job.destination.parent.exists():
                check_destination(job.destination, overwrite=settings.overwrite)
        except (JPEGError, ContainerError, OutputError) as error:
            say(f"{job.name}: {error}")
            whole = False
            continue
        except OSError as error:
            say(f"{job.name}: cannot be read ({error.strerror or error}); check the file and its permissions")
            whole = False
            continue
        click.echo(f"{job.name} to {job.destination or 'the standard output'}")
        for line in lines:
            click.echo(f"  {line}")
    return whole


def _lines(job: Job, settings: Settings) -> Iterator[str]:
    """Describe the pictures of a job."""
    from qgac.containers.container import Limits
    from qgac.containers.opening import open_container
    from qgac.jpeg.errors import JPEGError
    from qgac.jpeg.reader import read_jpeg

    if job.container is None or job.source is None:
        if job.source is not None:
            image = read_jpeg(job.source, tolerant=settings.tolerant, max_pixels=settings.max_pixels)
            yield _line(image, job.size)
        return
    container = open_container(job.source, job.container, tolerant=settings.tolerant)
    try:
        for picture in container.pictures:
            try:
                line = _line(picture.read(Limits(settings.tolerant, settings.max_pixels)), picture.size)
            except JPEGError as error:
                line = f"is left as it is: {error}"
            yield f"{picture.name}: {line}"
        if not container.pictures:
            yield "holds no JPEG picture to restore"
        if container.signed:
            yield "is signed" + ("" if settings.break_signatures else ", and so refused without --break-signatures")
        yield from (f"note: {note}" for note in container.notes)
    finally:
        container.close()


def _line(image: JPEGImage, size: int) -> str:
    from qgac.inspection.description import describe

    description = describe(image, size)
    error = description["components"][0]["error"]["expected"]
    quality = description["quality"]["luma"]
    return f"{image.width} x {image.height}, quality {quality}, error about {error:.2f} levels, {size} bytes"
