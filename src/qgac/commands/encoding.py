"""Depth, quality and colours of outputs, as options of a command say them."""

from __future__ import annotations

from collections.abc import Set
from typing import TYPE_CHECKING

import rich_click as click

if TYPE_CHECKING:
    from qgac.batch.plan import Plan
    from qgac.containers.kinds import Kind
    from qgac.pictures.formats import Encoding, Format

__all__ = ["check_containers", "check_encoding", "encoding_of"]

_SIGNED = frozenset({"zip", "pdf"})  # the kinds of containers that can be


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

    formats = {job.format or "png" for job in todo.jobs if job.container != "film"}
    if quality is not None and formats and "jpeg" not in formats:
        raise click.UsageError("--quality is for jpeg outputs; choose that (--format jpeg) or leave it out")
    try:
        for format in formats:  # noqa: A001
            encoding.check(format)
    except OutputError as error:
        raise click.UsageError(str(error)) from error


def check_containers(
    encoding: Encoding,
    todo: Plan,
    *,
    format: Format | None,  # noqa: A002
    quality: int | None,
    lossless: bool,
    break_signatures: bool,
    crf: int | None,
) -> None:
    """End the command, before any work, if containers cannot hold what was asked for, or there are none to hold it.

    Parameters
    ----------
    encoding : Encoding
    todo : Plan
    format : Format or None
        What was asked for; None if nothing was.
    quality : int or None
        Likewise.
    lossless, break_signatures, crf
        See :class:`qgac.batch.settings.Settings`.
    """
    from qgac.containers.kinds import HOLD_PIXELS

    kinds = {job.container for job in todo.inputs}
    containers = kinds - {None}
    if encoding.srgb and containers:
        raise click.UsageError(
            "--srgb is for single pictures; those inside other files keep their colours: leave it out"
        )
    if encoding.depth != 8 and containers:
        raise click.UsageError(
            "--depth is for single pictures; those inside other files have 8 bits a sample: leave it out"
        )
    if crf is not None and todo.jobs and "film" not in kinds:
        raise click.UsageError("--crf is for films; leave it out")
    if lossless and not containers <= HOLD_PIXELS:
        raise click.UsageError("--lossless is for PDF documents, the others hold JPEG files; leave one of them out")
    if lossless and not containers and todo.jobs:
        raise click.UsageError("--lossless is for the pictures inside documents; choose png or tiff (--format)")
    if break_signatures and todo.jobs and not kinds & _SIGNED and all(job.source for job in todo.jobs):
        raise click.UsageError("--break-signatures is for documents that are signed, and none is named; leave it out")
    if containers and None not in kinds:
        _check_containers_alone(encoding, containers, format=format, quality=quality, lossless=lossless)


def _check_containers_alone(
    encoding: Encoding,
    kinds: Set[Kind | None],
    *,
    format: Format | None,  # noqa: A002
    quality: int | None,
    lossless: bool,
) -> None:
    """End the command if what was asked for is for single pictures, and there are none."""
    option = "--quality" if quality is not None else "--consistent" if encoding.consistent else None
    if option is not None and kinds == {"film"}:
        raise click.UsageError(f"{option} is for jpeg files, and films become none (see --crf); leave it out")
    if option is not None and lossless:
        raise click.UsageError(f"{option} is for jpeg files, and --lossless makes none; leave one of them out")
    fitting = set() if kinds == {"film"} else {"jpeg", "tiff"} if kinds == {"tiff"} else {"jpeg"}
    if format is not None and format not in fitting:
        raise click.UsageError(
            "--format is for single pictures; films become .mkv files, and others that hold pictures stay what they "
            "are: leave it out"
        )
