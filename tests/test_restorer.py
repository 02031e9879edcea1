from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from made_images import (
    FRACTIONAL,
    GRAY,
    MIXED,
    S410,
    S411,
    S420,
    S422,
    S440,
    S444,
    SMALL_LUMA,
    THIRDS,
    Sampling,
    coefficients_of,
    make_image,
    quantized,
    samples_of,
    tiny_network,
)
from qgac.checkpoints import WeightsError, load_model, save_model, shipped_models
from qgac.jpeg.blocks import channels_to_blocks
from qgac.jpeg.dct import idct
from qgac.jpeg.image import Color, JPEGError, JPEGImage
from qgac.jpeg.reader import read_jpeg
from qgac.jpeg.render import render
from qgac.restorer import Restored, Restorer, restore

SAMPLINGS = {
    "gray": GRAY,
    "4:4:4": S444,
    "4:2:2": S422,
    "4:4:0": S440,
    "4:2:0": S420,
    "4:1:1": S411,
    "4:1:0": S410,
    "thirds": THIRDS,
    "mixed": MIXED,
    "small luma": SMALL_LUMA,
    "fractional": FRACTIONAL,
}
RESTORED_TOGETHER = ("4:4:4", "4:2:2", "4:4:0", "4:2:0", "4:1:1", "4:1:0", "thirds")
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


@pytest.fixture(scope="module")
def identity() -> Restorer:
    return Restorer(tiny_network(strength=0))


@pytest.fixture(scope="module")
def network() -> Restorer:
    return Restorer(tiny_network(strength=2))


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


# Tiles.


@pytest.mark.parametrize("tile", [40, 136])
@pytest.mark.parametrize("name", SAMPLINGS)
def test_tiles_leave_no_trace(network: Restorer, name: str, tile: int) -> None:
    image = make_image(333, 207, SAMPLINGS[name], seed=tile)
    whole = Restorer(network.model, tile=10_000)
    tiled = Restorer(network.model, tile=tile)
    np.testing.assert_allclose(
        tiled(image, dtype=np.float32).pixels, whole(image, dtype=np.float32).pixels, rtol=0, atol=2e-3
    )
    for parts, together in zip(tiled.coefficients(image), whole.coefficients(image), strict=True):
        torch.testing.assert_close(parts, together, rtol=0, atol=5e-3)


@pytest.mark.parametrize("size", [(8, 333), (333, 8), (17, 9), (121, 108)])
@pytest.mark.parametrize("name", ["4:2:0", "4:1:0", "mixed", "small luma"])
def test_the_smallest_tiles_leave_no_trace(network: Restorer, name: str, size: tuple[int, int]) -> None:
    image = make_image(*size, SAMPLINGS[name])
    whole = Restorer(network.model, tile=10_000)(image, dtype=np.float32).pixels
    tiled = Restorer(network.model, tile=8)(image, dtype=np.float32).pixels
    np.testing.assert_allclose(tiled, whole, rtol=0, atol=2e-3)


def test_tiles_leave_no_trace_with_the_networks_of_the_paper() -> None:
    model = tiny_network(paper=True)
    assert model.receptive_field_y == 50
    image = make_image(640, 264, S420)
    whole = Restorer(model, tile=10_000)(image, dtype=np.float32).pixels
    tiled = Restorer(model, tile=160)(image, dtype=np.float32).pixels
    np.testing.assert_allclose(tiled, whole, rtol=0, atol=2e-3)


def test_a_halo_too_small_would_show(network: Restorer, monkeypatch: pytest.MonkeyPatch) -> None:
    image = make_image(333, 207, S420)
    whole = Restorer(network.model, tile=10_000)(image, dtype=np.float32).pixels
    for name in ("receptive_field_y", "receptive_field_color"):
        with monkeypatch.context() as patch:
            patch.setattr(type(network.model), name, 0)
            tiled = Restorer(network.model, tile=64)(image, dtype=np.float32).pixels
            assert np.abs(tiled - whole).max() > 0.1


def test_default_tiles_divide_large_pictures_only(network: Restorer, monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[tuple[int, int]] = []
    image = make_image(333, 207, S420)
    whole = network(image, progress=lambda *count: counts.append(count))
    assert counts == [(1, 1)]
    counts.clear()
    monkeypatch.setattr("qgac.restorer._WORKING_MEMORY_CPU", 400 * 12 * 64)
    monkeypatch.setattr("qgac.restorer._WORKING_SHARE", 0)
    tiled = network(image, progress=lambda *count: counts.append(count))
    assert len(counts) > 1
    assert counts == [(done, len(counts)) for done in range(1, len(counts) + 1)]
    assert np.abs(tiled.pixels.astype(int) - whole.pixels).max() <= 1


# The promise of the projection, for whole pictures.


@pytest.mark.parametrize("size", [(61, 45), (9, 7), (133, 70)])
@pytest.mark.parametrize("name", ["gray", *RESTORED_TOGETHER, "mixed", "small luma", "fractional"])
def test_requantising_the_restored_picture_gives_the_file(name: str, size: tuple[int, int]) -> None:
    image = make_image(*size, SAMPLINGS[name])
    restored = Restorer(tiny_network(strength=8), tile=64).coefficients(image)
    vertical = max(c.vertical for c in image.components)
    horizontal = max(c.horizontal for c in image.components)
    for component, plane in zip(image.components, restored, strict=True):
        coefficients = channels_to_blocks(plane).double().numpy()
        if name in RESTORED_TOGETHER:
            down, across = vertical // component.vertical, horizontal // component.horizontal
            samples = samples_of(coefficients)
            height, width = samples.shape
            boxes = samples.reshape(height // down, down, width // across, across)
            coefficients = coefficients_of(boxes.mean((1, 3)))
        rows, columns = component.coefficients.shape[:2]
        levels = quantized(coefficients[:rows, :columns], component.table)
        np.testing.assert_array_equal(levels, component.coefficients)


@pytest.mark.parametrize("strength", [0.0, 0.3, 0.7])
@pytest.mark.parametrize("name", ["gray", "4:2:0", "4:1:1", "mixed"])
def test_strength_goes_in_a_straight_line_from_the_file(name: str, strength: float) -> None:
    image = make_image(61, 45, SAMPLINGS[name])
    model = tiny_network(strength=8)
    restored, decoded, between = (
        Restorer(model, tile=64, strength=share).coefficients(image) for share in (1.0, 0.0, strength)
    )
    for component, whole, none, some in zip(image.components, restored, decoded, between, strict=True):
        torch.testing.assert_close(some, none + strength * (whole - none), rtol=0, atol=2e-3)
        if none.shape[1:] == component.coefficients.shape[:2]:
            dequantised = component.coefficients * component.table.astype(int)
            np.testing.assert_array_equal(channels_to_blocks(none).numpy(), dequantised)
            levels = quantized(channels_to_blocks(some).double().numpy(), component.table)
            np.testing.assert_array_equal(levels, component.coefficients)


@pytest.mark.parametrize("name", [name for name in SAMPLINGS if name != "thirds"])
def test_no_strength_is_what_networks_without_effect_give(identity: Restorer, network: Restorer, name: str) -> None:
    image = make_image(61, 45, SAMPLINGS[name])
    decoded = Restorer(network.model, strength=0)(image, dtype="float32").pixels
    expected = identity(image, dtype="float32").pixels
    if name in ("4:1:1", "4:1:0"):  # repeated in two steps there, in one here
        np.testing.assert_allclose(decoded, expected, rtol=0, atol=1e-3)
    else:
        np.testing.assert_array_equal(decoded, expected)


def test_nothing_is_computed_for_no_strength(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_network()
    monkeypatch.setattr(type(model), "restore_y", None)
    monkeypatch.setattr(type(model), "restore_chroma", None)
    Restorer(model, strength=0)(make_image(20, 20, S420))


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_a_strength_out_of_range_is_refused(network: Restorer, strength: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Restorer(network.model, strength=strength)


# All views.


def mirrored(image: JPEGImage, *, transposed: bool, upside_down: bool) -> JPEGImage:
    """Mirror a picture of whole MCUs along with its tables, block by block, as jpegtran does."""
    signs = (-1) ** np.arange(8)
    components = []
    for c in image.components:
        levels, table, v, u = c.coefficients, c.table, c.vertical, c.horizontal
        if transposed:
            levels, table, v, u = levels.transpose(1, 0, 3, 2), table.T, u, v
        if upside_down:
            levels = levels[::-1] * signs[:, None]
        components.append(type(c)(np.ascontiguousarray(levels, np.int16), np.ascontiguousarray(table), u, v))
    size = (image.height, image.width) if transposed else (image.width, image.height)
    return replace(image, width=size[0], height=size[1], components=tuple(components))


@pytest.mark.parametrize("view", [(True, False), (False, True), (True, True)])
@pytest.mark.parametrize("name", ["gray", "4:4:4", "4:2:2", "4:2:0"])
def test_the_best_of_a_mirrored_picture_is_the_mirrored_best(
    network: Restorer, name: str, view: tuple[bool, bool]
) -> None:
    image = make_image(64, 32, SAMPLINGS[name])
    transposed, upside_down = view
    other = mirrored(image, transposed=transposed, upside_down=upside_down)

    def expected(pixels: np.ndarray) -> np.ndarray:
        pixels = pixels.swapaxes(0, 1) if transposed else pixels
        return pixels[::-1] if upside_down else pixels

    best = Restorer(network.model, best=True)
    found = best(other, dtype="float32").pixels
    np.testing.assert_allclose(found, expected(best(image, dtype="float32").pixels), rtol=0, atol=5e-3)
    plain = network(other, dtype="float32").pixels  # is no mirror image without it
    assert np.abs(plain - expected(network(image, dtype="float32").pixels)).max() > 1


@pytest.mark.parametrize("name", ["4:2:0", "mixed"])
def test_all_views_of_tiles_leave_no_trace(network: Restorer, name: str) -> None:
    image = make_image(205, 133, SAMPLINGS[name])  # its last blocks reach beyond it
    whole = Restorer(network.model, tile=10_000, best=True)(image, dtype=np.float32).pixels
    tiled = Restorer(network.model, tile=64, best=True)(image, dtype=np.float32).pixels
    np.testing.assert_allclose(tiled, whole, rtol=0, atol=2e-3)
    assert np.abs(whole - network(image, dtype=np.float32).pixels).max() > 1


@pytest.mark.parametrize("name", ["gray", "4:2:2", "4:1:1", "fractional"])
def test_all_views_without_residual_are_the_decoded_picture(identity: Restorer, name: str) -> None:
    image = make_image(61, 45, SAMPLINGS[name])
    best = Restorer(identity.model, best=True)(image, dtype="float32").pixels
    np.testing.assert_allclose(best, identity(image, dtype="float32").pixels, rtol=0, atol=2e-3)


def test_all_views_keep_to_the_quantisation_interval(network: Restorer) -> None:
    image = make_image(61, 45, GRAY)
    restored = Restorer(tiny_network(strength=8), best=True).coefficients(image)[0]
    levels = quantized(channels_to_blocks(restored).double().numpy(), image.components[0].table)
    np.testing.assert_array_equal(levels, image.components[0].coefficients)


def test_without_projection_the_network_goes_where_it_likes(network: Restorer) -> None:
    image = make_image(61, 45, GRAY)
    free = Restorer(network.model, project=False).coefficients(image)[0]
    levels = quantized(channels_to_blocks(free).numpy(), image.components[0].table)
    assert (levels != image.components[0].coefficients).mean() > 0.2


def test_chroma_is_guided_by_the_restored_y() -> None:
    image = make_image(61, 45, S420)
    model = tiny_network(strength=2)
    before = Restorer(model, project=False).coefficients(image)
    model.y_network.subnetworks[0].decode.manifold.kernel.weight.zero_()  # type: ignore[union-attr,operator]
    after = Restorer(model, project=False).coefficients(image)
    assert (before[0] - after[0]).abs().max() > 1
    assert (before[1] - after[1]).abs().max() > 0.1


# Results.


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


# Ways in.


def test_every_kind_of_source_gives_the_same(network: Restorer, tmp_path: Path) -> None:
    data = jpeg("RGB", (40, 30), quality=30)
    path = tmp_path / "picture.jpg"
    path.write_bytes(data)
    expected = network(read_jpeg(data)).pixels
    for source in (data, bytearray(data), memoryview(data), path, str(path), io.BytesIO(data)):
        np.testing.assert_array_equal(network(source).pixels, expected)
    np.testing.assert_array_equal(restore(path, network.model).pixels, expected)


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
    save_model(network.model, path, record={})
    image = make_image(61, 45, S422)
    np.testing.assert_allclose(
        Restorer(path, device="cpu")(image, dtype="float32").pixels, network(image, dtype="float32").pixels, atol=1e-3
    )
    with pytest.raises(WeightsError):
        Restorer("no such model")


@pytest.mark.parametrize("device", ["cuda:99", "nonsense"])
def test_a_device_that_is_not_there_is_named(network: Restorer, device: str) -> None:
    with pytest.raises(ValueError, match=device):
        Restorer(network.model, device=device)


def test_a_tile_of_nothing_is_refused(network: Restorer) -> None:
    with pytest.raises(ValueError, match="at least 1 pixel"):
        Restorer(network.model, tile=0)


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


def photograph(height: int, width: int) -> np.ndarray:
    """Something with smooth shades, edges, fine lines and texture; RGB uint8."""
    y, x = np.mgrid[:height, :width].astype(float)
    generator = np.random.default_rng(11)
    shade = 110 + 60 * np.sin(x / 37) * np.cos(y / 29)
    red = shade + 70 * ((x - 70) ** 2 + (y - 60) ** 2 < 900) + 50 * ((x // 3 + y // 40) % 7 == 0)
    green = shade + 40 * (x > y) - 30 * ((x - 20) ** 2 + (y - 90) ** 2 < 400)
    blue = 230 - shade + 60 * np.sin((x + 2 * y) / 4) * (y > 100)
    texture = generator.normal(0, 3, (height, width, 1))
    return (np.stack([red, green, blue], -1) + texture).clip(0, 255).astype(np.uint8)


@pytest.mark.skipif("small" not in shipped_models(), reason="no model is shipped with this tree")
@pytest.mark.parametrize("options", [{"subsampling": s} for s in ("4:4:4", "4:2:2", "4:2:0")] + [{"keep_rgb": True}])
@pytest.mark.parametrize("quality", [10, 30, 60, 90])
def test_never_worse_than_plain_decoding(options: dict[str, object], quality: int) -> None:
    original = photograph(150, 201)
    file = io.BytesIO()
    Image.fromarray(original).save(file, "JPEG", quality=quality, **options)
    image = read_jpeg(file.getvalue())
    restored = Restorer(load_model("small"))(image, dtype="float32").pixels
    error, plain_error = (float(np.square(p - original.astype(float)).mean()) for p in (restored, render(image)))
    assert error <= plain_error
