"""What can be restored: a picture in any of the forms that people have one in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt

from qgac.jpeg.image import JPEGImage

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["JPEGSource", "Source", "read_source"]

JPEGSource: TypeAlias = "JPEGImage | bytes | bytearray | memoryview | str | os.PathLike[str] | BinaryIO | Image.Image"
"""A JPEG: already read, the content of a file, its name, an open file, or as Pillow opened it."""

Source: TypeAlias = "JPEGSource | npt.NDArray[np.uint8]"
"""A picture: a JPEG, a file of another kind, or pixels."""


def read_source(source: JPEGSource, *, tolerant: bool, max_pixels: int) -> JPEGImage:
    """Read a JPEG, as :func:`qgac.jpeg.reader.read_jpeg` does; one that is read already comes back as it is."""
    if isinstance(source, JPEGImage):
        return source
    from qgac.jpeg.reader import read_jpeg  # loaded when it is needed

    return read_jpeg(source, tolerant=tolerant, max_pixels=max_pixels)
