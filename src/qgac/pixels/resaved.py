"""The levels of the compression before the last one."""

from __future__ import annotations

import numpy as np

from qgac.coefficients.block_dct import blocks_at, transform
from qgac.jpeg.image import Component, JPEGImage, Metadata
from qgac.pixels.chroma import padded
from qgac.pixels.earlier import Earlier, decoded_plane
from qgac.pixels.families import LUMA

__all__ = ["earlier_levels"]


def earlier_levels(luma: Component, earlier: Earlier) -> tuple[JPEGImage, int, int]:
    """Return the levels that luma had in the compression before the last one.

    Parameters
    ----------
    luma : Component
        Of the last file.
    earlier : Earlier
        Grid and table of the compression before.

    Returns
    -------
    JPEGImage
        A gray picture: the coefficients of what the last file decodes to, rounded to the earlier lattice. Where the
        earlier steps are coarse enough to be found, its levels are those that the earlier file had, but for a few in a
        hundred; going to and fro between that lattice and the intervals of the last file makes them no more.
    int, int
        Rows and columns of it before the picture of the file.
    """
    place = earlier.top, earlier.left
    table = LUMA.tables[earlier.index].astype(np.float32)
    blocks = blocks_at(padded(decoded_plane(luma), *place, (1, 1)), 0, 0)
    levels = np.rint(transform(blocks) / table).reshape(*blocks.shape[:2], 8, 8)
    component = Component(levels.astype(np.int16), table.reshape(8, 8).astype(np.uint16), 1, 1)
    image = JPEGImage(8 * levels.shape[1], 8 * levels.shape[0], "gray", (component,), Metadata(), "baseline")
    return image, -earlier.top % 8, -earlier.left % 8
