"""Directories of TIFF and BigTIFF files (TIFF 6.0, section 2): numbers in their entries, and putting others there."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from qgac.containers.container import ContainerError

__all__ = ["Directory", "directories", "is_one_picture"]

_SUB_DIRECTORIES = 330
_COMPRESSION, _OLD_JPEG, _JPEG = 259, 6, 7
_MOST = 10_000  # directories of a file
_NUMBERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}  # BYTE, SHORT, LONG, IFD, and those of 64 bits
_LONG, _LONG8 = 4, 16
Content = bytes | mmap.mmap
"""Of a file."""

_BLOB = {7: "B", **_NUMBERS}  # UNDEFINED


@dataclass(frozen=True)
class Directory:
    """A directory.

    Attributes
    ----------
    name : str
        By page, and by place among the directories below it.
    big : bool
        Whether the file is a BigTIFF.
    order : {"<", ">"}
        Byte order.
    entries : dict of int to int
        Where in the file the entry of each tag is.
    """

    name: str
    big: bool
    order: str
    entries: dict[int, int]

    def numbers(self, content: Content, tag: int) -> list[int]:
        """Return the numbers of an entry, none if there is no such entry.

        Raises
        ------
        struct.error
            If the entry leads out of the file.
        """
        if tag not in self.entries:
            return []
        kind, count, place = self._entry(content, tag)
        code = _NUMBERS.get(kind)
        if code is None or count * struct.calcsize(code) > len(content):
            raise struct.error
        return list(struct.unpack_from(f"{self.order}{count}{code}", content, place))

    def data(self, content: Content, tag: int) -> bytes:
        """Return the bytes of an entry, none if there is no such entry."""
        if tag not in self.entries:
            return b""
        kind, count, place = self._entry(content, tag)
        if kind not in (1, 7) or place + count > len(content):
            raise struct.error
        return content[place : place + count]

    def put(self, content: bytearray, tag: int, numbers: list[int]) -> None:
        """Give an entry other numbers, behind all that the file holds if they are several.

        Raises
        ------
        ContainerError
            If they are too large for the file.
        """
        if not self.big and len(content) + 4 * len(numbers) > 0xFFFFFFFF:
            raise ContainerError("the result is larger than 4 GB, which only a BigTIFF holds; lower the --quality")
        place = self.entries[tag]
        code, kind = ("Q", _LONG8) if self.big else ("I", _LONG)
        if len(numbers) > 1:
            content += bytes(len(content) % 2)
            start = len(content)
            content += struct.pack(f"{self.order}{len(numbers)}{code}", *numbers)
            numbers = [start, len(numbers)]
        else:
            numbers = [*numbers, 1]
        struct.pack_into(f"{self.order}H{code}{code}", content, place + 2, kind, numbers[1], numbers[0])

    def _entry(self, content: Content, tag: int) -> tuple[int, int, int]:
        """Return type, number of values, and where they are."""
        place = self.entries[tag]
        kind, count = struct.unpack_from(f"{self.order}H{'Q' if self.big else 'I'}", content, place + 2)
        room = 8 if self.big else 4
        values = place + 4 + room
        size = struct.calcsize(_BLOB.get(kind, "Q"))
        if count * size > room:
            (values,) = struct.unpack_from(f"{self.order}{'Q' if self.big else 'I'}", content, values)
        return kind, count, values


def directories(content: Content) -> Iterator[Directory]:
    """Yield all directories of a file: pages in their order, each with those below it.

    Raises
    ------
    ContainerError
        If this is no TIFF file, or a damaged one.
    """
    big = content[2:4] in (b"+\0", b"\0+")
    order = {b"II*\0": "<", b"MM\0*": ">", b"II+\0": "<", b"MM\0+": ">"}.get(content[:4])
    if order is None:
        raise ContainerError("this is no TIFF file, whatever its name says; get an undamaged copy")
    seen: set[int] = set()
    try:
        (position,) = struct.unpack_from(order + ("Q" if big else "I"), content, 8 if big else 4)
        number = 0
        while position:
            number += 1
            directory, following = _read(content, position, f"page {number}", big, order, seen)
            yield directory
            for index, below in enumerate(directory.numbers(content, _SUB_DIRECTORIES), 1):
                yield _read(content, below, f"page {number}, picture {index} below it", big, order, seen)[0]
            position = following
    except struct.error as error:
        raise ContainerError("the TIFF file is damaged (a directory leads out of it); get an undamaged copy") from error


def is_one_picture(path: Path) -> bool:
    """Whether a file is a TIFF file of one picture that is no JPEG; False as well if it cannot be read."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            kinds = [directory.numbers(content, _COMPRESSION) for directory in directories(content)]
    except (OSError, ValueError, ContainerError, struct.error):
        return False
    return len(kinds) == 1 and kinds[0] not in ([_OLD_JPEG], [_JPEG])


def _read(content: Content, position: int, name: str, big: bool, order: str, seen: set[int]) -> tuple[Directory, int]:
    if position in seen or len(seen) >= _MOST:
        raise ContainerError("the TIFF file is damaged (its directories lead to one another); get an undamaged copy")
    seen.add(position)
    (count,) = struct.unpack_from(order + ("Q" if big else "H"), content, position)
    first, size = position + (8 if big else 2), 20 if big else 12
    end = first + count * size
    (following,) = struct.unpack_from(order + ("Q" if big else "I"), content, end)
    entries: dict[int, int] = {}
    for place in range(first, end, size):
        (tag,) = struct.unpack_from(order + "H", content, place)
        entries.setdefault(tag, place)
    return Directory(name, big, order, entries), following
