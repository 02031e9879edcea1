r"""Undoing what decoders do to subsampled chroma.

libjpeg's "fancy" upsampling (``jdsample.c``) makes two samples of each, 3/4 of it and 1/4 of its neighbour to either
side. As a matrix this is :math:`U` with :math:`U^T U` the filter (6, 20, 6)/16, whose inverse is :math:`(-1/3)^{|k|}`:
the least squares solution of a doubled plane is a short filter. What comes out differs from what went in by errors of
the variance of rounding, so that at least nine in ten whole numbers are the same. Simpler decoders repeat each sample.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from qgac.pixels.blocks import Plane

__all__ = ["doubled", "halved", "repeated"]

_REACH = 10  # samples of the halved plane; (1/3)^10 of a sample is nothing
_TAPS = np.convolve(np.kron((-1 / 3) ** np.abs(np.arange(-_REACH, _REACH + 1)), [1, 0])[:-1], [0.25, 0.75, 0.75, 0.25])
_SPAN = 32  # samples of the halved plane made of one stretch of the other, in one product
_ROWS = 64  # at a time, whose stretches fit into the cache


def _filter() -> NDArray[np.float32]:
    """Return the matrix that takes a stretch of samples to the `_SPAN` halved ones in the middle of it."""
    matrix = np.zeros((2 * _SPAN - 2 + len(_TAPS), _SPAN), np.float32)
    for sample in range(_SPAN):
        matrix[2 * sample : 2 * sample + len(_TAPS), sample] = _TAPS
    return matrix


_FILTER = _filter()


def halved(plane: Plane, vertical: int, horizontal: int) -> Plane:
    """Return the plane that fancy upsampling made this one of, as near as least squares come.

    Parameters
    ----------
    plane : ndarray of float32, shape (vertical * h, horizontal * w)
    vertical, horizontal : int
        1 or 2.

    Returns
    -------
    ndarray of float32, shape (h, w)
        Not rounded.
    """
    if vertical == 2:
        plane = np.ascontiguousarray(_halved_rows(np.ascontiguousarray(plane.T)).T)
    if horizontal == 2:
        plane = _halved_rows(plane)
    return plane


def _halved_rows(plane: Plane) -> Plane:
    reach, width = 2 * _REACH + 1, plane.shape[1] // 2
    count = -(-width // _SPAN)
    beyond = max(0, 2 * (count * _SPAN - width))
    wide = np.pad(np.pad(plane, ((0, 0), (reach, reach)), mode="symmetric"), ((0, 0), (0, beyond)))
    result = np.empty((plane.shape[0], count * _SPAN), np.float32)
    for top in range(0, len(plane), _ROWS):
        stretches = sliding_window_view(wide[top : top + _ROWS], len(_FILTER), axis=1)[:, :: 2 * _SPAN]
        result[top : top + _ROWS] = (stretches @ _FILTER).reshape(-1, count * _SPAN)
    return result[:, :width]


def doubled(plane: Plane, vertical: int, horizontal: int) -> Plane:
    """Upsample a plane by libjpeg's weights, without rounding; the inverse of :func:`halved`."""
    if vertical == 2:
        plane = _doubled_rows(plane.T).T
    if horizontal == 2:
        plane = _doubled_rows(plane)
    return plane


def _doubled_rows(plane: Plane) -> Plane:
    wide = np.pad(plane, ((0, 0), (1, 1)), mode="edge")
    result = np.empty((plane.shape[0], 2 * plane.shape[1]), np.float32)
    result[:, 0::2] = 0.75 * plane + 0.25 * wide[:, :-2]
    result[:, 1::2] = 0.75 * plane + 0.25 * wide[:, 2:]
    return result


def repeated(plane: Plane, vertical: int, horizontal: int) -> bool:
    """Say whether samples repeat in boxes, but for one in a thousand: a decoder did not interpolate."""
    boxes = plane.reshape(plane.shape[0] // vertical, vertical, plane.shape[1] // horizontal, horizontal)
    return bool((boxes == boxes[:, :1, :, :1]).mean() > 0.999)
