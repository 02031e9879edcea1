"""What a file says about itself, in JSON types: size, sampling, tables, metadata, and the error of quantisation."""

from __future__ import annotations

import math
from typing import Any

from qgac.coefficients.quantization import quality_of
from qgac.inspection.uncertainty import quantization_error
from qgac.jpeg.image import Component, JPEGImage

__all__ = ["describe"]

# Chroma subsampling (horizontal, vertical) in the J:a:b notation.
_NOTATIONS = {
    (1, 1): "4:4:4",
    (2, 1): "4:2:2",
    (2, 2): "4:2:0",
    (1, 2): "4:4:0",
    (4, 1): "4:1:1",
    (4, 2): "4:1:0",
    (1, 4): "4:4:0 (quarter)",
}
_UNITS = {0: "aspect ratio only", 1: "dots per inch", 2: "dots per centimetre"}


def describe(image: JPEGImage, size: int) -> dict[str, Any]:
    """Describe a picture in JSON types.

    Parameters
    ----------
    image : JPEGImage
    size : int
        Of the file in bytes.

    Returns
    -------
    dict
        ``width``, ``height``, ``color``, ``process``, ``bytes_per_pixel``; ``sampling`` (``"4:2:0"`` and so on, or None
        where the notation does not apply); ``quality`` (``luma`` and ``chroma``: 1..100, ``"custom"``, or None if there
        is no such component); ``components`` (each with ``horizontal``, ``vertical``, ``table``, 8 rows of 8, and
        ``error``: ``expected``, ``uniform`` and ``largest``, see :mod:`qgac.inspection.uncertainty`, the last two None
        where the file leaves coefficients out altogether);
        ``metadata`` (``exif``, ``icc``, ``xmp``, ``iptc``: bytes; ``comments``: texts; ``density``: ``unit``, ``x``,
        ``y``, or None); ``missing`` (share of the picture, 0..1); ``notes``.
    """
    chroma = image.chroma
    qualities = [_quality(image, index, chroma=index in chroma) for index in range(len(image.components))]
    metadata = image.metadata
    density = metadata.density
    return {
        "width": image.width,
        "height": image.height,
        "color": image.color,
        "process": image.process,
        "sampling": _sampling(image),
        "quality": {
            "luma": _common([quality for index, quality in enumerate(qualities) if index not in chroma]),
            "chroma": _common([qualities[index] for index in chroma]) if chroma else None,
        },
        "bytes_per_pixel": round(size / (image.width * image.height), 4),
        "components": [
            {
                "horizontal": part.horizontal,
                "vertical": part.vertical,
                "table": part.table.tolist(),
                "error": _error(part),
            }
            for part in image.components
        ],
        "metadata": {
            **{name: len(getattr(metadata, name) or b"") for name in ("exif", "icc", "xmp", "iptc")},
            "comments": [comment.decode("utf-8", "replace") for comment in metadata.comments],
            "density": {"unit": _UNITS[density.unit], "x": density.x, "y": density.y} if density else None,
        },
        "missing": image.missing,
        "notes": list(image.notes),
    }


def _error(component: Component) -> dict[str, float | None]:
    error = quantization_error(component)
    figures = {"expected": error.expected, "uniform": error.uniform, "largest": error.largest}
    return {name: round(figure, 3) if math.isfinite(figure) else None for name, figure in figures.items()}


def _quality(image: JPEGImage, index: int, *, chroma: bool) -> int | str:
    return quality_of(image.components[index].table, chroma=chroma) or "custom"


def _common(qualities: list[int | str]) -> int | str:
    return qualities[0] if len(set(qualities)) == 1 else "custom"


def _sampling(image: JPEGImage) -> str | None:
    if image.color not in ("YCbCr", "YCCK"):
        return None
    luma, first, second = image.components[:3]
    if (first.horizontal, first.vertical) != (second.horizontal, second.vertical):
        return None
    if luma.horizontal % first.horizontal or luma.vertical % first.vertical:
        return None
    return _NOTATIONS.get((luma.horizontal // first.horizontal, luma.vertical // first.vertical))
