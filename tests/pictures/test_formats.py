"""What picture formats can hold is told before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from made.metadata import floats, restored, written
from qgac.pictures.formats import Encoding, OutputError, format_of, natural_format
from qgac.pictures.writer import write_picture


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_formats_without_cmyk_say_so(kind: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="CMYK; choose tiff or jpeg"):
        write_picture(restored((8, 8, 4)), tmp_path / "x", format=kind)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "encoding", "choice"),
    [
        ("webp", Encoding(depth=16), "png or tiff"),
        ("jpeg", Encoding(depth=16), "png or tiff"),
        ("png", Encoding(depth="float"), "tiff"),
        ("png", Encoding(consistent=True), "jpeg"),
    ],
)
def test_what_a_format_cannot_hold_is_told(kind: str, encoding: Encoding, choice: str) -> None:
    with pytest.raises(OutputError, match=rf"a {kind} file cannot hold .*; choose {choice} \(--format\)"):
        written(floats((8, 8)), kind, encoding)


@pytest.mark.parametrize(
    "options",
    [{"depth": 12}, {"quality": 0}, {"quality": 101}, {"srgb": True, "depth": 16}, {"srgb": True, "consistent": True}],
)
def test_encodings_that_contradict_themselves(options: dict[str, Any]) -> None:
    with pytest.raises(OutputError):
        Encoding(**options)


def test_natural_format() -> None:
    assert natural_format(restored((8, 8)).image) == "png"
    assert natural_format(restored((8, 8, 4)).image) == "tiff"
    assert natural_format(restored((8, 8, 4)).image, srgb=True) == "png"
    assert format_of(Path("a.TIF")) == "tiff"
    assert format_of(Path("a.jpg.txt")) is None
