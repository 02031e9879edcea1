"""Picture files with the metadata of their source, written whole or not at all.

What each format holds of the metadata, see :mod:`qgac.pictures.formats`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from qgac.files.atomic import write_atomically
from qgac.files.destination import Obstacle, obstacle
from qgac.jpeg.image import JPEGImage, Metadata
from qgac.jpeg.metadata import is_tiff
from qgac.jpeg.xmp import joined
from qgac.pictures import jpeg, png, tiff, webp
from qgac.pictures.bands import PictureInBands
from qgac.pictures.exif import without_thumbnail
from qgac.pictures.formats import Depth, Encoding, Format, OutputError, check_room

if TYPE_CHECKING:
    from qgac.restoration.picture import Restored

__all__ = ["check_destination", "write_picture"]

_ENCODERS: dict[Format, Callable[[PictureInBands, Encoding], Iterable[bytes]]] = {
    "png": png.encode,
    "webp": webp.encode,
    "tiff": tiff.encode,
    "jpeg": jpeg.encode,
}
_REFUSALS = {
    Obstacle.FORBIDDEN_NAME: "{path} is a name that this system keeps for something else; choose another",
    Obstacle.EXISTS: (
        "{path} exists already; choose another name, overwrite it (--overwrite) or skip it (--skip-existing)"
    ),
    Obstacle.NO_FILE: "{path} is not a regular file; choose another name",
    Obstacle.NO_FOLDER: "the folder {folder} does not exist; make it first",
    Obstacle.LOCKED_FOLDER: "the folder {folder} may not be written to; choose another, or change its permissions",
}


def check_destination(destination: Path, *, overwrite: bool) -> None:
    """Check before any work that a file can be put somewhere.

    Raises
    ------
    OutputError
        If there is something already that must stay, or no folder to put it into.
    """
    found = obstacle(destination, overwrite=overwrite)
    if found is not None:
        raise OutputError(_refusal(found, destination))


def _refusal(found: Obstacle, destination: Path) -> str:
    return _REFUSALS[found].format(path=destination, folder=destination.parent)


def write_picture(
    picture: Restored | PictureInBands | JPEGImage,
    destination: str | os.PathLike[str] | BinaryIO,
    *,
    format: Format,  # noqa: A002
    encoding: Encoding | None = None,
    overwrite: bool = False,
) -> None:
    """Write a restored picture with the metadata of its source.

    A file appears under its name only when it is complete and on the disk: it is written beside it and renamed.

    Parameters
    ----------
    picture : Restored, PictureInBands or JPEGImage
        Pixels; a picture of which pixels are still to be made, in the type of the encoding, which PNG and TIFF files
        take as they come; or coefficients, which a JPEG file takes as they are.
    destination : path or binary file
        Where to write. A binary file is written to from where it stands, and left open.
    format : {"png", "webp", "tiff", "jpeg"}
        All are lossless but JPEG, which is written without chroma subsampling.
    encoding : Encoding, optional
        Depth and quality; by default 8 bit and 95.
    overwrite : bool
        Whether to replace an existing file.

    Raises
    ------
    OutputError
        If the format cannot hold the picture, the file exists already, or it cannot be written.
    """
    if not isinstance(destination, (str, os.PathLike)):
        content = b"".join(_encode(picture, format, encoding or Encoding()))
        try:
            destination.write(content)
            destination.flush()
        except BrokenPipeError:
            raise  # nobody listens any more, which is no fault of the picture
        except OSError as error:
            raise OutputError(
                f"the output cannot be written ({error.strerror or error}); check its free space"
            ) from error
        return
    path = Path(destination)
    check_destination(path, overwrite=overwrite)
    parts = _encode(picture, format, encoding or Encoding())
    try:
        write_atomically(parts, path, overwrite=overwrite)
    except FileExistsError as error:
        raise OutputError(_refusal(Obstacle.EXISTS, path)) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"{path} cannot be written ({reason}); check the folder's permissions and free space"
        ) from error


def _encode(picture: Restored | PictureInBands | JPEGImage, kind: Format, encoding: Encoding) -> Iterable[bytes]:
    """Return the parts of the file."""
    encoding.check(kind)
    if isinstance(picture, JPEGImage):
        if kind != "jpeg":
            raise OutputError(f"a {kind} file cannot hold coefficients; choose jpeg (--format)")
        return jpeg.encode_coefficients(replace(picture, metadata=_kept(picture.metadata, kind)))
    if not isinstance(picture, PictureInBands):
        picture = _as_one_band(picture, encoding.depth)
    check_room(kind, (picture.height, picture.width), picture.channels, picture.metadata.icc)
    return _ENCODERS[kind](replace(picture, metadata=_kept(picture.metadata, kind)), encoding)


def _kept(metadata: Metadata, kind: Format) -> Metadata:
    """Return what a file of some format keeps: no thumbnail, and but for JPEG no damaged EXIF and one XMP packet."""
    exif = without_thumbnail(metadata.exif) if metadata.exif else None
    if kind == "jpeg":
        return replace(metadata, exif=exif)
    xmp = joined(metadata.xmp, metadata.extended_xmp) or metadata.xmp
    return replace(metadata, exif=exif if exif and is_tiff(exif) else None, xmp=xmp, extended_xmp=None)


def _as_one_band(restored: Restored, depth: Depth) -> PictureInBands:
    """Return a picture that is there as a whole, in the type of a depth."""
    if depth != 8 and restored.pixels.dtype == np.uint8:
        raise OutputError(f"pixels of 8 bit make no picture of depth {depth}; restore them as uint16 or float32")
    if depth == "float":
        pixels: NDArray[Any] = restored.to_float32()
    else:
        pixels = restored.to_uint8() if depth == 8 else restored.to_uint16()
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    return PictureInBands(iter([pixels]), height, width, channels, restored.image.metadata)
