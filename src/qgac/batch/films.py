"""Restoring films frame by frame, and going on where it was interrupted.

Restored frames go into parts, lossless files in a hidden folder beside the result; when all are there, the film is put
together. Whoever restores a film again that was interrupted finds the parts, and begins with the first frame that none
of them holds.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict
from itertools import chain, islice, takewhile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from qgac.batch.jobs import Done, Inside
from qgac.batch.pixel_source import PixelSource
from qgac.batch.settings import Settings
from qgac.coefficients.quantization import quality_of
from qgac.containers.container import ContainerError, EmptyError
from qgac.containers.film import Film, Frame, fields_of, woven
from qgac.containers.film_writer import read_part, write_film, write_part
from qgac.files.atomic import whole_file, write_atomically
from qgac.jpeg.errors import JPEGError

__all__ = ["restore_film"]

Pixels = npt.NDArray[np.uint8]

_PART = 50  # frames
_USUAL_CRF = 16  # of H.264: hardly any loss to be seen


def restore_film(
    source: Path,
    destination: Path,
    restorer: PixelSource,
    settings: Settings,
    progress: Callable[[Done], None],
) -> tuple[tuple[Inside, ...], tuple[str, ...]]:
    """Restore a film.

    Parameters
    ----------
    source, destination, restorer, settings, progress
        As for :func:`qgac.batch.inside.restore_inside`; of the name of the destination, the suffix says which kind of
        file it is to be.

    Returns
    -------
    tuple of Inside
        One for all frames, and one for each that is damaged.
    tuple of str
        What is worth telling about the film.

    Raises
    ------
    EmptyError
        If it has no JPEG frames.
    ContainerError
        If it cannot be read or written.
    OSError
        If a file cannot be read or written.
    """
    film = Film(source)
    if not film.length:
        raise EmptyError(film.notes)
    suffix = destination.suffix.lower()
    crf = _USUAL_CRF if settings.crf is None and suffix == ".mp4" else settings.crf
    if crf is not None and (film.width % 2 or film.height % 2):
        raise ContainerError(
            "H.264 wants an even width and height, which this film has not; choose .mkv, without --crf"
        )
    parts = _Parts(destination, film, settings)
    try:
        there = parts.frames
        work = _Frames(film, restorer, settings)
        parts.complete(
            work.restored(there, parts.last_frame()),
            work,
            lambda done: progress(Done((done - there) / (film.length - there), f"frame {done} of {film.length}")),
        )
        pixels = chain.from_iterable(read_part(path) for path in parts.paths)
        with whole_file(destination, overwrite=settings.overwrite) as partial:
            write_film(partial, suffix, film, (np.rot90(picture, film.turned) for picture in pixels), crf)
        quality, damaged = parts.account()
    except BaseException:
        if not parts.frames:  # else the work is not lost, whatever stopped it
            parts.remove()
        raise
    parts.remove()
    notes = [*film.notes, f"{film.length} frames restored"]
    if crf is None and film.shape != 1:
        notes.append(f"its pixels are {film.shape} as wide as high, which FFV1 does not say; H.264 does (--crf)")
    if there:
        notes.append(f"{there} of them were there from a run before")
    notes.append(f"{source.stat().st_size / 1e6:.1f} MB before, {destination.stat().st_size / 1e6:.1f} MB after")
    whole = Inside("film", source.stat().st_size, film.width, film.height, quality, (), None)
    return (whole, *damaged), tuple(notes)


class _Frames:
    """Restores the frames of a film one after the other, and remembers what was wrong with them."""

    def __init__(self, film: Film, restorer: PixelSource, settings: Settings) -> None:
        self.damaged: list[Inside] = []
        self.quality: int | None = None
        self._film = film
        self._restorer = restorer
        self._settings = settings

    def restored(self, first: int, before: Pixels | None) -> Iterator[Pixels]:
        """Yield the frames behind the first ones, given the last one of these; frames that are lost repeat others."""
        waiting = 0  # at the beginning, for the first one that can be read
        for frame in self._film.frames():
            if frame.number <= first:
                continue
            picture = self._picture(frame)
            if picture is not None and before is not None and picture.shape != before.shape:
                self._tell(frame, "it is of another size than the others", "it repeats the one before it")
                picture = None
            before = before if picture is None else picture
            if before is None:
                waiting += 1
                continue
            for _ in range(waiting + 1):
                yield before
            waiting = 0
        if before is None:
            raise ContainerError(f"none of its frames could be restored; {''.join(self.damaged[0].notes)}")

    def _picture(self, frame: Frame) -> Pixels | None:
        from qgac.jpeg.reader import read_jpeg  # loaded when it is needed

        try:
            fields = []
            for content in fields_of(frame.content):
                image = read_jpeg(content, tolerant=True, max_pixels=self._settings.max_pixels)
                if image.missing:
                    missing = f"{image.missing:.1%} of its data are missing"
                    self._tell(frame, missing, "it was restored as far as it goes")
                self.quality = quality_of(image.components[0].table, chroma=False)
                pixels = self._restorer(image).to_uint8()
                fields.append(np.repeat(pixels[..., None], 3, 2) if pixels.ndim == 2 else pixels[..., :3])
            return woven(fields) if len({field.shape for field in fields}) == 1 else fields[0]
        except JPEGError as error:
            self._tell(frame, str(error), "it repeats the one beside it")
            return None

    def _tell(self, frame: Frame, reason: str, remedy: str) -> None:
        notes = (f"{reason}; {remedy}",)
        self.damaged.append(Inside(f"frame {frame.number}", len(frame.content), None, None, None, notes, None))


class _Parts:
    """The restored frames so far, in files of some frames each, with an account of what was wrong with them."""

    def __init__(self, destination: Path, film: Film, settings: Settings) -> None:
        self._length = film.length
        self._folder = destination.with_name(f".qgac-{destination.name}.parts")
        about = self._folder / "about.json"
        description = _description(film, settings)
        if not about.is_file() or about.read_text("utf-8") != description:
            self.remove()
            self._folder.mkdir()
            write_atomically(description.encode(), about)

    @property
    def paths(self) -> list[Path]:
        """The parts that are there, in their order."""
        places = (self._folder / f"{number:06}.nut" for number in range(-(-self._length // _PART)))
        return list(takewhile(Path.is_file, places))

    @property
    def frames(self) -> int:
        """Frames that are there."""
        return min(len(self.paths) * _PART, self._length)

    def last_frame(self) -> Pixels | None:
        """Return the last frame that is there."""
        paths = self.paths
        return deque(read_part(paths[-1]), maxlen=1)[0] if paths else None

    def complete(self, frames: Iterator[Pixels], work: _Frames, progress: Callable[[int], None]) -> None:
        """Write the parts that are missing."""
        while (done := self.frames) < self._length:
            path = self._folder / f"{len(self.paths):06}.nut"
            count = 0

            def counted() -> Iterator[Pixels]:
                nonlocal count
                for picture in islice(frames, _PART):
                    count += 1
                    progress(done + count)
                    yield picture

            with whole_file(path) as partial:
                write_part(partial, counted())
                if count < min(_PART, self._length - done):
                    raise ContainerError("the film has fewer frames than before; leave it alone while it is restored")
                account = {"quality": work.quality, "damaged": [asdict(entry) for entry in work.damaged]}
                write_atomically(json.dumps(account).encode(), path.with_suffix(".json"), overwrite=True)
                work.damaged.clear()

    def account(self) -> tuple[int | None, tuple[Inside, ...]]:
        """Return the quality of the frames, and those that were damaged."""
        accounts = [json.loads(path.with_suffix(".json").read_text("utf-8")) for path in self.paths]
        damaged = [entry for account in accounts for entry in account["damaged"]]
        return accounts[-1]["quality"], tuple(Inside(**entry | {"notes": tuple(entry["notes"])}) for entry in damaged)

    def remove(self) -> None:
        """Remove all of it."""
        if self._folder.is_dir():
            shutil.rmtree(self._folder)


def _description(film: Film, settings: Settings) -> str:
    """Tell this film, and this way of restoring it, from others."""
    status = film.path.stat()
    with film.path.open("rb") as file:
        beginning = hashlib.sha256(file.read(1 << 20)).hexdigest()
    about = [film.length, status.st_size, status.st_mtime_ns, beginning, settings.restoration, settings.max_pixels]
    return json.dumps({"qgac_parts": 1, "of": about})
