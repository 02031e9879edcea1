from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from made.networks import tiny_network
from made.pictures import (
    FRACTIONAL,
    GRAY,
    MIXED,
    RESTORED_TOGETHER,
    S411,
    S420,
    S422,
    S444,
    SAMPLINGS,
    SMALL_LUMA,
    Sampling,
    coefficients_of,
    compressed,
    make_image,
    photo,
    samples_of,
)
from qgac.coefficients.dct import idct
from qgac.jpeg.errors import JPEGError
from qgac.jpeg.image import Color, JPEGImage
from qgac.jpeg.reader import read_jpeg
from qgac.restoration.restorer import Restorer, restore
from qgac.weights.checkpoints import load_model, save_model
from qgac.weights.files import WeightsError, shipped_models
from render import render

SIZES = [(1, 1), (9, 7), (8, 8), (33, 17), (1, 100), (100, 1)]


def nearest_decode(image: JPEGImage) -> np.ndarray:
    """Decode with chroma upsampled by repetition and nothing rounded; for samplings whose ratios are whole."""
    vertical = max(c.vertical for c in image.components)
    horizontal = max(c.horizontal for c in image.components)
    planes = []
    for c in image.components:
        samples = (samples_of(c.coefficients * c.table.astype(float)) + 128).clip(0, 255)
        samples = np.kron(samples, np.ones((vertical // c.vertical, horizontal // c.horizontal)))
        planes.append(samples[: image.height, : image.width])
    if len(planes) == 1:
        return planes[0]
    y, cb, cr = planes[0], planes[1] - 128, planes[2] - 128
    rgb = np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], -1)
    return rgb.clip(0, 255)


def jpeg(mode: str, size: tuple[int, int], **options: object) -> bytes:
    generator = np.random.default_rng(7)
    bands = len(Image.new(mode, (1, 1)).getbands())
    y, x = np.mgrid[: size[1], : size[0]] / 6
    samples = np.stack([127 + 90 * np.sin(x * (1 + b / 3) + b) * np.cos(y) for b in range(bands)], -1)
    samples = (samples + generator.normal(0, 6, samples.shape)).clip(0, 255).astype(np.uint8)
    picture = Image.frombytes(mode, size, samples.tobytes())
    file = io.BytesIO()
    picture.save(file, "JPEG", **options)
    return file.getvalue()


# What comes out when the networks change nothing: plain decoding.


@pytest.mark.parametrize("size", [*SIZES, (61, 45)])
@pytest.mark.parametrize("name", ["gray", *RESTORED_TOGETHER])
def test_without_residual_it_decodes(identity: Restorer, name: str, size: tuple[int, int]) -> None:
    image = make_image(*size, SAMPLINGS[name])
    restored = identity(image, dtype=np.float32)
    assert restored.pixels.shape == (size[1], size[0], *(() if name == "gray" else (3,)))
    np.testing.assert_allclose(restored.pixels, nearest_decode(image), atol=2e-3)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("mode", "options"),
    [
        ("L", {}),
        ("RGB", {"subsampling": "4:4:4"}),
        ("RGB", {"keep_rgb": True}),
        ("CMYK", {}),
        ("RGB", {"subsampling": "4:4:4", "progressive": True}),
    ],
)
def test_without_residual_it_is_what_pillow_shows(
    identity: Restorer, mode: str, options: dict[str, object], size: tuple[int, int]
) -> None:
    data = jpeg(mode, size, quality=60, **options)
    shown = Image.open(io.BytesIO(data))
    restored = identity(data).to_pil()
    assert (restored.mode, restored.size) == (shown.mode, shown.size)
    difference = np.abs(np.asarray(restored).astype(int) - np.asarray(shown))
    assert difference.max() <= 3  # integer DCT and colour conversion there, float here
    assert difference.mean() < 0.7


@pytest.mark.parametrize("inverted", [True, False])
@pytest.mark.parametrize("color", ["CMYK", "YCCK"])
@pytest.mark.parametrize(
    "samplings", [[(1, 1)] * 4, [(2, 2), (1, 1), (1, 1), (2, 2)], [(2, 2), (1, 1), (1, 1), (1, 1)]]
)
def test_four_components_follow_libjpeg(
    identity: Restorer, samplings: list[Sampling], color: Color, inverted: bool
) -> None:
    image = make_image(45, 61, samplings, color, inverted=inverted, quality=80)
    restored = identity(image).pixels.astype(int)
    difference = np.abs(restored - render(image))
    # K, and CMY where it is not subsampled chroma, which libjpeg smooths and the network's zero does not.
    exact = slice(3, 4) if color == "YCCK" and samplings[1] != samplings[0] else slice(None)
    assert difference[..., exact].max() <= 4
    assert difference.mean() < 20


@pytest.mark.parametrize("samplings", [SMALL_LUMA, MIXED, [(1, 2), (2, 1), (1, 1)], [(1, 1), (1, 2), (1, 2)]])
def test_odd_samplings_are_upsampled_as_libjpeg_does(identity: Restorer, samplings: list[Sampling]) -> None:
    image = make_image(61, 45, samplings, quality=80)
    difference = np.abs(identity(image).pixels.astype(int) - render(image))
    assert difference.max() <= 4
    assert difference.mean() < 0.7


def test_subsampled_rgb_is_restored_channel_by_channel(identity: Restorer) -> None:
    image = make_image(61, 45, S420, "RGB", quality=80)
    assert np.abs(identity(image).pixels.astype(int) - render(image)).max() <= 4


def test_fractional_sampling_stays_close_to_the_nearest_samples(identity: Restorer) -> None:
    # libjpeg refuses these files; smooth planes show that nothing is shifted or stretched.
    image = make_image(90, 40, FRACTIONAL, "RGB", quality=95)
    flat = [np.zeros_like(c.coefficients) for c in image.components]
    ramps = []
    for c, levels in zip(image.components, flat, strict=True):
        rows, columns = levels.shape[:2]
        x = (np.arange(8 * columns) + 0.5) * (3 / c.horizontal)  # position in the picture
        plane = np.broadcast_to(2 * x - 100, (8 * rows, 8 * columns))
        ramps.append(np.round(coefficients_of(plane)).astype(np.int16))
    components = tuple(
        type(c)(levels, np.ones((8, 8), np.uint16), c.horizontal, c.vertical)
        for c, levels in zip(image.components, ramps, strict=True)
    )
    image = JPEGImage(90, 40, "RGB", components, image.metadata, "baseline")
    restored = identity(image, dtype=np.float32).pixels
    expected = 2 * (np.arange(90) + 0.5) + 28
    inside = slice(3, 87)  # the ends are repeated, not extrapolated
    for channel in range(3):
        assert np.abs(restored[:, inside, channel] - expected[inside]).max() < 0.75


# Ways in.


def test_every_kind_of_source_gives_the_same(network: Restorer, tmp_path: Path) -> None:
    data = jpeg("RGB", (40, 30), quality=30)
    path = tmp_path / "picture.jpg"
    path.write_bytes(data)
    expected = network(read_jpeg(data)).pixels
    for source in (data, bytearray(data), memoryview(data), path, str(path), io.BytesIO(data)):
        np.testing.assert_array_equal(network(source).pixels, expected)
    np.testing.assert_array_equal(restore(path, network.engine.network).pixels, expected)


def test_options_of_reading_reach_the_reader(network: Restorer) -> None:
    data = jpeg("RGB", (64, 64), quality=80)
    with pytest.raises(JPEGError):
        network(data, max_pixels=1000)
    with pytest.raises(JPEGError):
        network(data[: len(data) // 2])
    restored = network(data[: len(data) // 2], tolerant=True)
    assert restored.pixels.shape == (64, 64, 3)
    assert restored.image.missing > 0
    with pytest.raises(JPEGError):
        network(b"not a picture")


def test_models_by_file_and_by_name(network: Restorer, tmp_path: Path) -> None:
    path = tmp_path / "tiny.safetensors"
    save_model(network.engine.network, path, record={})
    image = make_image(61, 45, S422)
    np.testing.assert_allclose(
        Restorer(path, device="cpu")(image, dtype="float32").pixels, network(image, dtype="float32").pixels, atol=1e-3
    )
    with pytest.raises(WeightsError):
        Restorer("no such model")


@pytest.mark.parametrize("device", ["cuda:99", "nonsense"])
def test_a_device_that_is_not_there_is_named(network: Restorer, device: str) -> None:
    with pytest.raises(ValueError, match=device):
        Restorer(network.engine.network, device=device)


def test_a_tile_of_nothing_is_refused(network: Restorer) -> None:
    with pytest.raises(ValueError, match="at least 1 pixel"):
        Restorer(network.engine.network, tile=0)


def test_one_restorer_serves_several_threads() -> None:
    restorer = Restorer(tiny_network(strength=2), tile=64)
    images = [
        make_image(150 - 9 * i, 90 + 7 * i, s, seed=i) for i, s in enumerate([S420, GRAY, S422, S420, S444, S411])
    ]
    expected = [restorer(image, dtype="float32").pixels for image in images]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda i: restorer(images[i % 6], dtype="float32").pixels, range(24)))
    for i, pixels in enumerate(found):
        np.testing.assert_allclose(pixels, expected[i % 6], rtol=0, atol=2e-3)


def test_training_still_works_after_restoring(network: Restorer) -> None:
    # The DCT keeps its matrix; one made in inference mode could not be differentiated through.
    network(make_image(8, 8, S420))
    coefficients = torch.zeros(1, 64, 1, 1, requires_grad=True)
    idct(coefficients).square().sum().backward()
    assert torch.is_grad_enabled()
    assert coefficients.grad is not None


# The shipped model.


@pytest.mark.skipif("small" not in shipped_models(), reason="no model is shipped with this tree")
@pytest.mark.parametrize("options", [{"subsampling": s} for s in ("4:4:4", "4:2:2", "4:2:0")] + [{"keep_rgb": True}])
@pytest.mark.parametrize("quality", [10, 30, 60, 90])
def test_never_worse_than_plain_decoding(options: dict[str, object], quality: int) -> None:
    original = photo(150, 201)
    image = read_jpeg(compressed(original, quality, **options))
    restored = Restorer(load_model("small"))(image, dtype="float32").pixels
    error, plain_error = (float(np.square(p - original.astype(float)).mean()) for p in (restored, render(image)))
    assert error <= plain_error
