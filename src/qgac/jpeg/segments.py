"""The entropy-coded data of a scan, taken apart into restart segments (ITU-T T.81, B.1.1.5 and E.1.4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qgac.jpeg.errors import DamageError
from qgac.jpeg.image import ceil_divide
from qgac.jpeg.kernels import Integers, Words, kernel
from qgac.jpeg.markers import RST0, RST7


@dataclass(frozen=True)
class EntropyData:
    """The entropy-coded data of a scan, taken apart into restart segments.

    Attributes
    ----------
    end : int
        Position of the marker that follows, or the length of the file.
    words : ndarray of uint32, shape (words,)
        All segments, see :mod:`qgac.jpeg.entropy`.
    extents : ndarray of int64, shape (segments, 3)
        First word, number of bits, marker code before the segment (0 for the first).
    needless : int
        Fill bytes where none may be, which tolerant reading leaves out.
    """

    end: int
    words: npt.NDArray[np.uint32]
    extents: npt.NDArray[np.int64]
    needless: int


def split_entropy_data(data: npt.NDArray[np.uint8], start: int, *, tolerant: bool) -> EntropyData:
    """Take the entropy-coded data apart that begin at `start`.

    Parameters
    ----------
    data : ndarray of uint8, shape (bytes,)
        The whole file.
    start : int
        The position after the scan header.
    tolerant : bool
        Whether impossible markers within the data count as damage (the next restart marker may help) and not as the
        end of the scan.
    """
    found = np.empty(4, np.int64)
    _measure(data, start, tolerant, found)
    end, segments, words, needless = found.tolist()
    buffer = np.empty(words, np.uint32)
    extents = np.zeros((segments, 3), np.int64)
    _split(data, start, end, buffer, extents)
    return EntropyData(end, buffer, extents, needless)


@dataclass(frozen=True)
class Intervals:
    """Which MCUs each segment of a scan holds.

    Attributes
    ----------
    segments : ndarray of int64, shape (segments, 4)
        As the kernels want them: first word, number of bits, first MCU, end of MCUs.
    faults : list of str
        What is wrong with the restart markers; only in tolerant reading.
    needless_markers : int
        How many restart markers belong to no interval.
    needless_bytes : int
        Bytes behind such markers.
    """

    segments: npt.NDArray[np.int64]
    faults: list[str]
    needless_markers: int = 0
    needless_bytes: int = 0


def assign_mcus(extents: npt.NDArray[np.int64], mcus: int, restart_interval: int, *, tolerant: bool) -> Intervals:
    """Say which MCUs each segment holds.

    Restart markers that are repeated, with nothing in between, and whatever follows the last interval are needless.

    Parameters
    ----------
    extents : ndarray of int64, shape (segments, 3)
        The segments, see :class:`EntropyData`.
    mcus : int
        MCUs of the scan.
    restart_interval : int
        MCUs between restart markers, 0 for none.
    tolerant : bool
        Whether to make sense of markers that are missing or wrong.

    Returns
    -------
    Intervals

    Raises
    ------
    DamageError
        If restart markers are missing or wrong, unless `tolerant`.
    """
    interval = restart_interval or mcus
    number = ceil_divide(mcus, interval)
    filled = np.flatnonzero(extents[:, 1])
    chosen = filled[:number]
    in_order = (extents[chosen[1:], 2] == RST0 + np.arange(len(chosen) - 1) % 8).all()
    if len(chosen) == number and chosen[0] == 0 and in_order:
        behind = int(extents[filled[number:], 1].sum()) // 8
        return Intervals(
            _segments(extents, chosen, np.arange(number), interval, mcus), [], len(extents) - number, behind
        )
    if not tolerant:
        raise DamageError("restart markers are missing or wrong")
    chosen, intervals = _resynchronize(extents[:, 2], number)
    faults = ["restart markers are missing or wrong"]
    return Intervals(_segments(extents, chosen, intervals, interval, mcus), faults)


def _segments(
    extents: npt.NDArray[np.int64],
    chosen: npt.NDArray[np.int64],
    intervals: npt.NDArray[np.int64],
    interval: int,
    mcus: int,
) -> npt.NDArray[np.int64]:
    segments = np.empty((len(chosen), 4), np.int64)
    segments[:, :2] = extents[chosen, :2]
    segments[:, 2] = intervals * interval
    segments[:, 3] = np.minimum(segments[:, 2] + interval, mcus)
    return segments


def _resynchronize(codes: npt.NDArray[np.int64], number: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Choose segments for the restart intervals by libjpeg's rule (``jpeg_resync_to_restart``).

    A marker that is one or two ahead of the one expected means that intervals were lost; one that is one or two behind
    is a leftover and passed over; anything else is taken for the one expected.
    """
    chosen, intervals = [0], [0]
    for segment, code in enumerate(codes.tolist()):
        expected = intervals[-1] + 1
        if segment == 0 or not RST0 <= code <= RST7:
            continue
        ahead = (code - RST0 - (expected - 1)) % 8
        if ahead in (6, 7):
            continue
        interval = expected + ahead if ahead in (1, 2) else expected
        if interval < number:
            chosen.append(segment)
            intervals.append(interval)
    return np.array(chosen, np.int64), np.array(intervals, np.int64)


@kernel("const uint8[:], int64, int64, int64[:]")
def _measure(data: npt.NDArray[np.uint8], start: int, tolerant: bool, found: Integers) -> None:
    """Find the end of the entropy-coded data that begins at `start`.

    Parameters
    ----------
    data : ndarray of uint8, shape (bytes,)
        The whole file.
    start : int
        Where the scan's data begin.
    tolerant : bool
        Whether damage is passed over that otherwise ends the scan: the marker codes 0x01..0xBF, which no JPEG file
        holds, then end a segment, and a fill byte before a stuffed zero is left out.
    found : ndarray of int64, shape (4,)
        Written: position of the marker that ends the scan, or the length of `data`; number of segments; number of
        32-bit words that hold them; number of fill bytes before stuffed zeros.
    """
    size = data.size
    needless = 0
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
        elif code == 0xFF:  # fill byte (B.1.1.2), allowed before markers only
            if position + 2 < size and data[position + 2] == 0:
                if not tolerant:
                    break
                needless += 1
            position += 1
        elif 0xD0 <= code <= 0xD7 or (tolerant and code < 0xC0):
            words += (length + 3) // 4
            length = 0
            segments += 1
            position += 2
        else:
            break
    words += (length + 3) // 4
    found[0], found[1], found[2], found[3] = position, segments, words, needless


@kernel("const uint8[:], int64, int64, uint32[:], int64[:,:]")
def _split(data: npt.NDArray[np.uint8], start: int, end: int, words: Words, extents: Integers) -> None:
    """Copy the segments of a scan into words, without stuffed zero bytes (F.1.2.3), fill bytes and markers.

    Parameters
    ----------
    data : ndarray of uint8, shape (bytes,)
        The whole file.
    start, end : int
        The scan's entropy-coded data, as :func:`_measure` found them.
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
