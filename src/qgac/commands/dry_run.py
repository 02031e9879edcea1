"""``qgac restore --dry-run``: what would be done, told and not done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from qgac.commands.terminal import one_line, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qgac.batch.jobs import Job
    from qgac.batch.plan import Plan
    from qgac.batch.settings import Settings
    from qgac.jpeg.image import JPEGImage

__all__ = ["tell_plan"]


def tell_plan(todo: Plan, settings: Settings) -> bool:
    """Print where every picture would go, a line each, on the standard output; problems on the standard error.

    Below a container, what is inside: size, quality, and the expected error of quantisation, which restoring is about.

    Parameters
    ----------
    todo : Plan
    settings : Settings

    Returns
    -------
    bool
        Whether every picture could be written. What single pictures hold is not looked at.
    """
    for note in (*todo.passed_over, *todo.failures):
        say(f"{note.name}: {note.message}")
    for skip in todo.skipped:
        click.echo(one_line(f"{skip.job.name} skipped: {skip.destination} exists already"))
    possible = not todo.failures
    for job in todo.jobs:
        reason = _obstacle(job, overwrite=settings.overwrite)
        lines: list[str] = []
        if reason is None and job.container is not None:
            lines, reason = _inside(job, settings)
        if reason is None:
            click.echo(one_line(f"{job.name} -> {job.destination or '-'}{_kept(job)}"))
            for line in lines:
                click.echo(one_line(f"  {line}"))
        else:
            say(f"{job.name}: {reason}")
            possible = False
    return possible


def _kept(job: Job) -> str:
    return "" if job.original is None else f", the original becomes {job.original}"


def _obstacle(job: Job, *, overwrite: bool) -> str | None:
    """Return what would stand in the way of a picture."""
    from qgac.batch.originals import check_original
    from qgac.pictures.formats import OutputError
    from qgac.pictures.writer import check_destination

    try:
        if job.source is not None and job.original is not None:
            check_original(job.source, job.original)
        elif job.destination is not None and not (job.makes_folders and not job.destination.parent.exists()):
            check_destination(job.destination, overwrite=overwrite)
    except OutputError as error:
        return str(error)
    return None


def _inside(job: Job, settings: Settings) -> tuple[list[str], str | None]:
    """Describe the pictures of a container, or say why it cannot be restored."""
    from qgac.containers.container import ContainerError

    try:
        return list(_lines(job, settings)), None
    except ContainerError as error:
        return [], str(error)
    except OSError as error:
        return [], f"cannot be read ({error.strerror or error}); check the file and its permissions"


def _lines(job: Job, settings: Settings) -> Iterator[str]:
    from qgac.containers.container import Limits
    from qgac.containers.opening import look_inside
    from qgac.jpeg.errors import JPEGError

    assert job.source is not None
    assert job.container is not None
    container = look_inside(job.source, job.container, tolerant=settings.tolerant)
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
