"""What decoding a scan came to: faults, and data that are left over when all blocks are there.

Data that are left over cost no coefficient if they are junk behind the scan, or padding before a restart marker. But
they are also what remains when the decoder has lost its place in the data and has found blocks in them that are shorter
than the true ones. The two are told apart by what an encoder does (F.1.2.3): it fills the last byte up with bits of one
kind, and what it writes goes on as blocks up to such an end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qgac.jpeg import entropy
from qgac.jpeg.errors import DamageError
from qgac.jpeg.kernels import Integers, Words
from qgac.jpeg.packaging import PassedOver

_FEW = 16  # bytes; some cameras leave so many behind each picture
_CAUSES = {
    entropy.INVALID_CODE: "invalid Huffman code",
    entropy.ENDED_EARLY: "the picture data end early",
    entropy.INDEX_TOO_LARGE: "a block has too many coefficients",
    entropy.VALUE_TOO_LARGE: "a coefficient is out of range",
}

Continue = Callable[[Words, Integers, Integers], None]
"""Decodes further blocks, of which only the outcome counts: takes words, segments and outcomes."""


@dataclass(frozen=True)
class Remains:
    """What a segment holds beyond its blocks.

    Attributes
    ----------
    fill : int
        The bits up to the next whole byte.
    fill_length : int
        How many, 0..7.
    content : bytes
        The whole bytes that follow.
    """

    fill: int
    fill_length: int
    content: bytes

    @property
    def uniform(self) -> bool:
        """Whether all bytes are the same, as padding is."""
        return len(set(self.content)) <= 1

    @property
    def filled_up(self) -> bool:
        """Whether the last byte was filled up with bits of one kind."""
        return self.fill in (0, (1 << self.fill_length) - 1)


def judge(
    words: Words,
    segments: Integers,
    outcomes: Integers,
    mcus: int,
    faults: list[str],
    further: Continue,
    passed_over: PassedOver,
    *,
    tolerant: bool,
) -> list[str]:
    """Turn what a kernel reports into notes or, unless `tolerant`, into an error.

    Parameters
    ----------
    words, segments, outcomes : ndarray
        See :mod:`qgac.jpeg.entropy`.
    mcus : int
        MCUs of the scan.
    faults : list of str
        What else is wrong.
    further : callable
        Decodes blocks as the kernel did.
    passed_over : PassedOver
        Takes the bytes that are left over and do no harm.
    tolerant : bool
        Whether to pass over what is an error otherwise.

    Returns
    -------
    list of str

    Raises
    ------
    DamageError
        If a coefficient is lost or doubtful.
    """
    notes = list(faults)
    failed = np.flatnonzero(outcomes[:, 0])
    if failed.size:
        first = int(failed[0])
        share = float(segments[first, 2] + outcomes[first, 1]) / mcus
        # Zero bits are read behind the end, and whatever they lead to, the end is the cause.
        status = entropy.ENDED_EARLY if outcomes[first, 2] < 0 else int(outcomes[first, 0])
        notes.append(f"{_CAUSES[status]} ({share:.0%} into a scan)")
    else:
        last = len(segments) - 1
        for index in np.flatnonzero(outcomes[:, 2] >= 8).tolist():
            remains = _remains(words, segments[index], int(outcomes[index, 2]))
            at_end = index == last
            harmless = remains.uniform or (
                at_end and (len(remains.content) <= _FEW or (remains.filled_up and not _are_blocks(remains, further)))
            )
            if not harmless:
                notes.append("a scan holds more data than its blocks need")
                break
            place = "after the data of a scan" if at_end else "within the data of a scan"
            passed_over.add(len(remains.content), "needless" if at_end else "padding", place)
    if notes and not tolerant:
        raise DamageError(notes[0])
    return notes


def _remains(words: Words, segment: npt.NDArray[np.int64], bits: int) -> Remains:
    """Cut out the last bits of a segment."""
    first, length = int(segment[0]), int(segment[1]) // 8
    start = length - -(-bits // 8)
    data = words[first + start // 4 : first + -(-length // 4)].astype(">u4").tobytes()
    data = data[start % 4 : start % 4 + length - start]
    fill_length = bits % 8
    if fill_length == 0:
        return Remains(0, 0, data)
    return Remains(data[0] & ((1 << fill_length) - 1), fill_length, data[1:])


def _are_blocks(remains: Remains, further: Continue) -> bool:
    """Say whether blocks go on through everything that is left, up to an end that is filled up with ones."""
    bits = remains.fill_length + 8 * len(remains.content)
    value = (remains.fill << (8 * len(remains.content))) | int.from_bytes(remains.content, "big")
    padded = -(-bits // 32) * 4
    words = np.frombuffer((value << (8 * padded - bits)).to_bytes(padded, "big"), ">u4").astype(np.uint32)
    outcomes: Integers = np.zeros((1, 3), np.int64)
    further(words, np.array([[0, bits, 0, 1 << 31]]), outcomes)
    blocks = int(outcomes[0, 1])
    if blocks == 0:
        return False
    further(words, np.array([[0, bits, 0, blocks]]), outcomes)
    left = int(outcomes[0, 2])
    return 0 <= left < 8 and value & ((1 << left) - 1) == (1 << left) - 1
