"""Saving a restored picture as the command does: the suffix chooses the format, metadata are kept, files are whole."""

from __future__ import annotations

import os
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from qgac.jpeg.image import Metadata
from qgac.pictures.exif import orientation_only
from qgac.pictures.formats import DEPTHS_OF, Depth, Encoding, Format, OutputError, format_of, natural_format
from qgac.pictures.writer import write_picture

if TYPE_CHECKING:
    from qgac.restoration.picture import Restored

__all__ = ["save", "stripped"]


def save(
    restored: Restored,
    destination: str | os.PathLike[str] | BinaryIO,
    *,
    format: Format | None = None,  # noqa: A002
    depth: Depth | None = None,
    quality: int = 95,
    srgb: bool = False,
    strip: bool = False,
    overwrite: bool = False,
) -> None:
    """Save a restored picture with the metadata of its source.

    Parameters
    ----------
    restored : Restored
    destination : path or binary file
        In a folder that exists. A file appears under its name only when it is complete and on the disk. A binary file
        is written to from where it stands, and left open.
    format : {"png", "webp", "tiff", "jpeg"}, optional
        By default what the suffix stands for; of a binary file PNG, or TIFF for CMYK.
    depth : {8, 16, "float"}, optional
        Bits a sample; by default as many as `restored.pixels` have and the format holds.
    quality : int
        1..100, of JPEG files, which are lossy and have no chroma subsampling.
    srgb : bool
        Whether to convert the colours to sRGB by the ICC profile, see :mod:`qgac.pictures.srgb`. What had to be assumed
        is a warning.
    strip : bool
        Whether to leave out all metadata but the ICC profile and the orientation.
    overwrite : bool
        Whether to replace an existing file.

    Raises
    ------
    OutputError
        If the format is not known or cannot hold the picture, the file exists already, or it cannot be written.
    """
    if isinstance(destination, (str, os.PathLike)):
        by_suffix = format_of(Path(destination))
        if format is None and by_suffix is None:
            raise OutputError(
                f"{os.fspath(destination)} has no suffix of a picture file; use .png, .webp, .tiff or .jpg"
            )
        if format is not None and by_suffix not in (None, format):
            raise OutputError(
                f"{os.fspath(destination)} is named as {by_suffix} but is to be {format}; change one of them"
            )
        chosen = format or by_suffix
    else:
        chosen = format or natural_format(restored.image, srgb=srgb)
    assert chosen is not None
    if depth is None:
        depth = 8 if srgb else _depth_of(restored.pixels.dtype, chosen)
    encoding = Encoding(depth, quality, srgb=srgb)
    encoding.check(chosen, restored.image)
    if strip:
        restored = replace(restored, image=replace(restored.image, metadata=stripped(restored.image.metadata)))
    if srgb:
        from qgac.pictures.srgb import convert_to_srgb

        restored, notes = convert_to_srgb(restored)
        for note in notes:
            warnings.warn(note, stacklevel=2)
    write_picture(restored, destination, format=chosen, encoding=encoding, overwrite=overwrite)


def stripped(metadata: Metadata) -> Metadata:
    """Return of metadata only those on which the look depends: the ICC profile and the orientation."""
    return Metadata(exif=orientation_only(metadata.exif) if metadata.exif else None, icc=metadata.icc)


def _depth_of(dtype: np.dtype[np.generic], kind: Format) -> Depth:
    """Return the depth that keeps what pixels of a type hold, as far as a format can."""
    wanted: dict[str, tuple[Depth, ...]] = {"uint16": (16,), "float32": ("float", 16)}
    return next((depth for depth in wanted.get(dtype.name, ()) if depth in DEPTHS_OF[kind]), 8)
