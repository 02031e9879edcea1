"""What was sent, read within the limits: a JPEG file, or a picture that may have been one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from qgac.jpeg.errors import JPEGError, TooLargeError
from qgac.jpeg.image import JPEGImage
from qgac.web.problems import Problem

if TYPE_CHECKING:
    from qgac.pixels.files import Picture

__all__ = ["Sent", "read"]

Sent: TypeAlias = "JPEGImage | Picture"

_SHARE = 4  # what was a JPEG needs about so many times the memory and the time of one


def read(source: Path, *, tolerant: bool, max_pixels: int) -> Sent:
    """Read a file that was sent.

    Parameters
    ----------
    source : Path
    tolerant : bool
        Of a JPEG file, whether to read what is left of a damaged one.
    max_pixels : int
        Of a JPEG file; of another picture a quarter of it.

    Returns
    -------
    JPEGImage or Picture

    Raises
    ------
    Problem
        413 if the picture is too large, 415 if it is none, 422 if it is damaged or not supported.
    """
    from qgac.jpeg.signatures import LONGEST
    from qgac.pixels.files import kind_of_picture, read_picture

    with source.open("rb") as file:
        head = file.read(LONGEST)
    kind = kind_of_picture(head)
    if kind is None:
        return _read_jpeg(source, head, tolerant=tolerant, max_pixels=max_pixels)
    if kind == "TIFF":
        _check_one_picture(source)
    try:
        return read_picture(source.read_bytes(), max_pixels=max_pixels // _SHARE)
    except TooLargeError as error:
        raise Problem(413, str(error)) from error
    except JPEGError as error:
        raise Problem(422, str(error)) from error


def _read_jpeg(source: Path, head: bytes, *, tolerant: bool, max_pixels: int) -> JPEGImage:
    from qgac.jpeg import signatures  # loaded when they are needed
    from qgac.jpeg.reader import read_jpeg

    try:
        signatures.find_start(head)
    except JPEGError as error:
        raise Problem(415, str(error)) from error
    try:
        return read_jpeg(source, tolerant=tolerant, max_pixels=max_pixels)
    except TooLargeError as error:
        raise Problem(413, str(error)) from error
    except JPEGError as error:
        raise Problem(422, str(error)) from error


def _check_one_picture(source: Path) -> None:
    """Refuse TIFF files that are containers, which the command restores as such."""
    from qgac.containers.tiff_directory import is_one_picture

    if not is_one_picture(source):
        raise Problem(
            415,
            "this TIFF file holds JPEG pictures, several ones, or none that can be read; restore it with the command "
            "(qgac restore), or send its pictures one by one",
        )
