"""A restored picture as the JPEG file that takes the place of another one inside a container."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from qgac.containers.container import ContainerError
from qgac.jpeg.image import JPEGImage
from qgac.pictures.writer import write_picture

if TYPE_CHECKING:
    from qgac.restoration.picture import Restored

__all__ = [
    "end_of_picture",
    "has_adobe_marker",
    "jpeg_file",
    "segments_before_scan",
    "with_color_markers_of",
    "with_metadata_of",
]

_APP0, _APP14, _APP15, _COM = 0xE0, 0xEE, 0xEF, 0xFE
_SOS, _EOI = 0xDA, 0xD9
_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd8-\xfe]")


def jpeg_file(picture: JPEGImage | Restored) -> bytes:
    """Make a JPEG file of refined coefficients, with the metadata of the picture.

    Raises
    ------
    ContainerError
        If pixels are given, which only some containers can hold.
    OutputError
        If the coefficients do not fit into a JPEG file.
    """
    if not isinstance(picture, JPEGImage):
        raise ContainerError("this kind of file holds JPEG pictures only; leave --lossless out")
    buffer = io.BytesIO()
    write_picture(picture, buffer, format="jpeg")
    return buffer.getvalue()


def with_color_markers_of(source: bytes, content: bytes) -> bytes:
    """Give a JPEG file the JFIF and Adobe markers of another one, or none if that has none.

    Programs differ in what they make of a marker that was not there before, of inks above all.

    Parameters
    ----------
    source : bytes
        The file that has been read.
    content : bytes
        As :func:`jpeg_file` makes it.

    Returns
    -------
    bytes
    """
    markers = [segment for segment in segments_before_scan(source) if _tells_colors(segment)]
    own = segments_before_scan(content)
    rest = content[2 + sum(map(len, own)) :]
    return b"".join([b"\xff\xd8", *markers, *(segment for segment in own if not _tells_colors(segment)), rest])


def with_metadata_of(source: bytes, content: bytes) -> bytes:
    """Give a JPEG file all metadata segments of another one, byte by byte, instead of its own.

    Parameters
    ----------
    source, content : bytes
        As in :func:`with_color_markers_of`.

    Returns
    -------
    bytes
    """
    own = segments_before_scan(content)
    rest = content[2 + sum(map(len, own)) :]
    metadata = [segment for segment in segments_before_scan(source) if _is_metadata(segment)]
    return b"".join([b"\xff\xd8", *metadata, *(segment for segment in own if not _is_metadata(segment)), rest])


def segments_before_scan(content: bytes) -> list[bytes]:
    """Return the segments of a JPEG file before its first scan, each with its marker."""
    segments: list[bytes] = []
    position = max(0, content.find(b"\xff\xd8")) + 2
    while position + 4 <= len(content) and content[position] == 0xFF and content[position + 1] != _SOS:
        if content[position + 1] == 0xFF:  # a fill byte
            position += 1
            continue
        end = position + 2 + int.from_bytes(content[position + 2 : position + 4], "big")
        segments.append(content[position:end])
        position = end
    return segments


def has_adobe_marker(content: bytes) -> bool:
    """Whether a JPEG file has the marker that says how its colours are transformed."""
    return any(segment[1] == _APP14 and segment[4:9] == b"Adobe" for segment in segments_before_scan(content))


def end_of_picture(content: bytes) -> int:
    """Return where a JPEG file ends that more may follow: behind its end-of-image marker, or at the end of all."""
    position = 2
    while (found := _MARKER.search(content, position)) is not None:  # none of those within the data of a scan
        position = found.end()
        if content[position - 1] == _EOI:
            return position
        position += int.from_bytes(content[position : position + 2], "big")
    return len(content)


def _tells_colors(segment: bytes) -> bool:
    return segment[4:9] in (b"JFIF\0", b"Adobe")


def _is_metadata(segment: bytes) -> bool:
    return _APP0 <= segment[1] <= _APP15 or segment[1] == _COM
