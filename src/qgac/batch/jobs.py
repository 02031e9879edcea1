"""One picture, or container of pictures, to restore, and what can happen to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qgac.batch.originals import is_taken
from qgac.containers.kinds import Kind
from qgac.pictures.formats import Format

__all__ = ["Done", "Event", "Failed", "Finished", "Inside", "Job", "Outcome", "Skipped", "Started"]


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
        None means PNG, or TIFF for CMYK; the suffix of the destination then follows. Of a container, that of the
        pictures inside.
    makes_folders : bool
        Whether missing folders on the way to the destination are made.
    original : Path or None
        Under which name the source stays when it is restored in its own place.
    container : Kind or None
        What kind of container the source is; None for a picture.
    searched : bool
        Whether the source was met in a search, so that a container may hold no picture.
    """

    name: str
    source: Path | None
    destination: Path | None
    format: Format | None
    makes_folders: bool = False
    original: Path | None = None
    container: Kind | None = None
    searched: bool = False

    @property
    def places(self) -> set[Path]:
        """Where the picture may go: only what is in the file tells PNG from TIFF if no format is given."""
        if self.destination is None:
            return set()
        if self.original is not None:
            return {self.destination, self.original}
        return {self.destination} if self.format else {self.destination, self.destination.with_suffix(".tiff")}

    @property
    def is_done(self) -> bool:
        """Whether the output is there already, or the original that stays beside it."""
        if self.original is not None and self.source is not None:
            return is_taken(self.source, self.original)
        return self.destination is not None and self.destination.is_file()

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
class Done:
    """How far the work on a picture or container is, between its events.

    Attributes
    ----------
    share : float
        0..1.
    inside : str
        Of a container, which of its pictures is in work, or how many of its frames are done; empty for a picture.
    """

    share: float
    inside: str = ""


@dataclass(frozen=True)
class Inside:
    """What became of a picture inside a container.

    Attributes
    ----------
    name : str
        Where in the container it is.
    bytes : int
        What it takes there.
    width, height : int or None
        Pixels; None if it could not be read.
    quality : int or None
        As in :class:`Finished`.
    notes : tuple of str
        What is worth telling about it.
    reason : str or None
        Why it was left as it was; None if it was restored.
    """

    name: str
    bytes: int
    width: int | None
    height: int | None
    quality: int | None
    notes: tuple[str, ...]
    reason: str | None


@dataclass(frozen=True)
class Finished:
    """A picture was restored and written, or the pictures inside a container.

    Attributes
    ----------
    job : Job
    destination : Path or None
        Where it is now.
    width, height : int or None
        Pixels; None for a container.
    quality : int or None
        That of the libjpeg table, 1..100, which the first component (gray, Y or R) has; None for any other table, and
        for a container.
    notes : tuple of str
        What is worth telling about the source.
    seconds : float
    pictures : tuple of Inside
        Those of a container.
    """

    job: Job
    destination: Path | None
    width: int | None
    height: int | None
    quality: int | None
    notes: tuple[str, ...]
    seconds: float
    pictures: tuple[Inside, ...] = ()


@dataclass(frozen=True)
class Skipped:
    """A picture was not restored, because there is an output of its name.

    Attributes
    ----------
    job : Job
    destination : Path
        What is there.
    """

    job: Job
    destination: Path


@dataclass(frozen=True)
class Failed:
    """An input gave no picture.

    Attributes
    ----------
    name : str
        The input, as the user knows it.
    message : str
        Cause and remedy, in one sentence.
    harmless : bool
        Whether none was to be expected: a search met a pipe, a socket or a device, or a container that holds no picture
        or that nothing installed can read, which is told and not counted.
    """

    name: str
    message: str
    harmless: bool = False


Outcome = Finished | Skipped | Failed
Event = Started | Outcome
