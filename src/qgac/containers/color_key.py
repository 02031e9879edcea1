"""Colour keys of PDF images (ISO 32000-1, 8.9.6.4): colours that mean transparency.

A restored picture has other colours, so what was transparent becomes a mask of one bit a pixel (8.9.6.3).
"""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from qgac.jpeg.errors import JPEGError

__all__ = ["transparent"]


def transparent(content: bytes, ranges: list[int]) -> npt.NDArray[np.bool_]:
    """Return which pixels of a JPEG file a colour key makes transparent.

    Parameters
    ----------
    content : bytes
        The file.
    ranges : list of int
        The smallest and the largest transparent sample of each component.

    Returns
    -------
    ndarray of bool, shape (H, W)

    Raises
    ------
    JPEGError
        If the key does not fit to the picture, or libjpeg, whose samples count, does not show it.
    """
    try:
        with Image.open(io.BytesIO(content)) as picture:
            samples = np.atleast_3d(np.asarray(picture))
            if picture.mode == "CMYK":  # which Pillow inverts, and PDF does not
                samples = 255 - samples
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise JPEGError(f"its colour key cannot be made out ({error}), so it stays as it is") from error
    if len(ranges) != 2 * samples.shape[2]:
        raise JPEGError("its colour key has another number of components; get an undamaged copy")
    low, high = np.array(ranges).reshape(-1, 2).T
    inside = (samples >= low) & (samples <= high)
    return np.asarray(inside.all(2))
