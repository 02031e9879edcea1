"""From RGB back to the whole numbers of Y, Cb and Cr that a decoder had.

A decoder adds whole numbers to whole Y: ``R = Y + round(1.402 Cr)`` and so on (JFIF 1.02; libjpeg's ``jdcolor.c``). The
weighted sum of R, G and B therefore misses its Y by less than a half, and since the factors of chroma are larger than
one, no two values of Cb or Cr give the same B or R. So the planes come back exactly, wherever nothing was clipped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qgac.pixels.blocks import Plane

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Planes", "luma_of", "pixels_of", "planes_of", "rgb_of", "ycbcr_of"]

_TO_Y = np.array([0.299, 0.587, 0.114], np.float32)
_BLUE, _RED = np.float32(1.772), np.float32(1.402)


@dataclass(frozen=True, eq=False)
class Planes:
    """A picture's planes as a decoder had them.

    Attributes
    ----------
    y : ndarray of float32, shape (H, W)
        Whole numbers -128..127.
    cb, cr : ndarray of float32, shape (H, W), or None
        Likewise, at the resolution of the picture; None of a gray picture.
    clipped : ndarray of bool, shape (H, W)
        Where a sample is 0 or 255, behind which any further value may have been.
    """

    y: Plane
    cb: Plane | None
    cr: Plane | None
    clipped: NDArray[np.bool_]


def luma_of(samples: NDArray[np.uint8] | NDArray[np.float32]) -> Plane:
    """Return the brightness of gray or RGB samples, (H, W) or (H, W, 3), in their range."""
    result: Plane = samples.astype(np.float32, copy=False) if samples.ndim == 2 else samples @ _TO_Y
    return result


def pixels_of(image: Image | NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the samples of a picture that tell of its past.

    Parameters
    ----------
    image : PIL image or ndarray of uint8, shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)
        Gray, RGB or RGBA. Transparency is left out.

    Returns
    -------
    ndarray of uint8, shape (H, W) or (H, W, 3)

    Raises
    ------
    ValueError
        If it has no pixels, other samples than 8-bit ones, or another shape.
    """
    if not isinstance(image, np.ndarray):
        if image.mode.startswith(("I", "F")):
            raise ValueError(f"the picture has samples of more than 8 bits (mode {image.mode}); convert it to 8 bits")
        image = np.asarray(image if image.mode in ("L", "RGB") else image.convert("RGB"))
    if image.dtype != np.uint8:
        raise ValueError(f"the picture has samples of {image.dtype}, not of 8 bits; convert them to uint8, 0 to 255")
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[..., 0]
    if image.ndim == 3 and image.shape[2] == 4:
        image = image[..., :3]
    if image.size == 0 or not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)):
        raise ValueError(f"an array of the shape {image.shape} is no picture; give (H, W), (H, W, 3) or (H, W, 4)")
    return image


def planes_of(pixels: NDArray[np.uint8]) -> Planes:
    """Convert pixels into planes.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (H, W) or (H, W, 3)

    Returns
    -------
    Planes
    """
    clipped = (pixels == 0) | (pixels == 255)
    if pixels.ndim == 2:
        return Planes(pixels.astype(np.float32) - 128, None, None, clipped)
    y = np.rint(pixels.astype(np.float32) @ _TO_Y)
    cb = np.rint((pixels[..., 2] - y) / _BLUE)
    cr = np.rint((pixels[..., 0] - y) / _RED)
    return Planes(y - 128, cb, cr, clipped.any(-1))


def rgb_of(y: Plane, cb: Plane, cr: Plane) -> NDArray[np.float32]:
    """Convert planes, all around zero, to red, green and blue around zero, shape (3, ...), not rounded."""
    return np.stack((y + _RED * cr, y - np.float32(0.344136) * cb - np.float32(0.714136) * cr, y + _BLUE * cb))


def ycbcr_of(rgb: NDArray[np.float32]) -> tuple[Plane, Plane, Plane]:
    """Undo :func:`rgb_of`."""
    y = np.tensordot(_TO_Y, rgb, 1)
    return y, (rgb[2] - y) / _BLUE, (rgb[0] - y) / _RED
