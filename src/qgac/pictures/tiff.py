"""TIFF files (TIFF 6.0, deflate after Adobe's supplement) that keep the EXIF data of their source byte for byte.

EXIF data are a TIFF structure themselves. So the file starts with them as they are, every offset in them stays true,
and a new main directory behind them takes over their descriptive entries.

The header says where that directory lies, which nobody knows before all pixels are compressed. So what follows the
header waits: in memory while it is small, then in a file without a name, of which nothing is left if the process dies.
"""

from __future__ import annotations

import struct
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from qgac.jpeg.image import Density
from qgac.jpeg.metadata import photoshop_resources
from qgac.pictures.bands import PictureInBands
from qgac.pictures.exif import first_directory
from qgac.pictures.formats import Encoding, OutputError

__all__ = ["encode", "tiff_parts"]

_STRIP_BYTES = 1 << 18
_HELD_BYTES = 1 << 25  # of compressed data; more of them wait on the disk
_COPIED_BYTES = 1 << 20  # at a time
_LARGEST = (1 << 32) - 1
_BYTE, _ASCII, _SHORT, _LONG, _RATIONAL, _UNDEFINED = 1, 2, 3, 4, 5, 7
_FORMATS = {_SHORT: "H", _LONG: "I"}
_PHOTOMETRIC = {1: 1, 3: 2, 4: 5}  # samples a pixel: black is zero, RGB, separated (CMYK)

# Entries of EXIF's main directory that describe the picture; the rest describes how the file was laid out.
# Description, make, model, orientation, resolution, software, date, artist, host, rating, copyright, EXIF and GPS
# directories, Windows' title to subject, print image matching.
_DESCRIPTIVE = {270, 271, 272, 274, 282, 283, 296, 305, 306, 315, 316, 18246, 18249, 33432, 34665, 34853}
_DESCRIPTIVE |= {40091, 40092, 40093, 40094, 40095, 50341}


def encode(picture: PictureInBands, encoding: Encoding) -> Iterator[bytes]:
    """Make a TIFF file, of a picture that comes piece by piece, without holding the whole of either.

    Parameters
    ----------
    picture : PictureInBands
        Of the type of the encoding's depth, floats 0..255; each band is let go before the next one is asked for.
    encoding : Encoding
        Its depth counts: floats are written as 0..1.

    Yields
    ------
    bytes
        The file, put together; nothing before all bands are taken.

    Raises
    ------
    OutputError
        If the file would become too large for its format, or for the place where it waits.
    """
    metadata = picture.metadata
    bands = picture.bands
    if encoding.depth == "float":
        bands = map(lambda band: band / np.float32(255), bands)  # noqa: C417 - which lets each go, unlike a generator
    try:
        yield from tiff_parts(
            bands,
            picture.height,
            exif=metadata.exif,
            icc=metadata.icc,
            xmp=metadata.xmp,
            photoshop=photoshop_resources(metadata),
            comment=metadata.comments[0] if metadata.comments else None,
            density=metadata.density,
        )
    except OverflowError as error:
        raise OutputError(f"{error}; choose png, or fewer bits (--depth)") from error
    except OSError as error:
        raise OutputError(
            f"a TIFF file waits in {tempfile.gettempdir()} until it is complete and cannot be written there "
            f"({error.strerror or error}); make room, or name another folder (TMPDIR)"
        ) from error


def tiff_parts(
    bands: Iterable[NDArray[Any]],
    height: int,
    *,
    exif: bytes | None = None,
    icc: bytes | None = None,
    xmp: bytes | None = None,
    photoshop: bytes | None = None,
    comment: bytes | None = None,
    density: Density | None = None,
) -> Iterator[bytes]:
    """Make a TIFF file of a picture that comes piece by piece.

    Parameters
    ----------
    bands : iterable of ndarray of uint8, uint16 or float32, shape (rows, W), (rows, W, 3) or (rows, W, 4)
        The picture from top to bottom, gray, RGB, or CMYK with the largest value for full ink. Floats are written as
        they are; 0..1 is what readers expect.
    height : int
        Rows in all.
    exif : bytes, optional
        TIFF structure of the EXIF data; left out if damaged.
    icc, xmp, photoshop : bytes, optional
        ICC profile, XMP packet, Photoshop resources.
    comment : bytes, optional
        Becomes the description, unless EXIF has one.
    density : Density, optional
        Goes before the resolution in EXIF, if it has a unit; a mere aspect ratio does not.

    Yields
    ------
    bytes
        The file, put together; nothing before all bands are taken.

    Raises
    ------
    OverflowError
        If the file would become larger than the 4 GiB that offsets in it can reach.
    OSError
        If what waits on the disk finds no room there.
    ValueError
        If the bands do not make up the height.
    """
    source = first_directory(exif) if exif is not None else None
    if source is None or exif is None:
        order, head, kept = "<", struct.pack("<2sHI", b"II", 42, 0), {}
    else:
        order, head = source.order, exif
        kept = {tag: entry for tag, entry in source.entries.items() if tag in _DESCRIPTIVE}

    with tempfile.SpooledTemporaryFile(_HELD_BYTES) as waiting:
        file = _File(order, head, waiting)
        offsets, lengths, rows = [], [], 0
        for strip in _strips(bands):
            compressed = _deflate(strip, order)
            offsets.append(file.append(compressed))
            lengths.append(len(compressed))
            rows += len(strip)
        if rows != height:
            raise ValueError(f"a picture of {height} rows was given {rows}")
        _, width, depth = strip.shape
        floats = strip.dtype.kind == "f"
        entries: dict[int, bytes] = {
            **kept,
            256: file.numbers(256, _LONG, width),
            257: file.numbers(257, _LONG, height),
            258: file.numbers(258, _SHORT, *[8 * strip.dtype.itemsize] * depth),
            259: file.numbers(259, _SHORT, 8),  # deflate
            262: file.numbers(262, _SHORT, _PHOTOMETRIC[depth]),
            273: file.numbers(273, _LONG, *offsets),
            277: file.numbers(277, _SHORT, depth),
            278: file.numbers(278, _LONG, _rows_a_strip(strip)),
            279: file.numbers(279, _LONG, *lengths),
            284: file.numbers(284, _SHORT, 1),  # samples of a pixel lie together
            317: file.numbers(317, _SHORT, 1 if floats else 2),  # 2: horizontal differences
            339: file.numbers(339, _SHORT, *[3 if floats else 1] * depth),  # IEEE floats, unsigned
        }
        if density is not None and (density.unit or (density.x != density.y and 282 not in entries)):
            entries[282] = file.entry(282, _RATIONAL, 1, struct.pack(order + "II", density.x, 1))
            entries[283] = file.entry(283, _RATIONAL, 1, struct.pack(order + "II", density.y, 1))
            entries[296] = file.numbers(296, _SHORT, density.unit + 1)
        if comment and 270 not in entries:
            entries[270] = file.text(270, comment)
        for tag, kind, data in ((700, _BYTE, xmp), (34377, _BYTE, photoshop), (34675, _UNDEFINED, icc)):
            if data:
                entries[tag] = file.entry(tag, kind, len(data), data)
        yield file.finish(entries)
        waiting.seek(0)
        yield from iter(lambda: waiting.read(_COPIED_BYTES), b"")


def _strips(bands: Iterable[NDArray[Any]]) -> Iterator[NDArray[Any]]:
    """Divide rows anew, into strips (rows, W, C) of one size but for the last; each is overwritten by the next."""
    strip: NDArray[Any] | None = None
    filled = 0
    for band in bands:
        samples = band[..., None] if band.ndim == 2 else band
        if strip is None:
            strip = np.empty((_rows_a_strip(samples), *samples.shape[1:]), samples.dtype)
        while len(samples):
            taken = samples[: len(strip) - filled]
            strip[filled : filled + len(taken)] = taken
            filled += len(taken)
            samples = samples[len(taken) :]
            if filled == len(strip):
                yield strip
                filled = 0
        del band, samples, taken  # before the next one is made
    if strip is not None and filled:
        yield strip[:filled]


def _rows_a_strip(samples: NDArray[Any]) -> int:
    return max(1, _STRIP_BYTES // int(samples[0].nbytes))


def _deflate(samples: NDArray[Any], order: str) -> bytes:
    """Compress rows of pixels; integers as differences from the pixel to the left, modulo their range.

    Floats go without differences: those have a predictor of their own that not every reader knows.
    """
    if samples.dtype.kind == "u":
        differences = samples.copy()
        differences[:, 1:] -= samples[:, :-1]
        samples = differences
    return zlib.compress(
        samples.astype(samples.dtype.newbyteorder(">" if order == ">" else "<"), copy=False).tobytes(), 6
    )


class _File:
    """A TIFF file that grows from its header on: data first, the main directory last."""

    def __init__(self, order: str, head: bytes, waiting: IO[bytes]) -> None:
        self._order = order
        self._head = head
        self._waiting = waiting  # all but the head
        self._length = len(head)

    def append(self, data: bytes) -> int:
        """Add data and return where they lie; always at an even position, as the format asks."""
        padding = self._length % 2
        position = self._length + padding
        self._length = position + len(data)
        if self._length > _LARGEST:
            raise OverflowError("a TIFF file holds at most 4 GiB")
        self._waiting.write(bytes(padding))
        self._waiting.write(data)
        return position

    def entry(self, tag: int, kind: int, count: int, data: bytes) -> bytes:
        """Return a directory entry; data of more than four bytes lie elsewhere in the file."""
        value = data.ljust(4, b"\0") if len(data) <= 4 else struct.pack(self._order + "I", self.append(data))
        return struct.pack(self._order + "HHI", tag, kind, count) + value

    def numbers(self, tag: int, kind: int, *values: int) -> bytes:
        """Return an entry of SHORT or LONG numbers."""
        return self.entry(tag, kind, len(values), struct.pack(f"{self._order}{len(values)}{_FORMATS[kind]}", *values))

    def text(self, tag: int, value: bytes) -> bytes:
        """Return an entry of text, which ends with a zero byte."""
        data = value.rstrip(b"\0") + b"\0"
        return self.entry(tag, _ASCII, len(data), data)

    def finish(self, entries: Mapping[int, bytes]) -> bytes:
        """Add the main directory, and return the head of the file, whose header points at it."""
        body = b"".join(entry for _, entry in sorted(entries.items()))
        position = self.append(struct.pack(self._order + "H", len(entries)) + body + bytes(4))
        return self._head[:4] + struct.pack(self._order + "I", position) + self._head[8:]
