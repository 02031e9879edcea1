"""Every kind of JPEG restores with the shipped model, and none is worse than plain decoding."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.fft import dctn

import jpeg_writer as writer
import make_corpus
from qgac import Restorer, psnr
from qgac.coefficients.quantization import chroma_table, luma_table
from qgac.jpeg.image import JPEGImage
from qgac.jpeg.reader import read_jpeg
from render import render

WIDTH, HEIGHT = 77, 59


@pytest.fixture(scope="module")
def restorer() -> Restorer:
    return Restorer("small", device="cpu")


def reference(width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """Smooth colours, an edge, and a texture in one corner."""
    y, x = np.mgrid[:height, :width].astype(float)
    smooth = np.stack([120 + 70 * np.sin(x / 17), 100 + 60 * np.cos(y / 13 + x / 40), 140 - 0.6 * y + 0.3 * x], -1)
    smooth[(x + 2 * y > 90) & (x < 50)] += 45
    texture = 9 * np.sin(1.9 * x) * np.sin(1.3 * y + 0.4 * x) * (x > 0.6 * width)
    return (smooth + texture[..., None]).clip(0, 255).round().astype(np.uint8)


def to_ycbcr(rgb: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(rgb).convert("YCbCr"))


def part(
    plane: np.ndarray, factors: tuple[int, int], largest: tuple[int, int], table: np.ndarray, number: int
) -> writer.Part:
    """Downsample by boxes, transform and quantise a plane; factors are horizontal, vertical."""
    height, width = plane.shape
    wide = [-(-width * factors[0] // largest[0]), -(-height * factors[1] // largest[1])]
    columns = np.arange(wide[0] + 1) * largest[0] // factors[0]
    rows = np.arange(wide[1] + 1) * largest[1] // factors[1]
    padded = np.pad(plane.astype(float), ((0, rows[-1] - height), (0, columns[-1] - width)), mode="edge")
    small = np.add.reduceat(np.add.reduceat(padded, rows[:-1], 0), columns[:-1], 1)
    small /= np.diff(rows)[:, None] * np.diff(columns)
    small = np.pad(small, ((0, -small.shape[0] % 8), (0, -small.shape[1] % 8)), mode="edge").round() - 128
    blocks = small.reshape(small.shape[0] // 8, 8, -1, 8).swapaxes(1, 2)
    levels = np.rint(dctn(blocks, axes=(2, 3), norm="ortho") / table).astype(np.int16)
    return writer.Part(levels, table, *factors, identifier=number + 1, slot=min(number, 1))


def compress(
    planes: np.ndarray, factors: list[tuple[int, int]], *, head: bytes = b"", quality: int = 20, scale: int = 1
) -> bytes:
    largest = max(h for h, _ in factors), max(v for _, v in factors)
    tables = [(luma_table(quality) if i in (0, 3) else chroma_table(quality)) * scale for i in range(len(factors))]
    if len(factors) == 4:
        tables[3] = tables[1]  # the slots are two
    parts = [part(planes[..., i], factors[i], largest, tables[i], i) for i in range(len(factors))]
    apart = sum(h * v for h, v in factors) > 10  # too many blocks for one coding unit
    scans = [[i] for i in range(len(parts))] if apart else None
    return writer.sequential_file(parts, planes.shape[1], planes.shape[0], head=head, wide=scale > 1, scans=scans)


def pillow(mode: str = "RGB", **options: object) -> bytes:
    return make_corpus.encode(Image.fromarray(reference()).convert(mode), quality=20, **options)


def inks() -> np.ndarray:
    return np.asarray(Image.fromarray(reference()).convert("CMYK"))


def ycck() -> bytes:
    """What Adobe writes: inverted inks, of which the first three are once more inverted as YCbCr, so not at all."""
    black = (255 - inks()[..., 0] // 3).astype(np.uint8)  # Pillow's own conversion leaves K empty
    planes = np.concatenate([to_ycbcr(inks()[..., :3]), black[..., None]], -1)
    return compress(planes, [(2, 2), (1, 1), (1, 1), (2, 2)], head=writer.adobe(2))


def ycck_reference() -> np.ndarray:
    return np.concatenate([inks()[..., :3], (inks()[..., :1] // 3)], -1)


def rotated() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return pillow(exif=exif.tobytes())


FULL = [(1, 1)] * 3
MADE = {
    "4:1:1": lambda: compress(to_ycbcr(reference()), [(4, 1), (1, 1), (1, 1)]),
    "4:1:0": lambda: compress(to_ycbcr(reference()), [(4, 2), (1, 1), (1, 1)]),
    "4:4:0": lambda: compress(to_ycbcr(reference()), [(1, 2), (1, 1), (1, 1)]),
    "3x1": lambda: compress(to_ycbcr(reference()), [(3, 1), (1, 1), (1, 1)]),
    "1x4": lambda: compress(to_ycbcr(reference()), [(1, 4), (1, 1), (1, 1)]),
    "4x4": lambda: compress(to_ycbcr(reference()), [(4, 4), (1, 1), (1, 1)]),
    "Cb and Cr unlike": lambda: compress(to_ycbcr(reference()), [(2, 2), (2, 1), (1, 2)]),
    "Cb larger than Y": lambda: compress(to_ycbcr(reference()), [(1, 1), (2, 2), (1, 1)]),
    "no whole factors": lambda: compress(to_ycbcr(reference()), [(3, 1), (2, 1), (1, 1)]),
    "RGB": lambda: compress(reference(), FULL, head=writer.adobe(0)),
    "RGB subsampled": lambda: compress(reference(), [(2, 1), (2, 1), (1, 1)], head=writer.adobe(0)),
    "16-bit tables": lambda: compress(to_ycbcr(reference()), FULL, quality=10, scale=3),
    "progressive": lambda: pillow(progressive=True),
    "restart markers": lambda: pillow(restart_marker_blocks=2),
    "optimized": lambda: pillow(optimize=True, subsampling="4:2:2"),
    "turned by EXIF": rotated,
    "several pictures": lambda: pillow() + pillow(subsampling="4:4:4"),
    "trailing data": lambda: pillow() + b"trailing",
    "4:4:4": lambda: pillow(subsampling="4:4:4"),
}


def decibels(pixels: np.ndarray, original: np.ndarray) -> float:
    return psnr(restored=pixels, reference=original)


@pytest.mark.parametrize("kind", MADE)
def test_colour_gains(restorer: Restorer, kind: str) -> None:
    image = read_jpeg(MADE[kind]())
    before, after = decibels(render(image), reference()), decibels(restorer(image).pixels, reference())
    assert after > before, f"{before:.2f} -> {after:.2f}"
    if kind == "several pictures":
        assert image.notes == ("the file holds further pictures, of which only the first was read",)
    if kind == "trailing data":
        assert image.notes == ("8 bytes behind the picture were ignored",)


@pytest.mark.parametrize(
    ("data", "original"),
    [
        (lambda: pillow("L"), lambda: np.asarray(Image.fromarray(reference()).convert("L"))),
        (lambda: pillow("CMYK"), inks),
        (lambda: compress(255 - inks(), [(1, 1)] * 4, head=writer.adobe(0)), inks),
        (ycck, ycck_reference),
    ],
    ids=["gray", "CMYK of Pillow", "CMYK of Adobe", "YCCK"],
)
def test_other_colours_gain(restorer: Restorer, data: Callable[..., Any], original: Callable[..., Any]) -> None:  # type: ignore[no-untyped-def]
    image: JPEGImage = read_jpeg(data())
    before, after = decibels(render(image), original()), decibels(restorer(image).pixels, original())
    assert after > before > 20, f"{before:.2f} -> {after:.2f}"


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (7, 5), (9, 17), (33, 16)], ids=str)
def test_odd_sizes_are_no_worse(restorer: Restorer, size: tuple[int, int]) -> None:
    original = reference(*size)
    stream = io.BytesIO()
    Image.fromarray(original).save(stream, "JPEG", quality=30, subsampling="4:2:0")
    image = read_jpeg(stream.getvalue())
    restored = restorer(image).pixels
    assert restored.shape == original.shape
    # Below a block there is next to nothing to go by: a level or two more or less are chance.
    before, after = (np.abs(p.astype(int) - original).mean() for p in (render(image), restored))
    assert after < before + 2
