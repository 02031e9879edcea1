"""What a picture went through before it became pixels: the whole of what is found, and the JPEG behind it.

>>> from PIL import Image
>>> found = from_pixels(Image.open("photo.jpg").convert("RGB"))
>>> found.outcome, found.luma.name
('compressed', 'libjpeg at quality 15')
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from qgac.pixels.blocks import known_blocks
from qgac.pixels.chroma import Chroma, find_chroma
from qgac.pixels.families import CHROMA, LUMA
from qgac.pixels.grid import Grid, find_grid
from qgac.pixels.lattice import ROUNDING, block_evidence
from qgac.pixels.levels import Levels, find_levels
from qgac.pixels.planes import Planes, luma_of, pixels_of, planes_of
from qgac.pixels.rescaling import Period, find_period
from qgac.pixels.steps import Steps, find_steps, known_steps

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Outcome", "Past", "from_pixels"]

Outcome = Literal["compressed", "changed", "rescaled", "never"]

_UNTOUCHED = 0.8  # share of blocks that levels explain to the pixel
_ANYTHING = 0.05  # share without which a table of no known encoder is none


_T = TypeVar("_T", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Past:
    """What was found.

    Attributes
    ----------
    outcome : {"compressed", "changed", "rescaled", "never"}
        The pixels are those that a JPEG decoded to; a JPEG was changed since, its grid is still there; the picture was
        scaled, and if it was a JPEG before, no grid is left; or there is no trace of a JPEG: it never was one, or was
        restored, blurred or edited so that none is left.
    width, height : int
        Of the picture.
    grid : Grid
        Where blocks begin.
    luma : Steps or None
        The table of luma; None without a grid.
    chroma : Chroma or None
        Subsampling and table of chroma; None where there is none, or it says nothing. The levels are then of gray.
    levels : Levels or None
        The JPEG behind the picture; None without a grid.
    period : Period or None
        How far apart the edges of blocks are; looked for only without a grid.
    """

    outcome: Outcome
    width: int
    height: int
    grid: Grid
    luma: Steps | None = None
    chroma: Chroma | None = None
    levels: Levels | None = None
    period: Period | None = None

    def restored(self, pixels: NDArray[np.float32], given: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Put what the JPEG was restored to, which has whole blocks, in the place of the picture.

        Parameters
        ----------
        pixels : ndarray of float32, shape (levels.image.height, levels.image.width) or with 3 channels more
        given : ndarray of uint8, shape (height, width) or (height, width, 3)
            The picture. One in colour whose JPEG is gray keeps its Cb and Cr.

        Returns
        -------
        ndarray of float32, of the shape of `given`
            What was changed since is as given.
        """
        assert self.levels is not None
        own = self._own(pixels)
        if own.ndim < given.ndim:  # what a decoder added to whole Y is added to the restored one
            own = own[..., None] + (given - np.rint(luma_of(given))[..., None])
        changed = self.changed
        return np.where(changed.reshape(changed.shape + (1,) * (given.ndim - 2)), given, own).astype(np.float32)

    @property
    def changed(self) -> NDArray[np.bool_]:
        """Where the picture was changed since, as far as it is restored all the same, shape (height, width).

        Nowhere if too little follows from levels to tell: then nobody knows what is as it was.
        """
        assert self.levels is not None
        if self.outcome != "compressed":
            return np.zeros((self.height, self.width), bool)
        vertical, horizontal = self.levels.image.largest_factors
        return self._own(self.levels.changed.repeat(8 * vertical, 0).repeat(8 * horizontal, 1))

    def _own(self, samples: NDArray[_T]) -> NDArray[_T]:
        """Cut the picture out of its JPEG."""
        assert self.levels is not None
        top, left = self.levels.top, self.levels.left
        return samples[top : top + self.height, left : left + self.width]


def from_pixels(
    image: Image | NDArray[np.uint8], *, grid: tuple[int, int] | None = None, quality: int | None = None
) -> Past:
    """Find the JPEG that a picture was decoded from.

    Parameters
    ----------
    image : PIL image or ndarray of uint8, shape (H, W), (H, W, 3) or (H, W, 4)
        Gray, RGB or RGBA, 0..255.
    grid : tuple of (int, int), optional
        Column and row, 0..7, at which the first whole block begins, if it is known.
    quality : int, optional
        1..100: the libjpeg quality of the tables, if it is known.

    Returns
    -------
    Past

    Raises
    ------
    ValueError
        If the picture has other samples than 8-bit ones, or grid or quality are out of range.
    """
    if grid is not None and not all(0 <= number <= 7 for number in grid):
        raise ValueError(f"a grid begins at columns and rows from 0 to 7, got {grid[0]},{grid[1]}")
    if quality is not None and not 1 <= quality <= 100:
        raise ValueError(f"the quality lies between 1 and 100, got {quality}")
    pixels = pixels_of(image)
    if pixels.ndim == 3 and (pixels == pixels[..., :1]).all():  # gray, whatever it is stored as
        pixels = pixels[..., 0]
    planes = planes_of(pixels)
    height, width = pixels.shape[:2]
    place = find_grid(planes.y, planes.clipped, only=None if grid is None else (grid[1], grid[0]))
    if not place.found and grid is None and quality is None:
        if np.isneginf(place.evidence):  # a drawing
            return Past("never", width, height, place)
        period = find_period(planes.y)
        outcome: Outcome = "rescaled" if period.scaled else "changed" if period.blocky else "never"
        return Past(outcome, width, height, place, period=period)
    samples = known_blocks(planes.y, planes.clipped, place.top, place.left)
    known = None if quality is None else known_steps(LUMA, quality - 1)
    luma = known or find_steps(block_evidence(samples, ROUNDING), LUMA)
    chroma = _chroma(planes, place, luma, quality)
    levels = find_levels(pixels, planes, (place.top, place.left), luma, chroma)
    outcome = "compressed" if levels.explained >= _UNTOUCHED else "changed"
    if quality is None and grid is None and luma.name is None and levels.explained < _ANYTHING:
        return Past("never", width, height, place)
    return Past(outcome, width, height, place, luma, chroma, levels)


def _chroma(planes: Planes, place: Grid, luma: Steps, quality: int | None) -> Chroma | None:
    if planes.cb is None:
        return None
    found = find_chroma(planes, place.top, place.left, ROUNDING, luma.index)
    if found is None or quality is None:
        return found
    return Chroma(
        found.factors, found.top, found.left, found.confidence, found.repeats, known_steps(CHROMA, quality - 1)
    )
