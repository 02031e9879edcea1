"""The frequencies that a restored picture has (appendix B.4, Fig. 7).

The DCT of Y, and how often a coefficient of each of the 15 diagonals i + j = 0..14 of a block is set. A coefficient is
set if its magnitude, dequantised and orthonormal, is above 0.5: if it rounds to more than zero. Without a threshold
every coefficient of a float picture would be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from qgac.analysis.crops import Crop, most_different
from qgac.analysis.pictures import Picture
from qgac.coefficients.blocks import blocks_to_channels, to_plane
from qgac.coefficients.compress import rounded_ycbcr
from qgac.coefficients.dct import dct, idct
from qgac.evaluation.baseline import compress
from qgac.jpeg.image import JPEGImage, ceil_divide
from qgac.jpeg.reader import read_jpeg
from qgac.restoration.restorer import Restorer

__all__ = ["SET", "Detail", "Spectrum", "decoded_luma", "occupancy", "original_luma", "spectrum"]

SET = 0.5
"""The magnitude above which a coefficient counts as set."""


@dataclass(frozen=True, eq=False)
class Detail:
    """A part of one picture, on the block grid.

    Attributes
    ----------
    name : str
    coefficients : ndarray, shape (kinds, H, W)
        Dequantised, each block in its place.
    samples : ndarray, shape (kinds, H, W)
        Y, 0..255.
    """

    name: str
    coefficients: NDArray[np.float32]
    samples: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Frequencies of pictures.

    Attributes
    ----------
    kinds : tuple of str
        ``original``, ``JPEG`` and the restorers by name.
    names : tuple of str
        Of the pictures.
    quality : int
    probabilities : ndarray, shape (pictures, kinds, 15)
        How often a coefficient of a diagonal is set, over all blocks.
    details : tuple of Detail
        Of the first pictures.
    """

    kinds: tuple[str, ...]
    names: tuple[str, ...]
    quality: int
    probabilities: NDArray[np.float64]
    details: tuple[Detail, ...]

    COLUMNS = ("picture", "kind", "quality", "diagonal", "probability")

    def rows(self) -> list[list[object]]:
        """Return one row for each picture, kind and diagonal, and those of the mean; see :attr:`COLUMNS`."""
        named = [*zip(self.names, self.probabilities, strict=True), ("(mean)", self.probabilities.mean(0))]
        return [
            [name, kind, self.quality, diagonal, float(values[k, diagonal])]
            for name, values in named
            for k, kind in enumerate(self.kinds)
            for diagonal in range(15)
        ]


def occupancy(coefficients: Tensor) -> NDArray[np.float64]:
    """Compute how often the coefficients of each diagonal are set.

    Parameters
    ----------
    coefficients : Tensor, shape (64, rows, columns)
        Dequantised.

    Returns
    -------
    ndarray, shape (15,)
        Share of the coefficients with i + j = 0..14 whose magnitude is above :data:`SET`, 0..1.
    """
    shares = (coefficients.abs() > SET).double().mean((-1, -2)).numpy()
    diagonals = np.add.outer(np.arange(8), np.arange(8)).ravel()
    return np.asarray(np.bincount(diagonals, shares) / np.bincount(diagonals))


def original_luma(samples: NDArray[np.uint8]) -> Tensor:
    """Transform the Y of an original, as a compressor sees it: rounded to 8 bit, the last row and column repeated.

    Parameters
    ----------
    samples : ndarray of uint8, shape (H, W, 3) or (H, W)

    Returns
    -------
    Tensor, shape (64, rows, columns), float32
    """
    values = torch.from_numpy(samples.astype(np.float32))
    y = values if values.ndim == 2 else rounded_ycbcr(values.permute(2, 0, 1))[0]
    height, width = y.shape
    padded = torch.nn.functional.pad(y[None], (0, -width % 8, 0, -height % 8), mode="replicate")[0]
    return dct(padded - 128)


def decoded_luma(image: JPEGImage) -> Tensor:
    """Return the first plane of a JPEG file, dequantised, (64, rows, columns) float32."""
    component = image.components[0]
    coefficients = component.coefficients.astype(np.float32) * component.table
    return blocks_to_channels(torch.from_numpy(coefficients.astype(np.float32)))


def spectrum(
    pictures: Iterable[Picture],
    restorers: Mapping[str, Restorer],
    quality: int = 10,
    *,
    details: int = 1,
    size: int = 128,
    crop: Crop | None = None,
) -> Spectrum:
    """Measure which frequencies originals, JPEG files and restored pictures have.

    Parameters
    ----------
    pictures : iterable of Picture
    restorers : mapping of str to Restorer
        By the names that they have in the result.
    quality : int
        libjpeg quality, 1..100.
    details : int
        How many pictures to keep a detail of.
    size : int
        Side of a detail in pixels; rounded up to whole blocks.
    crop : Crop, optional
        The detail; its corner is moved to the block grid. By default where original and JPEG differ most.

    Returns
    -------
    Spectrum

    Raises
    ------
    ValueError
        If there is no picture, or the crop does not lie in one.
    """
    names: list[str] = []
    probabilities = []
    kept: list[Detail] = []
    for picture in pictures:
        image = read_jpeg(compress(picture.samples, quality))
        planes = [original_luma(picture.samples), decoded_luma(image)]
        planes += [torch.from_numpy(restorer.coefficients(image)[0]) for restorer in restorers.values()]
        names.append(picture.name)
        probabilities.append(np.stack([occupancy(plane) for plane in planes]))
        if len(kept) < details:
            kept.append(_detail(picture.name, planes, size, crop))
    if not names:
        raise ValueError("a spectrum needs at least one picture")
    return Spectrum(("original", "JPEG", *restorers), tuple(names), quality, np.stack(probabilities), tuple(kept))


def _detail(name: str, planes: list[Tensor], size: int, crop: Crop | None) -> Detail:
    samples = torch.stack([(idct(plane) + 128).clamp(0, 255) for plane in planes]).numpy()
    if crop is None:
        crop = most_different(samples[0], samples[1], 8 * ceil_divide(size, 8))
    whole = Crop(crop.x // 8 * 8, crop.y // 8 * 8, 8 * ceil_divide(crop.size, 8))
    return Detail(
        name,
        np.stack([whole.cut(to_plane(plane).numpy()) for plane in planes]),
        np.stack([whole.cut(plane) for plane in samples]),
    )
