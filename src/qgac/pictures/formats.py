"""Formats of picture files, what they can hold, and how pictures are written in them.

What each format holds of the metadata:

====================  ====  =====  =====  =====
metadata              PNG   WebP   TIFF   JPEG
====================  ====  =====  =====  =====
EXIF, ICC, XMP        yes   yes    yes    yes
pixel density         yes   no     yes    YCbCr
comments              yes   no     first  yes
IPTC                  yes   no     yes    yes
CMYK pictures         no    no     yes    yes
16 bits a sample      yes   no     yes    no
floats                no    no     yes    no
====================  ====  =====  =====  =====

JPEG keeps the density in its JFIF header, which only gray and YCbCr files have. The orientation in EXIF stays as it is
and pixels are not turned. The thumbnail in EXIF is dropped: it shows the picture before. An ICC profile is never lost:
a picture that needs one which the format cannot hold (CMYK in PNG and WebP, gray in WebP) is refused. Profiles of
another colour than the picture's, which mean nothing, are left out of PNG and WebP.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from qgac.jpeg.image import JPEGImage

__all__ = [
    "DEPTHS",
    "DEPTHS_OF",
    "READABLE",
    "SUFFIXES",
    "Depth",
    "Encoding",
    "Format",
    "OutputError",
    "check_room",
    "format_of",
    "natural_format",
]

Format = Literal["png", "webp", "tiff", "jpeg"]
Depth = Literal[8, 16, "float"]
DEPTHS: tuple[Depth, ...] = get_args(Depth)
SUFFIXES: dict[Format, str] = {"png": ".png", "webp": ".webp", "tiff": ".tiff", "jpeg": ".jpg"}
"""What the names of pictures end with that are written."""
READABLE = frozenset({".png", ".jpg", ".jpeg", ".webp", ".avif", ".bmp", ".ppm", ".pgm", ".tif", ".tiff"})
"""What the names of pictures end with that are read as examples, for training or for evaluation."""

_FORMAT_OF_SUFFIX: dict[str, Format] = {
    ".png": "png",
    ".webp": "webp",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".jpe": "jpeg",
    ".jfif": "jpeg",
}
DEPTHS_OF: dict[Format, tuple[Depth, ...]] = {"png": (8, 16), "webp": (8,), "tiff": (8, 16, "float"), "jpeg": (8,)}
"""Which depths each format holds."""
_WEBP_LIMIT = 16383


class OutputError(ValueError):
    """A picture cannot be written: the destination or the format does not allow it."""


@dataclass(frozen=True)
class Encoding:
    """How pictures are written, beyond their format.

    Attributes
    ----------
    depth : {8, 16, "float"}
        Bits a sample; 16 in PNG and TIFF, "float" (32 bits, 0..1) in TIFF.
    quality : int
        1..100, of JPEG files.
    consistent : bool
        Whether to write a JPEG file with the restored coefficients themselves, from which those of the source follow
        exactly, see :mod:`qgac.restoration.refinement`.
    srgb : bool
        Whether to convert the colours to sRGB, see :mod:`qgac.pictures.srgb`.

    Raises
    ------
    OutputError
        If they contradict each other.
    """

    depth: Depth = 8
    quality: int = 95
    consistent: bool = False
    srgb: bool = False

    def __post_init__(self) -> None:
        if self.depth not in DEPTHS:
            raise OutputError(f"a depth of {self.depth!r} is not known; choose 8, 16 or float (--depth)")
        if not 1 <= self.quality <= 100:
            raise OutputError(f"a JPEG quality lies between 1 and 100, got {self.quality} (--quality)")
        if self.srgb and (self.consistent or self.depth != 8):
            other = "--consistent" if self.consistent else f"--depth {self.depth}"
            raise OutputError(f"colours are converted to sRGB in 8-bit pixels only; leave --srgb or {other} out")

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of pixels that are restored for this depth."""
        return np.dtype({8: np.uint8, 16: np.uint16, "float": np.float32}[self.depth])

    def check(self, format: Format, image: JPEGImage | None = None) -> None:  # noqa: A002
        """Check before any work that a format can hold this.

        Parameters
        ----------
        format : {"png", "webp", "tiff", "jpeg"}
        image : JPEGImage, optional
            What is to be restored; without it, only what concerns every picture is checked.

        Raises
        ------
        OutputError
            If it cannot.
        """
        if self.consistent and format != "jpeg":
            raise OutputError(f"a {format} file cannot hold coefficients (--consistent); choose jpeg (--format)")
        if self.depth not in DEPTHS_OF[format]:
            choice = "png or tiff" if self.depth == 16 else "tiff"
            raise OutputError(f"a {format} file cannot hold depth {self.depth}; choose {choice} (--format)")
        if image is not None:
            channels = len(image.components)
            # Converted, CMYK has become RGB, and gray needs no profile any more.
            kept = min(channels, 3) if self.srgb else channels
            check_room(format, (image.height, image.width), kept, None if self.srgb else image.metadata.icc)


def format_of(path: Path) -> Format | None:
    """Return the format that the suffix of a file name stands for, or None if it stands for none."""
    return _FORMAT_OF_SUFFIX.get(path.suffix.lower())


def natural_format(image: JPEGImage, *, srgb: bool = False) -> Format:
    """Return the format for a picture when none was asked for: PNG, but TIFF for CMYK that is not converted to sRGB."""
    return "tiff" if image.color in ("CMYK", "YCCK") and not srgb else "png"


def check_room(format: Format, size: tuple[int, ...], channels: int, icc: bytes | None) -> None:  # noqa: A002
    """Check that a format can hold pixels with a profile.

    Parameters
    ----------
    format : {"png", "webp", "tiff", "jpeg"}
    size : tuple of (int, int)
        Height and width.
    channels : int
        1 (gray), 3 (RGB) or 4 (CMYK).
    icc : bytes or None
        The ICC profile of the picture.

    Raises
    ------
    OutputError
        If it cannot.
    """
    if format in ("png", "webp") and channels == 4:
        raise OutputError(
            f"a {format} file cannot hold CMYK; choose tiff or jpeg (--format), or convert the colours (--srgb)"
        )
    if format == "webp" and max(size) > _WEBP_LIMIT:
        raise OutputError(f"a webp file holds at most {_WEBP_LIMIT} pixels a side; choose png or tiff (--format)")
    if format == "webp" and channels == 1 and icc and icc[16:20] == b"GRAY":
        raise OutputError(
            "a webp file cannot hold a gray ICC profile; choose png or tiff (--format), or convert the colours (--srgb)"
        )
