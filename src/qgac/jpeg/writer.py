"""JPEG files from quantised coefficients: what :mod:`qgac.jpeg.reader` reads, written so that it reads the same."""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

from qgac.jpeg import markers
from qgac.jpeg.encoder import code_scan, codes_of, shortest_code
from qgac.jpeg.image import Component, Density, JPEGImage, Metadata, ceil_divide
from qgac.jpeg.metadata import EXIF, ICC, PHOTOSHOP, photoshop_resources
from qgac.jpeg.xmp import EXTENSION, XMP, extension_name

__all__ = ["jfif_segment", "metadata_segments", "write_jpeg"]

_ROOM = 65533  # bytes that a segment holds
_IDENTIFIERS = {"gray": b"\1", "YCbCr": b"\1\2\3", "RGB": b"RGB", "CMYK": b"CMYK", "YCCK": b"\1\2\3\4"}
_ADOBE_TRANSFORMS = {"RGB": 0, "CMYK": 0, "YCCK": 2}  # the others are told by the JFIF header
_LARGEST_MCU = 10  # blocks (B.2.3)
_LARGEST_LEVEL = (1 << 15) - 1  # of what a code can announce the size of
_BASELINE_BITS = (11, 10)  # of DC differences, of AC coefficients (F.1.2)


def write_jpeg(image: JPEGImage) -> bytes:
    """Make a sequential JPEG file with the coefficients, tables, sampling and metadata of a picture.

    Parameters
    ----------
    image : JPEGImage
        How it was coded before does not matter.

    Returns
    -------
    bytes
        Baseline, or extended where tables or coefficients are too large for that; Huffman tables made for the picture.

    Raises
    ------
    OverflowError
        If a coefficient, or the difference between the DCs of neighbours, has more than 15 bits.
    """
    parts = [b"\xff\xd8"]
    jfif = image.color in ("gray", "YCbCr")
    if jfif:
        parts.append(jfif_segment(image.metadata.density))
    parts.append(metadata_segments(image.metadata))
    if not jfif:
        adobe = struct.pack(">HHHB", 100, 0, 0, _ADOBE_TRANSFORMS[image.color])
        parts.append(_segment(markers.APP0 + 14, b"Adobe" + adobe))
    tables = {component.table.tobytes(): component.table for component in image.components}
    parts += [_quantization(slot, table) for slot, table in enumerate(tables.values())]

    scans = [_Scan(image, indices) for indices in _divided(image.components)]
    wide = any(table.max() > 255 for table in tables.values())
    baseline = not wide and all(scan.baseline for scan in scans)
    frame = struct.pack(">BHHB", 8, image.height, image.width, len(image.components))
    for index, component in enumerate(image.components):
        slot = list(tables).index(component.table.tobytes())
        factors = component.horizontal << 4 | component.vertical
        frame += bytes([_IDENTIFIERS[image.color][index], factors, slot])
    parts.append(_segment(markers.SOF_BASELINE if baseline else markers.SOF_EXTENDED, frame))
    parts += [scan.coded() for scan in scans]
    return b"".join([*parts, b"\xff\xd9"])


def jfif_segment(density: Density | None) -> bytes:
    """Make the JFIF header; square pixels where nothing is known about them."""
    unit, x, y = (density.unit, density.x, density.y) if density else (0, 1, 1)
    return _segment(markers.APP0, b"JFIF\0" + struct.pack(">HBHHBB", 0x0101, unit, x, y, 0, 0))


def metadata_segments(metadata: Metadata) -> bytes:
    """Make the segments of EXIF, XMP, ICC profile, Photoshop resources and comments.

    Parameters
    ----------
    metadata : Metadata
        Its density is not written: that is a part of the JFIF header.

    Returns
    -------
    bytes
    """
    parts = []
    if metadata.exif:
        parts.append(_segment(markers.APP0 + 1, EXIF[0] + metadata.exif))
    if metadata.xmp:
        parts.append(_segment(markers.APP0 + 1, XMP + metadata.xmp))
    name = extension_name(metadata.xmp)
    if metadata.extended_xmp and name:
        header = EXTENSION + name + struct.pack(">I", len(metadata.extended_xmp))
        offset = 0
        for piece in _pieces(metadata.extended_xmp, _ROOM - len(header) - 4):
            parts.append(_segment(markers.APP0 + 1, header + struct.pack(">I", offset) + piece))
            offset += len(piece)
    pieces = _pieces(metadata.icc or b"", _ROOM - len(ICC) - 2)
    for number, piece in enumerate(pieces, 1):
        parts.append(_segment(markers.APP0 + 2, ICC + bytes([number, len(pieces)]) + piece))
    for piece in _pieces(photoshop_resources(metadata) or b"", _ROOM - len(PHOTOSHOP)):
        parts.append(_segment(markers.APP0 + 13, PHOTOSHOP + piece))
    parts += [_segment(markers.COM, comment) for comment in metadata.comments]
    return b"".join(parts)


def _pieces(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def _segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def _quantization(slot: int, table: npt.NDArray[np.uint16]) -> bytes:
    values = table.reshape(64)[markers.NATURAL_ORDER]
    wide = values.max() > 255
    return _segment(markers.DQT, bytes([16 * wide | slot]) + values.astype(">u2" if wide else np.uint8).tobytes())


def _divided(components: tuple[Component, ...]) -> list[list[int]]:
    """Put the components into one scan, or each into its own where their blocks are too many for that."""
    together = sum(component.horizontal * component.vertical for component in components) <= _LARGEST_MCU
    indices = list(range(len(components)))
    return [indices] if together else [[index] for index in indices]


class _Scan:
    """One scan: its layout for :func:`qgac.jpeg.encoder.code_scan`, and how often each symbol occurs in it."""

    def __init__(self, image: JPEGImage, indices: list[int]) -> None:
        components = [image.components[index] for index in indices]
        self._identifiers = [_IDENTIFIERS[image.color][index] for index in indices]
        self._slots = [int(index in (1, 2)) for index in indices]  # Cb and Cr share tables, and so do Y and K
        self._coefficients = np.concatenate([component.coefficients.reshape(-1) for component in components])
        layout, offset = [], 0
        for place, (component, slot) in enumerate(zip(components, self._slots, strict=True)):
            rows, columns = component.coefficients.shape[:2]
            # A scan of one component has MCUs of one block, whatever its sampling (A.2.2).
            down, across = (component.vertical, component.horizontal) if len(components) > 1 else (1, 1)
            inside = [(row, column) for row in range(down) for column in range(across)]
            layout += [(place, offset, rows, columns, down, across, row, column, slot) for row, column in inside]
            offset += 64 * rows * columns
        self._layout = np.array(layout, np.int64)
        first = components[0]
        if len(components) > 1:
            vertical, horizontal = image.largest_factors
            self._rows = ceil_divide(image.height, 8 * vertical)
            self._columns = ceil_divide(image.width, 8 * horizontal)
        else:
            self._rows, self._columns = first.coefficients.shape[:2]
        self._counts: npt.NDArray[np.int64] = np.zeros((4, 256), np.int64)
        too_large = self._coefficients.min() < -_LARGEST_LEVEL
        if not too_large:
            self._run(np.zeros((4, 256), np.int64), np.zeros(0, np.uint8))
            too_large = self._counts[:2, _LARGEST_LEVEL.bit_length() + 1 :].any()
        if too_large:
            raise OverflowError("the coefficients are larger than a JPEG file can hold")

    @property
    def baseline(self) -> bool:
        """Whether all numbers are small enough for the baseline process."""
        symbols = np.arange(256)
        dc, ac = (self._counts[rows].any(0) for rows in (slice(0, 2), slice(2, 4)))
        return bool(symbols[dc].max() <= _BASELINE_BITS[0] and (symbols[ac] & 15).max() <= _BASELINE_BITS[1])

    def coded(self) -> bytes:
        """Return the Huffman tables, the header and the data of the scan."""
        symbols = np.arange(256)
        codes = np.zeros((4, 256), np.int64)
        parts, bits = [], 0
        for row in np.flatnonzero(self._counts.any(1)):
            kind, slot = ("AC" if row >= 2 else "DC"), int(row) % 2
            table = shortest_code(self._counts[row], kind, slot)
            codes[row] = codes_of(table)
            parts.append(_segment(markers.DHT, bytes([16 * (row >= 2) | slot]) + table.lengths + table.symbols))
            bits += int((self._counts[row] * ((codes[row] >> 16) + (symbols & 15))).sum())
        header = bytes([len(self._slots)])
        for identifier, slot in zip(self._identifiers, self._slots, strict=True):
            header += bytes([identifier, 17 * slot])
        parts.append(_segment(markers.SOS, header + bytes([0, 63, 0])))
        output = np.empty(2 * (bits // 8 + 1), np.uint8)  # every byte may need stuffing
        return b"".join([*parts, output[: self._run(codes, output)].tobytes()])

    def _run(self, codes: npt.NDArray[np.int64], output: npt.NDArray[np.uint8]) -> int:
        predictions, state = np.zeros(4, np.int64), np.zeros(3, np.int64)
        mcus = self._rows, self._columns
        code_scan(self._coefficients, self._layout, *mcus, self._counts, codes, output, predictions, state)
        return int(state[2])
