"""A restored picture as the JPEG file that takes the place of another one inside a container."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from qgac.containers.container import ContainerError
from qgac.jpeg.image import JPEGImage
from qgac.pictures.writer import write_picture

if TYPE_CHECKING:
    from qgac.restoration.picture import Restored

__all__ = ["jpeg_file"]


def jpeg_file(picture: JPEGImage | Restored) -> bytes:
    """Make a JPEG file of refined coefficients, with the metadata of the picture.

    Raises
    ------
    ContainerError
        If pixels are given, which only some containers can hold.
    OutputError
        If the coefficients do not fit into a JPEG file.
    """
    if not isinstance(picture, JPEGImage):
        raise ContainerError("this kind of file holds JPEG pictures only; leave --lossless out")
    buffer = io.BytesIO()
    write_picture(picture, buffer, format="jpeg")
    return buffer.getvalue()
