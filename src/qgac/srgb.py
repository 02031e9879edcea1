"""Conversion of restored pictures to sRGB, by their ICC profile."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
from PIL import ImageCms

from qgac.restorer import Restored

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
    profile = _profile(metadata.icc, picture.mode)
    if profile is None and metadata.icc:
        notes = ("the ICC profile cannot be used and was taken out",)
    target = ImageCms.createProfile("sRGB")
    if profile is not None:
        converted = ImageCms.profileToProfile(
            picture,
            profile,
            target,
            renderingIntent=ImageCms.Intent.PERCEPTUAL,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION | ImageCms.Flags.HIGHRESPRECALC,
        )
        assert converted is not None  # it is None only where pictures are converted in place
    else:
        converted = picture.convert("RGB") if picture.mode == "CMYK" else picture
        if picture.mode == "CMYK":
            notes += ("the CMYK picture has no ICC profile; its inks were mixed by the plain formula (1 - C)(1 - K)",)
    if picture.mode == "L":  # stays gray: gray without a profile is shown as sRGB is
        pixels, icc = np.asarray(converted.getchannel(1) if profile is not None else converted), None
    else:
        pixels, icc = np.asarray(converted), ImageCms.ImageCmsProfile(target).tobytes()
    image = replace(restored.image, metadata=replace(metadata, icc=icc))
    return Restored(pixels, image), notes


def _profile(icc: bytes | None, mode: str) -> ImageCms.ImageCmsProfile | None:
    """Return a profile that can be used for pictures of a mode."""
    if not icc or icc[16:20] != _SPACES[mode]:
        return None
    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(icc))
    except OSError:
        return None
