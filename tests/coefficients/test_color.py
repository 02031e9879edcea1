from __future__ import annotations

import colorsys

import numpy as np
import pytest
import torch
from PIL import Image

from qgac.coefficients.color import limited_range_y, rgb_to_ycbcr, ycbcr_to_rgb


def colors(count: int = 4000, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    generator = np.random.default_rng(6)
    corners = np.array(np.meshgrid([0, 255], [0, 255], [0, 255])).reshape(3, 8)
    return torch.from_numpy(np.concatenate((generator.integers(0, 256, (3, count)), corners), 1)).to(dtype)[..., None]


def test_against_pillow() -> None:
    """Pillow's conversion cuts fractions off instead of rounding, so its samples are up to one lower."""
    rgb = colors()
    picture = Image.fromarray(rgb.movedim(0, -1).to(torch.uint8).numpy())
    expected = np.asarray(picture.convert("YCbCr")).astype(int)
    difference = rgb_to_ycbcr(rgb).movedim(0, -1).numpy().clip(0, 255) - expected
    assert difference.min() > -0.1
    assert difference.max() < 1.1


def test_luma_against_colorsys() -> None:
    """`colorsys` has the weights of NTSC with two digits (0.30, 0.59, 0.11)."""
    for r, g, b in ((200, 30, 90), (12, 250, 3)):
        y = rgb_to_ycbcr(torch.tensor([[[float(r)]], [[float(g)]], [[float(b)]]]))[0].item()
        assert y == pytest.approx(255 * colorsys.rgb_to_yiq(r / 255, g / 255, b / 255)[0], abs=1.2)


def test_primaries_by_hand() -> None:
    """JFIF: pure blue is Y 0.114 * 255 = 29.07, Cb 128 + 127.5, Cr 128 - 0.08131 * 255 = 107.27."""
    blue = torch.tensor([0.0, 0.0, 255.0]).reshape(3, 1, 1)
    assert rgb_to_ycbcr(blue).flatten().tolist() == pytest.approx([29.07, 255.5, 107.2653], abs=1e-3)


def test_there_and_back() -> None:
    rgb = colors()
    torch.testing.assert_close(ycbcr_to_rgb(rgb_to_ycbcr(rgb)), rgb, rtol=0, atol=1e-4)


def test_gray_has_no_color() -> None:
    gray = torch.arange(256, dtype=torch.float64).expand(3, 1, 256)
    y, cb, cr = rgb_to_ycbcr(gray)
    torch.testing.assert_close(y, gray[0], rtol=0, atol=1e-9)
    torch.testing.assert_close(cb, torch.full_like(cb, 128), rtol=0, atol=1e-5)
    torch.testing.assert_close(cr, torch.full_like(cr, 128), rtol=0, atol=1e-5)


def test_conversion_is_linear_and_works_on_any_leading_shape() -> None:
    batch = torch.rand(2, 4, 3, 5, 6) * 255
    result = rgb_to_ycbcr(batch)
    assert result.shape == batch.shape
    torch.testing.assert_close(result[1, 2], rgb_to_ycbcr(batch[1, 2]))
    torch.testing.assert_close(ycbcr_to_rgb(result), batch, rtol=0, atol=1e-3)


def test_limited_range_y() -> None:
    """ITU-R BT.601: 16 for black, 235 for white; whole numbers in between, monotonous for gray."""
    gray = torch.arange(256, dtype=torch.float64).expand(3, 1, 256)
    y = limited_range_y(gray)[0]
    assert (y[0], y[255]) == (16, 235)
    assert torch.equal(y, y.round())
    expected = 16 + 219 * torch.arange(256, dtype=torch.float64) / 255
    assert (y - expected).abs().max() <= 0.5 + 1e-9
