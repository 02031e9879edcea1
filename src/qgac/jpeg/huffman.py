"""Huffman tables: from the lists of a DHT segment (ITU-T T.81, B.2.4.2 and Annex C) to lookup tables.

Canonical codes in order of length are also in ascending order as numbers. The table that gives, for every 16-bit word,
the code it begins with is therefore nothing but the codes in their order, each repeated as often as the word can go on.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from qgac.jpeg.errors import DamageError
from qgac.jpeg.markers import HuffmanSpecification

SHORT_BITS = 10
"""Codes up to this length are found in a small table that stays in the processor's first cache."""

_SLOTS = 4

# The tables of Annex K.3, which motion JPEG frames leave out: lengths of the codes, then symbols in order.
_STANDARD = [
    ("DC", 0, "00010501010101010100000000000000", "000102030405060708090a0b"),
    ("DC", 1, "00030101010101010101010000000000", "000102030405060708090a0b"),
    (
        "AC",
        0,
        "0002010303020403050504040000017d",
        "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738"
        "393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5"
        "a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa",
    ),
    (
        "AC",
        1,
        "00020102040403040705040400010277",
        "000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a353637"
        "38393a434445464748494a535455565758595a636465666768696a737475767778797a82838485868788898a92939495969798999aa2a3"
        "a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa",
    ),
]


def expand_codes(specification: HuffmanSpecification) -> npt.NDArray[np.int32]:
    """Expand a table to one entry for each 16-bit word.

    Parameters
    ----------
    specification : HuffmanSpecification
        A table as a DHT segment gives it.

    Returns
    -------
    ndarray of int32, shape (65536,)
        For each word, 256 times the length of the code it begins with plus the code's symbol; 0 where the word begins
        with no code.

    Raises
    ------
    DamageError
        If the lengths belong to no prefix code, or a DC table has a symbol above 15.
    """
    symbols = np.frombuffer(specification.symbols, np.uint8).astype(np.int32)
    if specification.kind == "DC" and symbols.size and symbols.max() > 15:
        raise DamageError("a Huffman table for DC coefficients holds a size above 15 bits")
    lengths = np.repeat(np.arange(1, 17), np.frombuffer(specification.lengths, np.uint8))
    words = np.repeat((lengths << 8).astype(np.int32) | symbols, 1 << (16 - lengths))
    if words.size > 1 << 16:
        raise DamageError("a Huffman table has more codes than fit")
    return np.concatenate([words, np.zeros((1 << 16) - words.size, np.int32)])


class HuffmanTables:
    """The eight table slots of a decoder, as the kernels of :mod:`qgac.jpeg.entropy` want them.

    Attributes
    ----------
    long_codes : ndarray of int32, shape (8, 65536)
        The expanded table of each slot: DC tables in rows 0..3, AC tables in rows 4..7.
    short_codes : ndarray of int32, shape (8, 1024)
        The same for the first 10 bits alone; 0 for what needs more.
    """

    def __init__(self) -> None:
        self.long_codes: npt.NDArray[np.int32] = np.zeros((2 * _SLOTS, 1 << 16), np.int32)
        self.short_codes: npt.NDArray[np.int32] = np.zeros((2 * _SLOTS, 1 << SHORT_BITS), np.int32)
        self._present: set[int] = set()
        self._faults: dict[int, DamageError] = {}

    def define(self, specification: HuffmanSpecification) -> None:
        """Fill a slot from a DHT segment; what is wrong with the table matters only when it is to be used."""
        row = self.row(specification.kind, specification.slot)
        try:
            codes = expand_codes(specification)
        except DamageError as fault:
            self._faults[row] = fault
            return
        self._faults.pop(row, None)
        self._fill(row, codes)

    def has(self, row: int) -> bool:
        """Say whether a row of the lookup tables has been filled."""
        return row in self._present

    def check(self, row: int) -> None:
        """Check that a row of the lookup tables can be used.

        Raises
        ------
        DamageError
            If the file does not hold that table, or the table is no prefix code.
        """
        if row in self._faults:
            raise self._faults[row]
        if not self.has(row):
            raise DamageError("a scan uses a Huffman table that the file does not hold")

    def define_standard(self) -> None:
        """Fill the slots 0 and 1, where they are empty, with the tables of Annex K.3, as decoders of motion JPEG do."""
        for row, codes in _standard_codes():
            if not self.has(row):  # tables may come before the frame header
                self._fill(row, codes)

    @staticmethod
    def row(kind: str, slot: int) -> int:
        """Return the row of the lookup tables that holds the "DC" or "AC" table `slot`, 0..3."""
        return slot if kind == "DC" else _SLOTS + slot

    def _fill(self, row: int, codes: npt.NDArray[np.int32]) -> None:
        starts = codes[:: 1 << (16 - SHORT_BITS)]
        self.long_codes[row] = codes
        self.short_codes[row] = np.where(starts >> 8 <= SHORT_BITS, starts, 0)
        self._present.add(row)


@functools.cache
def _standard_codes() -> list[tuple[int, npt.NDArray[np.int32]]]:
    rows = []
    for kind, slot, lengths, symbols in _STANDARD:
        specification = HuffmanSpecification(kind, slot, bytes.fromhex(lengths), bytes.fromhex(symbols))
        rows.append((HuffmanTables.row(kind, slot), expand_codes(specification)))
    return rows
