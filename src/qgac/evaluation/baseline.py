"""What a restored picture is compared with: the JPEG file of the original, decoded in two ways.

Files are those of libjpeg through Pillow. The paper's way to decode them is the weaker baseline; Pillow's, that of most
viewers, is the stronger one.
"""

from __future__ import annotations

import io

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from qgac.coefficients.blocks import blocks_to_channels
from qgac.coefficients.color import ycbcr_to_rgb
from qgac.coefficients.dct import idct
from qgac.jpeg.image import JPEGImage

__all__ = ["compress", "decode", "decode_nearest"]


def compress(samples: NDArray[np.uint8], quality: int) -> bytes:
    """Compress a picture with libjpeg, RGB with 4:2:0 chroma.

    Parameters
    ----------
    samples : ndarray of uint8, shape (H, W, 3) or (H, W)
    quality : int
        1..100.

    Returns
    -------
    bytes
        A JPEG file.
    """
    file = io.BytesIO()
    options = {} if samples.ndim == 2 else {"subsampling": "4:2:0"}
    Image.fromarray(samples).save(file, "JPEG", quality=quality, **options)
    return file.getvalue()


def decode(data: bytes) -> NDArray[np.uint8]:
    """Decode a JPEG file as Pillow and most viewers do, with smoothly upsampled chroma.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    ndarray of uint8, shape (H, W, 3) or (H, W)
    """
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture)


def decode_nearest(image: JPEGImage) -> NDArray[np.float64]:
    """Decode a gray or YCbCr picture as the paper does: float transform, nearest-neighbour chroma, nothing rounded.

    Parameters
    ----------
    image : JPEGImage
        Its sampling factors must divide the largest ones.

    Returns
    -------
    ndarray of float64, shape (H, W) or (H, W, 3)
        Gray or RGB samples, clamped to 0..255.

    Raises
    ------
    ValueError
        For other colour spaces and sampling factors.
    """
    if image.color not in ("gray", "YCbCr"):
        raise ValueError(f"a {image.color} picture cannot be evaluated; use a gray or YCbCr one")
    vertical, horizontal = image.largest_factors
    planes = []
    for component in image.components:
        if vertical % component.vertical or horizontal % component.horizontal:
            raise ValueError("the sampling factors of the picture do not divide each other; use 4:2:0 or 4:4:4")
        coefficients = component.coefficients.astype(np.float64) * component.table
        samples = idct(blocks_to_channels(torch.from_numpy(coefficients))) + 128
        samples = samples.repeat_interleave(vertical // component.vertical, 0)
        samples = samples.repeat_interleave(horizontal // component.horizontal, 1)
        planes.append(samples[: image.height, : image.width])
    if len(planes) == 1:
        return planes[0].clamp(0, 255).numpy()
    return ycbcr_to_rgb(torch.stack(planes)).clamp(0, 255).movedim(0, -1).numpy()
