"""What every engine does: coefficients and tables of a region in, restored coefficients out, not projected."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Array", "Engine", "Pair", "memory_told"]

Array: TypeAlias = npt.NDArray[np.float32]

Pair: TypeAlias = tuple[Array, Array]
"""Something of Cb, and of Cr."""


class Engine(Protocol):
    """Runs the networks of a model. May be used from several threads at once."""

    @property
    def device(self) -> str:
        """Where it computes: ``cpu``, ``cuda`` and so on."""

    @property
    def receptive_field_y(self) -> int:
        """Blocks to each side that a restored Y block depends on."""

    @property
    def receptive_field_color(self) -> int:
        """Luma blocks to each side that a restored chroma block depends on, once Y is restored."""

    @property
    def factors(self) -> frozenset[tuple[int, int]]:
        """The (vertical, horizontal) chroma subsampling that the colour network restores."""

    @property
    def widest_layer(self) -> int:
        """The most numbers for a block that a layer takes or makes, by which memory is planned."""

    def restore_y(self, decoded: Array, table: Array) -> Array:
        """Restore luma, or any single plane that stands for one.

        Parameters
        ----------
        decoded : ndarray of float32, shape (rows, columns, 64)
            Dequantised coefficients, frequencies row-major.
        table : ndarray of float32, shape (64,)
            Quantisation steps, 1..65535.

        Returns
        -------
        ndarray of float32, shape (rows, columns, 64)
            Of its own memory; not projected onto the quantisation interval.

        Raises
        ------
        MemoryError
            If there is not enough of it.
        """

    def restore_chroma(
        self,
        chroma: Pair,
        tables: Pair,
        y: Array,
        y_table: Array,
        factors: tuple[int, int],
    ) -> Pair:
        """Restore Cb and Cr at full resolution.

        Parameters
        ----------
        chroma : tuple of two ndarray of float32, shape (rows, columns, 64)
            Dequantised coefficients.
        tables : tuple of two ndarray of float32, shape (64,)
            Their quantisation steps.
        y : ndarray of float32, shape (vertical * rows, horizontal * columns, 64)
            Restored Y.
        y_table : ndarray of float32, shape (64,)
            Quantisation steps of Y.
        factors : tuple of (int, int)
            Vertical and horizontal subsampling, one of :attr:`factors`.

        Returns
        -------
        tuple of two ndarray of float32, shape (vertical * rows, horizontal * columns, 64)
            Of their own memory; not projected.

        Raises
        ------
        MemoryError
            If there is not enough of it.
        """


@contextmanager
def memory_told(kind: type[Exception], word: str) -> Iterator[None]:
    """Raise a MemoryError where a library says in an error of another kind that there was too little.

    Parameters
    ----------
    kind : type
        What the library raises.
    word : str
        What tells such an error from others of this kind.
    """
    try:
        yield
    except MemoryError:
        raise
    except kind as error:
        if word in str(error):
            raise MemoryError("there is not enough memory for a tile") from error
        raise
