"""TIFF files with JPEG strips or tiles by hand, with tables for all or in each."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
from PIL import Image


def jpeg_tiff(
    pixels: np.ndarray,
    tile: tuple[int, int] | None = (32, 48),
    *,
    rows: int = 32,
    quality: int = 30,
    subsampling: int = 2,
    shared: bool = True,
    order: str = "<",
    big: bool = False,
) -> bytes:
    """A file with one page, in tiles (height, width) or in strips of so many rows."""
    height, width = pixels.shape[:2]
    mode = "L" if pixels.ndim == 2 else "RGB"
    down, across = tile or (rows, width)
    if tile:
        more = ((0, -height % down), (0, -width % across), (0, 0))
        pixels = np.pad(pixels, more[: pixels.ndim], "edge")
    options: dict[str, Any] = (
        {"quality": quality, "subsampling": subsampling} if mode == "RGB" else {"quality": quality}
    )

    def saved(part: np.ndarray, streamtype: int) -> bytes:
        file = io.BytesIO()
        Image.fromarray(part).save(file, "JPEG", streamtype=streamtype, **options)
        return file.getvalue()

    parts = [
        saved(pixels[top : top + down, left : left + across], 2 if shared else 0)
        for top in range(0, pixels.shape[0], down)
        for left in range(0, pixels.shape[1], across)
    ]
    tables = saved(pixels[:8, :8], 1)
    factors = {0: (1, 1), 1: (2, 1), 2: (2, 2)}[subsampling]
    numbers = {256: [width], 257: [height], 258: [8] * (3 if mode == "RGB" else 1), 259: [7]}
    numbers |= {262: [6 if mode == "RGB" else 1], 277: [3 if mode == "RGB" else 1]}
    if mode == "RGB":
        numbers[530] = list(factors)
    offsets, sizes = (324, 325) if tile else (273, 279)
    if tile:
        numbers |= {322: [across], 323: [down]}
    else:
        numbers[278] = [rows]
    code, head = ("Q", 16) if big else ("I", 8)
    content = bytearray({"<": b"II", ">": b"MM"}[order] + struct.pack(order + "H", 43 if big else 42))
    content += struct.pack(order + "HH", 8, 0) if big else b""
    content += bytes(head - len(content))
    numbers[offsets], numbers[sizes] = [], [len(part) for part in parts]
    for part in parts:
        numbers[offsets].append(len(content))
        content += part
    blobs = {347: tables} if shared else {}
    entries = []
    for tag in sorted({*numbers, *blobs}):
        if tag in blobs:
            kind, count, data = 7, len(tables), tables
        else:
            values = numbers[tag]
            kind, letter = (4, "I") if max(values) > 65535 or tag in (offsets, sizes) else (3, "H")
            count, data = len(values), struct.pack(f"{order}{len(values)}{letter}", *values)
        if len(data) > (8 if big else 4):
            place = len(content)
            content += data
            data = struct.pack(order + code, place)
        entries.append(struct.pack(f"{order}HH{code}", tag, kind, count) + data.ljust(8 if big else 4, b"\0"))
    struct.pack_into(order + code, content, 8 if big else 4, len(content))
    content += struct.pack(order + ("Q" if big else "H"), len(entries)) + b"".join(entries) + bytes(8 if big else 4)
    return bytes(content)
