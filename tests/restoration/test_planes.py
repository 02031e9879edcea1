"""Planes restored tile by tile: no trace of tiles, nothing against the file, strength and views."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from made.networks import tiny_network
from made.pictures import (
    GRAY,
    RESTORED_TOGETHER,
    S420,
    SAMPLINGS,
    coefficients_of,
    file_blocks,
    make_image,
    quantized,
    samples_of,
)
from qgac.jpeg.image import JPEGImage
from qgac.models.trunk import DeepPart
from qgac.restoration.restorer import Restorer

# Tiles.


@pytest.mark.parametrize("tile", [40, 136])
@pytest.mark.parametrize("name", SAMPLINGS)
def test_tiles_leave_no_trace(network: Restorer, name: str, tile: int) -> None:
    image = make_image(333, 207, SAMPLINGS[name], seed=tile)
    whole = Restorer(network.engine.network, tile=10_000)
    tiled = Restorer(network.engine.network, tile=tile)
    np.testing.assert_allclose(
        tiled(image, dtype=np.float32).pixels, whole(image, dtype=np.float32).pixels, rtol=0, atol=2e-3
    )
    for parts, together in zip(tiled.coefficients(image), whole.coefficients(image), strict=True):
        np.testing.assert_allclose(parts, together, rtol=0, atol=5e-3)


@pytest.mark.parametrize("size", [(8, 333), (333, 8), (17, 9), (121, 108)])
@pytest.mark.parametrize("name", ["4:2:0", "4:1:0", "mixed", "small luma"])
def test_the_smallest_tiles_leave_no_trace(network: Restorer, name: str, size: tuple[int, int]) -> None:
    image = make_image(*size, SAMPLINGS[name])
    whole = Restorer(network.engine.network, tile=10_000)(image, dtype=np.float32).pixels
    tiled = Restorer(network.engine.network, tile=8)(image, dtype=np.float32).pixels
    np.testing.assert_allclose(tiled, whole, rtol=0, atol=2e-3)


def test_tiles_leave_no_trace_with_the_networks_of_the_paper() -> None:
    model = tiny_network(paper=True)
    assert model.receptive_field_y == 50
    image = make_image(640, 264, S420)
    whole = Restorer(model, tile=10_000)(image, dtype=np.float32).pixels
    tiled = Restorer(model, tile=160)(image, dtype=np.float32).pixels
    np.testing.assert_allclose(tiled, whole, rtol=0, atol=2e-3)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"candidate": 3}, 5),
        ({"candidate": 2, "gate": True}, 4),
        ({"width": 16, "residual_blocks": 3, "subdivision": 2, "deep_blocks": 1}, 5),
    ],
    ids=["candidate", "gate", "deep part"],
)
def test_tiles_leave_no_trace_with_what_the_paper_does_not_have(more: dict[str, int], field: int) -> None:
    model = tiny_network(strength=2, more_y=more)
    if "deep_blocks" in more:
        (part,) = [module for module in model.modules() if isinstance(module, DeepPart)]
        torch.nn.init.normal_(part.up.weight)
    assert model.receptive_field_y == field
    for name, size in (("4:2:0", (333, 207)), ("4:1:0", (121, 108))):
        image = make_image(*size, SAMPLINGS[name])
        whole = Restorer(model, tile=10_000)(image, dtype=np.float32).pixels
        for tile in (8, 72):
            tiled = Restorer(model, tile=tile)(image, dtype=np.float32).pixels
            np.testing.assert_allclose(tiled, whole, rtol=0, atol=2e-3)


@pytest.mark.parametrize("name", ["4:2:0", "4:2:2", "4:4:4", "4:1:1"])
def test_tiles_leave_no_trace_where_pixels_guide_chroma(name: str) -> None:
    model = tiny_network(strength=2, guided=True)
    image = make_image(333, 207, SAMPLINGS[name])
    whole = Restorer(model, tile=10_000)(image, dtype=np.float32).pixels
    tiled = Restorer(model, tile=48)(image, dtype=np.float32).pixels
    np.testing.assert_allclose(tiled, whole, rtol=0, atol=5e-3)


def test_a_halo_too_small_would_show(network: Restorer, monkeypatch: pytest.MonkeyPatch) -> None:
    image = make_image(333, 207, S420)
    whole = Restorer(network.engine.network, tile=10_000)(image, dtype=np.float32).pixels
    for name in ("receptive_field_y", "receptive_field_color"):
        with monkeypatch.context() as patch:
            patch.setattr(type(network.engine.network), name, 0)
            tiled = Restorer(network.engine.network, tile=64)(image, dtype=np.float32).pixels
            assert np.abs(tiled - whole).max() > 0.1


# The promise of the projection, for whole pictures.


@pytest.mark.parametrize("size", [(61, 45), (9, 7), (133, 70)])
@pytest.mark.parametrize("name", ["gray", *RESTORED_TOGETHER, "mixed", "small luma", "fractional"])
def test_requantising_the_restored_picture_gives_the_file(name: str, size: tuple[int, int]) -> None:
    image = make_image(*size, SAMPLINGS[name])
    restored = Restorer(tiny_network(strength=8), tile=64).coefficients(image)
    vertical = max(c.vertical for c in image.components)
    horizontal = max(c.horizontal for c in image.components)
    for component, plane in zip(image.components, restored, strict=True):
        coefficients = file_blocks(plane)
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
        np.testing.assert_allclose(some, none + strength * (whole - none), rtol=0, atol=2e-3)
        if none.shape[1:] == component.coefficients.shape[:2]:
            dequantised = component.coefficients * component.table.astype(int)
            np.testing.assert_array_equal(file_blocks(none), dequantised)
            levels = quantized(file_blocks(some), component.table)
            np.testing.assert_array_equal(levels, component.coefficients)


@pytest.mark.parametrize("name", [name for name in SAMPLINGS if name != "thirds"])
def test_no_strength_is_what_networks_without_effect_give(identity: Restorer, network: Restorer, name: str) -> None:
    image = make_image(61, 45, SAMPLINGS[name])
    decoded = Restorer(network.engine.network, strength=0)(image, dtype="float32").pixels
    expected = identity(image, dtype="float32").pixels
    if name in ("gray", "4:4:4", "small luma", "fractional"):  # elsewhere repeated by two ways that differ in rounding
        np.testing.assert_array_equal(decoded, expected)
    else:
        np.testing.assert_allclose(decoded, expected, rtol=0, atol=1e-3)


def test_nothing_is_computed_for_no_strength(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_network()
    monkeypatch.setattr(type(model), "restore_y", None)
    monkeypatch.setattr(type(model), "restore_chroma", None)
    Restorer(model, strength=0)(make_image(20, 20, S420))


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_a_strength_out_of_range_is_refused(network: Restorer, strength: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Restorer(network.engine.network, strength=strength)


def test_without_projection_the_network_goes_where_it_likes(network: Restorer) -> None:
    image = make_image(61, 45, GRAY)
    free = Restorer(network.engine.network, project=False).coefficients(image)[0]
    levels = quantized(file_blocks(free), image.components[0].table)
    assert (levels != image.components[0].coefficients).mean() > 0.2


def test_chroma_is_guided_by_the_restored_y() -> None:
    image = make_image(61, 45, S420)
    model = tiny_network(strength=2)
    before = Restorer(model, project=False).coefficients(image)
    model.y_network.subnetworks[0].decode.manifold.kernel.weight.zero_()  # type: ignore[union-attr,operator]
    after = Restorer(model, project=False).coefficients(image)
    assert np.abs(before[0] - after[0]).max() > 1
    assert np.abs(before[1] - after[1]).max() > 0.1


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

    best = Restorer(network.engine.network, best=True)
    found = best(other, dtype="float32").pixels
    np.testing.assert_allclose(found, expected(best(image, dtype="float32").pixels), rtol=0, atol=5e-3)
    plain = network(other, dtype="float32").pixels  # is no mirror image without it
    assert np.abs(plain - expected(network(image, dtype="float32").pixels)).max() > 1


@pytest.mark.parametrize("name", ["4:2:0", "mixed"])
def test_all_views_of_tiles_leave_no_trace(network: Restorer, name: str) -> None:
    image = make_image(205, 133, SAMPLINGS[name])  # its last blocks reach beyond it
    whole = Restorer(network.engine.network, tile=10_000, best=True)(image, dtype=np.float32).pixels
    tiled = Restorer(network.engine.network, tile=64, best=True)(image, dtype=np.float32).pixels
    np.testing.assert_allclose(tiled, whole, rtol=0, atol=2e-3)
    assert np.abs(whole - network(image, dtype=np.float32).pixels).max() > 1


@pytest.mark.parametrize("name", ["gray", "4:2:2", "4:1:1", "fractional"])
def test_all_views_without_residual_are_the_decoded_picture(identity: Restorer, name: str) -> None:
    image = make_image(61, 45, SAMPLINGS[name])
    best = Restorer(identity.engine.network, project=False, best=True)(image, dtype="float32").pixels
    np.testing.assert_allclose(best, identity(image, dtype="float32").pixels, rtol=0, atol=2e-3)


def test_all_views_keep_to_the_quantisation_interval(network: Restorer) -> None:
    image = make_image(61, 45, GRAY)
    restored = Restorer(tiny_network(strength=8), best=True).coefficients(image)[0]
    levels = quantized(file_blocks(restored), image.components[0].table)
    np.testing.assert_array_equal(levels, image.components[0].coefficients)


# Gray stays gray.


@pytest.mark.parametrize("strength", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("best", [False, True])
@pytest.mark.parametrize("name", [*RESTORED_TOGETHER, "mixed", "fractional"])
def test_a_picture_without_color_stays_without(name: str, best: bool, strength: float) -> None:
    image = make_image(61, 45, SAMPLINGS[name])
    y, *chroma = image.components
    chroma = [replace(plane, coefficients=np.zeros_like(plane.coefficients)) for plane in chroma]
    gray = replace(image, components=(y, *chroma))
    pixels = Restorer(tiny_network(strength=8), strength=strength, best=best, tile=32)(gray, dtype=np.float32).pixels
    np.testing.assert_array_equal(pixels, pixels[..., :1].repeat(3, 2))
    alone = replace(image, color="gray", components=(replace(y, vertical=1, horizontal=1),))
    if strength == 1 and name not in ("fractional",):
        expected = Restorer(tiny_network(strength=8), best=best)(alone, dtype=np.float32).pixels
        np.testing.assert_allclose(pixels[..., 0], expected, atol=2e-3)
