"""Pixels of restored pictures: types, scales, shapes."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import qgac
from made import metadata as made_metadata
from made.pictures import GRAY, S420, S444, Sampling, make_image
from qgac.restoration.picture import Restored
from qgac.restoration.restorer import Restorer


@pytest.mark.parametrize("samplings", [GRAY, S420, [(1, 1)] * 4])
def test_types_of_pixels_agree(network: Restorer, samplings: list[Sampling]) -> None:
    image = make_image(33, 17, samplings, "CMYK" if len(samplings) == 4 else None)
    exact = network(image, dtype="float32")
    assert exact.pixels.dtype == np.float32
    assert exact.pixels.min() >= 0
    assert exact.pixels.max() <= 255
    eight, sixteen = network(image), network(image, dtype=np.uint16)
    assert (eight.pixels.dtype, sixteen.pixels.dtype) == (np.uint8, np.uint16)
    assert np.abs(eight.pixels - exact.pixels).max() <= 0.501
    assert np.abs(sixteen.pixels / 257 - exact.pixels).max() <= 0.51 / 257
    for restored in (exact, eight, sixteen):
        assert restored.image is image
        np.testing.assert_allclose(restored.to_uint8(), eight.pixels, atol=1)
        assert (restored.to_uint8() == eight.pixels).mean() > 0.99
        picture = restored.to_pil()
        assert picture.size == (33, 17)
        assert picture.mode == {1: "L", 3: "RGB", 4: "CMYK"}[len(samplings)]
        np.testing.assert_array_equal(np.asarray(picture), restored.to_uint8())


@pytest.mark.parametrize("samplings", [GRAY, S444, [(1, 1)] * 4])
def test_every_type_makes_every_other(network: Restorer, samplings: list[Sampling]) -> None:
    image = make_image(33, 17, samplings, "CMYK" if len(samplings) == 4 else None)
    exact = network(image, dtype="float32")
    samples = exact.pixels.astype(np.float64)
    for restored, precision in ((exact, 0.0), (network(image, dtype="uint16"), 0.5 / 257), (network(image), 0.5)):
        precision += 1e-3
        eight, sixteen, floats = restored.to_uint8(), restored.to_uint16(), restored.to_float32()
        assert (eight.dtype, sixteen.dtype, floats.dtype) == (np.uint8, np.uint16, np.float32)
        assert np.abs(eight - samples).max() <= 0.5 + precision
        assert np.abs(sixteen - 257 * samples).max() <= 257 * precision + 0.51
        assert np.abs(floats - samples).max() <= precision
        tensor = restored.to_torch()
        assert tensor.dtype == torch.float32
        assert tensor.shape == (len(samplings), 17, 33)
        channels = samples[None] if samples.ndim == 2 else samples.transpose(2, 0, 1)
        assert np.abs(tensor.numpy() * 255 - channels).max() <= precision + 1e-4
        tensor.zero_()  # is the caller's own
        np.testing.assert_array_equal(restored.to_float32(), floats)
    assert len(np.unique(exact.to_uint16())) > 256


def test_eight_bit_pixels_are_handed_on_without_a_copy(network: Restorer) -> None:
    restored = network(make_image(33, 17, GRAY))
    assert restored.to_uint8() is restored.pixels


def test_a_strided_array_becomes_the_same_picture() -> None:
    image = make_image(33, 17, S444)
    pixels = np.random.default_rng(0).integers(0, 256, (17, 66, 3), dtype=np.uint8)[:, ::2]
    np.testing.assert_array_equal(np.asarray(Restored(pixels, image).to_pil()), pixels)


def test_another_type_is_refused(network: Restorer) -> None:
    with pytest.raises(ValueError, match="uint8, uint16 or float32"):
        network(make_image(8, 8, GRAY), dtype=np.int64)


def test_a_picture_saves_itself_with_its_metadata(tmp_path: Path) -> None:
    picture = made_metadata.restored()
    picture.save(tmp_path / "method.png", strip=True)
    qgac.save(picture, tmp_path / "function.png", strip=True)
    assert (tmp_path / "method.png").read_bytes() == (tmp_path / "function.png").read_bytes()
    file = io.BytesIO()
    picture.save(file, format="jpeg", quality=50)
    with Image.open(file) as opened:
        assert opened.quantization[0][0] == 16  # type: ignore[attr-defined]
        assert opened.info["icc_profile"] == made_metadata.SRGB
    with pytest.raises(ValueError, match="exists already"):
        picture.save(tmp_path / "method.png")
    made_metadata.floats((30, 41, 3)).save(tmp_path / "method.png", overwrite=True, depth=8, srgb=True)
    assert (tmp_path / "method.png").read_bytes()[24] == 8


@pytest.mark.parametrize("shape", [(30, 41), (30, 41, 3), (30, 41, 4), (30, 2000, 3)])
def test_notebooks_show_a_small_picture(shape: tuple[int, ...]) -> None:
    picture = made_metadata.restored(shape)
    with Image.open(io.BytesIO(picture._repr_png_())) as shown:
        assert (shown.format, shown.mode) == ("PNG", "L" if len(shape) == 2 else "RGB")
        assert shown.size == ((1024, 15) if shape[1] == 2000 else (41, 30))
        assert ("icc_profile" in shown.info) is (shape[-1] == 3)  # the profile is one of RGB
        if shape == (30, 41, 3):
            np.testing.assert_array_equal(np.asarray(shown), picture.pixels)
