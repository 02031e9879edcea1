"""What is known of the past of a picture, for :mod:`qgac.restoration.second_hand`, which takes longer to load."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any, Literal, cast

__all__ = ["Hints", "read_hints"]

_WORDS = ("auto", "off")


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

    Raises
    ------
    ValueError
        If one of them is something else, or they contradict one another; the message names the options of
        ``qgac restore``.
    """

    grid: tuple[int, int] | None = None
    quality: int | None = None
    earlier: Literal["auto", "off"] | int = "auto"
    rescaled: Literal["auto", "off"] | int = "auto"

    def __post_init__(self) -> None:
        if self.grid is not None and not _is_place(self.grid):
            raise ValueError(f"--grid takes a column and a row from 0 to 7, such as 3,5, and not {self.grid}")
        if self.quality is not None and not _is_whole(self.quality, 1, 100):
            raise ValueError(f"--quality-was takes a quality from 1 to 100, and not {self.quality}")
        for option, value in (("--earlier", self.earlier), ("--rescaled", self.rescaled)):
            if value not in _WORDS and not _is_whole(value, 1, 100):
                raise ValueError(f"{option} takes auto, off or a quality from 1 to 100, and not {value}")
        if not isinstance(self.rescaled, str) and (self.grid, self.quality) != (None, None):
            other = "--quality-was" if self.grid is None else "--grid"
            raise ValueError(
                f"--rescaled {self.rescaled} says that no grid of a JPEG is left, {other} that one is; leave one out"
            )


def read_hints(
    *, grid: str | None = None, quality: int | None = None, earlier: str = "auto", rescaled: str = "auto"
) -> Hints:
    """Read what a user says of the past of a picture.

    Parameters
    ----------
    grid : str, optional
        Column and row, such as ``3,5``.
    quality : int, optional
        1..100.
    earlier, rescaled : str
        ``auto``, ``off``, or a quality.

    Returns
    -------
    Hints

    Raises
    ------
    ValueError
        If one of them is something else, or contradicts another; the message names the option of ``qgac restore``.
    """
    place: tuple[int, int] | None = None
    if grid is not None:
        left, _, top = grid.partition(",")
        if not (left.strip() in tuple("01234567") and top.strip() in tuple("01234567")):
            raise ValueError(f"--grid takes a column and a row from 0 to 7, such as 3,5, and not {grid}")
        place = int(left), int(top)
    return Hints(place, quality, _quality_or_word(earlier), _quality_or_word(rescaled))


def _quality_or_word(value: str) -> Literal["auto", "off"] | int:
    """Return a number as such, and a word as it is, even one that Hints do not take."""
    return int(value) if value.isascii() and value.isdigit() else cast("Literal['auto', 'off']", value)


def _is_place(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and len(value) == 2 and all(_is_whole(part, 0, 7) for part in value)


def _is_whole(value: Any, low: int, high: int) -> bool:
    """Whether something is a whole number in a range; of NumPy too, but neither True nor False."""
    return isinstance(value, Integral) and not isinstance(value, bool) and low <= int(value) <= high
