"""Picture files that are no JPEG, but may have been one."""

from __future__ import annotations

import io
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from qgac.jpeg.behind_pillow import is_pillow_picture, jpeg_behind
from qgac.jpeg.errors import JPEGError, TooLargeError
from qgac.jpeg.image import Metadata
from qgac.jpeg.limits import MAX_PIXELS

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Picture", "is_picture", "kind_of_picture", "picture_behind", "read_picture"]

Kind = Literal["PNG", "WEBP", "TIFF", "BMP"]
_TELLING = 16  # bytes that tell the kind of a file
_SIGNATURES: dict[bytes, Kind] = {b"\x89PNG\r\n\x1a\n": "PNG", b"BM": "BMP", b"II*\0": "TIFF", b"MM\0*": "TIFF"}


def kind_of_picture(content: bytes) -> Kind | None:
    """Return which of these a file is by its first bytes, or None if it is none of them."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WEBP"
    return next((kind for signature, kind in _SIGNATURES.items() if content.startswith(signature)), None)


def is_picture(content: bytes) -> bool:
    """Whether a file is a PNG, WebP, TIFF or BMP picture, by its first bytes."""
    return kind_of_picture(content) is not None


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
    notes : tuple of str
        What of the file is left out.
    """

    kind: str
    pixels: NDArray[np.uint8]
    metadata: Metadata
    notes: tuple[str, ...] = ()


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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is passed over in damaged metadata
        return _read(content, max_pixels)


def _read(content: bytes, max_pixels: int) -> Picture:
    from PIL import Image

    damage = (OSError, SyntaxError, ValueError, EOFError)
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None  # there is an own one
    try:
        opened = Image.open(io.BytesIO(content), formats=("PNG", "WEBP", "TIFF", "BMP"))
    except damage as error:
        kind = kind_of_picture(content)
        raw = " (or camera's raw file)" if kind == "TIFF" else ""
        otherwise = "" if kind == "PNG" else ", or convert it to PNG"
        raise JPEGError(f"this {kind} file{raw} cannot be read; get an undamaged copy{otherwise}") from error
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
            left_out = _left_out(picture)
        except damage as error:
            raise JPEGError(f"the picture cannot be decoded ({error}); get an undamaged copy") from error
        try:
            return Picture(str(picture.format), _pixels_of(picture), _metadata(picture), left_out)
        except ValueError as error:
            raise JPEGError(str(error)) from error


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


def _left_out(picture: Image.Image) -> tuple[str, ...]:
    """Say what of a picture is not among its pixels."""
    notes, frames = [], getattr(picture, "n_frames", 1)
    if frames > 1:
        notes.append(f"only the first of its {frames} pictures is taken")
    if picture.has_transparency_data:
        notes.append("its transparency is left out")
    return tuple(notes)
