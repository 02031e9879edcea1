"""Huffman coding of sequential scans (ITU-T T.81, F.1.2), with tables made for the very scan (Annex K.2)."""

from __future__ import annotations

import heapq

import numpy as np
import numpy.typing as npt

from qgac.jpeg.kernels import NATURAL, Coefficients, Integers, inlined, kernel
from qgac.jpeg.markers import HuffmanSpecification

_RESERVED = 256  # stands for the code of ones alone, which no symbol may have
_LONGEST = 16
_RUN_OF_16 = 0xF0


@inlined
def _size(value: int) -> int:
    """Bits that the magnitude of a value takes."""
    magnitude = abs(value)
    size = 0
    while magnitude:
        size += 1
        magnitude >>= 1
    return size


@inlined
def _put(output: npt.NDArray[np.uint8], state: Integers, codes: Integers, symbol: int, value: int, size: int) -> None:
    """Write a code and the bits of its value; `state` is: bits that wait, their number, bytes written."""
    length, code = codes[symbol] >> 16, codes[symbol] & 0xFFFF
    if value < 0:
        value += (1 << size) - 1
    waiting = (((state[0] << length) | code) << size) | value
    count = state[1] + length + size
    place = state[2]
    while count >= 8:
        count -= 8
        byte = (waiting >> count) & 0xFF
        output[place] = byte
        place += 1
        if byte == 0xFF:  # byte stuffing (F.1.2.3)
            output[place] = 0
            place += 1
    state[0], state[1], state[2] = waiting & ((1 << count) - 1), count, place


@kernel("int16[:], int64[:,:], int64, int64, int64[:,:], int64[:,:], uint8[:], int64[:], int64[:]")
def code_scan(
    coefficients: Coefficients,
    layout: Integers,
    mcu_rows: int,
    mcu_columns: int,
    counts: Integers,
    codes: Integers,
    output: npt.NDArray[np.uint8],
    predictions: Integers,
    state: Integers,
) -> None:
    """Code the blocks of a scan, or only count its symbols where `output` is empty.

    Parameters
    ----------
    coefficients : ndarray of int16
        Of all components, 64 a block, natural order.
    layout : ndarray of int64, shape (blocks of an MCU, 9)
        Component, offset of its coefficients, its rows and columns in blocks, rows and columns of it in an MCU, row and
        column of this block in the MCU, its tables (0 or 1).
    mcu_rows, mcu_columns : int
    counts : ndarray of int64, shape (4, 256)
        Of each symbol; DC tables in rows 0 and 1, AC tables in rows 2 and 3. Added to when counting.
    codes : ndarray of int64, shape (4, 256)
        For each symbol 65536 times the length of its code plus the code.
    output : ndarray of uint8
    predictions : ndarray of int64, shape (4,)
        Zeros; of the DC coefficients of the components. Written.
    state : ndarray of int64, shape (3,)
        Zeros. Written: see :func:`_put`; the last one is how many bytes were written.
    """
    counting = output.size == 0
    for mcu_row in range(mcu_rows):
        for mcu_column in range(mcu_columns):
            for b in range(layout.shape[0]):
                component, offset, rows, columns = layout[b, 0], layout[b, 1], layout[b, 2], layout[b, 3]
                row = mcu_row * layout[b, 4] + layout[b, 6]
                column = mcu_column * layout[b, 5] + layout[b, 7]
                dc, ac = layout[b, 8], 2 + layout[b, 8]
                # Blocks that only fill up the last MCUs repeat the DC before them and are flat (jccoefct.c).
                present = row < rows and column < columns
                block = offset + 64 * (row * columns + column)
                difference: int = 0
                if present:
                    difference = coefficients[block] - predictions[component]
                    predictions[component] = coefficients[block]
                size = _size(difference)
                if counting:
                    counts[dc, size] += 1
                else:
                    _put(output, state, codes[dc], size, difference, size)
                zeros = 0
                if present:
                    for k in range(1, 64):
                        value: int = coefficients[block + NATURAL[k]]
                        if value == 0:
                            zeros += 1
                            continue
                        while zeros > 15:
                            if counting:
                                counts[ac, _RUN_OF_16] += 1
                            else:
                                _put(output, state, codes[ac], _RUN_OF_16, 0, 0)
                            zeros -= 16
                        size = _size(value)
                        if counting:
                            counts[ac, 16 * zeros + size] += 1
                        else:
                            _put(output, state, codes[ac], 16 * zeros + size, value, size)
                        zeros = 0
                if zeros or not present:  # end of block
                    if counting:
                        counts[ac, 0] += 1
                    else:
                        _put(output, state, codes[ac], 0, 0, 0)
    if not counting and state[1]:  # ones fill the last byte up
        missing = 8 - state[1]
        codes[0, 0] = (missing << 16) | ((1 << missing) - 1)
        _put(output, state, codes[0], 0, 0, 0)


def shortest_code(counts: Integers, kind: str, slot: int) -> HuffmanSpecification:
    """Make the shortest code of at most 16 bits for symbols that occur so often.

    Parameters
    ----------
    counts : ndarray of int64, shape (256,)
        How often each symbol occurs; at least one does.
    kind : {"DC", "AC"}
    slot : int
        Where the table is to be put.

    Returns
    -------
    HuffmanSpecification
        Of the symbols that occur.
    """
    depths = np.zeros(_RESERVED + 1, np.int64)
    # Trees by weight; of equal ones the one with the largest symbol first, so that the reserved one gets deepest.
    trees = [(int(counts[symbol]), -int(symbol), [int(symbol)]) for symbol in np.flatnonzero(counts)]
    trees.append((1, -_RESERVED, [_RESERVED]))
    heapq.heapify(trees)
    while len(trees) > 1:
        first, second = heapq.heappop(trees), heapq.heappop(trees)
        symbols = first[2] + second[2]
        depths[symbols] += 1
        heapq.heappush(trees, (first[0] + second[0], min(first[1], second[1]), symbols))
    lengths = _limited(np.bincount(depths, minlength=_LONGEST + 1))
    order = sorted(np.flatnonzero(depths), key=lambda symbol: (depths[symbol], symbol))
    return HuffmanSpecification(kind, slot, bytes(lengths), bytes(int(symbol) for symbol in order[:-1]))


def _limited(numbers: Integers) -> list[int]:
    """Return how many codes have 1 to 16 bits, from numbers for all lengths, without the reserved one (Figure K.3)."""
    numbers = numbers.copy()
    for length in range(len(numbers) - 1, _LONGEST, -1):
        while numbers[length]:
            # Two of the longest go: one takes the place of their prefix, the other shares that of a shorter code.
            shorter = length - 2
            while numbers[shorter] == 0:
                shorter -= 1
            numbers[length] -= 2
            numbers[length - 1] += 1
            numbers[shorter + 1] += 2
            numbers[shorter] -= 1
    numbers = numbers[: _LONGEST + 1]
    numbers[np.flatnonzero(numbers[1:])[-1] + 1] -= 1
    return [int(number) for number in numbers[1:]]


def codes_of(specification: HuffmanSpecification) -> Integers:
    """Return for each symbol 65536 times the length of its code plus the code (Annex C), shape (256,), int64."""
    result = np.zeros(256, np.int64)
    code, position = 0, 0
    for length, number in enumerate(specification.lengths, 1):
        for symbol in specification.symbols[position : position + number]:
            result[symbol] = length << 16 | code
            code += 1
        position += number
        code <<= 1
    return result
