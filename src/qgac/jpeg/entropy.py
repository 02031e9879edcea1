"""Entropy decoding of one scan (ITU-T T.81, Annexes F and G), compiled by Numba.

Decoding takes two steps. :mod:`qgac.jpeg.segments` takes the bytes that follow a scan header apart into *segments*, one
per restart interval, free of byte stuffing and of markers, as big-endian 32-bit words. The decoding kernels here and in
:mod:`qgac.jpeg.progressive` then read plain bits and never meet a marker. A segment that ends too soon is followed by
zero bits without end, as in libjpeg.

All kernels run without the GIL, allocate nothing and raise nothing: what happened to each segment is written
to `outcomes`. They trust their arguments; :mod:`qgac.jpeg.frame` prepares them.

Arguments the kernels share:

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
`predictions` : int64 (4,)
    Of the DC coefficients of the components, where there are such. Written, and never read before.
`outcomes` : int64 (segments, 3)
    Status, number of MCUs decoded without fault, number of bits left over. Written.
"""

from __future__ import annotations

from qgac.jpeg.huffman import SHORT_BITS
from qgac.jpeg.kernels import NATURAL, Codes, Coefficients, Integers, Words, inlined, kernel

DECODED = 0
INVALID_CODE = 1
ENDED_EARLY = 2
INDEX_TOO_LARGE = 3
VALUE_TOO_LARGE = 4

_SHORT_MASK = (1 << SHORT_BITS) - 1
LARGEST = 32767

SCAN_SIGNATURE = "uint32[:], int64[:,:], int64[:,:], int64, int32[:,:], int32[:,:], int16[:]"

# The bit reader is three integers that every kernel keeps in local variables: `position`, the next word;
# `buffer`, whose lowest `count` bits are still to be read; and `count`, at most 63. After `refill` it is at least 32,
# enough for a code (16 bits at most) with the bits that follow it (15 at most).


@inlined
def refill(words: Words, end: int, position: int, buffer: int, count: int) -> tuple[int, int, int]:
    """Top the buffer up to at least 32 bits."""
    if count < 32:
        buffer = buffer << 32
        if position < end:
            buffer |= words[position]
        position += 1
        count += 32
    return position, buffer, count


@inlined
def next_code(short_codes: Codes, long_codes: Codes, slot: int, buffer: int, count: int) -> int:
    """Look up the next code: its length times 256 plus its symbol, 0 when there is no such code."""
    entry: int = short_codes[slot, (buffer >> (count - SHORT_BITS)) & _SHORT_MASK]
    if entry == 0:
        entry = long_codes[slot, (buffer >> (count - 16)) & 0xFFFF]
    return entry


@inlined
def signed(buffer: int, count: int, size: int) -> int:
    """EXTEND of F.2.2.1: the value that `size` bits stand for, the last of which has `count` bits behind it."""
    value = (buffer >> count) & ((1 << size) - 1)
    if value < (1 << size) >> 1:
        value += 1 - (1 << size)
    return value


@inlined
def end_of_words(segments: Integers, segment: int) -> int:
    """Return the index behind a segment's last word."""
    end: int = segments[segment, 0] + (segments[segment, 1] + 31) // 32
    return end


@inlined
def bits_left(segments: Integers, segment: int, position: int, count: int) -> int:
    """Bits of the segment not read yet; negative when more were read than there are."""
    left: int = segments[segment, 1] - ((position - segments[segment, 0]) * 32 - count)
    return left


@kernel(f"{SCAN_SIGNATURE}, int64[:], int64[:,:]")
def decode_sequential(
    words: Words,
    segments: Integers,
    layout: Integers,
    mcu_columns: int,
    short_codes: Codes,
    long_codes: Codes,
    coefficients: Coefficients,
    predictions: Integers,
    outcomes: Integers,
) -> None:
    """Decode a scan of a baseline or extended sequential picture (F.2.2)."""
    for segment in range(segments.shape[0]):
        position = segments[segment, 0]
        end = end_of_words(segments, segment)
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

                position, buffer, count = refill(words, end, position, buffer, count)
                entry = next_code(short_codes, long_codes, layout[block, 4], buffer, count)
                if entry == 0:
                    status = INVALID_CODE
                    break
                size = entry & 255
                count -= (entry >> 8) + size
                predictions[component] += signed(buffer, count, size)
                if abs(predictions[component]) > LARGEST:
                    status = VALUE_TOO_LARGE
                    break
                coefficients[base] = predictions[component]

                slot = layout[block, 5]
                index = 1
                while index < 64:
                    position, buffer, count = refill(words, end, position, buffer, count)
                    entry = next_code(short_codes, long_codes, slot, buffer, count)
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
                    coefficients[base + NATURAL[index]] = signed(buffer, count, size)
                    index += 1
                if status != DECODED:
                    break
            if status == DECODED and bits_left(segments, segment, position, count) < 0:
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
        outcomes[segment, 2] = bits_left(segments, segment, position, count)
