"""The JPEG file behind a Pillow picture: what its pixels were decoded from, coefficients and all.

A picture that Pillow has opened still knows its file, by name or as an open one. Whether its pixels are those of the
file can be told: they are compared with a fresh decode.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

from qgac.jpeg.errors import JPEGError

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["is_pillow_picture", "jpeg_behind"]

_REMEDY = "pass the JPEG file itself: its name, its bytes or the open file"


def is_pillow_picture(source: object) -> TypeGuard[Image.Image]:
    """Whether this is a Pillow picture; does not import Pillow, which whoever has one did."""
    return any(kind.__module__ == "PIL.Image" and kind.__name__ == "Image" for kind in type(source).__mro__)


def jpeg_behind(picture: Image.Image) -> bytes:
    """Return the content of the JPEG file that a Pillow picture was opened from.

    Parameters
    ----------
    picture : PIL.Image.Image
        Opened by :func:`PIL.Image.open` and unchanged since; loaded or not. An open file behind it is left at the
        position where it was.

    Returns
    -------
    bytes

    Raises
    ------
    JPEGError
        If it does not come from a JPEG file, that cannot be reached any more, or holds other pixels by now.
    """
    kind = getattr(picture, "format", None)
    if kind is None:
        raise JPEGError(f"this Pillow picture was made or changed in memory, and its coefficients are lost; {_REMEDY}")
    if kind not in ("JPEG", "MPO"):
        raise JPEGError(f"this Pillow picture comes from a {kind} file and no JPEG; give one of a JPEG file")
    content = _content(picture)
    if content is None:
        raise JPEGError(f"this Pillow picture does not reach its file any more; {_REMEDY}")
    if not _shows(content, picture):
        raise JPEGError(f"this Pillow picture is no longer what its file shows; {_REMEDY}")
    return content


def _content(picture: Image.Image) -> bytes | None:
    stream = getattr(picture, "fp", None)
    if stream is not None and not getattr(stream, "closed", False):
        position = stream.tell()
        stream.seek(0)
        content: bytes = stream.read()
        stream.seek(position)
        return content
    name = getattr(picture, "filename", "")
    try:
        return Path(os.fsdecode(name)).read_bytes() if name else None
    except OSError:
        return None


def _shows(content: bytes, picture: Image.Image) -> bool:
    """Whether decoding a file gives the pixels of a picture."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as fresh:
            if (fresh.mode, fresh.size, 0) != (picture.mode, picture.size, picture.tell()):
                return False  # smaller, a draft, or the second picture of a file
            if getattr(picture, "tile", None):
                return True  # not decoded yet, so nothing can have changed
            return bool(fresh.tobytes() == picture.tobytes())
    except OSError:  # of a damaged file Pillow has nothing to compare; reading it will tell what is wrong
        return True
