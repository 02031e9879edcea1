"""Picture files that are no JPEG, but may have been one."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qgac.jpeg.behind_pillow import is_pillow_picture, jpeg_behind
from qgac.jpeg.errors import JPEGError, TooLargeError
from qgac.jpeg.image import Metadata
from qgac.jpeg.limits import MAX_PIXELS

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Picture", "is_picture", "picture_behind", "read_picture"]

_TELLING = 16  # bytes that tell the kind of a file
_TIFF = "TIFF file (or camera's raw file)"
_SIGNATURES = {b"\x89PNG\r\n\x1a\n": "PNG file", b"BM": "BMP file", b"II*\0": _TIFF, b"MM\0*": _TIFF}


def is_picture(content: bytes) -> bool:
    """Whether a file is a PNG, WebP, TIFF or BMP picture, by its first bytes."""
    return content.startswith(tuple(_SIGNATURES)) or (content[:4] == b"RIFF" and content[8:12] == b"WEBP")


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture file that is no JPEG.

    Attributes
    ----------
    kind : str
        ``PNG``, ``WEBP``, ``TIFF`` or ``BMP``.
    pixels : ndarray of uint8, shape (H, W) or (H, W, 3)
        Of its first picture, gray or RGB; transparency is left out.
    metadata : Metadata
        ICC profile, EXIF and XMP.
    """

    kind: str
    pixels: NDArray[np.uint8]
    metadata: Metadata


def read_picture(content: bytes, *, max_pixels: int = MAX_PIXELS) -> Picture:
    """Read such a file.

    Parameters
    ----------
    content : bytes
        Of the whole file.
    max_pixels : int
        The largest picture that is accepted.

    Returns
    -------
    Picture

    Raises
    ------
    TooLargeError
        If it has more pixels; before they are decoded.
    JPEGError
        If it is damaged, or has samples of more than 8 bits.
    """
    from PIL import Image

    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None  # there is an own one
    try:
        opened = Image.open(io.BytesIO(content), formats=("PNG", "WEBP", "TIFF", "BMP"))
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise JPEGError(f"this {_kind(content)} cannot be read; get an undamaged copy, or convert it to PNG") from error
    finally:
        Image.MAX_IMAGE_PIXELS = limit
    with opened as picture:
        pixels = picture.width * picture.height
        if pixels > max_pixels:
            raise TooLargeError(
                f"the picture has {picture.width} x {picture.height} = {pixels / 1e6:.1f} million pixels, more "
                f"than the limit of {max_pixels / 1e6:g} million; raise the limit (--max-pixels) to read it"
            )
        try:
            picture.load()
        except (OSError, SyntaxError, ValueError, EOFError) as error:
            raise JPEGError(f"the picture cannot be decoded ({error}); get an undamaged copy") from error
        try:
            return Picture(str(picture.format), _pixels_of(picture), _metadata(picture))
        except ValueError as error:
            raise JPEGError(str(error)) from error


def _kind(content: bytes) -> str:
    return next((kind for signature, kind in _SIGNATURES.items() if content.startswith(signature)), "WebP file")


def picture_behind(source: object, *, max_pixels: int = MAX_PIXELS) -> Picture | None:
    """Return the picture that a source is if it is no JPEG.

    Parameters
    ----------
    source : ndarray, Pillow picture, bytes-like, str, path, binary file, or anything else
        An open file is read only if it is such a picture.
    max_pixels : int
        The largest picture that is accepted.

    Returns
    -------
    Picture or None
        Of an array, of a Pillow picture that does not lead to a JPEG file, and of a file of another kind; else None.

    Raises
    ------
    JPEGError
        As :func:`read_picture`.
    OSError
        If the file cannot be read.
    """
    if isinstance(source, np.ndarray):
        return Picture("array", _pixels_of(source), Metadata())
    if is_pillow_picture(source):
        try:
            jpeg_behind(source)
        except JPEGError:
            return Picture(source.format or "Pillow", _pixels_of(source), _metadata(source))
        return None
    if isinstance(source, (bytes, bytearray, memoryview)):
        content = bytes(source[:_TELLING])
        return read_picture(bytes(source), max_pixels=max_pixels) if is_picture(content) else None
    if isinstance(source, (str, os.PathLike)):
        if not Path(source).is_file():  # a pipe can be read but once
            return None
        with Path(source).open("rb") as file:
            return picture_behind(file, max_pixels=max_pixels)
    if isinstance(source, (io.BufferedReader, io.BytesIO)) and is_picture(_head(source)):
        return read_picture(source.read(), max_pixels=max_pixels)
    return None


def _head(file: io.BufferedReader | io.BytesIO) -> bytes:
    """Return how a file goes on, without going on in it."""
    if isinstance(file, io.BufferedReader):
        return file.peek(_TELLING)[:_TELLING]
    return file.getvalue()[file.tell() :][:_TELLING]


def _pixels_of(picture: Image.Image | NDArray[np.uint8]) -> NDArray[np.uint8]:
    from qgac.pixels.planes import pixels_of  # what searches pixels comes with it

    return pixels_of(picture)


def _metadata(picture: Image.Image) -> Metadata:
    """Return what the outputs keep; a profile of other colours than those of the pixels read is left out."""
    icc, exif, xmp = (picture.info.get(name) for name in ("icc_profile", "exif", "xmp"))
    if picture.mode not in ("L", "LA", "RGB", "RGBA", "RGBX"):
        icc = None
    exif = exif.removeprefix(b"Exif\0\0") if exif else None
    return Metadata(exif=exif, icc=icc or None, xmp=xmp.encode() if isinstance(xmp, str) else xmp)
