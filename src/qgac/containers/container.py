"""What all containers have in common: which pictures they hold, and writing them anew with others in their place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from qgac.jpeg.image import JPEGImage
    from qgac.restoration.picture import Restored

__all__ = ["Container", "ContainerError", "EmptyError", "Exchange", "Holder", "Inner", "LackingError", "Limits"]


class ContainerError(ValueError):
    """A container that is damaged, dangerous, or of a kind that is not supported.

    The message is one sentence that says what is wrong and what to do about it. It does not name the file.
    """


class EmptyError(ContainerError):
    """There is no JPEG picture inside; `notes` say what is worth telling."""

    def __init__(self, notes: Sequence[str] = ()) -> None:
        super().__init__("; ".join(["it holds no JPEG picture to restore", *notes, "name another file"]))


class LackingError(ContainerError):
    """The library that a kind of container needs is not installed."""


@dataclass(frozen=True)
class Limits:
    """How the pictures inside are read, see :func:`qgac.jpeg.reader.read_jpeg`."""

    tolerant: bool
    max_pixels: int


@dataclass(frozen=True)
class Inner:
    """A JPEG picture inside a container.

    Attributes
    ----------
    name : str
        Where in the container it is, as a user would look for it.
    size : int
        Bytes that it takes, as a measure of the work.
    read : callable
        Takes a :class:`Limits` and returns the picture; raises JPEGError if it cannot be read. What it returns is not
        kept, so that a container may hold any number of pictures.
    """

    name: str
    size: int
    read: Callable[[Limits], JPEGImage]


Exchange = Callable[[Inner], "JPEGImage | Restored | None"]
"""Gives the restored picture for one inside: refined coefficients; pixels, where lossless ones are wanted; None, if
it is to stay as it is."""


class Holder(Protocol):
    """What holds pictures, open and never changed.

    Attributes
    ----------
    pictures : sequence of Inner
        In the order of the container.
    notes : sequence of str
        What is worth telling about it; writing may add to it.
    signed : bool
        Whether a signature covers its pictures.
    """

    @property
    def pictures(self) -> Sequence[Inner]: ...  # noqa: D102

    @property
    def notes(self) -> Sequence[str]: ...  # noqa: D102

    @property
    def signed(self) -> bool: ...  # noqa: D102

    def close(self) -> None:
        """Let go of the source."""


class Container(Holder, Protocol):
    """A holder that can be written anew with other pictures."""

    def write(self, path: Path, exchange: Exchange) -> None:
        """Write the container with other pictures to a file.

        Parameters
        ----------
        path : Path
            An empty file.
        exchange : callable
            Asked once for each picture.

        Raises
        ------
        ContainerError
            If the pictures cannot be put into it.
        """
