"""Scores of picture files against an original: PSNR, PSNR-B and SSIM as :mod:`qgac.metrics` computes them.

Every file is decoded by Pillow, JPEGs as well, which is what viewers show.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from qgac.jpeg.limits import MAX_PIXELS
from qgac.metrics.scores import SMALLEST, Scores, score

__all__ = ["ComparisonError", "compare", "open_picture"]

# What undoes the turn that an orientation asks for.
_BACK = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
_KINDS = {1: "gray", 3: "RGB", 4: "CMYK"}


class ComparisonError(ValueError):
    """A picture cannot be read, or not be compared with the original; the message is one sentence."""


def open_picture(path: str | os.PathLike[str], *, max_pixels: int = MAX_PIXELS) -> NDArray[Any]:
    """Decode a picture as it is stored, whatever the orientation in its metadata says.

    Parameters
    ----------
    path : path
        Any file that Pillow opens.
    max_pixels : int
        The largest picture that is accepted.

    Returns
    -------
    ndarray of uint8 (0..255) or, for 16-bit gray, float64 (0..1), shape (H, W), (H, W, 3) or (H, W, 4)
        Gray, RGB or CMYK. Palettes become RGB, and an alpha channel that is opaque everywhere is left out.

    Raises
    ------
    ComparisonError
        If it is no picture, damaged, too large, or of a kind that has no such samples.
    OSError
        If the file cannot be read.
    """
    try:
        # An open file: of a name, Pillow maps plain TIFFs into memory, and then turns them wrongly.
        with warnings.catch_warnings(), Path(path).open("rb") as file, Image.open(file) as picture:
            warnings.simplefilter("ignore")  # of large pictures, which have a limit here, and of odd metadata
            if picture.width * picture.height > max_pixels:
                raise ComparisonError(
                    f"the picture has {picture.width} x {picture.height} pixels, more than the limit of "
                    f"{max_pixels / 1e6:g} million; raise the limit (--max-pixels)"
                )
            return _samples(_as_stored(picture))
    except Image.DecompressionBombError as error:
        raise ComparisonError("the picture is larger than Pillow opens; compare parts of it") from error
    except UnidentifiedImageError as error:
        raise ComparisonError("this is no picture that Pillow can open; convert it to PNG") from error
    except (OSError, SyntaxError, EOFError) as error:  # Pillow's words for damage, beside the system's own errors
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ComparisonError(f"the file is damaged ({error}); get another copy of it") from error


def _as_stored(picture: Image.Image) -> Image.Image:
    """Turn a TIFF back, which Pillow turns by its orientation when it reads the samples."""
    orientation = picture.getexif().get(ExifTags.Base.Orientation) if picture.format == "TIFF" else None
    picture.load()
    back = _BACK.get(orientation or 1)
    return picture if back is None else picture.transpose(back)


def _samples(picture: Image.Image) -> NDArray[Any]:
    if picture.mode.startswith("I;16"):
        return np.asarray(picture).astype(np.float64) / 65535
    if picture.mode == "1":
        picture = picture.convert("L")
    elif picture.mode in ("P", "PA"):
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    if picture.mode in ("LA", "RGBA"):
        if picture.getchannel("A").getextrema() != (255, 255):
            raise ComparisonError("the picture is transparent in places; put it on a background first")
        picture = picture.convert(picture.mode[:-1])
    if picture.mode not in ("L", "RGB", "CMYK"):
        raise ComparisonError(f"pictures of mode {picture.mode} are not compared; convert it to gray or RGB")
    return np.asarray(picture)


def compare(picture: NDArray[Any], original: NDArray[Any]) -> Scores:
    """Score a picture against an original.

    Parameters
    ----------
    picture, original : ndarray of uint8 (0..255) or float (0..1), shape (H, W) or (H, W, C)

    Returns
    -------
    Scores

    Raises
    ------
    ComparisonError
        If they differ in size or kind, or are smaller than 16x16 pixels.
    """
    (kind, size), (kind_of_original, size_of_original) = _kind(picture), _kind(original)
    if size != size_of_original:
        raise ComparisonError(f"the picture has {size} pixels and the original {size_of_original}; crop or scale one")
    if kind != kind_of_original:
        raise ComparisonError(f"the picture is {kind} and the original {kind_of_original}; convert one of them")
    if min(original.shape[:2]) < SMALLEST:
        raise ComparisonError(f"pictures of {size} pixels are too small; PSNR-B needs {SMALLEST} x {SMALLEST}")
    return score(restored=picture, reference=original)


def _kind(samples: NDArray[Any]) -> tuple[str, str]:
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    return _KINDS[channels], f"{samples.shape[1]} x {samples.shape[0]}"
