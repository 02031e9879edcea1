"""What lies between two networks (appendix B.2, Fig. 4): a picture restored with blended weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qgac.analysis.crops import Crop, most_different
from qgac.analysis.pictures import Picture
from qgac.evaluation.baseline import compress, decode
from qgac.jpeg.reader import read_jpeg
from qgac.metrics import psnr, ssim
from qgac.models.qgac import QGAC
from qgac.restoration.restorer import Restorer
from qgac.weights.blending import interpolate

__all__ = ["Blend", "Strip", "interpolation_strips"]


@dataclass(frozen=True, eq=False)
class Blend:
    """A picture restored with one alpha.

    Attributes
    ----------
    alpha : float
    detail : ndarray of uint8, shape (size, size, 3) or (size, size)
    psnr, ssim : float
        Of the whole picture, rounded to 8 bit.
    """

    alpha: float
    detail: NDArray[np.uint8]
    psnr: float
    ssim: float


@dataclass(frozen=True, eq=False)
class Strip:
    """One picture across the blends.

    Attributes
    ----------
    name : str
    crop : Crop
    original, jpeg : ndarray of uint8, shape (size, size, 3) or (size, size)
    blends : tuple of Blend
    """

    name: str
    crop: Crop
    original: NDArray[np.uint8]
    jpeg: NDArray[np.uint8]
    blends: tuple[Blend, ...]

    COLUMNS = ("picture", "x", "y", "size", "alpha", "psnr", "ssim")

    def rows(self) -> list[list[object]]:
        """Return one row for each blend, see :attr:`COLUMNS`."""
        where = [self.name, self.crop.x, self.crop.y, self.crop.size]
        return [[*where, blend.alpha, blend.psnr, blend.ssim] for blend in self.blends]


def interpolation_strips(
    pictures: Iterable[Picture],
    regression: QGAC,
    other: QGAC,
    alphas: Sequence[float] = (0.0, 0.7, 0.9, 1.0),
    *,
    quality: int = 10,
    crop: Crop | None = None,
    size: int = 96,
) -> Iterator[Strip]:
    """Restore pictures with blends of two networks.

    Parameters
    ----------
    pictures : iterable of Picture
    regression, other : QGAC
        The ends, see :func:`qgac.weights.blending.interpolate`.
    alphas : sequence of float
        0..1.
    quality : int
        libjpeg quality of the files that are restored, 1..100.
    crop : Crop, optional
        The detail to show; by default the one in which the first and the last blend differ most.
    size : int
        Side of such a detail.

    Yields
    ------
    Strip
        For each picture, in order.

    Raises
    ------
    ValueError
        If the networks cannot be blended, or the crop does not lie in a picture.
    """
    restorers = [Restorer(interpolate(regression, other, alpha)) for alpha in alphas]
    for picture in pictures:
        data = compress(picture.samples, quality)
        image = read_jpeg(data)
        restored = [restorer(image).to_uint8() for restorer in restorers]
        place = crop or most_different(restored[0], restored[-1], size)
        blends = [
            Blend(
                alpha,
                place.cut(samples),
                psnr(restored=samples, reference=picture.samples),
                ssim(restored=samples, reference=picture.samples),
            )
            for alpha, samples in zip(alphas, restored, strict=True)
        ]
        yield Strip(picture.name, place, place.cut(picture.samples), place.cut(decode(data)), tuple(blends))
