"""Segments, lookup tables and single blocks, worked out by hand or by brute force."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qgac.jpeg import entropy, progressive
from qgac.jpeg.errors import JPEGError
from qgac.jpeg.huffman import SHORT_BITS, HuffmanTables, expand_codes
from qgac.jpeg.markers import HuffmanSpecification
from qgac.jpeg.segments import split_entropy_data


def split(data: bytes, tolerant: bool = False) -> tuple[int, list[tuple[int, bytes]]]:
    """End of the scan, and marker code and bytes of each segment."""
    parts = split_entropy_data(np.frombuffer(data, np.uint8), 0, tolerant=tolerant)
    segments = []
    for word, bits, code in parts.extents.tolist():
        words = parts.words[word : word + (bits + 31) // 32]
        segments.append((code, words.astype(">u4").tobytes()[: bits // 8]))
        assert not any(words.astype(">u4").tobytes()[bits // 8 :])
    return parts.end, segments


@pytest.mark.parametrize(
    ("data", "end", "segments"),
    [
        (b"", 0, [(0, b"")]),
        (b"abcde\xff\xd9", 5, [(0, b"abcde")]),
        (b"a\xff\x00b\xff\xd9more", 4, [(0, b"a\xffb")]),
        (b"ab\xff\xd0cdefg\xff\xff\xff\xd1h\xff\xda", 14, [(0, b"ab"), (0xD0, b"cdefg"), (0xD1, b"h")]),
        (b"\xff\xd3\xff\xd4\xff\xc4", 4, [(0, b""), (0xD3, b""), (0xD4, b"")]),
        (b"cut\xff", 4, [(0, b"cut")]),
        (b"cut\xff\xff", 5, [(0, b"cut")]),
        (b"a\xff\x42b\xff\xd9", 1, [(0, b"a")]),
        (b"a\xff\xff\x00b\xff\xd9", 1, [(0, b"a")]),
    ],
)
def test_segments(data: bytes, end: int, segments: list[tuple[int, bytes]]) -> None:
    assert split(data) == (end, segments)


def test_a_fill_byte_within_the_data_is_passed_over_in_tolerant_reading() -> None:
    assert split(b"a\xff\xff\x00b\xff\xd9", tolerant=True) == (5, [(0, b"a\xffb")])


def test_impossible_markers_end_a_segment_in_tolerant_reading() -> None:
    assert split(b"a\xff\x42b\xff\xd9", tolerant=True) == (4, [(0, b"a"), (0x42, b"b")])


@given(st.lists(st.binary(max_size=30), min_size=1, max_size=12))
def test_stuffed_segments_come_back(contents: list[bytes]) -> None:
    data = b"".join(
        (b"" if i == 0 else bytes([0xFF, 0xD0 + (i - 1) % 8])) + content.replace(b"\xff", b"\xff\0")
        for i, content in enumerate(contents)
    )
    end, segments = split(data + b"\xff\xd9")
    assert end == len(data)
    assert [content for _, content in segments] == contents


def brute_force_codes(lengths: bytes, symbols: bytes) -> dict[str, int]:
    """Annex C, Figures C.1 and C.2, as strings of bits."""
    codes, code, used = {}, 0, 0
    for length, number in enumerate(lengths, start=1):
        for _ in range(number):
            codes[format(code, f"0{length}b")] = symbols[used]
            code += 1
            used += 1
        code <<= 1
    return codes


@given(st.data())
def test_lookup_tables_against_brute_force(data: st.DataObject) -> None:
    lengths, room = [], 1.0
    for length in range(1, 17):
        largest = min(12, int(room * 2**length))
        lengths.append(data.draw(st.integers(0, largest)))
        room -= lengths[-1] / 2**length
    symbols = bytes(range(sum(lengths)))
    specification = HuffmanSpecification("AC", 2, bytes(lengths), symbols)
    tables = HuffmanTables()
    tables.define(specification)
    row = tables.row("AC", 2)
    assert tables.has(row)
    assert not tables.has(tables.row("DC", 2))
    expected = brute_force_codes(bytes(lengths), symbols)
    for word in data.draw(st.lists(st.integers(0, 65535), min_size=20, max_size=20)):
        text = format(word, "016b")
        found = [code for code in expected if text.startswith(code)]
        entry = 256 * len(found[0]) + expected[found[0]] if found else 0
        assert tables.long_codes[row, word] == entry
        short = tables.short_codes[row, word >> (16 - SHORT_BITS)]
        assert short == (entry if found and len(found[0]) <= SHORT_BITS else 0)


def test_lengths_that_are_no_prefix_code_are_refused() -> None:
    with pytest.raises(JPEGError, match="more codes than fit"):
        expand_codes(HuffmanSpecification("AC", 0, bytes([3] + [0] * 15), b"abc"))
    assert expand_codes(HuffmanSpecification("AC", 0, bytes(16), b"")).max() == 0


def decode_blocks(
    kernel: Callable[..., None], bits: str, blocks: int, start: np.ndarray | None = None, **arguments: object
) -> tuple:  # type: ignore[type-arg]
    """Decode blocks of one component from written-out bits; the codes are the symbols in eight bits."""
    tables = HuffmanTables()
    lengths = bytes([0] * 7 + [16] + [0] * 8)
    tables.define(HuffmanSpecification("DC", 0, lengths, bytes(range(16))))
    tables.define(HuffmanSpecification("AC", 0, bytes([0] * 7 + [255] + [0] * 8), bytes(range(255))))
    bits = bits.replace(" ", "")
    padded = bits + "0" * (-len(bits) % 32)
    words = np.array([int(padded[i : i + 32], 2) for i in range(0, len(padded), 32)], np.uint32)
    segments = np.array([[0, len(bits), 0, blocks]], np.int64)
    layout = np.array([[0, 0, 64, 0, 0, 4]], np.int64)
    coefficients = np.zeros(64 * blocks, np.int16) if start is None else start.copy()
    outcomes = np.zeros((1, 3), np.int64)
    shared = (words, segments, layout, blocks, tables.short_codes, tables.long_codes, coefficients)
    kernel(*shared, *arguments.values(), outcomes)
    return coefficients.reshape(blocks, 64), outcomes[0].tolist()


DC5 = "00000011 101"  # size 3, value 5
END = "00000000"


def test_a_sequential_block_by_hand() -> None:
    # DC 5; one zero, then -2 (size 2, bits 01) at zig-zag 2, natural 8; end. DC 5 - 1 = 4 (size 1, bit 0); end.
    bits = DC5 + "00010010 01" + END + "00000001 0" + END
    coefficients, outcome = decode_blocks(entropy.decode_sequential, bits, 2, predictions=np.full(4, 99))
    assert outcome == [entropy.DECODED, 2, 0]
    assert {i: v for i, v in enumerate(coefficients[0].tolist()) if v} == {0: 5, 8: -2}
    assert {i: v for i, v in enumerate(coefficients[1].tolist()) if v} == {0: 4}


@pytest.mark.parametrize(
    ("bits", "status"),
    [
        (DC5 + "11111111", entropy.INVALID_CODE),
        ("11111111", entropy.INVALID_CODE),
        (DC5 + "0000", entropy.ENDED_EARLY),
        (DC5 + "11110000" * 3 + "11110001 1", entropy.INDEX_TOO_LARGE),
        ("00001111" + "1" * 15 + END + "00000001 1" + END, entropy.VALUE_TOO_LARGE),
    ],
)
def test_damage_by_hand(bits: str, status: int) -> None:
    _, outcome = decode_blocks(entropy.decode_sequential, bits, 2, predictions=np.full(4, 99))
    assert outcome[0] == status
    assert outcome[1] == (1 if status == entropy.VALUE_TOO_LARGE else 0)


def test_an_end_of_band_run_by_hand() -> None:
    # Block 0: value 1 at zig-zag 1 (shifted by 2), then a run of 2 + 1 blocks ends: blocks 0, 1 and 2. Block 3: -1.
    bits = "00000001 1" + "00010000 1" + "00100001 0" + END
    arguments = {"first": 1, "last": 63, "shift": 2}
    coefficients, outcome = decode_blocks(progressive.decode_progressive_ac_first, bits, 4, **arguments)
    assert outcome == [entropy.DECODED, 4, 0]
    assert np.argwhere(coefficients).tolist() == [[0, 1], [3, 16]]
    assert (coefficients[0, 1], coefficients[3, 16]) == (4, -4)


def test_refinement_by_hand() -> None:
    # There are 2 at zig-zag 1 and -2 at zig-zag 3 (natural 16). A new +1 after a run of one zero: the run passes
    # zig-zag 2 and the two old coefficients, which take the bits 1 and 0, and lands on zig-zag 4 (natural 9).
    start = np.zeros(128, np.int16)
    start[1], start[16], start[64 + 8] = 2, -2, 2
    # Then the block and the next one end (run of 2), whose old coefficient takes the bit 1.
    bits = "00010001 1 1 0" + "00010000 0" + "1"
    arguments = {"first": 1, "last": 63, "shift": 0}
    coefficients, outcome = decode_blocks(progressive.decode_progressive_ac_refine, bits, 2, start, **arguments)
    assert outcome == [entropy.DECODED, 2, 0]
    assert {i: v for i, v in enumerate(coefficients[0].tolist()) if v} == {1: 3, 16: -2, 9: 1}
    assert {i: v for i, v in enumerate(coefficients[1].tolist()) if v} == {8: 3}
