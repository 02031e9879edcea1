"""A picture that comes in bands of rows: what every format is written from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qgac.jpeg.image import Metadata

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["PictureInBands"]

_MODES = {1: "L", 3: "RGB", 4: "CMYK"}


@dataclass(frozen=True, eq=False)
class PictureInBands:
    """A picture whose rows are made while they are taken, so that a format that can need never hold the whole of it.

    Attributes
    ----------
    bands : iterator of ndarray of uint8, uint16 or float32, shape (rows, W) or (rows, W, C)
        The rows of its pixels from top to bottom, as :meth:`qgac.restoration.restorer.Restorer.bands` yields them; to
        be taken once.
    height, width : int
        Of the whole picture.
    channels : int
        1 (gray), 3 (RGB) or 4 (CMYK; the larger, the more ink).
    metadata : Metadata
        To be written with it.
    """

    bands: Iterator[NDArray[Any]]
    height: int
    width: int
    channels: int
    metadata: Metadata

    def profile(self, space: bytes) -> bytes | None:
        """Return the ICC profile if it is made for a colour space, named as in bytes 16 to 20 of its header."""
        icc = self.metadata.icc
        return icc if icc and icc[16:20] == space else None

    def whole(self) -> Image.Image:
        """Take all bands, of uint8, and return them as one Pillow picture, for formats that Pillow writes."""
        from PIL import Image

        pixels = np.empty((self.height, self.width, self.channels), np.uint8)
        rows = 0
        for band in self.bands:
            place = pixels[rows : rows + len(band)]
            place[...] = band.reshape(len(band), self.width, self.channels)[: len(place)]
            rows += len(band)
        if rows != self.height:
            raise ValueError(f"a picture of {self.height} rows was given {rows}")
        mode = _MODES[self.channels]
        return Image.frombuffer(mode, (self.width, self.height), pixels, "raw", mode, 0, 1)
