"""Restored pixels in a file, as floats: for whatever format is asked for later, the network need not run again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from qgac.jpeg.image import JPEGImage
from qgac.restoration.hints import Hints
from qgac.web.reading import Sent

if TYPE_CHECKING:
    from qgac.restoration.picture import Restored
    from qgac.restoration.restorer import Restorer

__all__ = ["KeptPixels"]


class KeptPixels:
    """A restorer that has its one picture already, as float32 in a file.

    :func:`qgac.batch.restore.restore_file` takes it for a restorer and writes the same files: floats are what a
    restorer rounds from, and the bands are the restorer's own, by which PNG and TIFF files are divided.

    Parameters
    ----------
    path : Path
        Rows of float32, 0..255, one after the other.
    heights : sequence of int
        Of the bands.
    notes : tuple of str
        What was taken for the past of the picture.
    """

    def __init__(self, path: Path, heights: Sequence[int], notes: tuple[str, ...] = ()) -> None:
        self._path = path
        self._heights = heights
        self.notes = notes

    @classmethod
    def record(
        cls, restorer: Restorer, image: Sent, hints: Hints, path: Path, progress: Callable[[int, int], None]
    ) -> KeptPixels:
        """Restore a picture into a file; a JPEG that was saved once a row of tiles at a time.

        Parameters
        ----------
        restorer, progress
            As for :meth:`qgac.restoration.restorer.Restorer.bands`.
        image : JPEGImage or Picture
            One that was a JPEG before, or was saved twice, is restored as it was then.
        hints : Hints
            What is known of that.
        path : Path
            Written to.

        Returns
        -------
        KeptPixels
        """
        from qgac.restoration.second_hand import restore_earlier, restore_pixels

        if not isinstance(image, JPEGImage):
            found = restore_pixels(restorer, image, hints=hints, dtype=np.float32, progress=progress)
            return cls._keep(found, path, found.image.notes[len(image.notes) :])
        earlier = restore_earlier(restorer, image, hints=hints, dtype=np.float32, progress=progress)
        if earlier is not None:
            return cls._keep(earlier, path, earlier.image.notes[len(image.notes) :])
        heights = []
        with path.open("wb") as file:
            for band in restorer.bands(image, dtype=np.float32, progress=progress):
                np.ascontiguousarray(band).tofile(file)
                heights.append(len(band))
        return cls(path, heights)

    @classmethod
    def _keep(cls, restored: Restored, path: Path, notes: tuple[str, ...]) -> KeptPixels:
        np.ascontiguousarray(restored.pixels).tofile(path)
        return cls(path, [len(restored.pixels)], notes)

    def __call__(self, image: JPEGImage, *, progress: Callable[[int, int], None] | None = None) -> Restored:
        """Return the whole picture as uint8; see :meth:`qgac.restoration.restorer.Restorer.__call__`."""
        from qgac.restoration.picture import Restored

        return Restored(np.concatenate(list(self.bands(image, progress=progress))), image)

    def bands(
        self,
        image: JPEGImage,
        *,
        dtype: npt.DTypeLike = np.uint8,
        progress: Callable[[int, int], None] | None = None,
    ) -> Iterator[npt.NDArray[Any]]:
        """Yield the picture from top to bottom; see :meth:`qgac.restoration.restorer.Restorer.bands`."""
        from qgac.restoration.picture import Restored

        kind = np.dtype(dtype).name
        channels = len(image.components)
        row = (image.width,) if channels == 1 else (image.width, channels)
        with self._path.open("rb") as file:
            for number, rows in enumerate(self._heights, 1):
                floats = np.fromfile(file, np.float32, rows * image.width * channels).reshape(rows, *row)
                band = Restored(floats, image)
                yield getattr(band, f"to_{kind}")()
                if progress is not None:
                    progress(number, len(self._heights))

    def refine(self, image: JPEGImage, **options: Any) -> JPEGImage:
        """Refuse: coefficients cannot be had from pixels that were clipped to their range."""
        raise NotImplementedError("kept pixels hold no coefficients")
