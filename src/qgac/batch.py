"""Many files: which pictures are meant, where each goes, and restoring them one after the other.

Planning tells everything that contradicts itself before any work; running reports what happens as events and lets no
bad file stop the others. Nothing here prints.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qgac.inputs import MARK, Failed, Found, find_jpegs, is_pattern
from qgac.jpeg.image import JPEGError, JPEGImage
from qgac.output import SUFFIXES, Format, OutputError, check_destination, format_of, natural_format, write_picture

if TYPE_CHECKING:
    from qgac.restorer import Restorer

__all__ = ["STREAM", "Event", "Failed", "Finished", "Job", "Plan", "PlanError", "Started", "plan", "restore_files"]

STREAM = "-"


class PlanError(ValueError):
    """What was asked for contradicts itself; nothing has been done."""


@dataclass(frozen=True)
class Job:
    """One picture to restore.

    Attributes
    ----------
    name : str
        What messages call it: the path of the source, or ``-``.
    source : Path or None
        None is the standard input.
    destination : Path or None
        None is the standard output.
    format : Format or None
        None means PNG, or TIFF for CMYK; the suffix of the destination then follows.
    makes_folders : bool
        Whether missing folders on the way to the destination are made.
    """

    name: str
    source: Path | None
    destination: Path | None
    format: Format | None
    makes_folders: bool = False

    @property
    def size(self) -> int:
        """Size of the source in bytes, as a measure of the work; 0 if not known."""
        try:
            return self.source.stat().st_size if self.source is not None else 0
        except OSError:
            return 0


@dataclass(frozen=True)
class Started:
    """Work on a picture begins."""

    job: Job


@dataclass(frozen=True)
class Finished:
    """A picture was restored and written.

    Attributes
    ----------
    job : Job
    destination : Path or None
        Where it is now.
    width, height : int
        Pixels.
    notes : tuple of str
        What is worth telling about the source.
    seconds : float
    """

    job: Job
    destination: Path | None
    width: int
    height: int
    notes: tuple[str, ...]
    seconds: float


Event = Started | Finished | Failed


@dataclass(frozen=True)
class Plan:
    """What is to be done.

    Attributes
    ----------
    jobs : tuple of Job
    failures : tuple of Failed
        Inputs that lead to no picture.
    """

    jobs: tuple[Job, ...]
    failures: tuple[Failed, ...]


def plan(inputs: Sequence[str], *, output: str | None = None, format: Format | None = None) -> Plan:  # noqa: A002
    """Decide what is restored and where it goes.

    Parameters
    ----------
    inputs : sequence of str
        As for :func:`qgac.inputs.find_jpegs`, or ``-`` alone for the standard input.
    output : str, optional
        With one file as input: a file, whose suffix tells the format, or an existing folder. With several inputs, a
        folder or a pattern: a folder, made if missing. ``-`` is the standard output. Without it, ``photo.jpg`` becomes
        ``photo.restored.png`` beside it, and the standard input goes to the standard output.
    format : Format, optional
        Overrides the format that would be chosen.

    Returns
    -------
    Plan

    Raises
    ------
    PlanError
        If the output does not fit the inputs or the format, two pictures would go to one file, or a picture onto an
        input.
    """
    several = len(inputs) > 1 or Path(inputs[0]).is_dir() or is_pattern(inputs[0])
    if several and STREAM in (*inputs, output):
        raise PlanError("standard input and output (-) take one picture; name one file")
    if inputs[0] == STREAM:
        return Plan((_stream_job(output, format),), ())
    found, failures = find_jpegs(inputs)
    if output == STREAM:
        return Plan(tuple(Job(str(file.path), file.path, None, format) for file in found), tuple(failures))

    if output is None:
        jobs = [_job(file, file.path.with_name(file.path.stem + MARK), format) for file in found]
    elif several or _names_folder(output):
        folder = _output_folder(output)
        jobs = [
            _job(file, folder / file.relative.with_suffix(""), format, makes_folders=True)
            for file in found
            if not _is_result(file, folder)
        ]
    else:
        chosen = _file_format(Path(output), format)
        jobs = [Job(str(file.path), file.path, Path(output), chosen) for file in found]
    return Plan(_without_collisions(jobs), tuple(failures))


def restore_files(
    jobs: Iterable[Job],
    restorer: Restorer,
    *,
    overwrite: bool = False,
    tolerant: bool = False,
    max_pixels: int = 200_000_000,
    progress: Callable[[Job, float], None] | None = None,
) -> Iterator[Event]:
    """Restore pictures one after the other.

    Parameters
    ----------
    jobs : iterable of Job
    restorer : Restorer
        One for all.
    overwrite : bool
        Whether to replace existing files.
    tolerant, max_pixels
        See :func:`qgac.jpeg.reader.read_jpeg`.
    progress : callable, optional
        Called with a job and the share of it that is done, 0..1, between its events.

    Yields
    ------
    Started, Finished or Failed
        A `Started` and one of the others for each job.
    """
    for job in jobs:
        yield Started(job)
        yield _outcome(job, restorer, overwrite=overwrite, tolerant=tolerant, max_pixels=max_pixels, progress=progress)


def _outcome(
    job: Job,
    restorer: Restorer,
    *,
    overwrite: bool,
    tolerant: bool,
    max_pixels: int,
    progress: Callable[[Job, float], None] | None,
) -> Finished | Failed:
    """Restore one picture; depends on nothing but its arguments, so that jobs may run side by side."""
    from qgac.jpeg.reader import read_jpeg

    def tile_done(done: int, tiles: int) -> None:
        if progress is not None:
            progress(job, done / tiles)

    started = time.monotonic()
    try:
        source = sys.stdin.buffer if job.source is None else job.source
        image = read_jpeg(source, tolerant=tolerant, max_pixels=max_pixels)
    except JPEGError as error:
        return Failed(job.name, str(error))
    except OSError as error:
        return Failed(job.name, f"cannot be read ({error.strerror or error}); check the file and its permissions")
    try:
        kind, destination = _settled(job, image)
        if destination is not None:
            if job.makes_folders:
                _make_folder(destination.parent)
            check_destination(destination, overwrite=overwrite)
        restored = restorer(image, progress=tile_done)
        write_picture(restored, destination or sys.stdout.buffer, format=kind, overwrite=overwrite)
    except OutputError as error:
        return Failed(job.name, str(error))
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "memory" not in str(error):
            raise
        return Failed(job.name, "not enough memory; use smaller tiles (--tile) or close other programs")
    return Finished(job, destination, image.width, image.height, image.notes, time.monotonic() - started)


def _settled(job: Job, image: JPEGImage) -> tuple[Format, Path | None]:
    """Return the format and the place of a picture, which may depend on its colour."""
    if job.format is not None:
        return job.format, job.destination
    kind = natural_format(image)
    return kind, job.destination and job.destination.with_suffix(SUFFIXES[kind])


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"the folder {folder} cannot be made ({error.strerror}); choose another") from error


def _job(file: Found, stem: Path, kind: Format | None, *, makes_folders: bool = False) -> Job:
    destination = stem.with_name(stem.name + SUFFIXES[kind or "png"])
    return Job(str(file.path), file.path, destination, kind, makes_folders)


def _stream_job(output: str | None, kind: Format | None) -> Job:
    if output is None or output == STREAM:
        return Job(STREAM, None, None, kind)
    if _names_folder(output):
        raise PlanError(f"standard input has no name; name a file in {output} (-o)")
    return Job(STREAM, None, Path(output), _file_format(Path(output), kind))


def _file_format(output: Path, kind: Format | None) -> Format:
    by_suffix = format_of(output)
    if kind is None and by_suffix is None:
        raise PlanError(f"{output} has no suffix of a picture file; use .png, .webp, .tiff or .jpg, or add --format")
    if kind is not None and by_suffix not in (None, kind):
        raise PlanError(f"{output} is named as {by_suffix} but --format says {kind}; leave one of them out")
    chosen = kind or by_suffix
    assert chosen is not None
    return chosen


def _names_folder(output: str) -> bool:
    return output.endswith(("/", os.sep)) or Path(output).is_dir()


def _output_folder(output: str) -> Path:
    folder = Path(output)
    if folder.exists() and not folder.is_dir():
        raise PlanError(f"{output} is a file, but several pictures need a folder; name one (-o)")
    if not _names_folder(output) and format_of(folder) is not None:
        raise PlanError(f"{output} is named as a picture, but several pictures need a folder; name one (-o)")
    return folder


def _without_collisions(jobs: list[Job]) -> tuple[Job, ...]:
    """Drop jobs that are asked for twice, and refuse those that would destroy one another's pictures."""
    by_destination: dict[str, Job] = {}
    inputs = {_identity(job.source): job for job in jobs if job.source is not None}
    for job in jobs:
        assert job.source is not None
        assert job.destination is not None
        other = by_destination.setdefault(os.path.normcase(job.destination.absolute()), job)
        if _identity(other.source) != _identity(job.source):
            raise PlanError(
                f"{other.name} and {job.name} would both become {job.destination}; rename one, or restore them apart"
            )
        candidates = {job.destination} if job.format else {job.destination, job.destination.with_suffix(".tiff")}
        for candidate in candidates:
            if candidate.exists() and _identity(candidate) in inputs:
                raise PlanError(
                    f"{candidate} is itself one of the inputs; choose another output (-o) or format (--format)"
                )
    return tuple(by_destination.values())


def _identity(path: Path | None) -> object:
    """Return what two names of the same file have in common, links included."""
    if path is None:
        return None
    try:
        status = path.stat()
    except OSError:
        return path.absolute()
    return status.st_dev, status.st_ino


def _is_result(file: Found, folder: Path) -> bool:
    """Whether a file was found in the output folder only because that lies within the folder that was searched."""
    searched = file.path.parents[len(file.relative.parts) - 1].resolve()
    folder = folder.resolve()
    return folder != searched and folder.is_relative_to(searched) and file.path.resolve().is_relative_to(folder)
