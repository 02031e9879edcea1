"""Restoring pictures: a JPEG file in, samples out.

The only place that joins the JPEG reader and the networks.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor, nn

from qgac.checkpoints import load_model
from qgac.jpeg.color import ycbcr_to_rgb
from qgac.jpeg.image import JPEGImage
from qgac.models.cfm import ConvolutionalFilterManifold
from qgac.models.qgac import QGAC
from qgac.planes import PlaneSource, Restoration, plane_sources
from qgac.tiling import Region, tile_shape, tiles

__all__ = ["Restored", "Restorer", "Source", "restore"]

Source = JPEGImage | bytes | bytearray | memoryview | str | os.PathLike[str] | BinaryIO
"""A picture: already read, the content of a file, its name, or an open file."""

Progress = Callable[[int, int], None]
"""Called with the number of tiles that are done, and that there are."""

_SCALES = {"uint8": 1, "uint16": 257, "float32": 1}

# What the networks may take for a tile, in bytes; with more, tiles are larger and halos a smaller share of the work.
# Large pictures take a multiple of it anyway, so there it grows with the coefficients of the file.
_WORKING_MEMORY_CPU = 140_000_000
_WORKING_MEMORY_ELSEWHERE = 2_000_000_000
_WORKING_SHARE = 2 / 3
_TENSORS_ALIVE = 5  # of the size of the widest layer, where most are; measured on the model `small`


@dataclass(frozen=True, eq=False)
class Restored:
    """A restored picture.

    Attributes
    ----------
    pixels : ndarray of uint8, uint16 or float32, shape (H, W) or (H, W, C)
        Gray, RGB (of YCbCr and RGB files) or CMYK (of CMYK and YCCK files; the larger, the more ink, as Pillow has it).
        uint8 0..255, rounded; uint16 0..65535, rounded; float32 0..255, not rounded.
    image : JPEGImage
        What it was restored from, with its metadata.
    """

    pixels: npt.NDArray[Any]
    image: JPEGImage

    def to_uint8(self) -> npt.NDArray[np.uint8]:
        """Return 8-bit samples, of the shape of `pixels`; `pixels` itself where it is of this type."""
        if self.pixels.dtype == np.uint8:
            return self.pixels
        scale = _SCALES[self.pixels.dtype.name]
        return np.rint(self.pixels / np.float32(scale)).astype(np.uint8)

    def to_pil(self) -> Image.Image:
        """Return an 8-bit Pillow picture of mode L, RGB or CMYK, without metadata."""
        samples = np.ascontiguousarray(self.to_uint8())
        mode = "L" if samples.ndim == 2 else {3: "RGB", 4: "CMYK"}[samples.shape[2]]
        size = (samples.shape[1], samples.shape[0])
        return Image.frombuffer(mode, size, samples, "raw", mode, 0, 1)


class Restorer:
    """Restores pictures with one model. May be used from several threads at once.

    Parameters
    ----------
    model : str, path or QGAC
        Name of a shipped model, a weights file, or a network, which is used as it is and moved to the device.
    device : str or torch.device
        ``auto``: where a given network lies; of a model to load, CUDA or MPS if there is one, else the CPU.
    project : bool
        Whether to keep to the quantisation interval, see :mod:`qgac.projection`.
    tile : int, optional
        Side in pixels of the square tiles that a picture is restored in, rounded up to whole MCUs. By default tiles
        are chosen for the least work in 140 MB, and more for very large pictures. The result does not depend on it but
        for float rounding.

    Raises
    ------
    ValueError
        If the device cannot be used or the tile is not positive.
    WeightsError
        If the model cannot be loaded.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | QGAC = "small",
        *,
        device: str | torch.device = "auto",
        project: bool = True,
        tile: int | None = None,
    ) -> None:
        if tile is not None and tile < 1:
            raise ValueError(f"a tile has at least 1 pixel a side, got {tile}")
        network = model if isinstance(model, QGAC) else load_model(model)
        if device == "auto":
            device = next(network.parameters()).device if isinstance(model, QGAC) else _fastest_device()
        try:
            self.device = torch.device(device)
            network.to(device=self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        except (RuntimeError, AssertionError, NotImplementedError) as error:
            raise ValueError(f"the device {str(device)!r} cannot be used here ({error}); choose 'cpu'") from error
        self.model = network.eval()
        self.project = project
        self.tile = tile

    def __call__(
        self,
        source: Source,
        *,
        dtype: npt.DTypeLike = np.uint8,
        tolerant: bool = False,
        max_pixels: int = 200_000_000,
        progress: Progress | None = None,
    ) -> Restored:
        """Restore a picture.

        Parameters
        ----------
        source : JPEGImage, bytes-like, str, path or binary file
            The picture, or what :func:`qgac.jpeg.reader.read_jpeg` takes.
        dtype : uint8, uint16 or float32
            Of the result, see :class:`Restored`.
        tolerant : bool
            Whether to restore what could be read of a damaged file.
        max_pixels : int
            The largest picture that is accepted.
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
        kind = np.dtype(dtype)
        if kind.name not in _SCALES:
            raise ValueError(f"pixels cannot be of type {kind}; choose uint8, uint16 or float32")
        image = _read(source, tolerant=tolerant, max_pixels=max_pixels)
        channels = {1: (), 3: (3,), 4: (4,)}[len(image.components)]
        pixels = np.empty((image.height, image.width, *channels), kind)
        with torch.no_grad():
            sources = plane_sources(Restoration(self.model, self.device, self.project), image)
            rows, columns = -(-image.height // 8), -(-image.width // 8)
            shape = self._tile_shape(sources, image, rows, columns)
            for plane_source in sources:
                plane_source.start(shape[0])
            regions = tiles(rows, columns, shape)
            for done, tile in enumerate(regions, 1):
                planes = [plane_source.samples(tile) for plane_source in sources]
                _write(_colors(planes[0] if len(planes) == 1 else torch.cat(planes), image), pixels, tile)
                if progress is not None:
                    progress(done, len(regions))
        return Restored(pixels, image)

    def coefficients(
        self, source: Source, *, tolerant: bool = False, max_pixels: int = 200_000_000
    ) -> tuple[Tensor, ...]:
        """Restore the DCT coefficients of a picture: what the networks and the projection make, before any rounding.

        Parameters
        ----------
        source, tolerant, max_pixels
            As for calling the restorer.

        Returns
        -------
        tuple of Tensor, each of shape (64, rows, columns), float32, on the CPU
            For every component, dequantised. Planes restored alone have the blocks of the component; chroma that was
            restored together with Y is at full resolution, its grid that of Y, rounded up to whole chroma blocks.
        """
        image = _read(source, tolerant=tolerant, max_pixels=max_pixels)
        planes: list[Tensor] = []
        for plane_source in plane_sources(Restoration(self.model, self.device, self.project), image):
            restored = [torch.empty(64, *grid) for grid in plane_source.grids]
            rows, columns = plane_source.grids[0]
            shape = self._tile_shape([plane_source], image, rows, columns)
            with torch.no_grad():
                plane_source.start(shape[0])
                for tile in tiles(rows, columns, shape):
                    parts = plane_source.coefficients(tile)
                    for plane, (region, values) in zip(restored, parts, strict=True):
                        plane[(..., *region.slices)] = values[0].cpu()
            planes += restored
        return tuple(planes)

    def _tile_shape(self, sources: list[PlaneSource], image: JPEGImage, rows: int, columns: int) -> tuple[int, int]:
        halo = max(source.halo[0] for source in sources), max(source.halo[1] for source in sources)
        unit = max(source.unit[0] for source in sources), max(source.unit[1] for source in sources)
        if self.tile is not None:
            vertical, horizontal = (-(-self.tile // (8 * blocks)) * blocks for blocks in unit)
            return vertical, horizontal
        memory = _WORKING_MEMORY_ELSEWHERE
        if self.device.type == "cpu":
            coefficients = sum(component.coefficients.nbytes for component in image.components)
            memory = max(_WORKING_MEMORY_CPU, int(_WORKING_SHARE * coefficients))
        limit = memory // (4 * _TENSORS_ALIVE * _widest_layer(self.model))
        return tile_shape(rows, columns, halo=halo, unit=unit, limit=limit)


def restore(
    source: Source,
    model: str | os.PathLike[str] | QGAC = "small",
    *,
    device: str | torch.device = "auto",
    project: bool = True,
    tile: int | None = None,
    dtype: npt.DTypeLike = np.uint8,
    tolerant: bool = False,
    max_pixels: int = 200_000_000,
    progress: Progress | None = None,
) -> Restored:
    """Restore one picture; for several, make one :class:`Restorer`, which has the parameters explained.

    Returns
    -------
    Restored
    """
    restorer = Restorer(model, device=device, project=project, tile=tile)
    return restorer(source, dtype=dtype, tolerant=tolerant, max_pixels=max_pixels, progress=progress)


def _read(source: Source, *, tolerant: bool, max_pixels: int) -> JPEGImage:
    if isinstance(source, JPEGImage):
        return source
    from qgac.jpeg.reader import read_jpeg  # Numba comes with it

    return read_jpeg(source, tolerant=tolerant, max_pixels=max_pixels)


def _fastest_device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _widest_layer(model: QGAC) -> int:
    """Return the most channels that a layer takes or makes, those aside that make kernels."""
    widths = [64]
    for name, module in model.named_modules():
        if isinstance(module, ConvolutionalFilterManifold):
            widths.append(64 * module.maps)
        elif isinstance(module, nn.Conv2d | nn.ConvTranspose2d) and ".manifold." not in name:
            widths += [module.in_channels, module.out_channels]
    return max(widths)


def _colors(samples: Tensor, image: JPEGImage) -> Tensor:
    """Convert the planes of a file (C, H, W) to gray, RGB or CMYK, 0..255, as libjpeg and Pillow do."""
    if image.color == "YCbCr":
        samples = ycbcr_to_rgb(samples)
    elif image.color == "YCCK":  # its first three components are those of inverted CMY
        samples = torch.cat((255 - ycbcr_to_rgb(samples[:3]), samples[3:]))
    if image.inverted:
        samples = 255 - samples
    return samples.clamp_(0, 255)


def _write(samples: Tensor, pixels: npt.NDArray[Any], tile: Region) -> None:
    """Write samples (C, 8 rows, 8 columns), 0..255, into their place in a picture; what lies beyond it is dropped."""
    place = pixels[8 * tile.top : 8 * tile.bottom, 8 * tile.left : 8 * tile.right]
    samples = samples[:, : place.shape[0], : place.shape[1]]
    if pixels.dtype != np.float32:
        samples = samples.mul_(_SCALES[pixels.dtype.name]).round_()
    if pixels.dtype == np.uint8:
        samples = samples.to(torch.uint8)
    place[...] = samples.movedim(0, -1).cpu().numpy().reshape(place.shape)
