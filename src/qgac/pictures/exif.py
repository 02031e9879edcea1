"""The TIFF structure of EXIF data, as far as keeping it with a new picture needs: its first directory, its thumbnail.

EXIF is copied byte for byte, because the notes of camera makers hold offsets into it that nobody else can correct.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

__all__ = ["Directory", "first_directory", "orientation_only", "without_thumbnail"]

_ENTRY = 12
_ORIENTATION, _SHORT = 0x0112, 3
_THUMBNAIL_START, _THUMBNAIL_LENGTH = 0x0201, 0x0202


@dataclass(frozen=True)
class Directory:
    """One directory of a TIFF structure.

    Attributes
    ----------
    order : {"<", ">"}
        Byte order, as :mod:`struct` writes it.
    entries : dict of int to bytes
        The 12 raw bytes of each entry, by tag.
    link : int
        Position of the four bytes that say where the next directory lies.
    next : int
        What they say; 0 for none.
    """

    order: str
    entries: dict[int, bytes]
    link: int
    next: int

    def number(self, tag: int) -> int | None:
        """Return the value of an entry that holds one SHORT or LONG, or None if there is no such entry."""
        entry = self.entries.get(tag)
        if entry is None:
            return None
        kind, count = struct.unpack_from(self.order + "HI", entry, 2)
        if count != 1 or kind not in (3, 4):
            return None
        value: int = struct.unpack_from(self.order + ("H" if kind == 3 else "I"), entry, 8)[0]
        return value


def first_directory(exif: bytes) -> Directory | None:
    r"""Return the main directory of EXIF data, or None if they are damaged.

    Parameters
    ----------
    exif : bytes
        A TIFF structure, without the ``Exif\0\0`` prefix.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None or len(exif) < 8:
        return None
    return _directory(exif, order, struct.unpack_from(order + "I", exif, 4)[0])


def without_thumbnail(exif: bytes) -> bytes:
    r"""Unlink the embedded thumbnail, which shows the picture before it was restored; all else keeps its place.

    Parameters
    ----------
    exif : bytes
        A TIFF structure, without the ``Exif\0\0`` prefix.

    Returns
    -------
    bytes
        Shorter, if the thumbnail lies at the end, where it usually does. Damaged data come back as they are.
    """
    main = first_directory(exif)
    if main is None or main.next == 0:
        return exif
    result = bytearray(exif)
    struct.pack_into("4x", result, main.link)
    thumbnail = _directory(exif, main.order, main.next)
    if thumbnail is not None:
        start, length = thumbnail.number(_THUMBNAIL_START), thumbnail.number(_THUMBNAIL_LENGTH)
        if start is not None and length is not None and start > thumbnail.link and start + length >= len(exif):
            del result[start:]
    return bytes(result)


def orientation_only(exif: bytes) -> bytes | None:
    r"""Return EXIF data that say how to turn the picture, and nothing else.

    Parameters
    ----------
    exif : bytes
        A TIFF structure, without the ``Exif\0\0`` prefix.

    Returns
    -------
    bytes or None
        None if the picture is to be shown as it is.
    """
    main = first_directory(exif)
    orientation = main.number(_ORIENTATION) if main is not None else None
    if orientation is None or not 2 <= orientation <= 8:
        return None
    return struct.pack("<2sHIHHHIHHI", b"II", 42, 8, 1, _ORIENTATION, _SHORT, 1, orientation, 0, 0)


def _directory(exif: bytes, order: str, position: int) -> Directory | None:
    if position < 8 or position + 2 > len(exif):
        return None
    (count,) = struct.unpack_from(order + "H", exif, position)
    link = position + 2 + count * _ENTRY
    if link + 4 > len(exif):
        return None
    starts = range(position + 2, link, _ENTRY)
    entries = {struct.unpack_from(order + "H", exif, start)[0]: exif[start : start + _ENTRY] for start in starts}
    return Directory(order, entries, link, struct.unpack_from(order + "I", exif, link)[0])
