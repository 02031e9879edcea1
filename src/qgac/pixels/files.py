"""Picture files that are no JPEG, but may have been one."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from qgac.jpeg.errors import JPEGError
from qgac.jpeg.limits import MAX_PIXELS
from qgac.pixels.planes import pixels_of

__all__ = ["is_picture", "read_pixels"]

_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"BM", b"II*\0", b"MM\0*")


def is_picture(content: bytes) -> bool:
    """Whether a file is a PNG, WebP, TIFF or BMP picture, by its first bytes."""
    return content.startswith(_SIGNATURES) or (content[:4] == b"RIFF" and content[8:12] == b"WEBP")


def read_pixels(content: bytes, *, max_pixels: int = MAX_PIXELS) -> tuple[str, NDArray[np.uint8]]:
    """Read such a file.

    Parameters
    ----------
    content : bytes
        Of the whole file.
    max_pixels : int
        The largest picture that is accepted.

    Returns
    -------
    str
        What kind of file it is: ``PNG``, ``WEBP``, ``TIFF`` or ``BMP``.
    ndarray of uint8, shape (H, W) or (H, W, 3)
        Its (first) picture, see :func:`qgac.pixels.planes.pixels_of`.

    Raises
    ------
    JPEGError
        If it is damaged, too large, or has samples of more than 8 bits.
    """
    from PIL import Image, UnidentifiedImageError

    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None  # there is an own one
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "WEBP", "TIFF", "BMP")) as picture:
            pixels = picture.width * picture.height
            if pixels > max_pixels:
                raise JPEGError(
                    f"the picture has {picture.width} x {picture.height} = {pixels / 1e6:.1f} million pixels, more "
                    f"than the limit of {max_pixels / 1e6:g} million; raise the limit (--max-pixels) if it is to be read"
                )
            return str(picture.format), pixels_of(picture)
    except ValueError as error:
        raise JPEGError(str(error)) from error
    except (UnidentifiedImageError, OSError, SyntaxError, EOFError) as error:
        raise JPEGError(f"the picture cannot be decoded ({error}); get an undamaged copy") from error
    finally:
        Image.MAX_IMAGE_PIXELS = limit
