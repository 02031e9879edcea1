"""JPEG files with metadata: of pixels, which Pillow compresses, or of coefficients as they are."""

from __future__ import annotations

import io
from collections.abc import Iterator

from qgac.jpeg.image import JPEGImage
from qgac.pictures.bands import PictureInBands
from qgac.pictures.formats import Encoding, OutputError

__all__ = ["encode", "encode_coefficients"]


def encode(picture: PictureInBands, encoding: Encoding) -> Iterator[bytes]:
    """Make a JPEG file without chroma subsampling, which holds the whole picture meanwhile.

    Parameters
    ----------
    picture : PictureInBands
        uint8.
    encoding : Encoding
        Its quality counts.

    Yields
    ------
    bytes
        The file, put together.
    """
    from qgac.jpeg.writer import jfif_segment, metadata_segments  # loaded when it is needed

    buffer = io.BytesIO()
    picture.whole().save(buffer, "JPEG", quality=encoding.quality, subsampling="4:4:4")
    content = buffer.getvalue()
    start = 2
    yield content[:start]
    if content[6:11] == b"JFIF\0":  # CMYK files have no such header
        start += 2 + int.from_bytes(content[4:6], "big")
        yield jfif_segment(picture.metadata.density)
    yield metadata_segments(picture.metadata)
    yield content[start:]


def encode_coefficients(image: JPEGImage) -> Iterator[bytes]:
    """Make a JPEG file with the coefficients and the metadata of a picture.

    Yields
    ------
    bytes
        The file.

    Raises
    ------
    OutputError
        If the coefficients are larger than a JPEG file can hold, which those of pictures are not.
    """
    from qgac.jpeg.writer import write_jpeg  # loaded when it is needed

    try:
        yield write_jpeg(image)
    except OverflowError as error:
        raise OutputError(f"{error}; leave --consistent out") from error
