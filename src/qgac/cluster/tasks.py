"""Pictures put together to tasks of about a minute of work each, by their pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

from qgac.batch.jobs import Job
from qgac.cluster.storage import StorageError, read
from qgac.cluster.stored import Stored

__all__ = ["Pace", "pixels_in_header", "pixels_of", "tasks", "with_pixels"]

_HEADER = 1 << 16  # bytes; those of most cameras, thumbnail and all
_SMALL = 1 << 18  # bytes; below, a look into the file costs more than a wrong guess
_PIXELS_PER_BYTE = 6  # of usual photographs
_AHEAD = 256  # pictures whose headers are read before they are needed
_READERS = 32

Picture = Job | Stored


class Pace:
    """How much makes a minute of work, learned from what is done.

    Parameters
    ----------
    seconds : float
        Of work in a task.
    speed : float
        Pixels a second at the beginning, so that the first tasks are short rather than long.
    """

    def __init__(self, seconds: float = 60, speed: float = 100_000) -> None:
        self._seconds = seconds
        self._done = speed  # pixels, as if one second had been worked
        self._worked = 1.0

    def learn(self, pixels: int, seconds: float) -> None:
        """Take into account that so many pixels took so many seconds."""
        # What is long ago counts less and less, since the cluster may change.
        self._done = 0.98 * self._done + pixels
        self._worked = 0.98 * self._worked + seconds

    @property
    def pixels(self) -> int:
        """Pixels of a task."""
        return max(1, round(self._seconds * self._done / self._worked))


def tasks(
    pictures: Iterable[tuple[Picture | dict[str, Any], int]], pace: Pace, *, longest: int = 1000
) -> Iterator[list[Picture] | dict[str, Any]]:
    """Put pictures together to tasks.

    Parameters
    ----------
    pictures : iterable of (picture, int)
        With their pixels. No more of them is taken than a task needs, and one.
    pace : Pace
        Asked anew for every task.
    longest : int
        Most pictures of a task.

    Yields
    ------
    list of pictures or dict
        Never empty; a picture larger than a task is one alone. What is a dictionary is no picture and passes through.
    """
    task: list[Picture] = []
    total = 0
    limit = pace.pixels
    for picture, pixels in pictures:
        if isinstance(picture, dict):
            yield picture
            continue
        if task and (total + pixels > limit or len(task) == longest):
            yield task
            task, total, limit = [], 0, pace.pixels
        task.append(picture)
        total += pixels
    if task:
        yield task


def with_pixels(
    pictures: Iterable[Picture | dict[str, Any]], pixels: Callable[[Picture], int]
) -> Iterator[tuple[Picture | dict[str, Any], int]]:
    """Find out how many pixels pictures have, some pictures ahead, several at a time.

    Parameters
    ----------
    pictures : iterable
        What is a dictionary is no picture and passes through.
    pixels : callable
        May take its time.

    Yields
    ------
    (picture, int)
        In the same order.
    """
    left = iter(pictures)
    with ThreadPoolExecutor(_READERS, thread_name_prefix="qgac-headers") as pool:
        while chunk := list(islice(left, _AHEAD)):
            known = pool.map(lambda picture: 0 if isinstance(picture, dict) else pixels(picture), chunk)
            yield from zip(chunk, known, strict=True)


def pixels_of(picture: Picture) -> int:
    """Return how many pixels a picture has: of a large file by its header, of a small one by a guess from its size."""
    if picture.size >= _SMALL or not picture.size:
        try:
            if isinstance(picture, Stored):
                header = read(picture.name, _HEADER, patience=())
            else:
                header = _beginning(picture.source)
            known = pixels_in_header(header)
        except (StorageError, OSError):
            known = None  # which the worker will tell of
        if known is not None:
            return known
    return _PIXELS_PER_BYTE * picture.size


def _beginning(path: Path | None) -> bytes:
    if path is None:
        return b""
    with path.open("rb") as file:
        return file.read(_HEADER)


def pixels_in_header(content: bytes) -> int | None:
    """Return the pixels that the frame header at the beginning of a JPEG file tells (ITU-T T.81, B.2.2).

    Parameters
    ----------
    content : bytes
        Of the beginning of the file.

    Returns
    -------
    int or None
        None if there is no frame header in it.
    """
    position = 2
    while position + 9 <= len(content) and content[position] == 0xFF:
        code = content[position + 1]
        if code == 0xFF:  # fill byte
            position += 1
        elif 0xC0 <= code <= 0xCF and code not in (0xC4, 0xC8, 0xCC):
            rows = int.from_bytes(content[position + 5 : position + 7], "big")
            columns = int.from_bytes(content[position + 7 : position + 9], "big")
            return rows * columns or None  # rows may come later (DNL)
        else:
            position += 2 + int.from_bytes(content[position + 2 : position + 4], "big")
    return None
