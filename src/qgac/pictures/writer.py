"""Picture files with the metadata of their source, written whole or not at all.

What each format holds of the metadata, see :mod:`qgac.pictures.formats`.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from qgac.files.atomic import write_atomically
from qgac.files.destination import Obstacle, obstacle
from qgac.jpeg.image import JPEGImage, Metadata
from qgac.jpeg.metadata import photoshop_resources
from qgac.pictures.exif import without_thumbnail
from qgac.pictures.formats import Depth, Encoding, Format, OutputError, check_room
from qgac.pictures.png import png_parts
from qgac.pictures.tiff import encode_tiff

if TYPE_CHECKING:
    from qgac.restoration.picture import Restored

__all__ = ["Restoring", "check_destination", "write_picture"]

_REFUSALS = {
    Obstacle.EXISTS: (
        "{path} exists already; choose another name, overwrite it (--overwrite) or skip it (--skip-existing)"
    ),
    Obstacle.NO_FILE: "{path} is not a regular file; choose another name",
    Obstacle.NO_FOLDER: "the folder {folder} does not exist; make it first",
    Obstacle.LOCKED_FOLDER: "the folder {folder} may not be written to; choose another, or change its permissions",
}


@dataclass(frozen=True, eq=False)
class Restoring:
    """A picture that is restored while its rows are taken, so that the whole of it is never held.

    Attributes
    ----------
    bands : iterator of ndarray
        The rows of its pixels from top to bottom, as :meth:`qgac.restoration.restorer.Restorer.bands` yields them; to
        be taken once.
    image : JPEGImage
        What it is restored from, with its metadata.
    """

    bands: Iterator[NDArray[Any]]
    image: JPEGImage


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
    restored: Restored | Restoring | JPEGImage,
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
    restored : Restored, Restoring or JPEGImage
        Pixels; a picture of which pixels are still to be made, which a PNG file takes as they come; or coefficients,
        which a JPEG file takes as they are.
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
        content = b"".join(_encode(restored, format, encoding or Encoding()))
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
    parts = _encode(restored, format, encoding or Encoding())
    try:
        write_atomically(parts, path, overwrite=overwrite)
    except FileExistsError as error:
        raise OutputError(_refusal(Obstacle.EXISTS, path)) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"{path} cannot be written ({reason}); check the folder's permissions and free space"
        ) from error


def _encode(picture: Restored | Restoring | JPEGImage, kind: Format, encoding: Encoding) -> Iterable[bytes]:
    """Return the parts of the file."""
    encoding.check(kind)
    if isinstance(picture, Restoring):
        if kind != "png":
            raise OutputError(f"a {kind} file takes no rows as they come; restore the whole picture first")
        encoding.check(kind, picture.image)
        return _png_parts(picture.bands, picture.image, gray=len(picture.image.components) == 1)
    if isinstance(picture, JPEGImage) or kind != "png":
        return [_encode_whole(picture, kind, encoding)]
    _check_pixels(picture, kind)
    return _png_parts([_samples(picture, encoding.depth)], picture.image, gray=picture.pixels.ndim == 2)


def _encode_whole(picture: Restored | JPEGImage, kind: Format, encoding: Encoding) -> bytes:
    if isinstance(picture, JPEGImage):
        if kind != "jpeg":
            raise OutputError(f"a {kind} file cannot hold coefficients; choose jpeg (--format)")
        from qgac.jpeg.writer import write_jpeg  # Numba comes with it

        try:
            return write_jpeg(replace(picture, metadata=_without_thumbnail(picture.metadata)))
        except OverflowError as error:  # of files that are no pictures
            raise OutputError(f"{error}; leave --consistent out") from error
    _check_pixels(picture, kind)
    metadata = _without_thumbnail(picture.image.metadata)
    if kind == "tiff":
        return _encode_tiff(picture, metadata, encoding.depth)
    return _encode_webp(picture, metadata) if kind == "webp" else _encode_jpeg(picture, metadata, encoding.quality)


def _check_pixels(restored: Restored, kind: Format) -> None:
    shape = restored.pixels.shape
    check_room(kind, shape[:2], 1 if len(shape) == 2 else shape[2], restored.image.metadata.icc)


def _without_thumbnail(metadata: Metadata) -> Metadata:
    return replace(metadata, exif=without_thumbnail(metadata.exif)) if metadata.exif else metadata


def _profile(metadata: Metadata, space: bytes) -> bytes | None:
    """Return the ICC profile if it is made for a colour space (bytes 16 to 20 of its header)."""
    return metadata.icc if metadata.icc and metadata.icc[16:20] == space else None


def _samples(restored: Restored, depth: Depth) -> NDArray[Any]:
    """Return the pixels in the type of a depth; floats 0..1."""
    if depth != 8 and restored.pixels.dtype == np.uint8:
        raise OutputError(f"pixels of 8 bit make no picture of depth {depth}; restore them as uint16 or float32")
    if depth == "float":
        return restored.to_float32() / np.float32(255)
    return restored.to_uint8() if depth == 8 else restored.to_uint16()


def _png_parts(bands: Iterable[NDArray[Any]], image: JPEGImage, *, gray: bool) -> Iterator[bytes]:
    metadata = _without_thumbnail(image.metadata)
    return png_parts(
        bands,
        image.height,
        exif=metadata.exif,
        icc=_profile(metadata, b"GRAY" if gray else b"RGB "),
        xmp=metadata.xmp,
        photoshop=photoshop_resources(metadata),
        comments=metadata.comments,
        density=metadata.density,
    )


def _encode_tiff(restored: Restored, metadata: Metadata, depth: Depth) -> bytes:
    try:
        return encode_tiff(
            _samples(restored, depth),
            exif=metadata.exif,
            icc=metadata.icc,
            xmp=metadata.xmp,
            photoshop=photoshop_resources(metadata),
            comment=metadata.comments[0] if metadata.comments else None,
            density=metadata.density,
        )
    except OverflowError as error:
        raise OutputError(f"{error}; choose png, or fewer bits (--depth)") from error


def _encode_webp(restored: Restored, metadata: Metadata) -> bytes:
    return _save(
        restored,
        "WEBP",
        lossless=True,
        exact=True,
        exif=metadata.exif or b"",
        xmp=metadata.xmp or b"",
        icc_profile=_profile(metadata, b"RGB "),  # WebP knows no gray
    )


def _encode_jpeg(restored: Restored, metadata: Metadata, quality: int) -> bytes:
    from qgac.jpeg.writer import jfif_segment, metadata_segments

    content = _save(restored, "JPEG", quality=quality, subsampling="4:4:4")
    start, header = 2, b""
    if content[6:11] == b"JFIF\0":  # CMYK files have no such header
        start += 2 + int.from_bytes(content[4:6], "big")
        header = jfif_segment(metadata.density)
    return b"".join([content[:2], header, metadata_segments(metadata), memoryview(content)[start:]])


def _save(restored: Restored, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    restored.to_pil().save(buffer, kind, **options)
    return buffer.getvalue()
