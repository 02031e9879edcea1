"""Entropy decoding of one scan (ITU-T T.81, Annexes F and G), compiled by Numba.

Decoding takes two steps. :func:`measure_scan` and :func:`split_scan` take the bytes that follow a scan header apart
into *segments*, one per restart interval, free of byte stuffing and of markers, as big-endian 32-bit words. The four
decoding kernels then read plain bits and never meet a marker. A segment that ends too soon is followed by zero bits
without end, as in libjpeg.

All kernels run without the GIL, allocate next to nothing and raise nothing: what happened to each segment is written
to `outcomes`. They trust their arguments; :mod:`qgac.jpeg.scans` prepares them.

Arguments the decoding kernels share:

`words` : uint32 (any,)
    The segments' bytes, each segment beginning with a new word and padded with zeros.
`segments` : int64 (segments, 4)
    First word, number of bits, first MCU, end of MCUs (exclusive) of each segment.
`layout` : int64 (blocks of an MCU, 6)
    Component (0..3), offset of the block's first coefficient in MCU (0, 0), step from an MCU to the next one on the
    right, step to the next one below, slot of the DC table, slot of the AC table. Offsets and steps count
    coefficients.
`mcu_columns` : int
    MCUs in a row of the scan.
`short_codes`, `long_codes` : int32 (8, 1024), int32 (8, 65536)
    Lookup tables, see :mod:`qgac.jpeg.huffman`.
`coefficients` : int16 (any,)
    All coefficients of the picture, 64 a block, natural order. Written.
`outcomes` : int64 (segments, 3)
    Status, number of MCUs decoded without fault, number of bits left over. Written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

from qgac.jpeg.huffman import SHORT_BITS
from qgac.jpeg.markers import NATURAL_ORDER

Words = npt.NDArray[np.uint32]
Integers = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Coefficients = npt.NDArray[np.int16]

DECODED = 0
INVALID_CODE = 1
ENDED_EARLY = 2
INDEX_TOO_LARGE = 3
VALUE_TOO_LARGE = 4

# Numba freezes module-level constants into the machine code.
_NATURAL = NATURAL_ORDER.astype(np.int64)
_SHORT_MASK = (1 << SHORT_BITS) - 1
_LARGEST = 32767

_SCAN = "uint32[::1], int64[:,::1], int64[:,::1], int64, int32[:,::1], int32[:,::1], int16[::1]"

_Function = TypeVar("_Function", bound=Callable[..., Any])


def _kernel(signature: str) -> Callable[[_Function], _Function]:
    """Compile at import for one signature, from the cache on disk wherever there is a place for one."""

    def compile_function(function: _Function) -> _Function:
        compiled: Any
        try:
            compiled = numba.njit(signature, nogil=True, cache=True)(function)
        except RuntimeError:  # no writable place for the cache (read-only installation without a home directory)
            compiled = numba.njit(signature, nogil=True)(function)
        return cast(_Function, compiled)

    return compile_function


def _inlined(function: _Function) -> _Function:
    """Compile as a part of the kernels that call it."""
    compiled: Any = numba.njit(function)
    return cast(_Function, compiled)


@_kernel("UniTuple(int64, 3)(Array(uint8, 1, 'C', readonly=True), int64, boolean)")
def measure_scan(data: npt.NDArray[np.uint8], start: int, pass_reserved: bool) -> tuple[int, int, int]:
    """Find the end of the entropy-coded data that begins at `start`.

    Parameters
    ----------
    data : ndarray of uint8, shape (bytes,)
        The whole file.
    start : int
        Where the scan's data begin.
    pass_reserved : bool
        Whether the marker codes 0x01..0xBF, which no JPEG file holds, end a segment (damage) and not the scan.

    Returns
    -------
    end : int
        Position of the marker that ends the scan, or the length of `data`.
    segments : int
        Number of segments.
    words : int
        Number of 32-bit words that hold them.
    """
    size = data.size
    position = start
    segments = 1
    words = 0
    length = 0
    while position < size:
        if data[position] != 0xFF:
            length += 1
            position += 1
            continue
        if position + 1 == size:  # half a marker
            position = size
            break
        code = data[position + 1]
        if code == 0x00:
            length += 1
            position += 2
        elif code == 0xFF:  # fill byte (B.1.1.2)
            position += 1
        elif 0xD0 <= code <= 0xD7 or (pass_reserved and code < 0xC0):
            words += (length + 3) // 4
            length = 0
            segments += 1
            position += 2
        else:
            break
    words += (length + 3) // 4
    return position, segments, words


@_kernel("void(Array(uint8, 1, 'C', readonly=True), int64, int64, uint32[::1], int64[:,::1])")
def split_scan(data: npt.NDArray[np.uint8], start: int, end: int, words: Words, extents: Integers) -> None:
    """Copy the segments of a scan into words, without stuffed zero bytes (F.1.2.3), fill bytes and markers.

    Parameters
    ----------
    data : ndarray of uint8, shape (bytes,)
        The whole file.
    start, end : int
        The scan's entropy-coded data, as :func:`measure_scan` found them.
    words : ndarray of uint32, shape (words,)
        Written: the segments, big-endian.
    extents : ndarray of int64, shape (segments, 3)
        Written: first word, number of bits, and the marker code before the segment (0 for the first).
    """
    position = start
    segment = 0
    filled = 0
    word = 0
    length = 0
    extents[0, 0] = 0
    extents[0, 2] = 0
    while position < end:
        value = data[position]
        position += 1
        if value == 0xFF:
            if position >= end:
                break
            code = data[position]
            if code == 0xFF:
                continue
            position += 1
            if code != 0:
                if length & 3:
                    words[filled] = word << (8 * (4 - (length & 3)))
                    filled += 1
                extents[segment, 1] = 8 * length
                segment += 1
                extents[segment, 0] = filled
                extents[segment, 2] = code
                word = 0
                length = 0
                continue
        word = (word << 8) | value
        length += 1
        if length & 3 == 0:
            words[filled] = word
            filled += 1
            word = 0
    if length & 3:
        words[filled] = word << (8 * (4 - (length & 3)))
    extents[segment, 1] = 8 * length


# The bit reader is three integers that every kernel keeps in local variables: `position`, the next word;
# `buffer`, whose lowest `count` bits are still to be read; and `count`, at most 63. After `_refill` it is at least 32,
# enough for a code (16 bits at most) with the bits that follow it (15 at most).


@_inlined
def _refill(words: Words, end: int, position: int, buffer: int, count: int) -> tuple[int, int, int]:
    if count < 32:
        buffer = buffer << 32
        if position < end:
            buffer |= words[position]
        position += 1
        count += 32
    return position, buffer, count


@_inlined
def _code(short_codes: Codes, long_codes: Codes, slot: int, buffer: int, count: int) -> int:
    """Look up the next code: its length times 256 plus its symbol, 0 when there is no such code."""
    entry: int = short_codes[slot, (buffer >> (count - SHORT_BITS)) & _SHORT_MASK]
    if entry == 0:
        entry = long_codes[slot, (buffer >> (count - 16)) & 0xFFFF]
    return entry


@_inlined
def _signed(buffer: int, count: int, size: int) -> int:
    """EXTEND of F.2.2.1: the value that `size` bits stand for, the last of which has `count` bits behind it."""
    value = (buffer >> count) & ((1 << size) - 1)
    if value < (1 << size) >> 1:
        value += 1 - (1 << size)
    return value


@_inlined
def _end_of_words(segments: Integers, segment: int) -> int:
    end: int = segments[segment, 0] + (segments[segment, 1] + 31) // 32
    return end


@_inlined
def _bits_left(segments: Integers, segment: int, position: int, count: int) -> int:
    """Bits of the segment not read yet; negative when more were read than there are."""
    left: int = segments[segment, 1] - ((position - segments[segment, 0]) * 32 - count)
    return left


@_kernel(f"void({_SCAN}, int64[:,::1])")
def decode_sequential(
    words: Words,
    segments: Integers,
    layout: Integers,
    mcu_columns: int,
    short_codes: Codes,
    long_codes: Codes,
    coefficients: Coefficients,
    outcomes: Integers,
) -> None:
    """Decode a scan of a baseline or extended sequential picture (F.2.2)."""
    predictions = np.zeros(4, np.int64)
    for segment in range(segments.shape[0]):
        position = segments[segment, 0]
        end = _end_of_words(segments, segment)
        buffer = 0
        count = 0
        predictions[:] = 0
        status = DECODED
        mcu = segments[segment, 2]
        row = mcu // mcu_columns
        column = mcu - row * mcu_columns
        while mcu < segments[segment, 3]:
            for block in range(layout.shape[0]):
                component = layout[block, 0]
                base = layout[block, 1] + column * layout[block, 2] + row * layout[block, 3]

                position, buffer, count = _refill(words, end, position, buffer, count)
                entry = _code(short_codes, long_codes, layout[block, 4], buffer, count)
                if entry == 0:
                    status = INVALID_CODE
                    break
                size = entry & 255
                count -= (entry >> 8) + size
                predictions[component] += _signed(buffer, count, size)
                if abs(predictions[component]) > _LARGEST:
                    status = VALUE_TOO_LARGE
                    break
                coefficients[base] = predictions[component]

                slot = layout[block, 5]
                index = 1
                while index < 64:
                    position, buffer, count = _refill(words, end, position, buffer, count)
                    entry = _code(short_codes, long_codes, slot, buffer, count)
                    size = entry & 15
                    if size == 0:
                        count -= entry >> 8
                        if entry & 255 == 0xF0:  # sixteen zeros
                            index += 16
                            continue
                        if entry == 0:
                            status = INVALID_CODE
                        break
                    index += (entry >> 4) & 15
                    if index > 63:
                        status = INDEX_TOO_LARGE
                        break
                    count -= (entry >> 8) + size
                    coefficients[base + _NATURAL[index]] = _signed(buffer, count, size)
                    index += 1
                if status != DECODED:
                    break
            if status == DECODED and _bits_left(segments, segment, position, count) < 0:
                status = ENDED_EARLY
            if status != DECODED:
                break
            mcu += 1
            column += 1
            if column == mcu_columns:
                column = 0
                row += 1
        outcomes[segment, 0] = status
        outcomes[segment, 1] = mcu - segments[segment, 2]
        outcomes[segment, 2] = _bits_left(segments, segment, position, count)


@_kernel(f"void({_SCAN}, boolean, int64, int64[:,::1])")
def decode_progressive_dc(
    words: Words,
    segments: Integers,
    layout: Integers,
    mcu_columns: int,
    short_codes: Codes,
    long_codes: Codes,
    coefficients: Coefficients,
    refine: bool,
    shift: int,
    outcomes: Integers,
) -> None:
    """Decode a DC scan of a progressive picture (G.1.2.1): the first one, or one that adds the bit `shift`."""
    predictions = np.zeros(4, np.int64)
    for segment in range(segments.shape[0]):
        position = segments[segment, 0]
        end = _end_of_words(segments, segment)
        buffer = 0
        count = 0
        predictions[:] = 0
        status = DECODED
        mcu = segments[segment, 2]
        row = mcu // mcu_columns
        column = mcu - row * mcu_columns
        while mcu < segments[segment, 3]:
            for block in range(layout.shape[0]):
                component = layout[block, 0]
                base = layout[block, 1] + column * layout[block, 2] + row * layout[block, 3]
                position, buffer, count = _refill(words, end, position, buffer, count)
                if refine:
                    count -= 1
                    coefficients[base] |= ((buffer >> count) & 1) << shift
                    continue
                entry = _code(short_codes, long_codes, layout[block, 4], buffer, count)
                if entry == 0:
                    status = INVALID_CODE
                    break
                size = entry & 255
                count -= (entry >> 8) + size
                predictions[component] += _signed(buffer, count, size)
                if abs(predictions[component]) > _LARGEST >> shift:
                    status = VALUE_TOO_LARGE
                    break
                coefficients[base] = predictions[component] << shift
            if status == DECODED and _bits_left(segments, segment, position, count) < 0:
                status = ENDED_EARLY
            if status != DECODED:
                break
            mcu += 1
            column += 1
            if column == mcu_columns:
                column = 0
                row += 1
        outcomes[segment, 0] = status
        outcomes[segment, 1] = mcu - segments[segment, 2]
        outcomes[segment, 2] = _bits_left(segments, segment, position, count)


@_kernel(f"void({_SCAN}, int64, int64, int64, int64[:,::1])")
def decode_progressive_ac_first(
    words: Words,
    segments: Integers,
    layout: Integers,
    mcu_columns: int,
    short_codes: Codes,
    long_codes: Codes,
    coefficients: Coefficients,
    first: int,
    last: int,
    shift: int,
    outcomes: Integers,
) -> None:
    """Decode the first scan of the AC coefficients `first`..`last` of one component (G.1.2.2)."""
    slot = layout[0, 5]
    for segment in range(segments.shape[0]):
        position = segments[segment, 0]
        end = _end_of_words(segments, segment)
        buffer = 0
        count = 0
        end_of_band_run = 0
        status = DECODED
        mcu = segments[segment, 2]
        row = mcu // mcu_columns
        column = mcu - row * mcu_columns
        while mcu < segments[segment, 3]:
            if end_of_band_run > 0:
                end_of_band_run -= 1
            else:
                base = layout[0, 1] + column * layout[0, 2] + row * layout[0, 3]
                index = first
                while index <= last:
                    position, buffer, count = _refill(words, end, position, buffer, count)
                    entry = _code(short_codes, long_codes, slot, buffer, count)
                    run = (entry >> 4) & 15
                    size = entry & 15
                    if size == 0:
                        count -= entry >> 8
                        if run == 15:
                            index += 16
                            continue
                        if entry == 0:
                            status = INVALID_CODE
                            break
                        count -= run
                        extra = (buffer >> count) & ((1 << run) - 1)
                        end_of_band_run = (1 << run) + extra - 1
                        break
                    index += run
                    if index > last:
                        status = INDEX_TOO_LARGE
                        break
                    count -= (entry >> 8) + size
                    value = _signed(buffer, count, size)
                    if abs(value) > _LARGEST >> shift:
                        status = VALUE_TOO_LARGE
                        break
                    coefficients[base + _NATURAL[index]] = value << shift
                    index += 1
                if status == DECODED and _bits_left(segments, segment, position, count) < 0:
                    status = ENDED_EARLY
                if status != DECODED:
                    break
            mcu += 1
            column += 1
            if column == mcu_columns:
                column = 0
                row += 1
        outcomes[segment, 0] = status
        outcomes[segment, 1] = mcu - segments[segment, 2]
        outcomes[segment, 2] = _bits_left(segments, segment, position, count)


@_inlined
def _corrected(value: int, bit: int) -> int:
    """Add the bit of lower significance to a coefficient's magnitude, unless it is already there."""
    if value & bit:
        return value
    return value + bit if value > 0 else value - bit


@_kernel(f"void({_SCAN}, int64, int64, int64, int64[:,::1])")
def decode_progressive_ac_refine(
    words: Words,
    segments: Integers,
    layout: Integers,
    mcu_columns: int,
    short_codes: Codes,
    long_codes: Codes,
    coefficients: Coefficients,
    first: int,
    last: int,
    shift: int,
    outcomes: Integers,
) -> None:
    """Decode a scan that adds the bit `shift` to the AC coefficients `first`..`last` of one component (G.1.2.3)."""
    slot = layout[0, 5]
    bit = 1 << shift
    for segment in range(segments.shape[0]):
        position = segments[segment, 0]
        end = _end_of_words(segments, segment)
        buffer = 0
        count = 0
        end_of_band_run = 0
        status = DECODED
        mcu = segments[segment, 2]
        row = mcu // mcu_columns
        column = mcu - row * mcu_columns
        while mcu < segments[segment, 3]:
            base = layout[0, 1] + column * layout[0, 2] + row * layout[0, 3]
            index = first
            while index <= last:
                zeros = 64  # zero coefficients to pass over before the new one: all, within a run
                new = 0
                if end_of_band_run == 0:
                    position, buffer, count = _refill(words, end, position, buffer, count)
                    entry = _code(short_codes, long_codes, slot, buffer, count)
                    count -= entry >> 8
                    run = (entry >> 4) & 15
                    size = entry & 15
                    if entry == 0 or size > 1:
                        status = INVALID_CODE
                        break
                    if size == 1:
                        zeros = run
                        count -= 1
                        new = bit if (buffer >> count) & 1 else -bit
                    elif run == 15:
                        zeros = run
                    else:
                        count -= run
                        extra = (buffer >> count) & ((1 << run) - 1)
                        end_of_band_run = (1 << run) + extra
                while index <= last:
                    address = base + _NATURAL[index]
                    value = coefficients[address]
                    if value != 0:
                        position, buffer, count = _refill(words, end, position, buffer, count)
                        count -= 1
                        if (buffer >> count) & 1:
                            coefficients[address] = _corrected(value, bit)
                    elif zeros == 0:
                        coefficients[address] = new
                        break
                    else:
                        zeros -= 1
                    index += 1
                if new != 0 and index > last:
                    status = INDEX_TOO_LARGE
                    break
                index += 1
            if status == DECODED and _bits_left(segments, segment, position, count) < 0:
                status = ENDED_EARLY
            if status != DECODED:
                break
            if end_of_band_run > 0:
                end_of_band_run -= 1
            mcu += 1
            column += 1
            if column == mcu_columns:
                column = 0
                row += 1
        outcomes[segment, 0] = status
        outcomes[segment, 1] = mcu - segments[segment, 2]
        outcomes[segment, 2] = _bits_left(segments, segment, position, count)
