"""A blind comparison: details restored by two models, in an order that only a key tells.

Texture that a GAN invents costs PSNR, so numbers cannot say whether it is worth it; people can, if they do not know
what they look at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qgac.analysis.crops import Crop, most_different
from qgac.analysis.pictures import Picture
from qgac.evaluation.baseline import compress
from qgac.jpeg.reader import read_jpeg
from qgac.restoration.restorer import Restorer

__all__ = ["BlindPair", "blind_pairs"]


@dataclass(frozen=True, eq=False)
class BlindPair:
    """A detail of one picture, twice.

    Attributes
    ----------
    name : str
    crop : Crop
    original, first, second : ndarray of uint8, shape (size, size, 3) or (size, size)
    swapped : bool
        Whether `first` is of the second restorer.
    """

    name: str
    crop: Crop
    original: NDArray[np.uint8]
    first: NDArray[np.uint8]
    second: NDArray[np.uint8]
    swapped: bool

    COLUMNS = ("number", "picture", "x", "y", "size", "preferred")
    KEY_COLUMNS = ("number", "picture", "A", "B")

    def row(self, number: int) -> list[object]:
        """Return a line of the form that a judge fills in, see :attr:`COLUMNS`."""
        return [number, self.name, self.crop.x, self.crop.y, self.crop.size, ""]

    def key(self, number: int, labels: tuple[str, str]) -> list[object]:
        """Return a line of the key, see :attr:`KEY_COLUMNS`."""
        return [number, self.name, *(labels[::-1] if self.swapped else labels)]


def blind_pairs(
    pictures: Iterable[Picture],
    restorers: tuple[Restorer, Restorer],
    *,
    quality: int = 10,
    crop: Crop | None = None,
    size: int = 128,
    seed: int = 0,
) -> Iterator[BlindPair]:
    """Restore pictures twice, in random order.

    Parameters
    ----------
    pictures : iterable of Picture
    restorers : tuple of two Restorer
    quality : int
        libjpeg quality of the files that are restored, 1..100.
    crop : Crop, optional
        The detail to show; by default the one in which the two differ most.
    size : int
        Side of such a detail.
    seed : int
        Of the order.

    Yields
    ------
    BlindPair
        For each picture, in order. Of every two in a row one is swapped, so each model is as often first.

    Raises
    ------
    ValueError
        If the crop does not lie in a picture.
    """
    generator = np.random.default_rng(seed)
    swapped = False
    for number, picture in enumerate(pictures):
        swapped = not swapped if number % 2 else bool(generator.integers(2))
        image = read_jpeg(compress(picture.samples, quality))
        restored = [restorer(image).to_uint8() for restorer in restorers]
        place = crop or most_different(restored[0], restored[1], size)
        first, second = restored[::-1] if swapped else restored
        yield BlindPair(picture.name, place, place.cut(picture.samples), place.cut(first), place.cut(second), swapped)
