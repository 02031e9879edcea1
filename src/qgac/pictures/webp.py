"""WebP files, lossless, with metadata; Pillow writes them."""

from __future__ import annotations

import io
from collections.abc import Iterator

from qgac.pictures.bands import PictureInBands
from qgac.pictures.formats import Encoding

__all__ = ["encode"]


def encode(picture: PictureInBands, encoding: Encoding) -> Iterator[bytes]:
    """Make a WebP file, which holds the whole picture meanwhile.

    Parameters
    ----------
    picture : PictureInBands
        Gray or RGB, uint8; gray becomes RGB, which is all that WebP knows.
    encoding : Encoding
        Says nothing that matters here: its depth is 8.

    Yields
    ------
    bytes
        The file.
    """
    metadata = picture.metadata
    buffer = io.BytesIO()
    picture.whole().save(
        buffer,
        "WEBP",
        lossless=True,
        exact=True,
        exif=metadata.exif or b"",
        xmp=metadata.xmp or b"",
        icc_profile=picture.profile(b"RGB "),
    )
    yield buffer.getvalue()
