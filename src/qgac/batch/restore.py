"""Restoring files one after the other: what happens is told as events, and no bad file stops the others.

Nothing here prints.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from qgac.batch.jobs import Done, Event, Failed, Finished, Job, Outcome, Skipped, Started
from qgac.batch.originals import check_original, original_kept
from qgac.batch.pixel_source import PixelSource
from qgac.batch.settings import Settings
from qgac.coefficients.quantization import quality_of
from qgac.containers.container import ContainerError, EmptyError, LackingError
from qgac.jpeg.errors import JPEGError
from qgac.jpeg.image import JPEGImage
from qgac.pictures.bands import PictureInBands
from qgac.pictures.formats import SUFFIXES, Encoding, Format, OutputError, natural_format
from qgac.pictures.writer import check_destination, write_picture

if TYPE_CHECKING:
    from qgac.pixels.files import Picture
    from qgac.restoration.picture import Restored
    from qgac.restoration.restorer import Restorer

__all__ = ["Settings", "restore_file", "restore_files"]

_Progress = Callable[[Job, Done], None]


def restore_files(
    jobs: Iterable[Job],
    restorer: PixelSource,
    settings: Settings,
    *,
    progress: Callable[[Job, Done], None] | None = None,
) -> Generator[Event, None, None]:
    """Restore pictures one after the other.

    Parameters
    ----------
    jobs : iterable of Job
    restorer : PixelSource
        One for all.
    settings : Settings
    progress : callable, optional
        Called with a job and how far it is, between its events.

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
    progress: Callable[[Job, Done], None] | None = None,
) -> Outcome:
    """Restore one picture or container; depends on nothing but its arguments, so that jobs may run side by side.

    Parameters
    ----------
    job, restorer, settings, progress
        As for :func:`restore_files`.

    Returns
    -------
    Finished, Skipped or Failed
    """
    restore = _restore_picture if job.container is None else _restore_container
    try:
        return restore(job, restorer, settings, progress)
    except (JPEGError, OutputError, ContainerError) as error:
        harmless = isinstance(error, (EmptyError, LackingError)) and job.searched
        return Failed(job.name, str(error), harmless)
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "memory" not in str(error):
            raise
        return Failed(job.name, "not enough memory; use smaller tiles (--tile) or close other programs")


def _restore_picture(job: Job, restorer: PixelSource, settings: Settings, progress: _Progress | None) -> Outcome:
    from qgac.jpeg.reader import read_jpeg  # loaded when it is needed
    from qgac.pixels.files import picture_behind

    def tile_done(done: int, tiles: int) -> None:
        if progress is not None:
            progress(job, Done(done / tiles))

    started = time.monotonic()
    try:
        with nullcontext(sys.stdin.buffer) if job.source is None else job.source.open("rb") as source:
            found = picture_behind(source, max_pixels=settings.max_pixels)
            if found is not None:
                from qgac.restoration.second_hand import stand_in  # which JPEG files do not need

                image = stand_in(found)
            else:
                image = read_jpeg(source, tolerant=settings.tolerant, max_pixels=settings.max_pixels)
        times = job.source.stat() if settings.keep_times and job.source is not None else None
    except OSError as error:
        return _unreadable(job, error)
    overwrite = settings.overwrite or job.original is not None
    kind, destination = _settled(job, image, settings.encoding)
    settings.encoding.check(kind, image)
    if destination is not None and _is_there(replace(job, destination=destination), settings):
        return Skipped(job, job.original or destination)
    picture, notes = _restored(settings.with_metadata_to_write(image), found, restorer, settings, tile_done)
    with _original_kept(job):
        write_picture(
            picture, destination or sys.stdout.buffer, format=kind, encoding=settings.encoding, overwrite=overwrite
        )
    if times is not None and destination is not None:
        notes += _set_times(destination, times)
    quality = quality_of(image.components[0].table, chroma=False)
    seconds = time.monotonic() - started
    return Finished(job, destination, image.width, image.height, quality, (*image.notes, *notes), seconds)


def _restore_container(job: Job, restorer: PixelSource, settings: Settings, progress: _Progress | None) -> Outcome:
    def tell(done: Done) -> None:
        if progress is not None:
            progress(job, done)

    assert job.source is not None
    assert job.destination is not None
    assert job.container is not None
    started = time.monotonic()
    try:
        times = job.source.stat()
    except OSError as error:
        return _unreadable(job, error)
    if _is_there(job, settings):
        return Skipped(job, job.original or job.destination)
    if job.original is not None:
        settings = replace(settings, overwrite=True)
    try:
        with _original_kept(job):
            if job.container == "film":
                from qgac.batch.films import restore_film

                pictures, notes = restore_film(job.source, job.destination, restorer, settings, tell)
            else:
                from qgac.batch.inside import restore_inside

                pictures, notes = restore_inside(job.source, job.container, job.destination, restorer, settings, tell)
    except FileExistsError as error:
        return Failed(
            job.name, f"{job.destination} appeared meanwhile, and stays ({error.strerror}); choose another name"
        )
    except OSError as error:
        reason = error.strerror or error
        return Failed(job.name, f"cannot be read or written ({reason}); check permissions and free space")
    if settings.keep_times:
        notes += _set_times(job.destination, times)
    return Finished(job, job.destination, None, None, None, notes, time.monotonic() - started, pictures)


def _unreadable(job: Job, error: OSError) -> Failed:
    return Failed(job.name, f"cannot be read ({error.strerror or error}); check the file and its permissions")


def _is_there(job: Job, settings: Settings) -> bool:
    """Whether the output is there and to be left; otherwise check that it can be put there."""
    assert job.destination is not None
    if settings.skip_existing and job.is_done:
        return True
    if job.makes_folders:
        _make_folder(job.destination.parent)
    if job.source is not None and job.original is not None:
        check_original(job.source, job.original)
    check_destination(job.destination, overwrite=settings.overwrite or job.original is not None)
    return False


def _restored(
    image: JPEGImage,
    found: Picture | None,
    restorer: PixelSource,
    settings: Settings,
    progress: Callable[[int, int], None],
) -> tuple[Restored | PictureInBands | JPEGImage, tuple[str, ...]]:
    """Restore a picture to what is to be written; the second value says what had to be assumed."""
    encoding = settings.encoding
    if encoding.consistent and found is not None:
        raise OutputError("there is no file to be consistent with: this is no JPEG; leave --consistent out")
    if encoding.consistent:
        return restorer.refine(image, quality=encoding.quality, progress=progress), ()
    own = cast("Restorer", restorer)  # what stands in for one has neither hints nor other pictures
    whole: Restored | None = None
    dtype = np.uint8 if encoding.srgb else encoding.dtype
    if found is not None and settings.hints is not None:
        from qgac.restoration.second_hand import restore_pixels

        kept = replace(found, metadata=image.metadata)
        whole = restore_pixels(own, kept, hints=settings.hints, dtype=dtype, progress=progress)
    elif settings.hints is not None and settings.hints.earlier != "off":
        from qgac.restoration.second_hand import restore_earlier

        whole = restore_earlier(own, image, hints=settings.hints, dtype=dtype, progress=progress)
    if whole is None and not encoding.srgb:  # rows go into the file as they are made
        bands = restorer.bands(image, dtype=encoding.dtype, progress=progress)
        return PictureInBands(bands, image.height, image.width, len(image.components), image.metadata), ()
    notes = whole.image.notes[len(image.notes) :] if whole is not None else ()
    if whole is not None and not encoding.srgb:
        return whole, notes
    from qgac.pictures.srgb import convert_to_srgb

    picture, assumed = convert_to_srgb(whole or restorer(image, progress=progress))
    return picture, (*notes, *assumed)


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
