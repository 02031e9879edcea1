"""A restored picture as the JPEG file that takes the place of another one inside a container."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from qgac.containers.container import ContainerError
from qgac.jpeg.image import JPEGImage
from qgac.pictures.writer import write_picture

if TYPE_CHECKING:
    from qgac.restoration.picture import Restored

__all__ = ["jpeg_file", "with_color_markers_of"]

_SOS = 0xDA


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
    start = max(0, source.find(b"\xff\xd8"))
    markers = [segment for segment in _header(source[start:]) if _tells_colors(segment)]
    own = _header(content)
    rest = content[2 + sum(map(len, own)) :]
    return b"".join([b"\xff\xd8", *markers, *(segment for segment in own if not _tells_colors(segment)), rest])


def _header(content: bytes) -> list[bytes]:
    """Return the segments of a file before its first scan."""
    segments, position = [], 2
    while position + 4 <= len(content) and content[position] == 0xFF and content[position + 1] != _SOS:
        if content[position + 1] == 0xFF:  # a fill byte
            position += 1
            continue
        end = position + 2 + int.from_bytes(content[position + 2 : position + 4], "big")
        segments.append(content[position:end])
        position = end
    return segments


def _tells_colors(segment: bytes) -> bool:
    return segment[4:9] in (b"JFIF\0", b"Adobe")
