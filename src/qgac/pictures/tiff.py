"""TIFF files (TIFF 6.0, deflate after Adobe's supplement) that keep the EXIF data of their source byte for byte.

EXIF data are a TIFF structure themselves. So the file starts with them as they are, every offset in them stays true,
and a new main directory behind them takes over their descriptive entries.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from qgac.jpeg.image import Density
from qgac.pictures.exif import first_directory

__all__ = ["encode_tiff"]

_STRIP_BYTES = 1 << 18
_LARGEST = (1 << 32) - 1
_BYTE, _ASCII, _SHORT, _LONG, _RATIONAL, _UNDEFINED = 1, 2, 3, 4, 5, 7
_FORMATS = {_SHORT: "H", _LONG: "I"}
_PHOTOMETRIC = {1: 1, 3: 2, 4: 5}  # samples a pixel: black is zero, RGB, separated (CMYK)

# Entries of EXIF's main directory that describe the picture; the rest describes how the file was laid out.
# Description, make, model, orientation, resolution, software, date, artist, host, rating, copyright, EXIF and GPS
# directories, Windows' title to subject, print image matching.
_DESCRIPTIVE = {270, 271, 272, 274, 282, 283, 296, 305, 306, 315, 316, 18246, 18249, 33432, 34665, 34853}
_DESCRIPTIVE |= {40091, 40092, 40093, 40094, 40095, 50341}


def encode_tiff(
    pixels: NDArray[Any],
    *,
    exif: bytes | None = None,
    icc: bytes | None = None,
    xmp: bytes | None = None,
    photoshop: bytes | None = None,
    comment: bytes | None = None,
    density: Density | None = None,
) -> bytes:
    """Make a TIFF file.

    Parameters
    ----------
    pixels : ndarray of uint8, uint16 or float32, shape (H, W), (H, W, 3) or (H, W, 4)
        Gray, RGB, or CMYK with the largest value for full ink. Floats are written as they are; 0..1 is what readers
        expect.
    exif : bytes, optional
        TIFF structure of the EXIF data; left out if damaged.
    icc, xmp, photoshop : bytes, optional
        ICC profile, XMP packet, Photoshop resources.
    comment : bytes, optional
        Becomes the description, unless EXIF has one.
    density : Density, optional
        Goes before the resolution in EXIF, if it has a unit; a mere aspect ratio does not.

    Returns
    -------
    bytes

    Raises
    ------
    OverflowError
        If the file would become larger than the 4 GiB that offsets in it can reach.
    """
    height, width = pixels.shape[:2]
    samples = pixels[..., None] if pixels.ndim == 2 else pixels
    depth = samples.shape[2]
    source = first_directory(exif) if exif is not None else None
    if source is None or exif is None:
        order, head, kept = "<", struct.pack("<2sHI", b"II", 42, 0), {}
    else:
        order, head = source.order, exif
        kept = {tag: entry for tag, entry in source.entries.items() if tag in _DESCRIPTIVE}

    file = _File(order, head)
    size = samples.dtype.itemsize
    rows = max(1, _STRIP_BYTES // (width * depth * size))
    strips = [_deflate(samples[top : top + rows], order) for top in range(0, height, rows)]
    offsets = [file.append(strip) for strip in strips]
    entries: dict[int, bytes] = {
        **kept,
        256: file.numbers(256, _LONG, width),
        257: file.numbers(257, _LONG, height),
        258: file.numbers(258, _SHORT, *[8 * size] * depth),
        259: file.numbers(259, _SHORT, 8),  # deflate
        262: file.numbers(262, _SHORT, _PHOTOMETRIC[depth]),
        273: file.numbers(273, _LONG, *offsets),
        277: file.numbers(277, _SHORT, depth),
        278: file.numbers(278, _LONG, rows),
        279: file.numbers(279, _LONG, *map(len, strips)),
        284: file.numbers(284, _SHORT, 1),  # samples of a pixel lie together
        317: file.numbers(317, _SHORT, 1 if samples.dtype.kind == "f" else 2),  # 2: horizontal differences
        339: file.numbers(339, _SHORT, *[3 if samples.dtype.kind == "f" else 1] * depth),  # IEEE floats, unsigned
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
    return file.finish(entries)


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

    def __init__(self, order: str, head: bytes) -> None:
        self._order = order
        self._parts = [head]
        self._length = len(head)

    def append(self, data: bytes) -> int:
        """Add data and return where they lie; always at an even position, as the format asks."""
        if self._length % 2:
            self._parts.append(b"\0")
            self._length += 1
        position = self._length
        self._parts.append(data)
        self._length += len(data)
        if self._length > _LARGEST:
            raise OverflowError("a TIFF file holds at most 4 GiB")
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
        """Add the main directory, point the header at it, and return the whole file."""
        body = b"".join(entry for _, entry in sorted(entries.items()))
        position = self.append(struct.pack(self._order + "H", len(entries)) + body + bytes(4))
        self._parts[0] = self._parts[0][:4] + struct.pack(self._order + "I", position) + self._parts[0][8:]
        return b"".join(self._parts)
