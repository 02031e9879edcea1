"""Films of JPEG pictures (MJPEG) in AVI, MOV, MKV and raw streams: their frames, and what else is in the file."""

from __future__ import annotations

import math
import struct
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from qgac.containers.container import ContainerError, Inner, LackingError, Limits
from qgac.containers.jpeg_file import end_of_picture, segments_before_scan
from qgac.extras import lacking

if TYPE_CHECKING:
    from qgac.jpeg.image import JPEGImage

__all__ = ["Film", "Frame", "av_library", "fields_of", "woven"]

_APP0 = 0xE0
_EVEN_FIRST = 2  # in the AVI1 segment of a field
_ATTACHED = 0x400  # disposition of a cover
_RAW = ("mjpeg", "mjpeg_2000")


@dataclass(frozen=True)
class Frame:
    """A frame as the file has it.

    Attributes
    ----------
    number : int
        From 1.
    pts : int
        Time of presentation, in the time base of the film.
    content : bytes
        One JPEG file, or two of its fields.
    """

    number: int
    pts: int
    content: bytes


class Film:
    """A film.

    Parameters
    ----------
    path : Path

    Raises
    ------
    ContainerError
        If it is no film, or a damaged one.
    OSError
        If it cannot be read.

    Attributes
    ----------
    path : Path
    width, height : int
        Pixels of a frame.
    rate : Fraction
        Frames a second, on average.
    time_base : Fraction
        Seconds of a unit of time.
    turned : int
        By how many quarters the frames are to be shown turned, counterclockwise.
    shape : Fraction
        Width of a pixel by its height.
    length : int
        Frames.
    """

    signed = False

    def __init__(self, path: Path) -> None:
        with path.open("rb"):  # errors of the system in its own words
            pass
        self.path = path
        self.notes: list[str] = []
        self.length = 0
        self.turned = 0
        self._size = 0
        with opened(path) as container:
            stream = _film_in(container)
            if stream is None:
                codecs = ", ".join(map(_codec, container.streams.video)) or "no pictures"
                self.notes.append(f"of films, only those of JPEG pictures (MJPEG) are restored, and this has {codecs}")
                return
            self.width, self.height = stream.width, stream.height
            self.rate = Fraction(stream.average_rate or 25)
            self.time_base = Fraction(stream.time_base)
            self.shape = Fraction(stream.sample_aspect_ratio or 1)
            self._index = stream.index
            self.turned = _turned(path, stream.index)
            for packet in _packets(container, stream):
                self.length += bool(packet.size)
                self._size += packet.size
            if container.format.name in _RAW:
                self.notes.append("a raw stream says nothing about time; 25 frames a second are assumed")
            if stream.codec_context.color_range == 1:
                self.notes.append("the film keeps to the range of television, which an RGB one does not say any more")

    @property
    def pictures(self) -> Sequence[Inner]:
        """The first frame, for all of them."""
        if not self.length:
            return []

        def read(limits: Limits) -> JPEGImage:
            from qgac.jpeg.reader import read_jpeg  # loaded when it is needed

            with closing(self.frames()) as frames:
                content = next(frames).content
            return read_jpeg(fields_of(content)[0], tolerant=limits.tolerant, max_pixels=limits.max_pixels)

        return [Inner(f"the first of {self.length} frames", self._size, read)]

    def frames(self) -> Generator[Frame, None, None]:
        """Yield the frames, in their order."""
        with opened(self.path) as container:
            yield from (frame for frame in self.packets(container) if isinstance(frame, Frame))

    def stream(self, container: Any) -> Any:
        """Return the stream of the frames in the file, once it has been opened anew."""
        return container.streams[self._index]

    def packets(self, container: Any) -> Iterator[Any]:
        """Yield the frames and everything else in the file, as a :class:`Frame` or a packet of the library."""
        stream = self.stream(container)
        others = [other for other in container.streams if other.type in ("audio", "subtitle")]
        number, last = 0, -1
        for packet in _packets(container, stream, *others):
            if packet.stream is not stream:
                yield packet
            elif packet.size:
                number += 1
                pts = packet.pts if packet.pts is not None else packet.dts
                if pts is None or pts <= last:  # times that are missing, or stand still
                    pts = last + max(1, round(1 / (self.rate * self.time_base)))
                last = pts
                yield Frame(number, pts, bytes(packet))

    def close(self) -> None:
        """Nothing is open."""


def opened(path: Path) -> Any:
    """Open a file of films by the library.

    Raises
    ------
    ContainerError
        If it is none, or damaged.
    """
    av = av_library()
    try:
        return av.open(str(path), metadata_errors="ignore")
    except (av.FFmpegError, ValueError) as error:
        raise ContainerError(f"this is no film, or a damaged one ({_reason(error)}); get an undamaged copy") from error


def av_library() -> Any:
    """Return PyAV.

    Raises
    ------
    LackingError
        If it is not installed.
    """
    try:
        import av
    except ModuleNotFoundError as error:
        raise LackingError(lacking(error, "a film") or str(error)) from error
    return av


def fields_of(content: bytes) -> list[bytes]:
    """Return the JPEG files of a frame: itself, or its two fields, that of the upper lines first."""
    end = end_of_picture(content)
    start = content.find(b"\xff\xd8\xff", end)
    if start < 0:
        return [content]
    fields = [content[:end], content[start:]]
    polarity = next((s[8] for s in segments_before_scan(content) if s[1] == _APP0 and s[4:8] == b"AVI1"), 0)
    return fields[::-1] if polarity == _EVEN_FIRST else fields


def woven(fields: list[npt.NDArray[np.uint8]]) -> npt.NDArray[np.uint8]:
    """Return the picture of one or two fields."""
    if len(fields) == 1:
        return fields[0]
    upper, lower = fields
    picture = np.empty((2 * len(upper), *upper.shape[1:]), np.uint8)
    picture[::2], picture[1::2] = upper, lower
    return picture


def _film_in(container: Any) -> Any:
    films = [stream for stream in container.streams.video if _codec(stream) == "mjpeg"]
    return next((stream for stream in films if not stream.disposition.value & _ATTACHED), None)


def _codec(stream: Any) -> str:
    context = stream.codec_context
    return "an unknown codec" if context is None else str(context.name)


def _packets(container: Any, *streams: Any) -> Iterator[Any]:
    av = av_library()
    try:
        yield from container.demux(*streams)
    except (av.FFmpegError, ValueError) as error:
        raise ContainerError(f"the film is damaged ({_reason(error)}); get an undamaged copy") from error


def _turned(path: Path, index: int) -> int:
    """Return by how many quarters a film is to be shown turned, as the matrix beside its first frame says."""
    av = av_library()
    with opened(path) as container:
        try:
            frame = next(container.decode(container.streams[index]))
            matrix = next(data for data in frame.side_data if data.type.name == "DISPLAYMATRIX")
        except (av.FFmpegError, StopIteration, ValueError):
            return 0
        first, second = struct.unpack_from("=2i", bytes(matrix))
        return round(math.atan2(-second, first) / (math.pi / 2)) % 4


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
