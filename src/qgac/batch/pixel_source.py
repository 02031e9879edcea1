"""What a batch restores its pictures with: a restorer, or what stands in for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from qgac.jpeg.image import JPEGImage

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from qgac.restoration.picture import Restored

__all__ = ["PixelSource"]


class PixelSource(Protocol):
    """What restores pictures: a :class:`qgac.restoration.restorer.Restorer`, or what stands in for one."""

    def __call__(self, image: JPEGImage, /, *, progress: Callable[[int, int], None] | None = None) -> Restored:
        """Restore a picture to uint8."""

    def bands(
        self, image: JPEGImage, /, *, dtype: npt.DTypeLike = ..., progress: Callable[[int, int], None] | None = None
    ) -> Iterator[npt.NDArray[np.generic]]:
        """Restore a picture from top to bottom."""

    def refine(
        self, image: JPEGImage, /, *, quality: int = ..., progress: Callable[[int, int], None] | None = None
    ) -> JPEGImage:
        """Restore a picture to finer coefficients."""
