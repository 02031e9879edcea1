"""Restoring files one after the other: what happens is told as events, and no bad file stops the others.

Nothing here prints.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from qgac.batch.jobs import Event, Failed, Finished, Job, Outcome, Skipped, Started
from qgac.batch.originals import check_original, original_kept
from qgac.coefficients.quantization import quality_of
from qgac.jpeg.errors import JPEGError
from qgac.jpeg.image import JPEGImage
from qgac.jpeg.limits import MAX_PIXELS
from qgac.pictures.bands import PictureInBands
from qgac.pictures.formats import SUFFIXES, Encoding, Format, OutputError, natural_format
from qgac.pictures.save import stripped
from qgac.pictures.writer import check_destination, write_picture

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from qgac.restoration.picture import Restored

__all__ = ["PixelSource", "Settings", "restore_file", "restore_files"]


@dataclass(frozen=True)
class Settings:
    """How pictures are read and written.

    Attributes
    ----------
    overwrite : bool
        Whether to replace existing files.
    skip_existing : bool
        Whether a picture whose output is there is skipped, not failed.
    tolerant, max_pixels
        See :func:`qgac.jpeg.reader.read_jpeg`.
    keep_times : bool
        Whether outputs get the time of modification of their sources.
    strip : bool
        Whether to write no metadata but those on which the look depends: ICC profile and orientation.
    encoding : Encoding
        Depth, quality and colours of the outputs.
    """

    overwrite: bool = False
    skip_existing: bool = False
    tolerant: bool = False
    max_pixels: int = MAX_PIXELS
    keep_times: bool = False
    strip: bool = False
    encoding: Encoding = field(default_factory=Encoding)


class PixelSource(Protocol):
    """What restores pictures: a :class:`qgac.restoration.restorer.Restorer`, or what stands in for one."""

    def __call__(self, image: JPEGImage, /, *, progress: Callable[[int, int], None] | None = None) -> Restored:
        """Restore a picture to uint8."""

    def bands(
        self, image: JPEGImage, /, *, dtype: npt.DTypeLike = ..., progress: Callable[[int, int], None] | None = None
    ) -> Iterator[npt.NDArray[np.generic]]:
        """Restore a picture from top to bottom."""

    def refine(
        self, image: JPEGImage, /, *, quality: int = ..., progress: Callable[[int, int], None] | None = None
    ) -> JPEGImage:
        """Restore a picture to finer coefficients."""


def restore_files(
    jobs: Iterable[Job],
    restorer: PixelSource,
    settings: Settings,
    *,
    progress: Callable[[Job, float], None] | None = None,
) -> Generator[Event, None, None]:
    """Restore pictures one after the other.

    Parameters
    ----------
    jobs : iterable of Job
    restorer : PixelSource
        One for all.
    settings : Settings
    progress : callable, optional
        Called with a job and the share of it that is done, 0..1, between its events.

    Yields
    ------
    Started, Finished, Skipped or Failed
        A `Started` and one of the others for each job.
    """
    for job in jobs:
        yield Started(job)
        yield restore_file(job, restorer, settings, progress=progress)


def restore_file(
    job: Job,
    restorer: PixelSource,
    settings: Settings,
    *,
    progress: Callable[[Job, float], None] | None = None,
) -> Outcome:
    """Restore one picture; depends on nothing but its arguments, so that jobs may run side by side.

    Parameters
    ----------
    job, restorer, settings, progress
        As for :func:`restore_files`.

    Returns
    -------
    Finished, Skipped or Failed
    """
    from qgac.jpeg.reader import read_jpeg  # Numba comes with it

    def tile_done(done: int, tiles: int) -> None:
        if progress is not None:
            progress(job, done / tiles)

    started = time.monotonic()
    try:
        source = sys.stdin.buffer if job.source is None else job.source
        image = read_jpeg(source, tolerant=settings.tolerant, max_pixels=settings.max_pixels)
        times = job.source.stat() if settings.keep_times and job.source is not None else None
    except JPEGError as error:
        return Failed(job.name, str(error))
    except OSError as error:
        return Failed(job.name, f"cannot be read ({error.strerror or error}); check the file and its permissions")
    try:
        overwrite = settings.overwrite or job.original is not None
        kind, destination = _settled(job, image, settings.encoding)
        settings.encoding.check(kind, image)
        if destination is not None:
            if settings.skip_existing and replace(job, destination=destination).is_done:
                return Skipped(job, job.original or destination)
            if job.makes_folders:
                _make_folder(destination.parent)
            if job.source is not None and job.original is not None:
                check_original(job.source, job.original)
            check_destination(destination, overwrite=overwrite)
        if settings.strip:
            image = replace(image, metadata=stripped(image.metadata))
        picture, notes = _restored(image, restorer, settings.encoding, tile_done)
        with _original_kept(job):
            write_picture(
                picture, destination or sys.stdout.buffer, format=kind, encoding=settings.encoding, overwrite=overwrite
            )
        if times is not None and destination is not None:
            notes += _set_times(destination, times)
    except OutputError as error:
        return Failed(job.name, str(error))
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "memory" not in str(error):
            raise
        return Failed(job.name, "not enough memory; use smaller tiles (--tile) or close other programs")
    quality = quality_of(image.components[0].table, chroma=False)
    seconds = time.monotonic() - started
    return Finished(job, destination, image.width, image.height, quality, (*image.notes, *notes), seconds)


def _restored(
    image: JPEGImage, restorer: PixelSource, encoding: Encoding, progress: Callable[[int, int], None]
) -> tuple[Restored | PictureInBands | JPEGImage, tuple[str, ...]]:
    """Restore a picture to what is to be written; the second value says what had to be assumed."""
    if encoding.consistent:
        return restorer.refine(image, quality=encoding.quality, progress=progress), ()
    if not encoding.srgb:  # rows go into the file as they are made
        bands = restorer.bands(image, dtype=encoding.dtype, progress=progress)
        return PictureInBands(bands, image.height, image.width, len(image.components), image.metadata), ()
    from qgac.pictures.srgb import convert_to_srgb

    return convert_to_srgb(restorer(image, progress=progress))


def _settled(job: Job, image: JPEGImage, encoding: Encoding) -> tuple[Format, Path | None]:
    """Return the format and the place of a picture, which may depend on its colour."""
    if job.format is not None:
        return job.format, job.destination
    kind = natural_format(image, srgb=encoding.srgb)
    return kind, job.destination and job.destination.with_suffix(SUFFIXES[kind])


def _original_kept(job: Job) -> AbstractContextManager[None]:
    if job.source is None or job.original is None:
        return nullcontext()
    return original_kept(job.source, job.original)


def _set_times(destination: Path, times: os.stat_result) -> tuple[str, ...]:
    """Give a file the times of another; return a note if the system will not have it."""
    try:
        os.utime(destination, ns=(times.st_atime_ns, times.st_mtime_ns))
    except OSError as error:  # of another owner's folder, a share, or a time that is out of the system's range
        return (f"its time could not be set ({error.strerror or error})",)
    return ()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"the folder {folder} cannot be made ({error.strerror}); choose another") from error
