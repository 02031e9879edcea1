from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageCms

from made.pictures import make_image
from qgac.jpeg.image import Metadata
from qgac.pictures.srgb import convert_to_srgb
from qgac.pictures.writer import write_picture
from qgac.restoration.picture import Restored

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped_profile() -> bytes:
    """An RGB profile whose red primary is sRGB's blue one, and the other way round."""
    tags = {SRGB[start : start + 4]: start for start in range(132, 132 + 12 * int.from_bytes(SRGB[128:132], "big"), 12)}
    profile = bytearray(SRGB)
    profile[tags[b"rXYZ"] : tags[b"rXYZ"] + 4], profile[tags[b"bXYZ"] : tags[b"bXYZ"] + 4] = b"bXYZ", b"rXYZ"
    return bytes(profile)


def gray_profile(gamma: float) -> bytes:
    """A gray profile by hand (ICC.1:2001): header, description, white point of D50, and a power as its curve."""
    curve = b"curv\0\0\0\0\0\0\0\1" + round(256 * gamma).to_bytes(2, "big") + b"\0\0"
    white = b"XYZ \0\0\0\0" + b"".join(round(65536 * value).to_bytes(4, "big") for value in (0.9642, 1.0, 0.8249))
    description = b"desc\0\0\0\0\0\0\0\5gray\0" + bytes(79)
    tags, data, position = b"", b"", 128 + 4 + 3 * 12
    for name, content in ((b"desc", description), (b"wtpt", white), (b"kTRC", curve)):
        tags += name + position.to_bytes(4, "big") + len(content).to_bytes(4, "big")
        padded = content + bytes(-len(content) % 4)
        data += padded
        position += len(padded)
    head = position.to_bytes(4, "big") + b"test\2\x10\0\0mntrGRAYXYZ " + bytes(12) + b"acsp" + bytes(28)
    head += white[8:] + bytes(48)
    return head + (3).to_bytes(4, "big") + tags + data


def restored(pixels: np.ndarray, icc: bytes | None) -> Restored:
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    image = make_image(pixels.shape[1], pixels.shape[0], [(1, 1)] * channels, "CMYK" if channels == 4 else None)
    return Restored(pixels, replace(image, metadata=Metadata(icc=icc, comments=(b"kept",))))


def test_colours_follow_the_profile() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 6, 3), np.uint8)
    found, notes = convert_to_srgb(restored(pixels, swapped_profile()))
    assert np.abs(found.pixels.astype(int) - pixels[..., ::-1]).max() <= 2
    assert notes == ()
    metadata = found.image.metadata
    assert metadata.comments == (b"kept",)
    assert metadata.icc is not None
    assert ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(metadata.icc))).startswith("sRGB")


def test_srgb_stays_as_it_is() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 6, 3), np.uint8)
    assert np.abs(convert_to_srgb(restored(pixels, SRGB))[0].pixels.astype(int) - pixels).max() <= 1
    found, notes = convert_to_srgb(restored(pixels, None))
    np.testing.assert_array_equal(found.pixels, pixels)
    assert notes == ()


def test_gray_stays_gray_and_follows_its_curve() -> None:
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    found, notes = convert_to_srgb(restored(pixels, gray_profile(1.8)))
    light = (pixels / 255) ** 1.8
    expected = 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    assert found.pixels.shape == (16, 16)
    assert np.abs(found.pixels - expected).max() <= 2
    assert found.image.metadata.icc is None
    assert notes == ()


def test_cmyk_without_profile_is_mixed_plainly_and_said_so() -> None:
    pixels = np.array([[[0, 0, 0, 0], [255, 0, 0, 0], [0, 0, 0, 255], [51, 102, 0, 127]]], np.uint8)
    found, notes = convert_to_srgb(restored(pixels, None))
    c, m, y, k = (pixels[..., i] / 255 for i in range(4))
    expected = 255 * np.stack([(1 - c) * (1 - k), (1 - m) * (1 - k), (1 - y) * (1 - k)], -1)
    assert np.abs(found.pixels - expected).max() <= 1
    assert len(notes) == 1
    assert "no ICC profile" in notes[0]
    buffer = io.BytesIO()
    write_picture(found, buffer, format="png")
    with Image.open(buffer) as opened:
        assert opened.mode == "RGB"
        assert opened.info["icc_profile"] == found.image.metadata.icc


@pytest.mark.parametrize("icc", [SRGB[:12] + b"link" + SRGB[16:], SRGB.replace(b"rXYZ", b"zzzz")], ids=["link", "tags"])
def test_a_profile_without_a_way_to_srgb_is_told(icc: bytes) -> None:
    """It can be opened; what its class needs is not there."""
    pixels = np.random.default_rng(0).integers(0, 256, (5, 6, 3), np.uint8)
    found, notes = convert_to_srgb(restored(pixels, icc))
    np.testing.assert_array_equal(found.pixels, pixels)
    assert notes == ("the ICC profile cannot be used and was taken out",)


@pytest.mark.parametrize("icc", [SRGB, b"\0" * 16 + b"CMYK" + b"nonsense" * 20])
def test_a_profile_that_is_of_no_use_is_told(icc: bytes) -> None:
    _, notes = convert_to_srgb(restored(np.zeros((2, 2, 4), np.uint8), icc))
    assert "cannot be used" in notes[0]
