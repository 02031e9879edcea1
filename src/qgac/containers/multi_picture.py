"""JPEG files that hold several pictures: MPO (CIPA DC-007), and the gain maps of Ultra HDR, which lie in the same way.

The first picture has an index of all of them in a segment of its own, and in XMP the lengths of gain maps.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qgac.containers.container import ContainerError, Exchange, Inner, Limits
from qgac.containers.jpeg_file import end_of_picture, jpeg_file, segments_before_scan, with_metadata_of
from qgac.jpeg.xmp import XMP

if TYPE_CHECKING:
    from qgac.jpeg.image import JPEGImage

__all__ = ["MultiPicture"]

_APP1, _APP2 = 0xE1, 0xE2
_INDEX = b"MPF\0"
_ENTRIES = 0xB002
_ENTRY = 16  # bytes: attributes, size, offset, two numbers of other pictures
_UNDEFINED = 7
_SEGMENT = 65535 - 2
_BEGINNING = b"\xff\xd8\xff"


@dataclass(frozen=True)
class _Piece:
    """A picture in the file: its bytes, and those behind it up to the next one."""

    start: int
    end: int
    rest: int
    entry: int | None  # position in the file of its entry in the index


class MultiPicture:
    """A JPEG file with all its pictures.

    Parameters
    ----------
    path : Path

    Raises
    ------
    ContainerError
        If it is no JPEG file, or its index is damaged.
    OSError
        If it cannot be read.
    """

    signed = False

    def __init__(self, path: Path) -> None:
        self.notes: list[str] = []
        self._content = path.read_bytes()
        if not self._content.startswith(_BEGINNING):
            raise ContainerError(
                "this is no JPEG file; all pictures of a file (--all-pictures) are those of JPEG files"
            )
        self._order, self._base, entries = _index(self._content)
        self._pieces = _pieces(self._content, self._order, self._base, entries)

    @property
    def pictures(self) -> Sequence[Inner]:
        """The pictures, the main one first."""
        return [_inner(self._content, piece, number) for number, piece in enumerate(self._pieces, 1)]

    def write(self, path: Path, exchange: Exchange) -> None:
        """Write the file with other pictures; whatever lies between and behind them stays."""
        restored = []
        for piece, inner in zip(self._pieces, self.pictures, strict=True):
            source = self._content[piece.start : piece.end]
            picture = exchange(inner)
            restored.append(source if picture is None else with_metadata_of(source, jpeg_file(picture)))
        lengths = [
            (piece.rest - piece.start, len(content) + piece.rest - piece.end)
            for piece, content in zip(self._pieces, restored, strict=True)
        ]
        restored[0], change = _announced_anew(restored[0], lengths[1:])
        lengths[0] = (lengths[0][0], lengths[0][1] + change)
        result = b"".join(
            content + self._content[piece.end : piece.rest]
            for piece, content in zip(self._pieces, restored, strict=True)
        )
        path.write_bytes(self._indexed_anew(result, restored[0], lengths))

    def close(self) -> None:
        """Nothing is open."""

    def _indexed_anew(self, content: bytes, first: bytes, lengths: list[tuple[int, int]]) -> bytes:
        """Put sizes and places into the index, which is as long as it was."""
        if len(self._pieces) == 1:
            return content
        _, base, _ = _index(first)
        result, start = bytearray(content), 0
        for number, (piece, (_, length)) in enumerate(zip(self._pieces, lengths, strict=True)):
            assert piece.entry is not None
            place = base + piece.entry - self._base
            struct.pack_into(self._order + "II", result, place + 4, length, start - base if number else 0)
            start += length
        return bytes(result)


def _index(content: bytes) -> tuple[str, int, list[tuple[int, int, int]]]:
    """Return byte order, where offsets count from, and for each picture the position of its entry, size and offset."""
    position = 2
    for segment in segments_before_scan(content):
        position = content.index(segment, position)
        if segment[1] == _APP2 and segment[4:8] == _INDEX:
            try:
                return _entries(content, position + 8, position + len(segment))
            except struct.error as error:
                raise ContainerError("the index of the pictures is damaged; get an undamaged copy") from error
        position += len(segment)
    return "<", 0, []


def _entries(content: bytes, base: int, end: int) -> tuple[str, int, list[tuple[int, int, int]]]:
    block = content[:end]
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[base : base + 4])
    if order is None:
        raise struct.error
    (directory,) = struct.unpack_from(order + "I", block, base + 4)
    (number,) = struct.unpack_from(order + "H", block, base + directory)
    for place in range(base + directory + 2, base + directory + 2 + 12 * number, 12):
        tag, kind, length, offset = struct.unpack_from(order + "HHII", block, place)
        if tag == _ENTRIES and kind == _UNDEFINED:
            found = []
            for entry in range(base + offset, base + offset + length - _ENTRY + 1, _ENTRY):
                size, start = struct.unpack_from(order + "4xII", block, entry)
                found.append((entry, size, start))
            return order, base, found
    raise struct.error


def _pieces(content: bytes, order: str, base: int, entries: list[tuple[int, int, int]]) -> list[_Piece]:
    starts = [(0 if number == 0 else base + offset, entry) for number, (entry, _, offset) in enumerate(entries)]
    places = [start for start, _ in starts]
    if places != sorted(set(places)) or any(content[start : start + 3] != _BEGINNING for start in places):
        raise ContainerError(
            "the index of the pictures leads elsewhere; get an undamaged copy, or restore the first alone"
        )
    if not starts:
        return [_Piece(0, end_of_picture(content), len(content), None)]
    found = []
    for (start, entry), rest in zip(starts, [*places[1:], len(content)], strict=True):
        end = start + end_of_picture(content[start:rest])
        found.append(_Piece(start, end, rest, entry))
    return found


def _inner(content: bytes, piece: _Piece, number: int) -> Inner:
    def read(limits: Limits) -> JPEGImage:
        from qgac.jpeg.reader import read_jpeg  # loaded when it is needed

        source = content[piece.start : piece.end]
        return read_jpeg(source, tolerant=limits.tolerant, max_pixels=limits.max_pixels)

    return Inner(f"picture {number}", piece.end - piece.start, read)


def _announced_anew(first: bytes, lengths: list[tuple[int, int]]) -> tuple[bytes, int]:
    """Put lengths of further pictures into the XMP of the first one, and say by how much it has grown."""
    for segment in segments_before_scan(first):
        if segment[1] != _APP1 or not segment[4:].startswith(XMP):
            continue
        payload = segment[4:]
        for old, new in lengths:
            payload = re.sub(rb"(Length\s*(?:=\s*[\"']|>))%d(?=[\"'<])" % old, rb"\g<1>%d" % new, payload, count=1)
        if len(payload) > _SEGMENT:
            raise ContainerError("the XMP of the first picture has no room for longer numbers; restore the first alone")
        changed = segment[:2] + struct.pack(">H", len(payload) + 2) + payload
        return first.replace(segment, changed, 1), len(changed) - len(segment)
    return first, 0
