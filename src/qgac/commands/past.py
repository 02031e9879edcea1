"""What is known of the past of pictures, as options of a command say it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import rich_click as click

if TYPE_CHECKING:
    from qgac.batch.jobs import Job
    from qgac.batch.plan import Plan
    from qgac.restoration.hints import Hints

__all__ = ["check_hints", "hints_of"]


def hints_of(**told: Any) -> Hints:
    """Return what the options of a command say, see :func:`qgac.restoration.hints.read_hints`, or end it."""
    from qgac.restoration.hints import read_hints

    try:
        return read_hints(**told)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def check_hints(hints: Hints, todo: Plan) -> None:
    """End the command, before any work, if what was told is of no input.

    What a picture is says its beginning, whatever its name: one that cannot be looked at yet may be of either kind.
    """
    of_pixels = {
        "--grid": hints.grid is not None,
        "--quality-was": hints.quality is not None,
        "--rescaled": not isinstance(hints.rescaled, str),
    }
    option = next((name for name, is_told in of_pixels.items() if is_told), None)
    if option is not None and _are_all(todo, lambda beginning: beginning.startswith(b"\xff\xd8")):
        raise click.UsageError(f"{option} is for PNG files and the like, and none is named; leave it out")
    if isinstance(hints.earlier, str):
        return
    from qgac.pixels.files import is_picture

    if _are_all(todo, is_picture):
        raise click.UsageError("--earlier is for single JPEG files, and none is named; leave it out")


def _are_all(todo: Plan, is_other: Callable[[bytes], bool]) -> bool:
    """Whether there are inputs, and all hold other pictures or are pictures of the other kind."""
    jobs = todo.inputs
    return bool(jobs) and all(job.container is not None or is_other(_beginning(job)) for job in jobs)


def _beginning(job: Job) -> bytes:
    """Return the first bytes of a file; none of what is no file, or may not be read, which is told in its turn."""
    try:
        if job.source is None or not job.source.is_file():  # reading takes from a pipe
            return b""
        with job.source.open("rb") as file:
            return file.read(16)
    except OSError:
        return b""
