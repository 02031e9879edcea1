"""A restored picture: how samples of planes become its pixels, and in which types these are handed on."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import numpy as np
import numpy.typing as npt

from qgac.coefficients.sample_range import RGB_OF_YCBCR
from qgac.engine.engine import Array
from qgac.extras import lacking
from qgac.jpeg.image import JPEGImage

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

__all__ = ["Restored", "pixel_shape", "pixel_type", "write_pixels"]

_ROWS_CONVERTED = 64  # at a time, to colours and to the type of the result

_SHOWN = 1024  # pixels a side, at most, in a notebook
_SPACES = {"L": b"GRAY", "RGB": b"RGB "}  # as ICC profiles name them

_SCALES = {"uint8": 1, "uint16": 257, "float32": 1}


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
        """Return samples 0..255, rounded, of the shape of `pixels`; `pixels` itself where it is of this type."""
        return self._scaled(np.uint8)

    def to_uint16(self) -> npt.NDArray[np.uint16]:
        """Return samples 0..65535, otherwise as :meth:`to_uint8`; no more precise than `pixels` is."""
        return self._scaled(np.uint16)

    def to_float32(self) -> npt.NDArray[np.float32]:
        """Return samples 0..255, not rounded, otherwise as :meth:`to_uint8`; no more precise than `pixels` is."""
        return self._scaled(np.float32)

    def to_torch(self) -> Tensor:
        """Return a tensor (C, H, W), float32, 0..1, on the CPU; C is 1 for gray.

        Raises
        ------
        ModuleNotFoundError
            If PyTorch is not installed.
        """
        try:
            import torch
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(lacking(error, "a tensor"), name=error.name) from error

        channels = self.pixels[None] if self.pixels.ndim == 2 else np.moveaxis(self.pixels, -1, 0)
        scaled = torch.from_numpy(np.array(channels, np.float32, order="C"))
        return scaled.div_(255 * _SCALES[self.pixels.dtype.name])

    def _scaled(self, kind: type[np.generic]) -> npt.NDArray[Any]:
        dtype = np.dtype(kind)
        if self.pixels.dtype == dtype:
            return self.pixels
        samples = self.pixels.astype(np.float32) * np.float32(_SCALES[dtype.name])
        samples /= np.float32(_SCALES[self.pixels.dtype.name])
        return samples if dtype.kind == "f" else np.rint(samples, out=samples).astype(dtype)

    def to_pil(self) -> Image.Image:
        """Return an 8-bit Pillow picture of mode L, RGB or CMYK, without metadata."""
        from PIL import Image

        samples = np.ascontiguousarray(self.to_uint8())
        mode = "L" if samples.ndim == 2 else {3: "RGB", 4: "CMYK"}[samples.shape[2]]
        size = (samples.shape[1], samples.shape[0])
        return Image.frombuffer(mode, size, samples, "raw", mode, 0, 1)

    def save(
        self,
        destination: str | os.PathLike[str] | BinaryIO,
        *,
        format: Literal["png", "webp", "tiff", "jpeg"] | None = None,  # noqa: A002
        depth: Literal[8, 16, "float"] | None = None,
        quality: int = 95,
        srgb: bool = False,
        strip: bool = False,
        overwrite: bool = False,
    ) -> None:
        """Save the picture with the metadata of its source, as :func:`qgac.pictures.save.save` explains."""
        from qgac import save  # by the front door: files of pictures are made above this folder

        save(
            self,
            destination,
            format=format,
            depth=depth,
            quality=quality,
            srgb=srgb,
            strip=strip,
            overwrite=overwrite,
        )

    def _repr_png_(self) -> bytes:
        """Return a PNG file for notebooks: of at most 1024 pixels a side, CMYK mixed by a plain formula."""
        from PIL import Image

        picture = self.to_pil()
        if picture.mode == "CMYK":
            picture = picture.convert("RGB")
        picture.thumbnail((_SHOWN, _SHOWN), Image.Resampling.BOX)
        icc = self.image.metadata.icc
        fits = icc is not None and icc[16:20] == _SPACES[picture.mode] and len(self.image.components) < 4
        file = io.BytesIO()
        picture.save(file, "PNG", icc_profile=icc if fits else None)
        return file.getvalue()


def pixel_type(dtype: npt.DTypeLike) -> np.dtype[Any]:
    """Return the type of pixels that was asked for.

    Raises
    ------
    ValueError
        If there are no pixels of this type.
    """
    kind = np.dtype(dtype)
    if kind.name not in _SCALES:
        raise ValueError(f"pixels cannot be of type {kind}; choose uint8, uint16 or float32")
    return kind


def pixel_shape(image: JPEGImage) -> tuple[int, ...]:
    """Return the shape of the pixels of a picture, (H, W) or (H, W, C)."""
    channels = len(image.components)
    return (image.height, image.width) if channels == 1 else (image.height, image.width, channels)


def write_pixels(samples: Array, image: JPEGImage, band: npt.NDArray[Any], left: int) -> None:
    """Turn samples of the planes into pixels of a band.

    Parameters
    ----------
    samples : ndarray of float32, shape (C, 8 rows, 8 columns)
        Of the components of the file, 0..255; what lies beyond the band is dropped. Overwritten in places.
    image : JPEGImage
        The picture that they belong to.
    band : ndarray of uint8, uint16 or float32, shape (rows, W) or (rows, W, C)
        Written to.
    left : int
        From which column on.
    """
    place = band[:, left : left + samples.shape[2]]
    if place.ndim == 2:
        place = place[..., None]
    samples = samples[:, : place.shape[0], : place.shape[1]]
    for top in range(0, len(band), _ROWS_CONVERTED):
        rows = slice(top, top + _ROWS_CONVERTED)
        for channel, values in enumerate(_colors(list(samples[:, rows]), image)):
            if band.dtype != np.float32:
                values *= np.float32(_SCALES[band.dtype.name])
                np.rint(values, out=values)
            place[rows, :, channel] = values


def _colors(planes: list[Array], image: JPEGImage) -> list[Array]:
    """Convert the planes of a file to gray, RGB or CMYK, 0..255, as libjpeg and Pillow do."""
    if image.color in ("YCbCr", "YCCK"):
        planes[:3] = _rgb(*planes[:3])
        if image.color == "YCCK":  # its first three components are those of inverted CMY
            planes[:3] = [255 - plane for plane in planes[:3]]
    if image.inverted:
        planes = [255 - plane for plane in planes]
    return [np.clip(plane, 0, 255, out=plane) for plane in planes]


def _rgb(y: Array, cb: Array, cr: Array) -> list[Array]:
    """Convert full-range YCbCr to RGB, neither clamped nor rounded; overwrites Cb and Cr."""
    cb -= 128
    cr -= 128
    (_, _, red_cr), (_, green_cb, green_cr), (_, blue_cb, _) = RGB_OF_YCBCR
    green = y + np.float32(green_cb) * cb
    green += np.float32(green_cr) * cr
    cr *= np.float32(red_cr)
    cr += y
    cb *= np.float32(blue_cb)
    cb += y
    return [cr, green, cb]
