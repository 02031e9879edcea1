"""Qualitative sheets (appendix C, Fig. 9): original, JPEG and restored picture side by side, with a detail of each."""

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
from qgac.restoration.restorer import Restorer

__all__ = ["Comparison", "compare"]


@dataclass(frozen=True, eq=False)
class Comparison:
    """A picture at one quality.

    Attributes
    ----------
    name : str
    quality : int
    size : int
        Bytes of the JPEG file.
    original, jpeg, restored : ndarray of uint8, shape (H, W, 3) or (H, W)
        The JPEG file as Pillow decodes it.
    crop : Crop
        The detail.
    """

    name: str
    quality: int
    size: int
    original: NDArray[np.uint8]
    jpeg: NDArray[np.uint8]
    restored: NDArray[np.uint8]
    crop: Crop

    COLUMNS = (
        "picture", "quality", "bytes", "x", "y", "size", "psnr_jpeg", "ssim_jpeg", "psnr_restored", "ssim_restored",
    )  # fmt: skip

    def scores(self, samples: NDArray[np.uint8]) -> tuple[float, float]:
        """Return PSNR and SSIM of a picture against the original."""
        return psnr(restored=samples, reference=self.original), ssim(restored=samples, reference=self.original)

    def row(self) -> list[object]:
        """Return its numbers, see :attr:`COLUMNS`."""
        return [
            self.name, self.quality, self.size, self.crop.x, self.crop.y, self.crop.size, *self.scores(self.jpeg),
            *self.scores(self.restored),
        ]  # fmt: skip


def compare(
    pictures: Iterable[Picture],
    restorer: Restorer,
    qualities: Sequence[int] = (10, 20),
    *,
    crop: Crop | None = None,
    size: int = 96,
) -> Iterator[Comparison]:
    """Compress and restore pictures.

    Parameters
    ----------
    pictures : iterable of Picture
    restorer : Restorer
    qualities : sequence of int
        libjpeg qualities, 1..100.
    crop : Crop, optional
        The detail; by default where JPEG and restored picture differ most at the first quality, the same for all.
    size : int
        Side of such a detail.

    Yields
    ------
    Comparison
        For each picture and quality.

    Raises
    ------
    ValueError
        If the crop does not lie in a picture.
    """
    for picture in pictures:
        place = crop
        for quality in qualities:
            data = compress(picture.samples, quality)
            jpeg, restored = decode(data), restorer(read_jpeg(data)).to_uint8()
            place = place or most_different(jpeg, restored, size)
            place.cut(restored)  # refuses a crop outside before anything is drawn
            yield Comparison(picture.name, quality, len(data), picture.samples, jpeg, restored, place)
