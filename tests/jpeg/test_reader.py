"""Reading whole files: exact coefficients, tables, sources, threads."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from PIL import Image

import jpeg_writer as writer
import make_corpus
from qgac.jpeg.reader import read_jpeg

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
    writer.assert_same(image, parts)


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
    writer.assert_same(image, parts)


@pytest.mark.parametrize("value", [-2047, -1024, -1, 1, 1023, 2047])
def test_large_values_at_the_last_place(value: int) -> None:
    parts = writer.random_parts([(1, 1)], 8, 8)
    parts[0].coefficients[:] = 0
    parts[0].coefficients[0, 0, 7, 7] = value
    parts[0].coefficients[0, 0, 0, 0] = value
    writer.assert_same(read_jpeg(writer.sequential_file(parts, 8, 8)), parts)


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


def test_threads_do_not_disturb_each_other(corpus: dict[str, bytes]) -> None:
    names = [name for name in corpus if "size" not in name] * 8
    expected = {name: read_jpeg(corpus[name]) for name in names}
    with ThreadPoolExecutor(8) as pool:
        images = list(pool.map(lambda name: read_jpeg(corpus[name]), names))
    for name, image in zip(names, images, strict=True):
        for component, reference in zip(image.components, expected[name].components, strict=True):
            assert_array_equal(component.coefficients, reference.coefficients)
