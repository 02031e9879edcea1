"""Restoring pictures: a JPEG file in, samples out.

The only place that joins the JPEG reader and the networks. PyTorch is loaded only where it runs them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from qgac.engine.choice import EngineName, engine_for
from qgac.engine.engine import Array
from qgac.engine.self_ensemble import SelfEnsemble
from qgac.jpeg.image import JPEGImage
from qgac.jpeg.limits import MAX_PIXELS
from qgac.pixels.files import picture_behind
from qgac.restoration.hints import Hints
from qgac.restoration.picture import Restored, pixel_shape, pixel_type
from qgac.restoration.regions import RegionRestorer
from qgac.restoration.sources import JPEGSource, Source, read_source
from qgac.restoration.tiled import TiledRestorer
from qgac.restoration.walk import Progress

if TYPE_CHECKING:
    import torch

    from qgac.models.qgac import QGAC

__all__ = ["Restorer", "Source", "restore"]


class Restorer:
    """Restores pictures with one model. May be used from several threads at once.

    Parameters
    ----------
    model : str, path or QGAC
        Name of a shipped model, a weights file, a folder that ``qgac export`` wrote, or a network, which is used as it
        is and moved to the device.
    engine : {"auto", "onnx", "torch"}
        What runs the networks: ONNX Runtime, or PyTorch, which any network and any weights file can be run by, see
        :func:`qgac.engine.choice.engine_for`.
    device : str or torch.device
        ``auto``: where a given network lies; of a model to load, a GPU if there is one, else the CPU.
    project : bool
        Whether to keep to the quantisation interval, see :mod:`qgac.coefficients.projection`.
    tile : int, optional
        Side in pixels of the square tiles that a picture is restored in, rounded up to whole MCUs. By default tiles
        are chosen for the least work in 140 MB, up to 200 MB for very large pictures. The result does not depend on it
        but for float rounding.
    best : bool
        Whether to average over the eight mirrored and transposed views of the picture: somewhat better, eight times as
        long, see :mod:`qgac.engine.self_ensemble`.
    strength : float
        0..1: how far to go from the picture as the file has it (0: the plain decode, with chroma upsampled by
        repetition) to the restored one (1), linearly in the coefficients. What lies between keeps to the quantisation
        interval as well.
    blend : float
        0..1: which share of the GAN's weights to mix into those of the model, see
        :func:`qgac.weights.blending.blended`. 0 is the likeliest picture, 1 the one with most texture, which is
        invented.
    blend_with : str, path or QGAC, optional
        The GAN's weights; by default those shipped as ``<model>-gan``.

    Attributes
    ----------
    engine : Engine
        What runs the networks.
    device : str
        Where it computes.
    strength : float

    Raises
    ------
    ValueError
        If the engine or the device cannot be used, the tile is not positive, the strength or the blend not from 0 to
        1, or the two networks cannot be blended.
    WeightsError
        If a model cannot be loaded, or the one to blend with is missing.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | QGAC = "small",
        *,
        engine: EngineName = "auto",
        device: str | torch.device = "auto",
        project: bool = True,
        tile: int | None = None,
        best: bool = False,
        strength: float = 1.0,
        blend: float = 0.0,
        blend_with: str | os.PathLike[str] | QGAC | None = None,
    ) -> None:
        if tile is not None and tile < 1:
            raise ValueError(f"a tile has at least 1 pixel a side, got {tile}")
        if not 0 <= strength <= 1:
            raise ValueError(f"the strength lies between 0 and 1, got {strength}")
        self.engine = engine_for(model, engine=engine, device=device, blend=blend, blend_with=blend_with)
        self.device = self.engine.device
        self.strength = strength
        regions = RegionRestorer(SelfEnsemble(self.engine) if best else self.engine, project, strength)
        self._tiled = TiledRestorer(self.engine, regions, tile)

    def __call__(
        self,
        source: Source,
        *,
        dtype: npt.DTypeLike = np.uint8,
        tolerant: bool = False,
        max_pixels: int = MAX_PIXELS,
        hints: Hints | None = None,
        progress: Progress | None = None,
    ) -> Restored:
        """Restore a picture.

        Parameters
        ----------
        source : JPEGImage, bytes-like, str, path, binary file, Pillow picture or ndarray of uint8
            The picture, or what :func:`qgac.jpeg.reader.read_jpeg` takes. Arrays, Pillow pictures without a JPEG file,
            and PNG, WebP, TIFF and BMP files are restored from their pixels, see
            :func:`qgac.restoration.second_hand.restore_pixels`.
        dtype : uint8, uint16 or float32
            Of the result, see :class:`qgac.restoration.picture.Restored`.
        tolerant : bool
            Whether to restore what could be read of a damaged file.
        max_pixels : int
            The largest picture that is accepted.
        hints : Hints, optional
            What is known of the past of the picture. In a JPEG file an earlier compression is looked for unless they
            say otherwise, in a `JPEGImage` only if they are given.
        progress : callable, optional
            Called with (tiles done, tiles in all).

        Returns
        -------
        Restored

        Raises
        ------
        JPEGError
            If this is no JPEG, or a damaged, unsupported or too large one.
        OSError
            If the file cannot be read.
        ValueError
            If `dtype` is another one.
        """
        kind = pixel_type(dtype)
        found = picture_behind(source, max_pixels=max_pixels)
        if found is not None:
            from qgac.restoration.second_hand import restore_pixels  # which JPEG files do not need

            return restore_pixels(self, found, hints=hints, dtype=kind, progress=progress)
        image = read_source(cast("JPEGSource", source), tolerant=tolerant, max_pixels=max_pixels)
        if hints is None and not isinstance(source, JPEGImage):
            hints = Hints()
        if hints is not None and hints.earlier != "off":
            from qgac.restoration.second_hand import restore_earlier

            earlier = restore_earlier(self, image, hints=hints, dtype=kind, progress=progress)
            if earlier is not None:
                return earlier
        pixels = np.empty(pixel_shape(image), kind)
        top = 0
        for band in self.bands(image, dtype=kind, progress=progress):
            pixels[top : top + len(band)] = band
            top += len(band)
        return Restored(pixels, image)

    def bands(
        self, image: JPEGImage, *, dtype: npt.DTypeLike = np.uint8, progress: Progress | None = None
    ) -> Iterator[npt.NDArray[Any]]:
        """Restore a picture from top to bottom without holding the whole of it.

        Parameters
        ----------
        image : JPEGImage
        dtype, progress
            As for calling the restorer.

        Yields
        ------
        ndarray of `dtype`, shape (rows, W) or (rows, W, C)
            The next rows of :attr:`qgac.restoration.picture.Restored.pixels`, a row of tiles at a time.

        Raises
        ------
        ValueError
            If `dtype` is another one.
        """
        return self._tiled.bands(image, pixel_type(dtype), progress)

    def part(
        self,
        image: JPEGImage,
        box: tuple[int, int, int, int],
        *,
        dtype: npt.DTypeLike = np.uint8,
        progress: Progress | None = None,
    ) -> npt.NDArray[Any]:
        """Restore a part of a picture, which is what the whole picture has there, but for float rounding.

        Parameters
        ----------
        image : JPEGImage
            The whole picture.
        box : tuple of (int, int, int, int)
            Left, top, right and bottom in pixels, half-open, within the picture.
        dtype, progress
            As for calling the restorer.

        Returns
        -------
        ndarray of `dtype`, shape (bottom - top, right - left) or (bottom - top, right - left, C)

        Raises
        ------
        ValueError
            If the box is empty or sticks out, or `dtype` is another one.
        """
        left, top, right, bottom = box
        if not (0 <= left < right <= image.width and 0 <= top < bottom <= image.height):
            raise ValueError(f"a part lies within the {image.width} x {image.height} pixels of the picture, got {box}")
        return self._tiled.part(image, box, pixel_type(dtype), progress)

    def coefficients(
        self, source: JPEGSource, *, tolerant: bool = False, max_pixels: int = MAX_PIXELS
    ) -> tuple[Array, ...]:
        """Restore the DCT coefficients of a picture: what the networks and the projection make, before any rounding.

        Parameters
        ----------
        source, tolerant, max_pixels
            As for calling the restorer.

        Returns
        -------
        tuple of ndarray of float32, each of shape (64, rows, columns)
            For every component, dequantised. Planes restored alone have the blocks of the component; chroma that was
            restored together with Y is at full resolution, its grid that of Y, rounded up to whole chroma blocks.
        """
        return self._tiled.coefficients(read_source(source, tolerant=tolerant, max_pixels=max_pixels))

    def refine(
        self,
        source: JPEGSource,
        *,
        quality: int = 95,
        tolerant: bool = False,
        max_pixels: int = MAX_PIXELS,
        progress: Progress | None = None,
    ) -> JPEGImage:
        """Restore a picture to finer coefficients, from which those of the file follow exactly.

        What :mod:`qgac.restoration.refinement` describes. Chroma stays at the resolution of the file, so pixels, see
        :meth:`__call__`, are nearer to the original.

        Parameters
        ----------
        source, tolerant, max_pixels, progress
            As for calling the restorer.
        quality : int
            1..100: steps are those of this libjpeg quality, or those of the file where these are finer.

        Returns
        -------
        JPEGImage
            To be written by :func:`qgac.pictures.writer.write_picture`. Its coefficients lie within the quantisation
            intervals of the file's whether the restorer projects onto them or not.
        """
        image = read_source(source, tolerant=tolerant, max_pixels=max_pixels)
        return self._tiled.refined(image, quality, progress)


def restore(
    source: Source,
    model: str | os.PathLike[str] | QGAC = "small",
    *,
    engine: EngineName = "auto",
    device: str | torch.device = "auto",
    project: bool = True,
    tile: int | None = None,
    best: bool = False,
    strength: float = 1.0,
    blend: float = 0.0,
    blend_with: str | os.PathLike[str] | QGAC | None = None,
    dtype: npt.DTypeLike = np.uint8,
    tolerant: bool = False,
    max_pixels: int = MAX_PIXELS,
    hints: Hints | None = None,
    progress: Progress | None = None,
) -> Restored:
    """Restore one picture; for several, make one :class:`Restorer`, which has the parameters explained.

    Returns
    -------
    Restored
    """
    restorer = Restorer(
        model,
        engine=engine,
        device=device,
        project=project,
        tile=tile,
        best=best,
        strength=strength,
        blend=blend,
        blend_with=blend_with,
    )
    return restorer(source, dtype=dtype, tolerant=tolerant, max_pixels=max_pixels, hints=hints, progress=progress)
