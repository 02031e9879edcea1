"""The scans of progressive pictures (ITU-T T.81, Annex G): DC, and AC for the first time and refined.

The arguments are those of :mod:`qgac.jpeg.entropy`.
"""

from __future__ import annotations

from qgac.jpeg.entropy import (
    DECODED,
    ENDED_EARLY,
    INDEX_TOO_LARGE,
    INVALID_CODE,
    LARGEST,
    SCAN_SIGNATURE,
    VALUE_TOO_LARGE,
    bits_left,
    end_of_words,
    next_code,
    refill,
    signed,
)
from qgac.jpeg.kernels import NATURAL, Codes, Coefficients, Integers, Words, inlined, kernel


@kernel(f"{SCAN_SIGNATURE}, int64, int64, int64[:], int64[:,:]")
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
    predictions: Integers,
    outcomes: Integers,
) -> None:
    """Decode a DC scan of a progressive picture (G.1.2.1): the first one, or one that adds the bit `shift`."""
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
                if refine:
                    count -= 1
                    coefficients[base] |= ((buffer >> count) & 1) << shift
                    continue
                entry = next_code(short_codes, long_codes, layout[block, 4], buffer, count)
                if entry == 0:
                    status = INVALID_CODE
                    break
                size = entry & 255
                count -= (entry >> 8) + size
                predictions[component] += signed(buffer, count, size)
                if abs(predictions[component]) > LARGEST >> shift:
                    status = VALUE_TOO_LARGE
                    break
                coefficients[base] = predictions[component] << shift
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


@kernel(f"{SCAN_SIGNATURE}, int64, int64, int64, int64[:,:]")
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
        end = end_of_words(segments, segment)
        buffer = 0
        count = 0
        end_of_band_run = 0
        status = DECODED
        mcu = segments[segment, 2]
        row = mcu // mcu_columns
        column = mcu - row * mcu_columns
        while mcu < segments[segment, 3]:
            if end_of_band_run > 0:
                skipped = min(end_of_band_run, segments[segment, 3] - mcu)
                end_of_band_run -= skipped
                mcu += skipped
                row = mcu // mcu_columns
                column = mcu - row * mcu_columns
                continue
            base = layout[0, 1] + column * layout[0, 2] + row * layout[0, 3]
            index = first
            while index <= last:
                position, buffer, count = refill(words, end, position, buffer, count)
                entry = next_code(short_codes, long_codes, slot, buffer, count)
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
                value = signed(buffer, count, size)
                if abs(value) > LARGEST >> shift:
                    status = VALUE_TOO_LARGE
                    break
                coefficients[base + NATURAL[index]] = value << shift
                index += 1
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


@inlined
def _corrected(value: int, bit: int) -> int:
    """Add the bit of lower significance to a coefficient's magnitude, unless it is already there."""
    if value & bit:
        return value
    return value + bit if value > 0 else value - bit


@kernel(f"{SCAN_SIGNATURE}, int64, int64, int64, int64[:,:]")
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
        end = end_of_words(segments, segment)
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
                    position, buffer, count = refill(words, end, position, buffer, count)
                    entry = next_code(short_codes, long_codes, slot, buffer, count)
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
                    address = base + NATURAL[index]
                    value = coefficients[address]
                    if value != 0:
                        position, buffer, count = refill(words, end, position, buffer, count)
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
            if status == DECODED and bits_left(segments, segment, position, count) < 0:
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
        outcomes[segment, 2] = bits_left(segments, segment, position, count)
