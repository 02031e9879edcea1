"""Reading whole files: exact coefficients, tables, sources, refusals, limits, threads."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from PIL import Image

import fuzz
import jpeg_writer as writer
import make_corpus
from qgac.jpeg.errors import JPEGError
from qgac.jpeg.image import JPEGImage
from qgac.jpeg.reader import read_jpeg
from render import render

FACTORS = st.sampled_from(
    [
        [(1, 1)],
        [(2, 2)],
        [(1, 1)] * 3,
        [(2, 2), (1, 1), (1, 1)],
        [(2, 1), (1, 1), (1, 1)],
        [(1, 2), (1, 1), (1, 1)],
        [(4, 1), (1, 1), (1, 1)],
        [(3, 1), (1, 2), (3, 1)],
        [(1, 1), (2, 2), (1, 2)],
        [(1, 1)] * 4,
        [(2, 2), (1, 1), (1, 1), (2, 2)],
    ]
)


def assert_same(image: JPEGImage, parts: list[writer.Part]) -> None:
    assert len(image.components) == len(parts)
    for component, part in zip(image.components, parts, strict=True):
        assert_array_equal(component.coefficients, part.coefficients, strict=True)
        assert_array_equal(component.table, part.table, strict=True)
        assert (component.horizontal, component.vertical) == (part.horizontal, part.vertical)


@given(
    factors=FACTORS,
    width=st.integers(1, 70),
    height=st.integers(1, 70),
    restart=st.integers(0, 12),
    separate=st.booleans(),
    ac_length=st.sampled_from([9, 10, 11, 16]),
    seed=st.integers(0, 1000),
)
@settings(max_examples=60, deadline=None)
def test_what_was_written_is_read(
    factors: list[tuple[int, int]], width: int, height: int, restart: int, separate: bool, ac_length: int, seed: int
) -> None:
    parts = writer.random_parts(factors, width, height, seed)
    scans = [[i] for i in range(len(parts))] if separate else None
    data = writer.sequential_file(parts, width, height, scans=scans, restart=restart, ac_length=ac_length)
    image = read_jpeg(data)
    assert (image.width, image.height) == (width, height)
    assert (image.process, image.missing, image.notes) == ("baseline", 0.0, ())
    assert_same(image, parts)


@given(factors=FACTORS, width=st.integers(1, 60), height=st.integers(1, 60), seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_what_was_written_progressively_is_read(
    factors: list[tuple[int, int]], width: int, height: int, seed: int
) -> None:
    if len(factors) != 3:
        factors = [(2, 2), (1, 1), (1, 1)]
    parts = writer.random_parts(factors, width, height, seed)
    image = read_jpeg(make_corpus.progressive(parts, width, height))
    assert image.process == "progressive"
    assert_same(image, parts)


@pytest.mark.parametrize("value", [-2047, -1024, -1, 1, 1023, 2047])
def test_large_values_at_the_last_place(value: int) -> None:
    parts = writer.random_parts([(1, 1)], 8, 8)
    parts[0].coefficients[:] = 0
    parts[0].coefficients[0, 0, 7, 7] = value
    parts[0].coefficients[0, 0, 0, 0] = value
    assert_same(read_jpeg(writer.sequential_file(parts, 8, 8)), parts)


@pytest.mark.parametrize("quality", [5, 50, 96])
@pytest.mark.parametrize("subsampling", ["4:2:0", "4:4:4"])
@pytest.mark.parametrize("options", [{"progressive": True}, {"optimize": True}, {"restart_marker_blocks": 2}])
def test_all_processes_carry_the_same_coefficients(quality: int, subsampling: str, options: dict[str, object]) -> None:
    picture = make_corpus.photo(130, 77)
    plain = read_jpeg(make_corpus.encode(picture, quality=quality, subsampling=subsampling))
    other = read_jpeg(make_corpus.encode(picture, quality=quality, subsampling=subsampling, **options))
    for expected, component in zip(plain.components, other.components, strict=True):
        assert_array_equal(component.coefficients, expected.coefficients, strict=True)


def test_tables_and_factors_are_those_pillow_reads(corpus: dict[str, bytes]) -> None:
    for name in [name for name in corpus if name.startswith("pillow_") and name != "pillow_no_end"]:
        with Image.open(io.BytesIO(corpus[name])) as picture:
            declared, tables = picture.layer, picture.quantization
        image = read_jpeg(corpus[name])
        for component, (_, horizontal, vertical, slot) in zip(image.components, declared, strict=True):
            assert component.table.reshape(64).tolist() == list(tables[slot])
            assert (component.horizontal, component.vertical) == (horizontal, vertical)


def test_each_component_keeps_the_table_its_first_scan_found(corpus: dict[str, bytes]) -> None:
    parts = writer.random_parts([(2, 2), (1, 1), (1, 1)], 53, 37)
    for index, component in enumerate(read_jpeg(corpus["late_tables"]).components):
        assert_array_equal(component.table, parts[index].table + index)


def test_the_script_makes_the_files_of_the_corpus(corpus: dict[str, bytes]) -> None:
    written = make_corpus.written_files()
    assert set(corpus) == set(written) | set(make_corpus.pillow_files())
    for name, data in written.items():
        assert data == corpus[name], name


def test_every_kind_of_source(corpus: dict[str, bytes], tmp_path: Path) -> None:
    data = corpus["pillow_gray"]
    path = tmp_path / "picture.jpg"
    path.write_bytes(data)
    expected = read_jpeg(data).components[0].coefficients
    for source in (bytearray(data), memoryview(data), memoryview(data + b"")[::1], str(path), path, io.BytesIO(data)):
        assert_array_equal(read_jpeg(source).components[0].coefficients, expected)
    with path.open("rb") as stream:
        assert_array_equal(read_jpeg(stream).components[0].coefficients, expected)
    with pytest.raises(FileNotFoundError):
        read_jpeg(tmp_path / "missing.jpg")
    with pytest.raises(TypeError, match="text mode"):
        read_jpeg(io.StringIO("text"))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not from int"):
        read_jpeg(5)  # type: ignore[arg-type]


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


@pytest.mark.parametrize("places", [[63], [0], [1, 9, 17], list(range(64))])
@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_steps_of_zero_make_coefficients_zero(places: list[int], options: dict[str, object]) -> None:
    data = bytearray(make_corpus.encode(make_corpus.photo(64, 48), quality=90, **options))
    table = data.index(b"\xff\xdb") + 5
    for place in places:
        data[table + place] = 0
    for tolerant in (False, True):
        image = read_jpeg(bytes(data), tolerant=tolerant)
        assert image.missing == 0
        assert len(image.notes) == 1
        assert "step is zero" in image.notes[0]
        assert_array_equal(render(image), np.asarray(Image.open(io.BytesIO(data))), strict=True)
        levels = image.components[0].coefficients.reshape(-1, 64)[:, writer.ZIGZAG]
        assert not levels[:, places].any()
        assert (image.components[0].table > 0).all()
        assert image.components[1].coefficients.any()


def header_height(data: bytes, height: int) -> bytes:
    frame = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
    return data[: frame + 5] + height.to_bytes(2, "big") + data[frame + 7 :]


@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize(("restart", "junk"), [(0, b""), (3, b""), (0, b"\0\0"), (0, b"\xff\xff")])
@pytest.mark.parametrize("declared", [0, 65535, 200, 64, 80])
def test_the_height_behind_the_first_scan(declared: int, separate: bool, restart: int, junk: bytes) -> None:
    """Where it contradicts the frame header, the data decide."""
    parts = writer.random_parts([(2, 2), (1, 1), (1, 1)], 96, 80)
    scans = [[i] for i in range(3)] if separate else None
    written = writer.sequential_file(parts, 96, 80, dnl=True, restart=restart, scans=scans)
    height = written.index(b"\xff\xdc\0\4\0\x50")
    data = header_height(written[:height] + junk + written[height:], declared)
    for tolerant in (False, True):
        image = read_jpeg(data, tolerant=tolerant)
        assert image.height == 80
        assert_same(image, parts)
        assert any(f"{declared} lines" in note for note in image.notes) == (declared not in (0, 80))


@pytest.mark.parametrize("late", [1, 16, 64, 81, 200, 65535])
def test_a_height_behind_the_data_that_is_not_theirs_is_passed_over(late: int) -> None:
    parts = writer.random_parts([(2, 2), (1, 1), (1, 1)], 96, 80)
    data = header_height(writer.sequential_file(parts, 96, 80, dnl=True), 80)
    data = data.replace(b"\xff\xdc\0\4\0\x50", b"\xff\xdc\0\4" + late.to_bytes(2, "big"))
    image = read_jpeg(data)
    if late == 81:  # which of the two is true, no data can tell
        assert image.height in (80, 81)
    else:
        assert image.height == 80
        assert_same(image, parts)


def test_a_height_that_the_data_do_not_reach_is_damage() -> None:
    parts = writer.random_parts([(2, 2), (1, 1), (1, 1)], 96, 80)
    data = header_height(writer.sequential_file(parts, 96, 80, dnl=True), 65535)
    with pytest.raises(JPEGError, match="damaged"):
        read_jpeg(data.replace(b"\xff\xdc\0\4\0\x50", b"\xff\xdc\0\4\xff\xff"))
    scan = data.index(b"\xff\xda")
    truncated = data[: scan + 300] + data[data.index(b"\xff\xdc\0\4\0\x50") :]
    with pytest.raises(JPEGError, match="damaged"):
        read_jpeg(truncated)
    assert read_jpeg(truncated, tolerant=True).height == 80


def test_a_second_frame_is_refused(corpus: dict[str, bytes]) -> None:
    data = corpus["pillow_gray"]
    second = data[data.index(b"\xff\xc0") : -2]
    with pytest.raises(JPEGError, match="two frames"):
        read_jpeg(data[:-2] + second + data[-2:])


def test_standard_huffman_tables_are_only_assumed_for_sequential_files(corpus: dict[str, bytes]) -> None:
    expected = read_jpeg(corpus["pillow_420"])
    image = read_jpeg(corpus["pillow_no_huffman_tables"])
    assert_array_equal(image.components[0].coefficients, expected.components[0].coefficients)
    progressive = make_corpus.without_segments(corpus["pillow_progressive"], {0xC4})
    with pytest.raises(JPEGError, match="Huffman table that the file does not hold"):
        read_jpeg(progressive)


@pytest.mark.parametrize("name", ["pillow_optimized", "pillow_progressive", "pillow_420"])
def test_huffman_tables_may_come_before_the_frame_header(corpus: dict[str, bytes], name: str) -> None:
    """Those of Annex K.3, which stand in for missing ones, must not replace them."""
    data = corpus[name]
    parts = fuzz.segments(data)
    scan = next(i for i, part in enumerate(parts) if part[1] == 0xDA)
    tables = [part for part in parts[:scan] if part[1] == 0xC4]
    others = [part for part in parts[:scan] if part[1] != 0xC4]
    moved = b"".join([others[0], *tables, *others[1:], *parts[scan:]])
    assert moved.index(b"\xff\xc4") < min(moved.find(bytes([0xFF, sof])) % len(moved) for sof in (0xC0, 0xC2))
    for component, expected in zip(read_jpeg(moved).components, read_jpeg(data).components, strict=True):
        assert_array_equal(component.coefficients, expected.coefficients)


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
def test_contradicting_headers_are_refused(corpus: dict[str, bytes], payload_of: int, change, message: str) -> None:  # type: ignore[no-untyped-def]
    data = corpus["pillow_gray"]
    position = data.index(bytes([0xFF, payload_of]))
    length = struct.unpack_from(">H", data, position + 2)[0]
    payload = change(data[position + 4 : position + 2 + length])
    with pytest.raises(JPEGError, match=message):
        read_jpeg(data[:position] + writer.segment(payload_of, payload) + data[position + 2 + length :])


def test_threads_do_not_disturb_each_other(corpus: dict[str, bytes]) -> None:
    names = [name for name in corpus if "size" not in name] * 8
    expected = {name: read_jpeg(corpus[name]) for name in names}
    with ThreadPoolExecutor(8) as pool:
        images = list(pool.map(lambda name: read_jpeg(corpus[name]), names))
    for name, image in zip(names, images, strict=True):
        for component, reference in zip(image.components, expected[name].components, strict=True):
            assert_array_equal(component.coefficients, reference.coefficients)
