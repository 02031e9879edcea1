"""The marker segments that decoding needs (ITU-T T.81, Annex B): tables, frame header, scan header.

Each function takes the payload of one segment (what follows the two length bytes) and checks all of it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from qgac.jpeg.errors import DamageError, JPEGError
from qgac.jpeg.image import Process

SOF_BASELINE, SOF_EXTENDED, SOF_PROGRESSIVE = 0xC0, 0xC1, 0xC2
DHT = 0xC4
DAC = 0xCC
RST0, RST7 = 0xD0, 0xD7
SOI = 0xD8
EOI = 0xD9
SOS = 0xDA
DQT = 0xDB
DNL = 0xDC
DRI = 0xDD
APP0, APP15 = 0xE0, 0xEF
COM = 0xFE
TEM = 0x01

FRAMES: dict[int, Process] = {SOF_BASELINE: "baseline", SOF_EXTENDED: "extended", SOF_PROGRESSIVE: "progressive"}

_CONVERT = "convert it to an ordinary JPEG first (for example with libjpeg's djpeg and cjpeg)"
_LOSSLESS = "this is a lossless JPEG, which has no compression artifacts to remove; keep it as it is"
_HIERARCHICAL_LOSSLESS = (
    "this is a hierarchical lossless JPEG, which has no compression artifacts to remove; keep it as it is"
)

# Why the other processes are refused, by marker.
UNSUPPORTED: dict[int, str] = {
    0xC3: _LOSSLESS,
    0xC5: f"this is a hierarchical JPEG, which is not supported; {_CONVERT}",
    0xC6: f"this is a hierarchical JPEG, which is not supported; {_CONVERT}",
    0xC7: _HIERARCHICAL_LOSSLESS,
    0xC9: f"this JPEG is arithmetically coded, which is not supported; {_CONVERT}, or jpegtran without -arithmetic",
    0xCA: f"this JPEG is arithmetically coded, which is not supported; {_CONVERT}, or jpegtran without -arithmetic",
    0xCB: _LOSSLESS,
    0xCD: f"this is a hierarchical arithmetic JPEG, which is not supported; {_CONVERT}",
    0xCE: f"this is a hierarchical arithmetic JPEG, which is not supported; {_CONVERT}",
    0xCF: _HIERARCHICAL_LOSSLESS,
    0xDE: f"this is a hierarchical JPEG, which is not supported; {_CONVERT}",
    0xF7: "this is a JPEG-LS file, which has no artifacts of JPEG compression to remove; keep it as it is",
}

# Natural (row-major) index of the coefficient at each place of the zig-zag sequence (Figure 5 of the standard).
NATURAL_ORDER: npt.NDArray[np.uint8] = np.array(
    [
        *(0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5),
        *(12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28),
        *(35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51),
        *(58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63),
    ],
    dtype=np.uint8,
)


@dataclass(frozen=True)
class HuffmanSpecification:
    """A Huffman table as the file gives it: 16 numbers of codes (of 1..16 bits) and the symbols in order."""

    kind: str  # "DC" or "AC"
    slot: int
    lengths: bytes
    symbols: bytes


@dataclass(frozen=True)
class ComponentHeader:
    """A component as the frame header declares it."""

    identifier: int
    horizontal: int
    vertical: int
    table_slot: int


@dataclass(frozen=True)
class FrameHeader:
    """The frame header (B.2.2); a height of 0 means that a DNL segment after the first scan gives it."""

    process: Process
    width: int
    height: int
    components: tuple[ComponentHeader, ...]


@dataclass(frozen=True)
class ScanHeader:
    """The scan header (B.2.3): (component identifier, DC slot, AC slot) of each component, and the progression."""

    selectors: tuple[tuple[int, int, int], ...]
    first: int  # Ss
    last: int  # Se
    high: int  # Ah
    low: int  # Al


def parse_quantization_tables(payload: bytes) -> dict[int, npt.NDArray[np.uint16]]:
    """Read a DQT segment (B.2.4.1): tables of shape (8, 8), natural order, by slot."""
    tables: dict[int, npt.NDArray[np.uint16]] = {}
    position = 0
    while position < len(payload):
        precision, slot = payload[position] >> 4, payload[position] & 15
        size = 128 if precision else 64
        values = payload[position + 1 : position + 1 + size]
        if precision > 1 or slot > 3 or len(values) != size:
            raise DamageError("a quantisation table segment (DQT) is malformed")
        table = np.zeros(64, np.uint16)
        table[NATURAL_ORDER] = np.frombuffer(values, ">u2" if precision else np.uint8)
        tables[slot] = table.reshape(8, 8)
        position += 1 + size
    return tables


def parse_huffman_tables(payload: bytes) -> list[HuffmanSpecification]:
    """Read a DHT segment (B.2.4.2)."""
    tables = []
    position = 0
    while position < len(payload):
        kind, slot = payload[position] >> 4, payload[position] & 15
        lengths = payload[position + 1 : position + 17]
        number = sum(lengths)
        symbols = payload[position + 17 : position + 17 + number]
        if kind > 1 or slot > 3 or len(lengths) != 16 or number > 256 or len(symbols) != number:
            raise DamageError("a Huffman table segment (DHT) is malformed")
        tables.append(HuffmanSpecification("AC" if kind else "DC", slot, lengths, symbols))
        position += 17 + number
    return tables


def parse_restart_interval(payload: bytes) -> int:
    """Read a DRI segment (B.2.4.4): MCUs between restart markers, 0 for none."""
    if len(payload) != 2:
        raise DamageError("the restart interval segment (DRI) is malformed")
    return int.from_bytes(payload, "big")


def parse_number_of_lines(payload: bytes) -> int:
    """Read a DNL segment (B.2.5): the height of the picture."""
    if len(payload) != 2 or payload == b"\0\0":
        raise DamageError("the number-of-lines segment (DNL) is malformed")
    return int.from_bytes(payload, "big")


def parse_frame_header(payload: bytes, process: Process) -> FrameHeader:
    """Read a SOF0, SOF1 or SOF2 segment (B.2.2).

    Raises
    ------
    JPEGError
        If the picture is of a kind that is not supported (12 bits, 2 or more than 4 components).
    DamageError
        If the header contradicts itself.
    """
    if len(payload) < 6:
        raise DamageError("the frame header is too short")
    precision, height, width, number = struct.unpack_from(">BHHB", payload)
    if len(payload) != 6 + 3 * number:
        raise DamageError("the frame header is malformed")
    if precision == 12:
        raise JPEGError(f"this JPEG has 12 bits a sample, only 8 are supported; {_CONVERT}")
    if precision != 8 or number == 0:
        raise DamageError("the frame header is malformed")
    if width == 0:
        raise DamageError("the frame header declares a width of 0")
    if number not in (1, 3, 4):
        raise JPEGError(f"this JPEG has {number} components, only 1, 3 and 4 are supported; {_CONVERT}")
    components = []
    for identifier, factors, table_slot in struct.iter_unpack("BBB", payload[6:]):
        horizontal, vertical = factors >> 4, factors & 15
        if not (1 <= horizontal <= 4 and 1 <= vertical <= 4 and table_slot <= 3):
            raise DamageError("the frame header declares impossible sampling factors or tables")
        components.append(ComponentHeader(identifier, horizontal, vertical, table_slot))
    return FrameHeader(process, width, height, tuple(components))


def parse_scan_header(payload: bytes, kind: Literal["sequential", "progressive"]) -> ScanHeader:
    """Read a SOS segment (B.2.3 and Table B.3, G.1.1.1).

    Sequential scans are taken to hold everything whatever their last three bytes say, since there are encoders that
    leave them zero.
    """
    number = payload[0] if payload else 0
    if not 1 <= number <= 4 or len(payload) != 4 + 2 * number:
        raise DamageError("a scan header (SOS) is malformed")
    selectors = []
    for identifier, slots in struct.iter_unpack("BB", payload[1 : 1 + 2 * number]):
        if slots >> 4 > 3 or slots & 15 > 3:
            raise DamageError("a scan header (SOS) names an impossible Huffman table")
        selectors.append((identifier, slots >> 4, slots & 15))
    first, last, approximation = payload[1 + 2 * number :]
    high, low = approximation >> 4, approximation & 15
    if kind == "sequential":
        return ScanHeader(tuple(selectors), 0, 63, 0, 0)
    band_allowed = last == 0 if first == 0 else first <= last <= 63 and number == 1
    if not band_allowed or low > 13 or (high != 0 and low != high - 1):
        raise DamageError("a scan header (SOS) has impossible progression parameters")
    return ScanHeader(tuple(selectors), first, last, high, low)
