"""Make the small JPEG files the tests read: ``python tests/jpeg/make_corpus.py`` writes them to tests/jpeg/corpus.

Half of them come from Pillow, the other half (see :func:`written_files`) from the tests' own writer, because no
common encoder makes them.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

import jpeg_writer as writer

FOLDER = Path(__file__).parent / "corpus"

XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"
EXIF = b"II*\0\x08\0\0\0\0\0\0\0\0\0"
ICC = bytes(range(256)) * 2


def photo(width: int = 83, height: int = 61) -> Image.Image:
    """A small colourful picture with edges, gradients and texture."""
    generator = np.random.default_rng(7)
    y, x = np.mgrid[:height, :width].astype(float)
    red = 128 + 100 * np.sin(x / 9) * np.cos(y / 13)
    green = 255 * x / max(1, width - 1)
    blue = np.where((x // 12 + y // 10) % 2 == 0, 30, 210)
    picture = np.stack([red, green, blue], -1) + generator.normal(0, 6, (height, width, 3))
    return Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))


def encode(picture: Image.Image, **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", **options)
    return stream.getvalue()


def without_segments(data: bytes, markers: set[int]) -> bytes:
    """Take the segments of some kinds out of the header of a file."""
    kept, position = data[:2], 2
    while data[position + 1] != 0xDA:
        end = position + 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if data[position + 1] not in markers:
            kept += data[position:end]
        position = end
    return kept + data[position:]


def pillow_files() -> dict[str, bytes]:
    picture = photo()
    gray, cmyk = picture.convert("L"), picture.convert("CMYK")
    files = {
        "pillow_420": encode(picture, quality=75, subsampling="4:2:0"),
        "pillow_422": encode(picture, quality=85, subsampling="4:2:2"),
        "pillow_444": encode(picture, quality=92, subsampling="4:4:4"),
        "pillow_optimized": encode(picture, quality=60, optimize=True),
        "pillow_quality_1": encode(picture, quality=1),
        "pillow_quality_100": encode(picture, quality=100, subsampling="4:4:4"),
        "pillow_gray": encode(gray, quality=70),
        "pillow_rgb": encode(picture, quality=80, keep_rgb=True),
        "pillow_cmyk": encode(cmyk, quality=80),
        "pillow_progressive": encode(picture, quality=80, progressive=True),
        "pillow_progressive_444": encode(picture, quality=97, subsampling="4:4:4", progressive=True),
        "pillow_progressive_gray": encode(gray, quality=50, progressive=True),
        "pillow_progressive_cmyk": encode(cmyk, quality=80, progressive=True),
        "pillow_progressive_restart": encode(picture, quality=80, progressive=True, restart_marker_blocks=3),
        "pillow_restart_rows": encode(picture, quality=80, subsampling="4:4:4", restart_marker_rows=1),
        "pillow_restart_blocks": encode(picture, quality=80, restart_marker_blocks=1),
        "pillow_metadata": encode(
            picture, quality=75, exif=b"Exif\0\0" + EXIF, icc_profile=ICC, xmp=XMP, comment=b"Ahoy", dpi=(300, 150)
        ),
        "pillow_no_huffman_tables": without_segments(encode(picture, quality=75), {0xC4}),
    }
    for width, height in [(1, 1), (1, 40), (40, 1), (5, 7), (16, 16), (17, 33)]:
        files[f"pillow_size_{width}x{height}"] = encode(photo(width, height), quality=75, subsampling="4:2:0")
    files["pillow_two_pictures"] = files["pillow_420"] + files["pillow_size_16x16"]
    files["pillow_no_end"] = files["pillow_422"][:-2]
    return files


def written_files() -> dict[str, bytes]:
    width, height = 53, 37
    files = {}
    for name, factors in {
        "3x1": [(3, 1), (1, 1), (1, 1)],
        "1x4": [(1, 4), (1, 1), (1, 1)],
        "4x1": [(4, 1), (1, 1), (1, 1)],
        "1x2": [(1, 2), (1, 1), (1, 1)],
        "2x4": [(2, 4), (1, 1), (1, 1)],
        "2x2_2x1_1x2": [(2, 2), (2, 1), (1, 2)],
        "1x1_2x2_1x1": [(1, 1), (2, 2), (1, 1)],
        "gray_2x2": [(2, 2)],
        "gray_4x3": [(4, 3)],
    }.items():
        files[f"sampling_{name}"] = writer.sequential_file(writer.random_parts(factors, width, height), width, height)

    factors = [(2, 2), (1, 1), (1, 1)]
    parts = writer.random_parts(factors, width, height)
    coarse = writer.random_parts(factors, width, height, steps=(200, 700))
    each = [[0], [1], [2]]
    files["wide_tables"] = writer.sequential_file(coarse, width, height, wide=True, marker=0xC1)
    files["long_codes"] = writer.sequential_file(parts, width, height, dc_length=13, ac_length=16)
    files["separate_scans"] = writer.sequential_file(parts, width, height, scans=each)
    files["mixed_scans"] = writer.sequential_file(parts, width, height, scans=[[0], [1, 2]])
    files["restart_1"] = writer.sequential_file(parts, width, height, restart=1)
    files["restart_5_separate"] = writer.sequential_file(parts, width, height, scans=each, restart=5)
    files["late_height"] = writer.sequential_file(parts, width, height, dnl=True, scans=each)
    files["late_height_restart"] = writer.sequential_file(parts, width, height, dnl=True, restart=2)
    files["trailing"] = writer.sequential_file(parts, width, height, tail=writer.EOI + b"anything")
    files["surplus"] = writer.sequential_file(parts, width, height, tail=b"\0\0\0" + writer.EOI)
    files["fill_bytes"] = (
        writer.sequential_file(parts, width, height, head=b"\xff\xff\xff" + writer.segment(0xFE, b"") + b"\xff")
        .replace(b"\xff\xc0\0\x11", b"\xff\xff\xff\xff\xc0\0\x11")
        .replace(writer.EOI, b"\xff\xff" + writer.EOI)
    )
    files["late_tables"] = late_tables(parts, width, height)
    files["progressive_written"] = progressive(parts, width, height)

    full = [(1, 1)] * 3
    files["adobe_rgb"] = writer.sequential_file(
        writer.random_parts(full, width, height), width, height, head=writer.adobe(0)
    )
    files["adobe_rgb_with_jfif"] = writer.sequential_file(
        writer.random_parts(full, width, height), width, height, head=writer.jfif() + writer.adobe(0)
    )
    named = writer.random_parts(full, width, height, identifiers=list(b"RGB"))
    files["named_rgb"] = writer.sequential_file(named, width, height)
    files["named_rgb_with_jfif"] = writer.sequential_file(named, width, height, head=writer.jfif(1, 72, 96))
    inks = writer.random_parts([(1, 1)] * 4, width, height)
    mixed = writer.random_parts([(2, 2), (1, 1), (1, 1), (2, 2)], width, height)
    files["cmyk_adobe"] = writer.sequential_file(inks, width, height, head=writer.adobe(0))
    files["cmyk_plain"] = writer.sequential_file(inks, width, height)
    files["ycck"] = writer.sequential_file(mixed, width, height, head=writer.adobe(2))
    return files


def late_tables(parts: list[writer.Part], width: int, height: int) -> bytes:
    """Each component's table is sent just before its scan, all of them in the same slot."""
    same_slot = [writer.Part(p.coefficients, p.table + i, p.horizontal, p.vertical, i + 1) for i, p in enumerate(parts)]
    data = writer.SOI + writer.sof(same_slot, width, height) + writer.dht()
    for index, part in enumerate(same_slot):
        data += writer.dqt(0, part.table) + writer.sos([part]) + writer.sequential_data(same_slot, [index])
    return data + writer.EOI


def progressive(parts: list[writer.Part], width: int, height: int) -> bytes:
    """DC in three steps, AC in two bands."""
    data = writer.SOI + b"".join(writer.dqt(p.slot, p.table) for p in parts[:2])
    data += writer.sof(parts, width, height, 0xC2) + writer.dht()
    scan = [0, 1, 2]
    data += writer.sos(parts, 0, 0, 0, 2) + writer.progressive_dc_data(parts, scan, 2)
    for index in scan:
        for first, last in ((1, 5), (6, 63)):
            data += writer.sos([parts[index]], first, last)
            data += writer.progressive_ac_data(parts, index, first, last, 0)
    for low in (1, 0):
        data += writer.sos(parts, 0, 0, low + 1, low) + writer.progressive_dc_data(parts, scan, low, refine=True)
    return data + writer.EOI


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, content in (pillow_files() | written_files()).items():
        (FOLDER / f"{name}.jpg").write_bytes(content)
