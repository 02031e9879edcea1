"""Depth, quality and colours of outputs, as options of a command say them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

if TYPE_CHECKING:
    from qgac.batch.plan import Plan
    from qgac.pictures.formats import Encoding

__all__ = ["check_containers", "check_encoding", "encoding_of"]


def encoding_of(depth: str, quality: int | None, *, consistent: bool, srgb: bool) -> Encoding:
    """Return the encoding that the options of a command make up; end it if they contradict each other."""
    from qgac.pictures.formats import DEPTHS, Encoding, OutputError

    chosen = next(known for known in DEPTHS if str(known) == depth)
    try:
        return Encoding(chosen, Encoding.quality if quality is None else quality, consistent, srgb)
    except OutputError as error:
        raise click.UsageError(str(error)) from error


def check_encoding(encoding: Encoding, todo: Plan, *, quality: int | None) -> None:
    """End the command, before any work, if no format of the outputs can hold what was asked for."""
    from qgac.pictures.formats import OutputError

    formats = {job.format or "png" for job in todo.jobs}
    if quality is not None and formats and "jpeg" not in formats:
        raise click.UsageError("--quality is for jpeg outputs; choose that (--format jpeg) or leave it out")
    try:
        for format in formats:  # noqa: A001
            encoding.check(format)
    except OutputError as error:
        raise click.UsageError(str(error)) from error


def check_containers(todo: Plan, *, srgb: bool, lossless: bool, crf: int | None) -> None:
    """End the command, before any work, if containers cannot hold what was asked for, or there are none to hold it."""
    from qgac.containers.kinds import HOLD_PIXELS

    kinds = {job.container for job in (*todo.jobs, *(skip.job for skip in todo.skipped)) if job.container is not None}
    if srgb and kinds:
        raise click.UsageError(
            "--srgb is for single pictures; those inside other files keep their colours: leave it out"
        )
    if crf is not None and todo.jobs and "film" not in kinds:
        raise click.UsageError("--crf is for films; leave it out")
    if lossless and not kinds <= HOLD_PIXELS:
        raise click.UsageError("--lossless is for PDF documents, the others hold JPEG files; leave one of them out")
    if lossless and not kinds and todo.jobs:
        raise click.UsageError("--lossless is for the pictures inside documents; choose png or tiff (--format)")
