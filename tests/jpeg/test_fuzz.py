"""Mutated files: only JPEGError, never a hang, and what is accepted looks as libjpeg shows it."""

from __future__ import annotations

import io
import time
import warnings

import numpy as np
import pytest
from PIL import Image

from qgac.jpeg.image import JPEGError, JPEGImage
from qgac.jpeg.reader import read_jpeg
from qgac.jpeg.render import render

MUTANTS = 2400


def mutate(data: bytes, generator: np.random.Generator) -> bytes:
    """Flip bits, replace, insert, delete or repeat bytes, mostly in the headers; or cut the file."""
    mutant = bytearray(data)
    for _ in range(int(generator.integers(1, 4))):
        header_only = generator.random() < 0.5
        position = int(generator.integers(2, min(len(mutant), 700) if header_only else len(mutant)))
        kind = int(generator.integers(0, 6))
        if kind == 0:
            mutant[position] ^= 1 << int(generator.integers(0, 8))
        elif kind == 1:
            mutant[position] = int(generator.choice([0, 1, 0x7F, 0x80, 0xFF, int(generator.integers(256))]))
        elif kind == 2:
            mutant[position:position] = generator.bytes(int(generator.integers(1, 9)))
        elif kind == 3:
            del mutant[position : position + int(generator.integers(1, 30))]
        elif kind == 4:
            end = position + int(generator.integers(1, 200))
            mutant[position:position] = mutant[position:end]
        elif generator.random() < 0.3:
            del mutant[max(position, 3) :]
    return bytes(mutant)


def within_sixteen_bits(image: JPEGImage) -> bool:
    """Whether libjpeg's result does not depend on the processor: its vector code computes in 16 bits."""
    return all(
        np.abs(component.coefficients.astype(np.int64) * component.table).sum(axis=(-2, -1)).max() < 1 << 12
        for component in image.components
    )


def pillow_decode(data: bytes) -> np.ndarray | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as picture:
                return np.asarray(picture) if picture.format in ("JPEG", "MPO") else None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


@pytest.mark.parametrize("part", range(4))
def test_mutants(corpus: dict[str, bytes], part: int) -> None:
    generator = np.random.default_rng(part)
    names = sorted(corpus)
    accepted = compared = 0
    for number in range(MUTANTS // 4):
        name = names[number % len(names)]
        data = mutate(corpus[name], generator)
        start = time.perf_counter()
        try:
            image = read_jpeg(data, max_pixels=4_000_000)
        except JPEGError:
            try:
                image = read_jpeg(data, tolerant=True, max_pixels=4_000_000)
            except JPEGError:
                continue
            assert 0.0 <= image.missing < 1.0
            assert image.notes
            continue
        finally:
            assert time.perf_counter() - start < 5
        accepted += 1
        assert image.missing == 0.0
        expected = pillow_decode(data)
        if expected is not None and within_sixteen_bits(image):
            compared += 1
            np.testing.assert_array_equal(render(image), expected, strict=True, err_msg=f"{name} {part} {number}")
    assert accepted > 50
    assert compared > 25
