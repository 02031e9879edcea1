from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from qgac.analysis.pictures import load_pictures, model_labels
from qgac.evaluation.test_sets import BenchmarkError


def test_pictures_keep_their_own_channels(tmp_path: Path, samples: np.ndarray) -> None:
    Image.fromarray(samples).save(tmp_path / "color.png")
    Image.fromarray(samples[..., 1]).save(tmp_path / "gray.bmp")
    color, gray = load_pictures([tmp_path / "color.png", tmp_path / "gray.bmp"])
    assert (color.name, gray.name) == ("color", "gray")
    np.testing.assert_array_equal(color.samples, samples)
    np.testing.assert_array_equal(gray.samples, samples[..., 1])
    (luma,) = load_pictures([tmp_path / "color.png"], "y")
    assert luma.samples.ndim == 2
    assert luma.samples.min() >= 16


def test_what_is_no_picture_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(BenchmarkError, match=r"text\.png cannot be read"):
        load_pictures([tmp_path / "text.png"])


@pytest.mark.parametrize(
    ("models", "labels"),
    [
        (["small"], ["small"]),
        (["/a/b.safetensors", "/a/c.safetensors"], ["b", "c"]),
        (["/a/last.safetensors", "/b/last.safetensors"], ["a/last", "b/last"]),
        (["small", "/x/y/last.safetensors", "/z/y/last.safetensors"], ["small", "x/y/last", "z/y/last"]),
        (["small", "small"], ["small", "small"]),
    ],
)
def test_models_are_told_apart_by_as_little_as_possible(models: list[str], labels: list[str]) -> None:
    assert model_labels(models) == labels
