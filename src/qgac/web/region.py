"""A part of a picture restored on its own, for whoever looks at it while the whole is still waiting."""

from __future__ import annotations

from dataclasses import dataclass, replace

from qgac.jpeg.image import JPEGImage, ceil_divide
from qgac.web.problems import Problem

__all__ = ["View", "cropped", "view_of"]

# Blocks around the part that are restored with it. A network sees further, but not so that an eye would notice; the
# whole picture, which follows, is exact.
_HALO = 8


@dataclass(frozen=True)
class View:
    """A rectangle of pixels of a picture.

    Attributes
    ----------
    left, top, width, height : int
    """

    left: int
    top: int
    width: int
    height: int

    def within(self, image: JPEGImage) -> View | None:
        """Return the part of it that lies in a picture, or None if none does."""
        left, top = max(self.left, 0), max(self.top, 0)
        right, bottom = min(self.left + self.width, image.width), min(self.top + self.height, image.height)
        return View(left, top, right - left, bottom - top) if left < right and top < bottom else None


def view_of(text: str) -> View:
    """Read ``left,top,width,height``.

    Raises
    ------
    Problem
        422, if it is something else.
    """
    try:
        left, top, width, height = (int(part) for part in text.split(","))
    except ValueError as error:
        raise Problem(422, f"a view is left,top,width,height in whole pixels, got {text[:40]!r}; correct it") from error
    return View(left, top, width, height)


def cropped(image: JPEGImage, view: View) -> tuple[JPEGImage, View]:
    """Return the part of a picture around a view as a picture of its own, in whole MCUs.

    Parameters
    ----------
    image : JPEGImage
    view : View
        Within the picture.

    Returns
    -------
    image : JPEGImage
        With a halo where there is more picture, and the same metadata.
    view : View
        The place of the view in it.
    """
    vertical, horizontal = image.largest_factors
    top, bottom = _span(view.top, view.height, 8 * vertical)
    left, right = _span(view.left, view.width, 8 * horizontal)
    components = tuple(
        replace(
            part,
            coefficients=part.coefficients[
                top * part.vertical : bottom * part.vertical, left * part.horizontal : right * part.horizontal
            ],
        )
        for part in image.components
    )
    crop = replace(
        image,
        width=min(right * 8 * horizontal, image.width) - left * 8 * horizontal,
        height=min(bottom * 8 * vertical, image.height) - top * 8 * vertical,
        components=components,
    )
    return crop, replace(view, left=view.left - left * 8 * horizontal, top=view.top - top * 8 * vertical)


def _span(start: int, length: int, unit: int) -> tuple[int, int]:
    """Return the first MCU and the one after the last that cover a length of pixels and its halo."""
    return max(0, (start - 8 * _HALO) // unit), ceil_divide(start + length + 8 * _HALO, unit)
