"""A small JPEG writer for the tests: coefficients in, any combination of sampling, scans, tables and markers out.

Written from the standard's encoding side and slow on purpose: Python integers, flat Huffman codes (all codes of one
length), one symbol after the other. It shares nothing with the reader but the form of its result.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.testing import assert_array_equal

from qgac.jpeg.image import JPEGImage

SOI, EOI = b"\xff\xd8", b"\xff\xd9"

ZIGZAG = sorted(range(64), key=lambda i: (i // 8 + i % 8, i // 8 if (i // 8 + i % 8) % 2 else i % 8))


@dataclass
class Part:
    """One component: coefficients (rows, columns, 8, 8) of the blocks the picture needs, and how it is declared."""

    coefficients: np.ndarray
    table: np.ndarray
    horizontal: int = 1
    vertical: int = 1
    identifier: int = 1
    slot: int = 0


def ceil_divide(dividend: int, divisor: int) -> int:
    return -(-dividend // divisor)


def segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def jfif(unit: int = 0, x: int = 1, y: int = 1) -> bytes:
    return segment(0xE0, b"JFIF\0" + struct.pack(">HBHHBB", 0x0101, unit, x, y, 0, 0))


def adobe(transform: int) -> bytes:
    return segment(0xEE, b"Adobe" + struct.pack(">HHHB", 100, 0, 0, transform))


def dqt(slot: int, table: np.ndarray, *, wide: bool = False) -> bytes:
    values = [int(table.reshape(64)[i]) for i in ZIGZAG]
    return segment(0xDB, struct.pack(">B64H", 16 | slot, *values) if wide else struct.pack("B64B", slot, *values))


def dht(dc_length: int = 5, ac_length: int = 9, slot: int = 0) -> bytes:
    """Flat tables: symbol s has the code s, of the given length."""
    lengths = [
        [16 if i == dc_length else 0 for i in range(1, 17)],
        [255 if i == ac_length else 0 for i in range(1, 17)],
    ]
    dc = bytes([slot]) + bytes(lengths[0]) + bytes(range(16))
    ac = bytes([16 | slot]) + bytes(lengths[1]) + bytes(range(255))
    return segment(0xC4, dc + ac)


def sof(parts: list[Part], width: int, height: int, marker: int = 0xC0, precision: int = 8) -> bytes:
    declared = b"".join(bytes([p.identifier, p.horizontal << 4 | p.vertical, p.slot]) for p in parts)
    return segment(marker, struct.pack(">BHHB", precision, height, width, len(parts)) + declared)


def sos(parts: list[Part], first: int = 0, last: int = 63, high: int = 0, low: int = 0) -> bytes:
    selectors = b"".join(bytes([p.identifier, 0]) for p in parts)
    return segment(0xDA, bytes([len(parts)]) + selectors + bytes([first, last, high << 4 | low]))


class Bits:
    """Bits of one restart interval."""

    def __init__(self) -> None:
        self.text: list[str] = []

    def put(self, value: int, size: int) -> None:
        if size:
            self.text.append(format(value, f"0{size}b"))

    def put_signed(self, value: int, size: int) -> None:
        self.put(value if value >= 0 else value + (1 << size) - 1, size)

    def finish(self) -> bytes:
        text = "".join(self.text)
        text += "1" * (-len(text) % 8)
        data = int(text, 2).to_bytes(len(text) // 8, "big") if text else b""
        return data.replace(b"\xff", b"\xff\0")


def mcu_blocks(parts: list[Part], scan: list[int]) -> list[list[tuple[int, np.ndarray | None]]]:
    """The blocks of each MCU of a scan as (component, coefficients); None for those that only fill up."""
    if len(scan) == 1:
        blocks = parts[scan[0]].coefficients.reshape(-1, 64)
        return [[(scan[0], block)] for block in blocks]
    mcu_rows = max(-(-p.coefficients.shape[0] // p.vertical) for p in parts)
    mcu_columns = max(-(-p.coefficients.shape[1] // p.horizontal) for p in parts)
    mcus = []
    for mcu_row in range(mcu_rows):
        for mcu_column in range(mcu_columns):
            mcu: list[tuple[int, np.ndarray | None]] = []
            for index in scan:
                p = parts[index]
                for y in range(mcu_row * p.vertical, (mcu_row + 1) * p.vertical):
                    for x in range(mcu_column * p.horizontal, (mcu_column + 1) * p.horizontal):
                        inside = y < p.coefficients.shape[0] and x < p.coefficients.shape[1]
                        mcu.append((index, p.coefficients[y, x].reshape(64) if inside else None))
            mcus.append(mcu)
    return mcus


def put_ac(bits: Bits, values: list[int], ac_length: int) -> bool:
    """Write AC values with their runs of zeros; say whether zeros are left at the end."""
    run = 0
    for value in values:
        if value == 0:
            run += 1
            continue
        while run > 15:
            bits.put(0xF0, ac_length)
            run -= 16
        size = abs(value).bit_length()
        bits.put(run << 4 | size, ac_length)
        bits.put_signed(value, size)
        run = 0
    return run > 0


def sequential_data(
    parts: list[Part], scan: list[int], *, restart: int = 0, dc_length: int = 5, ac_length: int = 9
) -> bytes:
    mcus = mcu_blocks(parts, scan)
    intervals = []
    for start in range(0, len(mcus), restart or len(mcus)):
        bits, predictions = Bits(), dict.fromkeys(scan, 0)
        for mcu in mcus[start : start + (restart or len(mcus))]:
            for index, block in mcu:
                values = [0] * 64 if block is None else [int(block[i]) for i in ZIGZAG]
                if block is None:
                    values[0] = predictions[index]
                difference = values[0] - predictions[index]
                predictions[index] = values[0]
                size = abs(difference).bit_length()
                bits.put(size, dc_length)
                bits.put_signed(difference, size)
                if put_ac(bits, values[1:], ac_length):
                    bits.put(0, ac_length)
        intervals.append(bits.finish())
    return join_intervals(intervals)


def join_intervals(intervals: list[bytes]) -> bytes:
    return intervals[0] + b"".join(bytes([0xFF, 0xD0 + i % 8]) + data for i, data in enumerate(intervals[1:]))


def progressive_dc_data(parts: list[Part], scan: list[int], low: int, *, refine: bool = False) -> bytes:
    bits, predictions = Bits(), dict.fromkeys(scan, 0)
    for mcu in mcu_blocks(parts, scan):
        for index, block in mcu:
            if refine:
                bits.put(0 if block is None else int(block[0]) >> low & 1, 1)
                continue
            value = predictions[index] if block is None else int(block[0]) >> low
            difference = value - predictions[index]
            predictions[index] = value
            size = abs(difference).bit_length()
            bits.put(size, 5)
            bits.put_signed(difference, size)
    return bits.finish()


def progressive_ac_data(parts: list[Part], component: int, first: int, last: int, low: int) -> bytes:
    bits, run = Bits(), 0

    def put_run() -> None:
        if run:
            size = run.bit_length() - 1
            bits.put(size << 4, 9)
            bits.put(run - (1 << size), size)

    for [(_, block)] in mcu_blocks(parts, [component]):
        assert block is not None
        exact = [int(block[i]) for i in ZIGZAG[first : last + 1]]
        values = [(abs(v) >> low) * (1 if v >= 0 else -1) for v in exact]
        if any(values):
            put_run()
            run = 0
            if put_ac(bits, values, 9):
                run = 1
        else:
            run += 1
        if run == 0x7FFF:
            put_run()
            run = 0
    put_run()
    return bits.finish()


def sequential_file(
    parts: list[Part],
    width: int,
    height: int,
    *,
    scans: list[list[int]] | None = None,
    head: bytes = b"",
    restart: int = 0,
    dc_length: int = 5,
    ac_length: int = 9,
    wide: bool = False,
    marker: int = 0xC0,
    dnl: bool = False,
    tail: bytes = EOI,
) -> bytes:
    """A complete sequential file; with `dnl` the height comes after the first scan."""
    tables = b"".join(dqt(slot, table, wide=wide) for slot, table in {p.slot: p.table for p in parts}.items())
    data = SOI + head + tables + sof(parts, width, 0 if dnl else height, marker) + dht(dc_length, ac_length)
    if restart:
        data += segment(0xDD, struct.pack(">H", restart))
    for number, scan in enumerate(scans or [list(range(len(parts)))]):
        data += sos([parts[i] for i in scan])
        data += sequential_data(parts, scan, restart=restart, dc_length=dc_length, ac_length=ac_length)
        if dnl and number == 0:
            data += segment(0xDC, struct.pack(">H", height))
    return data + tail


def random_parts(
    factors: list[tuple[int, int]],
    width: int,
    height: int,
    seed: int = 0,
    *,
    identifiers: list[int] | None = None,
    steps: tuple[int, int] = (2, 30),
) -> list[Part]:
    """Components with plausible random coefficients: smooth means, few and falling AC coefficients."""
    generator = np.random.default_rng(seed)
    horizontal_max = max(h for h, _ in factors)
    vertical_max = max(v for _, v in factors)
    parts = []
    for index, (horizontal, vertical) in enumerate(factors):
        rows = ceil_divide(ceil_divide(height * vertical, vertical_max), 8)
        columns = ceil_divide(ceil_divide(width * horizontal, horizontal_max), 8)
        slot = min(index, 1)
        table = np.sort(generator.integers(*steps, 64, endpoint=True)).reshape(8, 8).astype(np.uint16)
        if index > 1:
            table = parts[1].table
        falloff = 1 / (1 + np.add.outer(np.arange(8), np.arange(8)))
        amplitude = generator.laplace(0, 60, (rows, columns, 8, 8)) * falloff * (generator.random((8, 8)) < 0.4)
        amplitude[..., 0, 0] = generator.uniform(-600, 600, (rows, columns))
        coefficients = np.rint(amplitude / table).astype(np.int16)
        identifier = identifiers[index] if identifiers else index + 1
        parts.append(Part(coefficients, table, horizontal, vertical, identifier, slot))
    return parts


def assert_same(image: JPEGImage, parts: list[Part]) -> None:
    """What was read must be what was written."""
    assert len(image.components) == len(parts)
    for component, part in zip(image.components, parts, strict=True):
        assert_array_equal(component.coefficients, part.coefficients, strict=True)
        assert_array_equal(component.table, part.table, strict=True)
        assert (component.horizontal, component.vertical) == (part.horizontal, part.vertical)
