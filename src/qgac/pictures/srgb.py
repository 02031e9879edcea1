"""Conversion of restored pictures to sRGB, by their ICC profile."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
from PIL import ImageCms

from qgac.restoration.picture import Restored

__all__ = ["convert_to_srgb"]

_SPACES = {"L": b"GRAY", "RGB": b"RGB ", "CMYK": b"CMYK"}  # as profiles name them


def convert_to_srgb(restored: Restored) -> tuple[Restored, tuple[str, ...]]:
    """Convert the colours of a picture to sRGB.

    By the picture's profile, perceptual intent with black point compensation. Without a usable one, gray and RGB are
    taken to be sRGB already, and CMYK is converted by the plain formula: red is the light that neither cyan nor black
    keeps back, (1 - C)(1 - K). Real inks look duller than that.

    Parameters
    ----------
    restored : Restored
        Converted in 8 bit.

    Returns
    -------
    restored : Restored
        uint8; gray of gray, else RGB with an sRGB profile. Gray and RGB without a profile are as they were.
    notes : tuple of str
        What had to be assumed.
    """
    picture = restored.to_pil()
    metadata = restored.image.metadata
    notes: tuple[str, ...] = ()
    target = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    transform = _transform(metadata.icc, picture.mode, target)
    if transform is None and metadata.icc:
        notes = ("the ICC profile cannot be used and was taken out",)
    if transform is not None:
        converted = transform.apply(picture)
    else:
        converted = picture.convert("RGB") if picture.mode == "CMYK" else picture
        if picture.mode == "CMYK":
            notes += ("the CMYK picture has no ICC profile; its inks were mixed by the plain formula (1 - C)(1 - K)",)
    if picture.mode == "L":  # stays gray: gray without a profile is shown as sRGB is
        pixels, icc = np.asarray(converted.getchannel(1) if transform is not None else converted), None
    else:
        pixels, icc = np.asarray(converted), target.tobytes()
    image = replace(restored.image, metadata=replace(metadata, icc=icc))
    return Restored(pixels, image), notes


def _transform(icc: bytes | None, mode: str, target: ImageCms.ImageCmsProfile) -> ImageCms.ImageCmsTransform | None:
    """Return the conversion of pictures of a mode to RGB, if their profile can be used for it."""
    if not icc or icc[16:20] != _SPACES[mode]:
        return None
    try:
        return ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(icc)),
            target,
            mode,
            "RGB",
            renderingIntent=ImageCms.Intent.PERCEPTUAL,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION | ImageCms.Flags.HIGHRESPRECALC,
        )
    except (OSError, ImageCms.PyCMSError):  # no profile, or one that lacks what its class needs
        return None
