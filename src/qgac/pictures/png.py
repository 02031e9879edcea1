"""PNG files (PNG third edition, ISO/IEC 15948) of 8 or 16 bits a sample, with metadata.

Written here because Pillow knows no 16-bit RGB. Each row is stored as differences from its neighbours, by the one of
the five filters whose differences are smallest in sum, as the standard advises (section 12.7) and libpng does.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qgac.jpeg.image import Density
from qgac.jpeg.metadata import photoshop_resources
from qgac.pictures.bands import PictureInBands
from qgac.pictures.formats import Encoding
from qgac.processors import beside

__all__ = ["encode", "png_parts"]

Bytes = NDArray[np.uint8]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOR_TYPES = {1: 0, 3: 2}  # samples a pixel: gray, truecolour
_BAND_BYTES = 1 << 18  # rows are filtered so many bytes at a time, which is where speed is best
_CHUNK_BYTES = 1 << 16
_LEVEL = 4  # of deflate: files are 1 to 5 % larger than at 6, which is usual, and made in a third of the time
_METRES_PER_INCH = 0.0254


def encode(picture: PictureInBands, encoding: Encoding) -> Iterator[bytes]:
    """Make a PNG file piece by piece, of a picture that comes piece by piece.

    Parameters
    ----------
    picture : PictureInBands
        Gray or RGB, uint8 or uint16; each band is let go before the next one is asked for.
    encoding : Encoding
        Says nothing that the pixels do not say.

    Returns
    -------
    iterator of bytes
        The file, put together.
    """
    metadata = picture.metadata
    return png_parts(
        picture.bands,
        picture.height,
        exif=metadata.exif,
        icc=picture.profile(b"GRAY" if picture.channels == 1 else b"RGB "),
        xmp=metadata.xmp,
        photoshop=photoshop_resources(metadata),
        comments=metadata.comments,
        density=metadata.density,
    )


def png_parts(
    bands: Iterable[NDArray[Any]],
    height: int,
    *,
    exif: bytes | None = None,
    icc: bytes | None = None,
    xmp: bytes | None = None,
    photoshop: bytes | None = None,
    comments: Sequence[bytes] = (),
    density: Density | None = None,
) -> Iterator[bytes]:
    """Make a PNG file piece by piece, of a picture that comes piece by piece.

    Parameters
    ----------
    bands : iterable of ndarray of uint8 or uint16, shape (rows, W) or (rows, W, 3)
        The picture from top to bottom, gray or RGB; each is let go before the next one is asked for.
    height : int
        Rows in all.
    exif : bytes, optional
        TIFF structure of the EXIF data.
    icc : bytes, optional
        A profile of the pixels' own colour.
    xmp : bytes, optional
        XMP packet.
    photoshop : bytes, optional
        Photoshop resources, with IPTC among them; as a "raw profile", which is no standard but what ExifTool, Exiv2 and
        ImageMagick read.
    comments : sequence of bytes
        UTF-8 or Latin-1.
    density : Density, optional

    Yields
    ------
    bytes
        The file, put together.

    Raises
    ------
    ValueError
        If the bands do not make up the height.
    """
    remaining = iter(bands)
    first = next(remaining)
    channels, size = 1 if first.ndim == 2 else first.shape[2], first.dtype.itemsize
    header = struct.pack(">IIBBBBB", first.shape[1], height, 8 * size, _COLOR_TYPES[channels], 0, 0, 0)
    parts = [_SIGNATURE, _chunk(b"IHDR", header)]
    if icc:
        parts.append(_chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(icc)))
    parts.append(_density(density))
    if exif:
        parts.append(_chunk(b"eXIf", exif))
    if xmp:
        parts.append(_international_text("XML:com.adobe.xmp", _decoded(xmp)))
    parts += [_text("Comment", _decoded(comment)) for comment in comments]
    if photoshop:
        parts.append(_compressed_text("Raw profile type iptc", _raw_profile("iptc", photoshop)))
    yield b"".join(parts)
    compressor = _Compressor(first.shape[1] * channels * size, channels * size)
    for data in compressor.compress(first):
        yield _chunk(b"IDAT", data)
    del first
    for band in remaining:
        for data in compressor.compress(band):
            yield _chunk(b"IDAT", data)
        del band
    if compressor.rows != height:
        raise ValueError(f"a picture of {height} rows was given {compressor.rows}")
    yield _chunk(b"IDAT", compressor.finish()) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))


class _Compressor:
    """Filters and compresses rows of so many bytes, with so many a pixel."""

    def __init__(self, width: int, pixel: int) -> None:
        self.rows = 0
        self._pixel = pixel
        self._compressor = zlib.compressobj(_LEVEL)
        self._last = np.zeros((1, width), np.uint8)  # above the first row there is nothing
        self._waiting = b""
        self._compressed: Callable[[], bytes] = bytes  # of the rows before, compressed while the next are filtered

    def compress(self, samples: NDArray[Any]) -> Iterator[bytes]:
        """Take in rows (rows, W) or (rows, W, channels); yield what the compressor has to give, band by band."""
        self.rows += len(samples)
        rows = max(1, _BAND_BYTES // self._last.size)
        for top in range(0, len(samples), rows):
            band = np.ascontiguousarray(samples[top : top + rows], samples.dtype.newbyteorder(">"))
            current = band.reshape(len(band), -1).view(np.uint8)
            above = np.concatenate((self._last, current[:-1]))
            filtered = _filtered(current, above, self._pixel)
            self._waiting += self._compressed()
            self._compressed = beside(partial(self._compressor.compress, filtered.data))
            self._last = current[-1:].copy()
            if len(self._waiting) >= _CHUNK_BYTES:
                yield self._waiting
                self._waiting = b""

    def finish(self) -> bytes:
        """Return the rest."""
        return self._waiting + self._compressed() + self._compressor.flush()


def _filtered(current: Bytes, above: Bytes, pixel: int) -> Bytes:
    """Return rows (rows, bytes) as their best filter has them, the number of the filter before each.

    Parameters
    ----------
    current, above : ndarray of uint8, shape (rows, bytes)
        The rows, and for each the one above it.
    pixel : int
        Bytes a pixel.
    """
    left, corner = np.zeros_like(current), np.zeros_like(current)
    left[:, pixel:], corner[:, pixel:] = current[:, :-pixel], above[:, :-pixel]
    best = np.empty((len(current), current.shape[1] + 1), np.uint8)
    smallest = np.full(len(current), np.iinfo(np.int64).max)
    # In order of the filters' numbers: nothing, left, above, the mean of both, Paeth's choice.
    predictions = (np.zeros_like(left), left, above, _mean(left, above), _paeth(left, above, corner))
    for number, prediction in enumerate(predictions):
        differences = current - prediction
        sizes = np.minimum(differences, np.negative(differences)).sum(1, dtype=np.int64)
        better = sizes < smallest
        smallest[better] = sizes[better]
        best[better, 0] = number
        best[better, 1:] = differences[better]
    return best


def _mean(left: Bytes, above: Bytes) -> Bytes:
    return (left & above) + ((left ^ above) >> 1)  # rounded down, without a ninth bit


def _paeth(left: Bytes, above: Bytes, corner: Bytes) -> Bytes:
    """Return whichever neighbour is nearest to left + above - corner; ties go to the left, then above."""
    a, b, c = (neighbour.astype(np.int16) for neighbour in (left, above, corner))
    to_a, to_b = b - c, a - c
    to_c = np.abs(to_a + to_b)
    np.abs(to_a, out=to_a)
    np.abs(to_b, out=to_b)
    result = np.where(to_b <= to_c, above, corner)
    return np.where((to_a <= to_b) & (to_a <= to_c), left, result)


def _density(density: Density | None) -> bytes:
    if density is None or (density.unit == 0 and density.x == density.y):
        return b""
    scale = {0: 1.0, 1: 1 / _METRES_PER_INCH, 2: 100.0}[density.unit]
    data = struct.pack(">IIB", round(density.x * scale), round(density.y * scale), density.unit > 0)
    return _chunk(b"pHYs", data)


def _text(keyword: str, text: str) -> bytes:
    try:
        return _chunk(b"tEXt", keyword.encode() + b"\0" + text.encode("latin-1"))
    except UnicodeEncodeError:
        return _international_text(keyword, text)


def _international_text(keyword: str, text: str) -> bytes:
    return _chunk(b"iTXt", keyword.encode() + b"\0\0\0\0\0" + text.encode())


def _compressed_text(keyword: str, text: str) -> bytes:
    return _chunk(b"zTXt", keyword.encode() + b"\0\0" + zlib.compress(text.encode("latin-1")))


def _raw_profile(name: str, data: bytes) -> str:
    digits = data.hex()
    lines = [digits[start : start + 72] for start in range(0, len(digits), 72)]
    return "\n".join(["", name, f"{len(data):8}", *lines, ""])


def _decoded(data: bytes) -> str:
    """Decode text of unknown encoding: UTF-8 if it is that, else Latin-1, which everything is."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.strip("\0").replace("\0", " ")
