"""TIFF files with JPEG strips or tiles (compression 7, TIFF Technical Note 2).

The strips or tiles of a page are one picture, so they are put together before it is restored, and taken apart behind:
no seam is left between them. Each gets tables of its own; those that the page has for all stay and are not used.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from qgac.containers.container import ContainerError, Exchange, Inner, Limits
from qgac.containers.jpeg_file import jpeg_file, with_metadata_of
from qgac.containers.tiff_directory import Directory, directories
from qgac.jpeg.errors import JPEGError
from qgac.jpeg.image import Color, Component, JPEGImage, Metadata

__all__ = ["TIFFFile"]

_WIDTH, _HEIGHT, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _PLANAR = 256, 257, 259, 262, 277, 284
_STRIPS, _STRIP_SIZES = 273, 279
_TILE_WIDTH, _TILES, _TILE_SIZES = 322, 324, 325
_TABLES = 347
_OLD_JPEG, _JPEG = 6, 7
_COLORS: dict[tuple[int, int], Color] = {(0, 1): "gray", (1, 1): "gray", (2, 3): "RGB", (6, 3): "YCbCr", (5, 4): "CMYK"}
_DIFFERENT = "its strips or tiles are compressed in different ways, so it stays as it is; convert the file first"
_START, _END = b"\xff\xd8", b"\xff\xd9"


@dataclass(frozen=True)
class _Page:
    """Where the strips or tiles of a page are, row by row."""

    directory: Directory
    across: int
    places: list[tuple[int, int]]  # offset, size
    tables: bytes
    color: Color | None
    planar: bool
    pixels: int

    @property
    def tags(self) -> tuple[int, int]:
        return (_TILES, _TILE_SIZES) if _TILES in self.directory.entries else (_STRIPS, _STRIP_SIZES)


class TIFFFile:
    """A TIFF file, of which the pages of JPEG strips or tiles are its pictures.

    Parameters
    ----------
    path : Path

    Raises
    ------
    ContainerError
        If it is no TIFF file, or damaged.
    OSError
        If it cannot be read.
    """

    signed = False

    def __init__(self, path: Path) -> None:
        self.notes: list[str] = []
        self._content = path.read_bytes()
        self._pages = []
        for directory in directories(self._content):
            try:
                compression = directory.numbers(self._content, _COMPRESSION)
                if compression == [_OLD_JPEG]:
                    self.notes.append(
                        f"{directory.name} is an old kind of JPEG in TIFF (compression 6), left as it was; save it "
                        "anew first"
                    )
                if compression == [_JPEG]:
                    self._pages.append(_page(self._content, directory))
            except (struct.error, IndexError, ZeroDivisionError) as error:
                raise ContainerError(f"{directory.name} of the TIFF file is damaged; get an undamaged copy") from error

    @property
    def pictures(self) -> Sequence[Inner]:
        """The pages, in their order."""
        return [_inner(self._content, page) for page in self._pages]

    def write(self, path: Path, exchange: Exchange) -> None:
        """Write the file with other strips or tiles: where the old ones were, as far as they fit, else at the end."""
        content = bytearray(self._content)
        pieces: list[tuple[_Page, list[bytes]]] = []
        for page in self._pages:
            picture = exchange(_inner(self._content, page))
            if picture is None:
                continue
            if not isinstance(picture, JPEGImage):
                raise ContainerError("pages of TIFF files stay JPEG pictures; leave --lossless out")
            pieces.append((page, [_bare(part) for part in _apart(picture, _parts(self._content, page), page.across)]))
        room = _Room(content, [page for page, _ in pieces], self._pages)
        for page, data in pieces:
            places = [room.put(piece) for piece in data]
            page.directory.put(content, page.tags[0], places)
            page.directory.put(content, page.tags[1], [len(piece) for piece in data])
        path.write_bytes(content)

    def close(self) -> None:
        """Nothing is open."""


class _Room:
    """Places for new data: what the old ones leave, then the end of the file."""

    def __init__(self, content: bytearray, freed: list[_Page], pages: list[_Page]) -> None:
        self._content = content
        users = Counter(place for page in pages for place in page.places)
        free = sorted(place for page in freed for place in page.places if users[place] == 1)
        self._free: list[list[int]] = []
        for start, size in free:
            if self._free and self._free[-1][1] == start:
                self._free[-1][1] = start + size
            elif not self._free or self._free[-1][1] < start:
                self._free.append([start, start + size])

    def put(self, data: bytes) -> int:
        """Write data somewhere, and return where."""
        for extent in self._free:
            start, end = extent
            if end - start >= len(data):
                self._content[start : start + len(data)] = data
                extent[0] += len(data)
                return start
        self._content += bytes(len(self._content) % 2)
        start = len(self._content)
        self._content += data
        return start


def _page(content: bytes, directory: Directory) -> _Page:
    def number(tag: int, default: int | None = None) -> int:
        values = directory.numbers(content, tag)
        return values[0] if values or default is None else default

    samples, planar = number(_SAMPLES, 1), number(_PLANAR, 1)
    color = _COLORS.get((number(_PHOTOMETRIC), samples))
    tiled = _TILES in directory.entries
    tags = (_TILES, _TILE_SIZES) if tiled else (_STRIPS, _STRIP_SIZES)
    offsets, sizes = (directory.numbers(content, tag) for tag in tags)
    if len(offsets) != len(sizes) or not offsets:
        raise struct.error
    width = number(_WIDTH)
    across = -(-width // number(_TILE_WIDTH)) if tiled else 1
    return _Page(
        directory,
        across,
        list(zip(offsets, sizes, strict=True)),
        directory.data(content, _TABLES),
        color,
        planar != 1 and samples > 1,
        width * number(_HEIGHT),
    )


def _inner(content: bytes, page: _Page) -> Inner:
    def read(limits: Limits) -> JPEGImage:
        if page.planar:
            raise JPEGError("its colours are in separate planes, which is not supported; save it with all in one first")
        if page.color is None:
            raise JPEGError("colours of this kind are not supported in TIFF files; convert the file first")
        if page.pixels > limits.max_pixels:
            raise JPEGError(
                f"it has {page.pixels / 1e6:.1f} million pixels; raise the limit (--max-pixels) if it is to be restored"
            )
        return _together(_parts(content, page, limits), page.across)

    return Inner(page.directory.name, sum(size for _, size in page.places), read)


def _parts(content: bytes, page: _Page, limits: Limits | None = None) -> list[JPEGImage]:
    """Read all strips or tiles, each with the tables of the page before it."""
    from qgac.jpeg.reader import read_jpeg  # loaded when it is needed

    limits = limits or Limits(tolerant=True, max_pixels=4 * page.pixels + (1 << 20))
    parts, pixels = [], 0
    for start, size in page.places:
        data = content[start : start + size]
        if page.tables.startswith(_START) and data.startswith(_START):
            data = page.tables.removesuffix(_END) + data[len(_START) :]
        part = read_jpeg(data, tolerant=limits.tolerant, max_pixels=limits.max_pixels)
        pixels += part.width * part.height
        if pixels > 4 * limits.max_pixels + (1 << 20):  # tiles may stand out beyond the picture, but not so much
            raise JPEGError("its tiles are larger than the picture; get an undamaged copy")
        assert page.color is not None
        parts.append(replace(part, color=page.color, metadata=Metadata()))
    return parts


def _together(parts: list[JPEGImage], across: int) -> JPEGImage:
    """Make one picture of strips or tiles, row by row."""
    first = parts[0]
    if len(parts) % across:
        raise JPEGError(_DIFFERENT)
    rows = [parts[start : start + across] for start in range(0, len(parts), across)]
    if any(len(part.components) != len(first.components) for part in parts):
        raise JPEGError(_DIFFERENT)
    vertical, horizontal = first.largest_factors
    inner = [part for row in rows[:-1] for part in row]
    if any(part.height % (8 * vertical) for part in inner) or any(
        part.width % (8 * horizontal) for row in rows for part in row[:-1]
    ):
        raise JPEGError(_DIFFERENT)
    components = []
    for index, own in enumerate(first.components):
        grids = [[part.components[index] for part in row] for row in rows]
        for other in (component for row in grids for component in row):
            same = (other.horizontal, other.vertical) == (own.horizontal, own.vertical)
            if not same or other.unsent is not None or not np.array_equal(other.table, own.table):
                raise JPEGError(_DIFFERENT)
        try:
            blocks = np.concatenate([np.concatenate([part.coefficients for part in row], 1) for row in grids])
        except ValueError as error:
            raise JPEGError(_DIFFERENT) from error
        components.append(Component(blocks, own.table, own.horizontal, own.vertical))
    notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))
    width, height = sum(part.width for part in rows[0]), sum(row[0].height for row in rows)
    missing = sum(part.missing for part in parts) / len(parts)
    return replace(first, width=width, height=height, components=tuple(components), notes=notes, missing=missing)


def _apart(picture: JPEGImage, parts: list[JPEGImage], across: int) -> list[JPEGImage]:
    """Take a picture apart as it was before."""
    result = []
    tops = [0] * len(picture.components)
    for start in range(0, len(parts), across):
        lefts = [0] * len(picture.components)
        for part in parts[start : start + across]:
            components = []
            for index, (whole, old) in enumerate(zip(picture.components, part.components, strict=True)):
                rows, columns = old.coefficients.shape[:2]
                top, left = tops[index], lefts[index]
                blocks = whole.coefficients[top : top + rows, left : left + columns]
                components.append(replace(whole, coefficients=np.ascontiguousarray(blocks)))
                lefts[index] += columns
            result.append(replace(part, components=tuple(components), process=picture.process))
        for index, old in enumerate(parts[start].components):
            tops[index] += old.coefficients.shape[0]
    return result


def _bare(picture: JPEGImage) -> bytes:
    """Make a JPEG file without any marker that says something about colours, which the page does."""
    return with_metadata_of(_START, jpeg_file(picture))
