"""Picture files that are no JPEG, but may have been one."""

from __future__ import annotations

import io
import os
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from qgac.jpeg.behind_pillow import is_pillow_picture, jpeg_behind
from qgac.jpeg.errors import JPEGError, TooLargeError
from qgac.jpeg.image import Density, Metadata
from qgac.jpeg.limits import MAX_PIXELS

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Picture", "is_picture", "kind_of_picture", "picture_behind", "read_picture"]

Kind = Literal["PNG", "WEBP", "TIFF", "BMP"]
_ORIENTATION, _TIFF_DEPTH = 0x0112, 0x0102
_PNG_DEPTH = 24  # which byte of the file
_TELLING = 16  # bytes that tell the kind of a file
_UPRIGHT = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
"""By EXIF orientation, Pillow's transposition that undoes how it is shown."""

# Tags of a TIFF file that describe how its pixels are stored, which another file stores otherwise.
_LAYOUT = frozenset((254, 255, 256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 292, 293, 297, 317, 320))
_LAYOUT |= frozenset((322, 323, 324, 325, 330, 338, 339, 347, 529, 530, 531, 532, 700, 33723, 34377, 34675))
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
        ICC profile, EXIF, XMP and pixel density.
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
        _check_size(picture.width, picture.height, max_pixels)
        try:
            _refuse_deep(picture, content)
        except ValueError as error:
            raise JPEGError(str(error)) from error
        try:
            # Pillow turns a TIFF file when it loads it, and forgets what it was turned by.
            metadata, turned = _metadata(picture), _turned(picture)
            picture.load()
            left_out = _left_out(picture)
            stored = picture if turned is None else picture.transpose(turned)
        except damage as error:
            raise JPEGError(f"the picture cannot be decoded ({error}); get an undamaged copy") from error
        try:
            return Picture(str(picture.format), _pixels_of(stored), metadata, left_out)
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
        pixels = _pixels_of(source)
        _check_size(pixels.shape[1], pixels.shape[0], max_pixels)
        return Picture("array", pixels, Metadata())
    if is_pillow_picture(source):
        try:
            jpeg_behind(source)
        except JPEGError:
            _check_size(*source.size, max_pixels)
            source.load()  # what a TIFF file is turned by is then in its pixels and no more in its metadata
            metadata = _metadata(source)
            return Picture(source.format or "Pillow", _pixels_of(source), metadata, _left_out(source))
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


def _check_size(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise TooLargeError(
            f"the picture has {width} x {height} = {width * height / 1e6:.1f} million pixels, more than the limit of "
            f"{max_pixels / 1e6:g} million; raise the limit (--max-pixels) to read it"
        )


def _pixels_of(picture: Image.Image | NDArray[np.uint8]) -> NDArray[np.uint8]:
    from qgac.pixels.planes import pixels_of  # what searches pixels comes with it

    return pixels_of(picture)


def _metadata(picture: Image.Image) -> Metadata:
    """Return what the outputs keep; a profile of other colours than those of the pixels read is left out."""
    exif, xmp = picture.info.get("exif"), picture.info.get("xmp")
    if picture.format == "TIFF":
        exif = _exif_of_tiff(picture)
    exif = exif.removeprefix(b"Exif\0\0") if exif else None
    icc = picture.info.get("icc_profile") if _profile_fits(picture) else None
    xmp = xmp.encode() if isinstance(xmp, str) else xmp
    return Metadata(exif=exif, icc=icc or None, xmp=xmp, density=_density(picture))


def _profile_fits(picture: Image.Image) -> bool:
    if picture.mode in ("P", "PA"):  # whose pixels become RGB
        return bool(picture.info.get("icc_profile", b"")[16:20] == b"RGB ")
    return picture.mode in ("L", "LA", "RGB", "RGBA", "RGBX")


def _density(picture: Image.Image) -> Density | None:
    across, down = picture.info.get("dpi", (0, 0))
    return Density(1, round(across), round(down)) if all(1 <= each <= 65535 for each in (across, down)) else None


def _turned(picture: Image.Image) -> Image.Transpose | None:
    """Return what undoes the turn that Pillow gives a picture on loading; None if it gives none."""
    from PIL import Image

    undoing = _UPRIGHT.get(picture.getexif().get(_ORIENTATION, 1)) if picture.format == "TIFF" else None
    return None if undoing is None else Image.Transpose(undoing)


def _exif_of_tiff(picture: Image.Image) -> bytes | None:
    """Return the tags of a TIFF file but for those of its layout, as EXIF data."""
    from PIL import Image

    own, kept = picture.getexif(), Image.Exif()
    try:
        kept.load(own.tobytes())
    except (ValueError, TypeError, KeyError, OSError, struct.error):  # of damaged tags only the turn is needed
        if _ORIENTATION in own:
            kept[_ORIENTATION] = own[_ORIENTATION]
    for tag in _LAYOUT.intersection(kept):
        del kept[tag]
    return kept.tobytes() if len(kept) else None


def _refuse_deep(picture: Image.Image, content: bytes) -> None:
    """Raise a ValueError if samples have more than 8 bits, which Pillow cuts off in colour without a word."""
    bits: tuple[int, ...] = ()
    if picture.format == "PNG":
        bits = (content[_PNG_DEPTH],)
    elif picture.format == "TIFF":
        bits = tuple(picture.tag_v2.get(_TIFF_DEPTH, (1,)))  # type: ignore[attr-defined]
    if max(bits, default=8) > 8:
        raise ValueError(f"the picture has samples of more than 8 bits ({max(bits)}); convert it to 8 bits")


def _left_out(picture: Image.Image) -> tuple[str, ...]:
    """Say what of a picture is not among its pixels."""
    notes, frames = [], getattr(picture, "n_frames", 1)
    if frames > 1:
        which = "the first" if picture.tell() == 0 else f"number {picture.tell() + 1}"
        notes.append(f"only {which} of its {frames} pictures is taken")
    if picture.mode == "CMYK":
        notes.append("its inks (CMYK) are mixed to red, green and blue without a profile")
    if picture.has_transparency_data:
        notes.append("its transparency is left out")
    if picture.info.get("icc_profile") and not _profile_fits(picture):
        notes.append("its ICC profile is not one of the colours that its pixels become, and is left out")
    return tuple(notes)
