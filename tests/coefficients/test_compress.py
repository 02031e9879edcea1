"""The compressor of the training against libjpeg's own coefficients, from files that Pillow wrote."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from qgac.coefficients.blocks import blocks_to_channels
from qgac.coefficients.compress import downsample_chroma, quantize, rounded_ycbcr
from qgac.coefficients.dct import idct
from qgac.jpeg.image import JPEGImage
from qgac.jpeg.reader import read_jpeg

FACTORS = {"4:4:4": (1, 1), "4:2:2": (1, 2), "4:2:0": (2, 2)}


def photo() -> np.ndarray:
    """Like a photograph: a spectrum that falls with the frequency, correlated colours, some sharp edges."""
    generator = np.random.default_rng(12)
    height, width = 256, 384
    fy, fx = np.fft.fftfreq(height)[:, None, None], np.fft.rfftfreq(width)[None, :, None]
    falloff = 1 / np.maximum(np.hypot(fy, fx), 1 / width)
    noise = np.fft.irfft2(np.fft.rfft2(generator.normal(size=(height, width, 3)), axes=(0, 1)) * falloff, axes=(0, 1))
    noise = noise / noise.std() @ np.array([[1, 1, 1], [0.3, 0, -0.3], [0.1, -0.2, 0.1]])
    rows, columns = np.mgrid[:height, :width]
    edges = 60 * ((rows - 100) ** 2 + (columns - 150) ** 2 < 70**2) - 40 * (columns + rows > 500)
    return np.clip(120 + 35 * noise + edges[..., None], 0, 255).astype(np.uint8)


def written(pixels: np.ndarray, quality: int, subsampling: str) -> JPEGImage:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling=subsampling)
    return read_jpeg(file.getvalue())


def planes(
    pixels: np.ndarray, factors: tuple[int, int], dtype: torch.dtype = torch.float32
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    y, cb, cr = rounded_ycbcr(torch.from_numpy(pixels).movedim(-1, 0).to(dtype))
    return y, downsample_chroma(cb, *factors), downsample_chroma(cr, *factors)


@pytest.mark.parametrize("subsampling", FACTORS)
@pytest.mark.parametrize("quality", [5, 25, 50, 75, 90, 98, 100])
def test_levels_are_those_of_libjpeg(quality: int, subsampling: str) -> None:
    pixels = photo()
    image = written(pixels, quality, subsampling)
    for plane, component in zip(planes(pixels, FACTORS[subsampling]), image.components, strict=True):
        levels = quantize(plane[None], torch.from_numpy(component.table.astype(np.float32)))[0]
        expected = blocks_to_channels(torch.from_numpy(component.coefficients.astype(np.float32)))
        assert torch.equal(levels, expected)


def flat_colors(colors: np.ndarray) -> np.ndarray:
    """Every colour as an 8x8 block of its own at quality 100, where a level is a coefficient: the sample, exactly."""
    blocks = np.repeat(np.repeat(np.asarray(colors, np.uint8)[None], 8, 0), 8, 1)
    image = written(blocks, 100, "4:4:4")
    return np.stack([component.coefficients[0, :, 0, 0] / 8 + 128 for component in image.components], -1)


def test_color_conversion_rounds_as_libjpeg_does() -> None:
    generator = np.random.default_rng(0)
    colors = generator.integers(0, 256, (4000, 3), dtype=np.uint8)
    samples = rounded_ycbcr(torch.from_numpy(colors.T.astype(np.float32))[..., None])[..., 0].T.numpy()
    np.testing.assert_array_equal(samples, flat_colors(colors))


def test_exact_halves_of_chroma_round_down() -> None:
    """Blue alone: Cb is 128 + B / 2; red alone: Cr is 128 + R / 2. Odd values fall exactly between two samples."""
    values = np.arange(1, 256, 2)
    colors = np.zeros((2 * len(values), 3), np.uint8)
    colors[: len(values), 2] = values
    colors[len(values) :, 0] = values
    expected = flat_colors(colors)
    np.testing.assert_array_equal(expected[: len(values), 1], 128 + values // 2)
    samples = rounded_ycbcr(torch.from_numpy(colors.T.astype(np.float32))[..., None])[..., 0].T.numpy()
    np.testing.assert_array_equal(samples[: len(values), 1], expected[: len(values), 1])
    np.testing.assert_array_equal(samples[len(values) :, 2], expected[len(values) :, 2])


@pytest.mark.parametrize(("subsampling", "box"), [("4:2:2", [[140, 141]]), ("4:2:0", [[140, 141], [140, 141]])])
def test_halves_of_downsampling_alternate(subsampling: str, box: list[list[int]]) -> None:
    """Boxes whose mean is 140.5: libjpeg rounds down in even columns and up in odd ones."""
    cb = np.tile(np.array(box), (16 // len(box), 16))
    pixels = np.zeros((16, 32, 3), np.uint8)
    pixels[..., 2] = 2 * (cb - 128)  # blue alone: Cb is exactly this
    component = written(pixels, 100, subsampling).components[1]
    in_file = idct(blocks_to_channels(torch.from_numpy(component.coefficients.astype(np.float64)))) + 128
    expected = np.tile([140.0, 141.0], (in_file.shape[0], 8))
    np.testing.assert_allclose(in_file, expected, atol=0.3)
    downsampled = downsample_chroma(torch.from_numpy(cb.astype(np.float32)), *FACTORS[subsampling])
    np.testing.assert_array_equal(downsampled.numpy(), expected)


@pytest.mark.parametrize(("vertical", "horizontal"), [(1, 2), (2, 1), (2, 2)])
def test_downsampling_against_loops(vertical: int, horizontal: int) -> None:
    """``jcsample.c``, literally: h2v1 and h2v2 with their alternating bias, everything else with a constant one."""
    plane = np.random.default_rng(1).integers(0, 256, (16, 24))
    result = downsample_chroma(torch.from_numpy(plane.astype(np.float32))[None], vertical, horizontal)[0]
    for i in range(16 // vertical):
        for j in range(24 // horizontal):
            box = plane[i * vertical : (i + 1) * vertical, j * horizontal : (j + 1) * horizontal]
            if (vertical, horizontal) == (1, 2):
                expected = (int(box.sum()) + j % 2) >> 1
            elif (vertical, horizontal) == (2, 2):
                expected = (int(box.sum()) + 1 + j % 2) >> 2
            else:
                expected = (int(box.sum()) + box.size // 2) // box.size
            assert result[i, j] == expected


def test_without_downsampling_the_plane_stays() -> None:
    plane = torch.rand(3, 8, 8)
    assert torch.equal(downsample_chroma(plane, 1, 1), plane)


def test_halves_of_levels_round_away_from_zero() -> None:
    """A flat block of 128 + v has the DC 8 v: 8 for v = 1, half of a step of 16. In float32, as training computes."""
    plane = torch.stack((torch.full((8, 8), 129.0), torch.full((8, 8), 127.0)))
    levels = quantize(plane, torch.full((8, 8), 16.0))
    assert levels[:, 0].flatten().tolist() == [1, -1]
    assert levels[:, 1:].abs().max() == 0


def test_every_picture_has_its_own_table() -> None:
    plane = torch.rand(2, 16, 8) * 255
    tables = torch.stack((torch.full((8, 8), 3.0), torch.full((8, 8), 40.0)))
    together = quantize(plane, tables)
    for index in range(2):
        assert torch.equal(together[index], quantize(plane[index : index + 1], tables[index])[0])
