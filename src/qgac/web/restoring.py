"""What is done for one picture that was sent, from its file to the file of the answer; runs in threads.

Every picture goes through the functions of the command, so that it comes out as the command writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgac.batch.jobs import Failed, Finished, Job
from qgac.batch.pixel_source import PixelSource
from qgac.batch.restore import restore_file
from qgac.jpeg.image import JPEGImage, Metadata
from qgac.pictures.formats import Encoding, format_of
from qgac.pictures.writer import write_picture
from qgac.restoration.hints import Hints
from qgac.web.choice import Output
from qgac.web.pixels import KeptPixels
from qgac.web.problems import Problem
from qgac.web.reading import Sent, read
from qgac.web.region import View

if TYPE_CHECKING:
    from qgac.restoration.restorer import Restorer

__all__ = ["MEDIA_TYPES", "Written", "describe_file", "heat_map", "keep", "restore_view", "write"]

MEDIA_TYPES = {"png": "image/png", "webp": "image/webp", "tiff": "image/tiff", "jpeg": "image/jpeg"}
_MEMORY = "not enough memory"


@dataclass(frozen=True)
class Written:
    """A restored picture in a file.

    Attributes
    ----------
    path : Path
    outcome : Finished
        With size, quality, notes and seconds.
    """

    path: Path
    outcome: Finished

    @property
    def media_type(self) -> str:
        """Of the file."""
        kind = format_of(self.path)
        assert kind is not None
        return MEDIA_TYPES[kind]


def write(
    source: Path,
    folder: Path,
    restorer: PixelSource,
    output: Output,
    progress: Callable[[float], None] | None = None,
) -> Written:
    """Restore a file as ``qgac restore`` does.

    Parameters
    ----------
    source : Path
    folder : Path
        Where to write.
    restorer : PixelSource
    output : Output
    progress : callable, optional
        Called with the share that is done, 0..1.

    Returns
    -------
    Written

    Raises
    ------
    Problem
        As :func:`qgac.web.reading.read`; 422 if the format cannot hold the picture; 503 if memory does not suffice.
    """
    settings = output.settings
    read(source, tolerant=settings.tolerant, max_pixels=settings.max_pixels)  # tells what kind of failure it is
    job = Job("picture", source, folder / "restored.png", output.format)
    if output.format is not None:
        job = replace(job, destination=folder / f"restored.{output.format}")
    told = None if progress is None else lambda job, done: progress(done.share)
    outcome = restore_file(job, restorer, replace(settings, overwrite=True), progress=told)
    if isinstance(outcome, Failed):
        short = outcome.message.startswith(_MEMORY) or "cannot be written" in outcome.message
        status = 503 if short else 422
        message = outcome.message.replace(str(folder), "the folder of the service")
        raise Problem(status, message, retry_after=30 if status == 503 else None)
    assert isinstance(outcome, Finished)
    assert outcome.destination is not None
    return Written(outcome.destination, outcome)


def restore_view(image: Sent, view: View, restorer: Restorer, place: Path, check: Callable[[], None]) -> View | None:
    """Restore a part of a picture into a PNG file of 8 bit, RGB or gray: what a whole that was saved once has there.

    Parameters
    ----------
    image : JPEGImage or Picture
    view : View
    restorer : Restorer
    place : Path
        Where to write.
    check : callable
        Called after each tile; what it raises ends the work.

    Returns
    -------
    View or None
        The part; None, and nothing is done, if it lies beside the picture or is most of it anyway,
        with what has to be restored around it, or if the past of the whole picture is to be found first.
    """
    if not isinstance(image, JPEGImage):
        return None
    part = view.within(image)
    if part is None:
        return None
    sight = 8 * (restorer.engine.receptive_field_y + restorer.engine.receptive_field_color)
    worked_on = part.grown(sight).within(image)
    assert worked_on is not None
    if 2 * worked_on.width * worked_on.height > image.width * image.height:
        return None
    with _means_suffice():
        box = (part.left, part.top, part.left + part.width, part.top + part.height)
        pixels = restorer.part(image, box, progress=lambda done, tiles: check())
    from qgac.restoration.picture import Restored

    metadata = Metadata(icc=image.metadata.icc)
    shown = Restored(pixels, replace(image, width=part.width, height=part.height, metadata=metadata))
    if len(image.components) == 4:  # which no browser would show
        from qgac.pictures.srgb import convert_to_srgb

        shown, _ = convert_to_srgb(shown)
    write_picture(shown, place, format="png", encoding=Encoding(), overwrite=True)
    return part


def keep(
    image: Sent, restorer: Restorer, hints: Hints, place: Path, progress: Callable[[int, int], None]
) -> KeptPixels:
    """Restore a picture for whatever output is asked for later; see :meth:`.KeptPixels.record`.

    Raises
    ------
    Problem
        503, if memory or disk does not suffice.
    """
    with _means_suffice():
        return KeptPixels.record(restorer, image, hints, place, progress)


@contextmanager
def _means_suffice() -> Iterator[None]:
    """Tell of memory and disk that do not suffice, which is no fault of the program."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "memory" not in str(error):
            raise
        raise Problem(503, f"{_MEMORY}; send a smaller picture, or try again later", retry_after=30) from error
    except OSError as error:
        raise Problem(
            503, f"results cannot be kept ({error.strerror}); try again when there is room", retry_after=60
        ) from error


def describe_file(source: Path, *, tolerant: bool, max_pixels: int) -> dict[str, Any]:
    """Describe a file as ``qgac info --json`` does.

    Returns
    -------
    dict
        Of :func:`qgac.inspection.description.describe`, or of :func:`qgac.inspection.past.describe_picture`, with
        ``bytes``.

    Raises
    ------
    Problem
        As :func:`qgac.web.reading.read` does.
    """
    from qgac.inspection.description import describe
    from qgac.inspection.past import describe_picture

    image = read(source, tolerant=tolerant, max_pixels=max_pixels)
    size = source.stat().st_size
    told = describe(image, size) if isinstance(image, JPEGImage) else describe_picture(image)
    return {"bytes": size, **told}


def heat_map(source: Path, *, tolerant: bool, max_pixels: int) -> tuple[bytes, float]:
    """Draw the expected error of each block, a pixel for each, in the colours of ``qgac info --heat-map``.

    Returns
    -------
    content : bytes
        A PNG file.
    top : float
        The error that has the last colour; the first one stands for none.

    Raises
    ------
    Problem
        As :func:`qgac.web.reading.read` does; 415 of other pictures as well.
    """
    from qgac.inspection.heat_map import draw_blocks
    from qgac.inspection.uncertainty import expected_map

    image = read(source, tolerant=tolerant, max_pixels=max_pixels)
    if not isinstance(image, JPEGImage):
        raise Problem(415, "this is no JPEG file, so there is nothing to draw a heat map of; send one")
    return draw_blocks(expected_map(image))
