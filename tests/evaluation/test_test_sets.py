from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from qgac.evaluation.test_sets import BENCHMARKS, BenchmarkError, benchmark_pictures, load_reference


def write(path: Path, color: bool = False, size: tuple[int, int] = (16, 18)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB" if color else "L", size, 77).save(path)


def test_numbers_of_pictures() -> None:
    """Section 4.1 of the paper, and the authors of the sets: 29, 5, 200."""
    assert {key: len(b.names) for key, b in BENCHMARKS.items() if b.names} == {
        "live1": 29,
        "classic5": 5,
        "bsds500": 200,
    }
    for benchmark in BENCHMARKS.values():
        assert len(set(benchmark.names)) == len(benchmark.names)


def test_a_set_is_found_by_names_in_any_folder_and_suffix(tmp_path: Path) -> None:
    for name, suffix in zip(BENCHMARKS["classic5"].names, (".bmp", ".png", ".PNG", ".tif", ".pgm"), strict=True):
        write(tmp_path / "somewhere" / f"{name.capitalize()}{suffix}")
    write(tmp_path / "foreign.png")
    (tmp_path / "somewhere" / "readme.txt").write_text("baboon")
    names = [path.stem for path in benchmark_pictures("classic5", tmp_path)]
    assert names == ["Baboon", "Barbara", "Boats", "Lena", "Peppers"]


def test_missing_pictures_are_named(tmp_path: Path) -> None:
    for name in ("baboon", "barbara", "peppers"):
        write(tmp_path / f"{name}.png")
    with pytest.raises(BenchmarkError, match=r"lacks 2 of the 5 pictures of Classic-5 \(boats, lena\)"):
        benchmark_pictures("classic5", tmp_path)


def test_long_lists_are_cut(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"lacks 200 .* \.\.\.\)") as info:
        benchmark_pictures("bsds500", tmp_path)
    assert len(str(info.value)) < 300


def test_a_picture_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    for name in BENCHMARKS["classic5"].names:
        write(tmp_path / "gray" / f"{name}.png")
    write(tmp_path / "color" / "lena.png", color=True)
    with pytest.raises(BenchmarkError, match=r"lena twice, .*color.*gray"):
        benchmark_pictures("classic5", tmp_path)


def test_icb_is_counted(tmp_path: Path) -> None:
    for number in range(13):
        write(tmp_path / f"{number}.ppm", color=True)
    with pytest.raises(BenchmarkError, match="holds 13 pictures, ICB has 14 or 15"):
        benchmark_pictures("icb", tmp_path)
    write(tmp_path / "13.ppm", color=True)
    assert len(benchmark_pictures("icb", tmp_path)) == 14


def test_any_folder(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="holds no pictures"):
        benchmark_pictures("folder", tmp_path)
    for name in ("b.png", "a.webp", "deeper/c.jpg"):
        write(tmp_path / name)
    assert [path.name for path in benchmark_pictures("folder", tmp_path)] == ["a.webp", "b.png", "c.jpg"]
    with pytest.raises(BenchmarkError, match="not a folder"):
        benchmark_pictures("folder", tmp_path / "b.png")


def test_color_reference_is_rgb(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (17, 19, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    np.testing.assert_array_equal(load_reference(tmp_path / "a.png", "color"), pixels)


def test_y_reference_is_limited_range(tmp_path: Path) -> None:
    """BT.601: black 16, white 235, and pure red 16 + 65.481 = 81.48, green 144.55, blue 40.97; rounded."""
    colors = [[(0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255)]]
    pixels = np.repeat(np.repeat(np.array(colors, np.uint8), 16, 0), 4, 1)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    y = load_reference(tmp_path / "a.png", "y")
    assert y.dtype == np.uint8
    assert y[0, ::4].tolist() == [16, 235, 81, 145, 41]


def test_gray_reference_stays_as_it_is(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (16, 19), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    np.testing.assert_array_equal(load_reference(tmp_path / "a.png", "y"), pixels)
    with pytest.raises(BenchmarkError, match="is gray; measure it with --channels y"):
        load_reference(tmp_path / "a.png", "color")


def test_unusable_references_are_named(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    with pytest.raises(BenchmarkError, match=r"broken\.png cannot be read"):
        load_reference(tmp_path / "broken.png", "color")
    Image.fromarray(np.zeros((16, 16), np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(BenchmarkError, match=r"deep\.png has mode I;16"):
        load_reference(tmp_path / "deep.png", "y")
    write(tmp_path / "small.png", color=True, size=(40, 15))
    with pytest.raises(BenchmarkError, match=r"small\.png is smaller than 16x16"):
        load_reference(tmp_path / "small.png", "color")
