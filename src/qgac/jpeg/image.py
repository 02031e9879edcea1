"""What a JPEG file says, as plain data: quantised coefficients, quantisation tables, colour, metadata.

Nothing here knows the file format's markers or codes; :mod:`qgac.jpeg.reader` fills these types and everything else
only reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Color = Literal["gray", "YCbCr", "RGB", "CMYK", "YCCK"]
Process = Literal["baseline", "extended", "progressive"]


def ceil_divide(dividend: int, divisor: int) -> int:
    """Divide integers, rounding up: of pixels into blocks, of blocks into MCUs."""
    return -(-dividend // divisor)


NEVER = 255
"""In `Component.unsent`, what stands for a coefficient of which the file says nothing."""


@dataclass(frozen=True, eq=False)
class Component:
    """One colour component of a picture: its quantised DCT coefficients and the table they were divided by.

    Attributes
    ----------
    coefficients : ndarray of int16, shape (rows, columns, 8, 8)
        Quantised coefficients, one 8x8 block each, in natural order: ``[..., u, v]`` is the coefficient of vertical
        frequency ``u`` and horizontal frequency ``v``. Only the blocks the picture needs are present:
        ``rows = ceil(ceil(height * vertical / max(vertical)) / 8)``, columns likewise (ITU-T T.81, A.1.1 and A.2.4).
    table : ndarray of uint16, shape (8, 8)
        Quantisation steps, 1..65535, natural order. ``coefficients * table`` are the DCT coefficients that JPEG
        decoders transform back.
    horizontal, vertical : int
        Sampling factors, 1..4, relative to the largest factor of the picture.
    unsent : ndarray of uint8, shape (8, 8), or None
        How many of the lowest bits of each level the scans of a progressive file leave out, natural order: 0..13, or
        `NEVER` for all of them. These bits are zero in `coefficients`: of AC levels those of the magnitude, of DC
        levels those of the two's complement. None if every level has come whole, as in almost every file.
    """

    coefficients: npt.NDArray[np.int16]
    table: npt.NDArray[np.uint16]
    horizontal: int
    vertical: int
    unsent: npt.NDArray[np.uint8] | None = None

    @property
    def slack(self) -> npt.NDArray[np.float32] | None:
        """How much further from zero than half a step coefficients may lie, see :mod:`qgac.restoration.slack`.

        float32, shape (8, 8), dequantised scale, infinite where nothing was sent; None if everything was.
        """
        if self.unsent is None:
            return None
        steps = np.where(self.unsent == NEVER, np.inf, np.exp2(self.unsent.astype(np.float64)) - 1)
        slack: npt.NDArray[np.float32] = np.where(steps > 0, steps * self.table, 0).astype(np.float32)
        return slack


@dataclass(frozen=True)
class Density:
    """Pixel density of the JFIF header.

    Attributes
    ----------
    unit : int
        0: `x` and `y` only give the aspect ratio of a pixel; 1: pixels per inch; 2: pixels per centimetre.
    x, y : int
        Horizontal and vertical density, 1..65535.
    """

    unit: int
    x: int
    y: int


@dataclass(frozen=True)
class Metadata:
    r"""What a file carries beside the picture, as raw bytes.

    Attributes
    ----------
    exif : bytes or None
        The TIFF structure of the EXIF segment, without its ``Exif\0\0`` prefix.
    icc : bytes or None
        The ICC profile, put together from all its segments.
    xmp : bytes or None
        The main XMP packet, without what it says about further pictures in the file.
    iptc : bytes or None
        The payload of the Photoshop segment (APP13), which holds the IPTC record.
    comments : tuple of bytes
        The comment segments, in the order of the file.
    density : Density or None
        The pixel density of the JFIF header.
    extended_xmp : bytes or None
        The XMP packet that continues the main one, put together from all its segments.
    """

    exif: bytes | None = None
    icc: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    comments: tuple[bytes, ...] = ()
    density: Density | None = None
    extended_xmp: bytes | None = None


@dataclass(frozen=True, eq=False)
class JPEGImage:
    """A JPEG picture before decompression.

    Attributes
    ----------
    width, height : int
        Size in pixels, 1..65535 each.
    color : {"gray", "YCbCr", "RGB", "CMYK", "YCCK"}
        What the components mean, decided as libjpeg decides it.
    components : tuple of Component
        One for gray, three for YCbCr and RGB, four for CMYK and YCCK.
    metadata : Metadata
        EXIF, ICC profile, XMP, IPTC, comments and density.
    process : {"baseline", "extended", "progressive"}
        The coding process of the file.
    inverted : bool
        Whether CMYK samples are stored inverted (0 = full ink), as files with an Adobe marker are taken to.
    missing : float
        Share of the coded blocks that could not be decoded, 0..1; always 0.0 unless read with ``tolerant=True``.
    notes : tuple of str
        Things worth telling the user: further pictures in the file, trailing data, damage that was passed over.
    """

    width: int
    height: int
    color: Color
    components: tuple[Component, ...]
    metadata: Metadata
    process: Process
    inverted: bool = False
    missing: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def largest_factors(self) -> tuple[int, int]:
        """The largest vertical and horizontal sampling factor of the components."""
        components = self.components
        return max(c.vertical for c in components), max(c.horizontal for c in components)

    @property
    def chroma(self) -> tuple[int, ...]:
        """Which components are Cb and Cr; empty where there are none."""
        return (1, 2) if self.color in ("YCbCr", "YCCK") else ()
