"""Reading JPEG files (ITU-T T.81): from bytes to quantised coefficients, tables, colour and metadata.

Everything comes from the file as it is; nothing is transformed, dequantised or rounded. By default anything that is
wrong with the data is an error. Tolerant reading keeps what could be decoded:

- In sequential pictures the blocks that are missing stay zero, a uniform grey, up to the next restart marker if there
  is one; in progressive ones the missing bits stay zero. Both are what libjpeg does, with two exceptions: it smooths
  over block borders where a progressive picture lacks bits of the lowest frequencies, and it lets zero bits make up the
  first block of a restart interval that is lost, and the block in which the data end.
- What follows damage that cannot be passed over is not read.

What costs no coefficient is no error but leads to a note: a missing end-of-image marker, bytes before the picture,
between its segments, behind its data or behind it, needless restart markers, wrong lengths of segments that decoding
does not need.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from qgac.jpeg import signatures
from qgac.jpeg.behind_pillow import is_pillow_picture, jpeg_behind
from qgac.jpeg.image import JPEGImage
from qgac.jpeg.limits import MAX_PIXELS

if TYPE_CHECKING:
    from PIL import Image


def read_jpeg(
    source: bytes | bytearray | memoryview | str | os.PathLike[str] | BinaryIO | Image.Image,
    *,
    tolerant: bool = False,
    max_pixels: int = MAX_PIXELS,
) -> JPEGImage:
    """Read the quantised coefficients of a JPEG picture.

    Baseline, extended and progressive Huffman-coded pictures of 8 bits and 1, 3 or 4 components are supported, of any
    sampling factors. Of files that hold several pictures the first one is read.

    Parameters
    ----------
    source : bytes, bytearray, memoryview, str, path, binary file or Pillow picture
        The content of a file, its name, or an open file, which is read to its end; or a Pillow picture that still shows
        the JPEG file it was opened from, see :mod:`qgac.jpeg.behind_pillow`.
    tolerant : bool
        Whether to accept truncated or damaged data and return what can be decoded of them. `JPEGImage.missing` and
        `JPEGImage.notes` then say what is wrong.
    max_pixels : int
        Largest number of pixels (width x height) that is accepted.

    Returns
    -------
    JPEGImage
        The picture.

    Raises
    ------
    JPEGError
        If this is no JPEG, a JPEG of an unsupported kind, larger than `max_pixels` or damaged beyond what is
        accepted.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> image = read_jpeg("photo.jpg")
    >>> image.width, image.height, image.color, image.largest_factors
    (576, 576, 'YCbCr', (2, 2))
    >>> image.components[0].coefficients.shape
    (72, 72, 8, 8)
    """
    content, start = _content(source)
    from qgac.jpeg.decoder import Decoder  # loads Numba, which takes longer than telling that a file is no JPEG

    content = content[start:] if start else content
    return Decoder(content, tolerant=tolerant, max_pixels=max_pixels, skipped=start).read()


def _content(
    source: bytes | bytearray | memoryview | str | os.PathLike[str] | BinaryIO | Image.Image,
) -> tuple[bytes, int]:
    """Return the bytes of a source and where in them the picture begins.

    A file that is no JPEG is not read any further than that shows.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        content = bytes(source)
        return content, signatures.find_start(content[: signatures.LONGEST])
    if isinstance(source, (str, os.PathLike)):
        with Path(source).open("rb") as file:
            return _content(file)
    if is_pillow_picture(source):
        return _content(jpeg_behind(source))
    if not hasattr(source, "read"):
        raise TypeError(
            f"a JPEG is read from bytes, a path, a binary file or a Pillow picture that was opened from one, not from "
            f"{type(source).__name__}"
        )
    stream = cast("BinaryIO", source)
    head = stream.read(signatures.LONGEST)
    if not isinstance(head, bytes):
        raise TypeError("the file is open in text mode; open it in binary mode")
    start = signatures.find_start(head)
    return head + stream.read(), start
