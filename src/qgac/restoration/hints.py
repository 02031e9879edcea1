"""What is known of the past of a picture, for :mod:`qgac.restoration.second_hand`, which takes longer to load."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Hints"]


@dataclass(frozen=True)
class Hints:
    """What is known of the past of a picture, or asked for.

    Attributes
    ----------
    grid : tuple of (int, int), optional
        Of pixels: column and row, 0..7, at which the first whole block begins.
    quality : int, optional
        Of pixels: 1..100, the libjpeg quality of the tables.
    earlier : "auto", "off" or int
        Of a JPEG file: whether to look for a compression before the last one and restore that, or its quality, 1..100.
    rescaled : "auto", "off" or int
        Of pixels without a grid: whether to look for artifacts of a JPEG that was scaled since and take them out, or
        how strong they are: as those of a libjpeg quality, 1..100, at the present size.
    """

    grid: tuple[int, int] | None = None
    quality: int | None = None
    earlier: Literal["auto", "off"] | int = "auto"
    rescaled: Literal["auto", "off"] | int = "auto"
