"""What each kind of drawing is to look like, and typefaces of a folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest

from qgac.training.batches.drawings.colors import ground, palette
from qgac.training.batches.drawings.comics import comic
from qgac.training.batches.drawings.drawing import drawing
from qgac.training.batches.drawings.squares import squares
from qgac.training.batches.drawings.text import draw_font, find_fonts
from qgac.training.batches.drawings.windows import windows


def many(draw: Callable[..., Any], count: int = 80, size: int = 64, **fonts: Any) -> list[np.ndarray]:
    return [draw(size, np.random.default_rng((2, index)), **fonts) for index in range(count)]


@pytest.fixture
def fonts(tmp_path: Path) -> tuple[Path, ...]:
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    (tmp_path / "inner").mkdir()
    for name, place in (("STIXSizOneSymReg.ttf", "b.TTF"), ("cmmi10.ttf", "inner/a.ttf")):
        shutil.copy(folder / name, tmp_path / place)
    (tmp_path / "readme.txt").write_text("no typeface")
    return find_fonts(tmp_path)


@pytest.mark.parametrize("draw", [squares, windows, comic])
def test_shape_and_type_and_the_same_again(draw: Callable[..., Any]) -> None:
    more = {} if draw is squares else {"fonts": ()}
    for size in (16, 50):
        first, again = (draw(size, np.random.default_rng(7), **more) for _ in range(2))
        assert first.shape == (size, size, 3)
        assert first.dtype == np.uint8
        np.testing.assert_array_equal(first, again)


def test_half_of_the_squares_lie_on_the_grid_of_blocks() -> None:
    """Where every 8x8 block is flat, the steps are all between blocks; by chance hardly any picture is like that."""
    pictures = np.stack(many(squares, 300)).astype(int).sum(-1)
    blocks = pictures.reshape(300, 8, 8, 8, 8)
    flat = (blocks == blocks[:, :, :1, :, :1]).all((1, 2, 3, 4)) & (np.ptp(pictures, axis=(1, 2)) > 0)
    assert 20 < flat.sum() < 100


def test_squares_are_square() -> None:
    """Every run of one colour along a row is as long as the shortest one, or a multiple, those at the ends aside."""
    for picture in many(squares, 60):
        changes = np.flatnonzero((np.diff(picture.astype(int), axis=1) != 0).any((0, 2)))
        if len(changes) > 1:
            runs = np.diff(changes)
            assert np.gcd.reduce(runs) == runs.min() or np.gcd.reduce(runs) > 0
            rows = np.flatnonzero((np.diff(picture.astype(int), axis=0) != 0).any((1, 2)))
            if len(rows) > 8 and len(changes) > 8:
                assert np.gcd.reduce(np.diff(rows)) == np.gcd.reduce(runs)


def test_nothing_has_noise() -> None:
    """Most pixels equal their neighbour exactly in windows and comics."""
    for draw in (windows, comic):
        equal = [(np.diff(picture.astype(int), axis=1) == 0).all(-1).mean() for picture in many(draw, fonts=())]
        assert np.median(equal) > 0.7


def test_windows_have_text_with_smooth_edges_and_some_with_coloured_ones() -> None:
    chroma = []
    for picture in many(windows, 200, fonts=()):
        spread = picture.max(-1).astype(int) - picture.min(-1)
        chroma.append(len(np.unique(spread)))
    assert 10 < sum(count > 30 for count in chroma) < 150


def test_grounds_are_flat_or_ramps() -> None:
    kinds = set()
    for seed in range(60):
        generator = np.random.default_rng(seed)
        shade, ink = palette(generator, 1)
        assert ((shade >= 0) & (shade <= 255) & (ink >= 0) & (ink <= 255)).all()
        ramp = ground(24, shade, generator)
        assert ramp.min() >= 0
        assert ramp.max() <= 255
        if ramp.shape[0] == 24:
            assert np.abs(np.diff(ramp, axis=0)).max() < 12  # 80 levels over 24 pixels, and what a corner adds
        kinds.add(ramp.shape[0])
    assert kinds == {1, 24}


def test_typefaces_of_a_folder_are_found_and_used(fonts: tuple[Path, Path]) -> None:
    assert [path.name for path in fonts] == ["a.ttf", "b.TTF"]
    generator = np.random.default_rng(0)
    names = [Path(str(draw_font(20, generator, fonts).path)).name for _ in range(200)]
    assert 120 < sum(name in ("a.ttf", "b.TTF") for name in names) < 180  # three in four
    with_them, without = (many(drawing, 12, fonts=these) for these in (fonts, ()))
    assert any((a != b).any() for a, b in zip(with_them, without, strict=True))


def test_a_folder_without_typefaces_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no typefaces"):
        find_fonts(tmp_path)
    (tmp_path / "broken.ttf").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"broken\.ttf is no typeface"):
        find_fonts(tmp_path)
