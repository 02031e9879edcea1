"""What is no JPEG, of another kind, contradictory, or larger than a file of its size can be, is refused by name."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

import jpeg_writer as writer
import make_corpus
from qgac.jpeg.errors import JPEGError
from qgac.jpeg.reader import read_jpeg


def saved_as(kind: str) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (16, 16), "red").save(stream, kind)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (bytes(5000), "filled with zeros"),
        (saved_as("PNG"), "a PNG file"),
        (saved_as("GIF"), "a GIF file"),
        (saved_as("TIFF"), "a TIFF file"),
        (saved_as("BMP"), "a BMP file"),
        (saved_as("WEBP"), "a WebP file"),
        (saved_as("PDF"), "a PDF document"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a HEIC picture"),
        (b"\0\0\0\x18ftypavif\0\0\0\0mif1avif", "an AVIF picture"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "a video"),
        (b"\xff\x4f\xff\x51\0\x2f", "a JPEG 2000 file"),
        (b"\r\n<!DOCTYPE html><html>404", "an HTML page"),
        (b"RIFF\0\0\0\0WAVE", "a RIFF file"),
        (b"hello", "not a JPEG file"),
        (b"\xff", "not a JPEG file"),
    ],
)
@pytest.mark.parametrize("tolerant", [False, True])
def test_other_files_are_named(data: bytes, message: str, tolerant: bool) -> None:
    with pytest.raises(JPEGError, match=message):
        read_jpeg(data, tolerant=tolerant)
    with pytest.raises(JPEGError, match=message):
        read_jpeg(io.BytesIO(data), tolerant=tolerant)


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        (0xC3, "lossless"),
        (0xC5, "hierarchical"),
        (0xC7, "hierarchical"),
        (0xC9, "arithmetically coded"),
        (0xCA, "arithmetically coded"),
        (0xCB, "lossless"),
        (0xCD, "hierarchical"),
        (0xDE, "hierarchical"),
        (0xF7, "JPEG-LS"),
    ],
)
def test_other_processes_are_refused_by_name(corpus: dict[str, bytes], marker: int, message: str) -> None:
    data = corpus["pillow_gray"].replace(b"\xff\xc0", bytes([0xFF, marker]))
    for tolerant in (False, True):
        with pytest.raises(JPEGError, match=message):
            read_jpeg(data, tolerant=tolerant)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (writer.segment(0xC3, b"\x08\0\x08\0\x08\x01\x01\x11\0"), "this is a lossless JPEG.*no compression artifacts"),
        (writer.segment(0xC9, b"\x08\0\x08\0\x08\x01\x01\x11\0"), "arithmetically coded"),
        (writer.segment(0xDE, b"\x08\0\x08\0\x08\x01\x01\x11\0"), "hierarchical"),
        (writer.segment(0xC1, b"\x0c\0\x08\0\x08\x01\x01\x11\0"), "12 bits a sample"),
        (writer.segment(0xC2, b"\x0c\0\x08\0\x08\x01\x01\x11\0"), "12 bits a sample"),
    ],
)
@pytest.mark.parametrize(
    "before",
    [
        writer.segment(0xC4, b"\0" + bytes([0] * 4 + [17] + [0] * 11) + bytes(range(17))),  # category 16
        writer.segment(0xC4, b"\0" + bytes([3] + [0] * 15) + b"abc"),  # no prefix code
        writer.segment(0xC4, b"\x07" + bytes(16)),  # no such slot
        writer.segment(0xDB, bytes(40)),
        writer.segment(0xDD, b"\0\0\0\1"),
        b"\0\xdd\0\x04ab",
        writer.segment(0xCC, b"\0\x10"),
    ],
)
def test_kinds_are_named_whatever_precedes_their_frame_header(before: bytes, frame: bytes, message: str) -> None:
    for tolerant in (False, True):
        with pytest.raises(JPEGError, match=message):
            read_jpeg(writer.SOI + before + frame + writer.EOI, tolerant=tolerant)


def test_twelve_bits_and_odd_numbers_of_components_are_refused() -> None:
    parts = writer.random_parts([(1, 1)] * 4, 8, 8)
    header = writer.SOI + writer.sof(parts, 8, 8, 0xC1, precision=12)
    with pytest.raises(JPEGError, match="12 bits a sample"):
        read_jpeg(header)
    for number in (2, 5):
        with pytest.raises(JPEGError, match=f"{number} components"):
            read_jpeg(writer.SOI + writer.sof((parts + parts)[:number], 8, 8))


def test_a_second_frame_is_refused(corpus: dict[str, bytes]) -> None:
    data = corpus["pillow_gray"]
    second = data[data.index(b"\xff\xc0") : -2]
    with pytest.raises(JPEGError, match="two frames"):
        read_jpeg(data[:-2] + second + data[-2:])


@pytest.mark.parametrize(
    ("payload_of", "change", "message"),
    [
        (0xDB, lambda p: p[:40], "DQT"),
        (0xDB, lambda p: b"\x07" + p[1:], "DQT"),
        (0xC4, lambda p: p[:20], "DHT"),
        (0xC4, lambda p: b"\0\x03" + p[2:], "DHT|more codes than fit"),
        (0xC4, lambda p: p[:17] + b"\x20" + p[18:], "above 15 bits"),
        (0xC0, lambda p: p[:5] + b"\x02" + p[6:], "frame header"),
        (0xC0, lambda p: p[:7] + b"\x51" + p[8:], "impossible sampling"),
        (0xC0, lambda p: p[:3] + b"\0\0" + p[5:], "width of 0"),
        (0xC0, lambda p: p[:1] + b"\0\0" + p[3:], "height of the picture is given nowhere"),
        (0xDA, lambda p: b"\x02" + p[1:], "scan header"),
        (0xDA, lambda p: p[:1] + b"\x63" + p[2:], "names components"),
        (0xDA, lambda p: p[:2] + b"\x50" + p[3:], "impossible Huffman table"),
        (0xDA, lambda p: p[:2] + b"\x30" + p[3:], "Huffman table that the file does not hold"),
    ],
)
def test_contradicting_headers_are_refused(
    corpus: dict[str, bytes], payload_of: int, change: Callable[..., Any], message: str
) -> None:  # type: ignore[no-untyped-def]
    data = corpus["pillow_gray"]
    position = data.index(bytes([0xFF, payload_of]))
    length = struct.unpack_from(">H", data, position + 2)[0]
    payload = change(data[position + 4 : position + 2 + length])
    with pytest.raises(JPEGError, match=message):
        read_jpeg(data[:position] + writer.segment(payload_of, payload) + data[position + 2 + length :])


def test_limits_hold_before_anything_is_allocated() -> None:
    parts = writer.random_parts([(1, 1)], 8, 8)
    with pytest.raises(JPEGError, match=r"raise the limit \(--max-pixels\)"):
        read_jpeg(writer.sequential_file(parts, 8, 8), max_pixels=63)
    assert read_jpeg(writer.sequential_file(parts, 8, 8), max_pixels=64).width == 8

    start = time.perf_counter()
    bomb = writer.sequential_file(parts, 14000, 14000)
    for tolerant in (False, True):
        with pytest.raises(JPEGError, match="14000 x 14000 pixels cannot be held"):
            read_jpeg(bomb, tolerant=tolerant)
    with pytest.raises(JPEGError, match="65535 x 65535"):
        read_jpeg(writer.sequential_file(parts, 65535, 65535))
    with pytest.raises(JPEGError, match="65535 x 40000"):
        read_jpeg(writer.sequential_file(parts, 65535, 40000, dnl=True))
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize("tolerant", [False, True])
@pytest.mark.parametrize("side", [65_500, 14_000, 8_000])
def test_a_header_of_a_hundred_bytes_takes_neither_time_nor_memory(tolerant: bool, side: int) -> None:
    [part] = writer.random_parts([(1, 1)], 8, 8)
    part.table[:] = 1
    head = writer.SOI + writer.dqt(0, part.table)[:69] + writer.sof([part] * 3, side, side)
    bomb = head + writer.sos([part]) + bytes(3) + writer.EOI
    assert len(bomb) < 120
    read_jpeg(make_corpus.encode(Image.new("L", (8, 8))))  # what stays from the first call does not count
    tracemalloc.start()
    start = time.perf_counter()
    try:
        with pytest.raises(JPEGError, match=rf"{side} x {side}.*; "):
            read_jpeg(bomb, tolerant=tolerant)
        seconds = time.perf_counter() - start
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert seconds < 1
    assert peak < 10_000_000


def test_scans_that_repeat_are_refused(corpus: dict[str, bytes]) -> None:
    data = corpus["pillow_gray"]
    scan = data[data.index(b"\xff\xda") : -2]
    with pytest.raises(JPEGError, match="scans repeat"):
        read_jpeg(data[:-2] + scan * 1000 + data[-2:])


def scan_bomb() -> bytes:
    """A blank picture of 36 million pixels whose every coefficient is refined bit by bit, in three bytes a scan."""
    size = 6000
    blocks = (size // 8) ** 2
    [part] = writer.random_parts([(1, 1)], 8, 8)
    one_bit_code = writer.segment(0xC4, bytes([0, 1] + [0] * 15 + [0]))
    data = writer.SOI + writer.dqt(0, part.table) + writer.sof([part], size, size, 0xC2) + writer.dht() + one_bit_code
    data += writer.sos([part], 0, 0) + bytes(-(-blocks // 8))
    bits = writer.Bits()
    for start in range(0, blocks, 0x7FFF):
        run = min(0x7FFF, blocks - start)
        bits.put((run.bit_length() - 1) << 4, 9)
        bits.put(run - (1 << (run.bit_length() - 1)), run.bit_length() - 1)
    nothing = bits.finish()
    for low in range(13, 6, -1):
        for index in range(1, 64):
            data += writer.sos([part], index, index, 0 if low == 13 else low + 1, low) + nothing
    return data + writer.EOI


def test_a_small_file_cannot_keep_the_decoder_busy() -> None:
    data = scan_bomb()
    start = time.perf_counter()
    with pytest.raises(JPEGError, match="more scans than a file of this size can hold"):
        read_jpeg(data)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_a_large_blank_picture_is_no_bomb(options: dict[str, object]) -> None:
    data = make_corpus.encode(Image.new("RGB", (6000, 4000), "white"), **options)
    image = read_jpeg(data)
    assert not image.components[2].coefficients.any()
