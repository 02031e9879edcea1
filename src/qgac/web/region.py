"""The part of a picture that is restored first, for whoever looks at it while the whole is still waiting."""

from __future__ import annotations

from dataclasses import dataclass

from qgac.jpeg.image import JPEGImage
from qgac.web.problems import Problem

__all__ = ["View", "view_of"]


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

    def grown(self, pixels: int) -> View:
        """Return it with a border of so many pixels on all sides; see :meth:`within`."""
        return View(self.left - pixels, self.top - pixels, self.width + 2 * pixels, self.height + 2 * pixels)

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
