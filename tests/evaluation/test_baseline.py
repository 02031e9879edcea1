from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from scipy.fft import idctn

from made.pictures import compressed, photo
from qgac.evaluation.baseline import compress, decode, decode_nearest
from qgac.jpeg.reader import read_jpeg


def test_files_are_compressed_as_asked() -> None:
    samples = photo(64, 80)
    image = read_jpeg(compress(samples, 30))
    assert [(c.vertical, c.horizontal) for c in image.components] == [(2, 2), (1, 1), (1, 1)]
    assert image.components[0].table[0, 0] == 27  # 16 * 5000 / 30 / 100, rounded
    assert read_jpeg(compress(samples[..., 0], 30)).color == "gray"


def test_decoding_is_pillows() -> None:
    data = compress(photo(64, 80), 40)
    np.testing.assert_array_equal(decode(data), np.asarray(Image.open(io.BytesIO(data))))


@pytest.mark.parametrize(("subsampling", "vertical", "horizontal"), [("4:2:0", 2, 2), ("4:2:2", 1, 2), ("4:4:4", 1, 1)])
def test_decoding_against_scipy_and_the_jfif_formula(subsampling: str, vertical: int, horizontal: int) -> None:
    image = read_jpeg(compressed(photo(21, 43), 30, subsampling=subsampling))
    planes = []
    for component, v, u in zip(image.components, (1, vertical, vertical), (1, horizontal, horizontal), strict=True):
        blocks = idctn(component.coefficients * component.table.astype(float), axes=(2, 3), norm="ortho") + 128
        plane = blocks.transpose(0, 2, 1, 3).reshape(8 * blocks.shape[0], -1)
        planes.append(np.kron(plane, np.ones((v, u)))[:21, :43])
    y, cb, cr = planes[0], planes[1] - 128, planes[2] - 128
    rgb = np.stack((y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb), -1).clip(0, 255)
    np.testing.assert_allclose(decode_nearest(image), rgb, atol=2e-4)


def test_gray_decoding_is_pillows_but_for_rounding() -> None:
    data = compressed(photo(21, 43)[..., 0], 30)
    decoded = decode_nearest(read_jpeg(data))
    assert decoded.shape == (21, 43)
    assert np.abs(decoded - np.asarray(Image.open(io.BytesIO(data)))).max() < 1.5


def test_other_colors_are_refused() -> None:
    data = compressed(photo(16, 16), 50, keep_rgb=True)
    with pytest.raises(ValueError, match="RGB picture cannot be evaluated"):
        decode_nearest(read_jpeg(data))
