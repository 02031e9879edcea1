r"""Undoing what decoders do to subsampled chroma.

libjpeg's "fancy" upsampling (``jdsample.c``) makes two samples of each, 3/4 of it and 1/4 of its neighbour to either
side. As a matrix this is :math:`U` with :math:`U^T U` the filter (6, 20, 6)/16, whose inverse is :math:`(-1/3)^{|k|}`:
the least squares solution of a doubled plane is a short filter. What comes out differs from what went in by errors of
the variance of rounding, so that at least nine in ten whole numbers are the same. Simpler decoders repeat each sample.
"""

from __future__ import annotations

import numpy as np

from qgac.pixels.blocks import Plane

__all__ = ["doubled", "halved", "repeated"]

_REACH = 10  # samples of the halved plane; (1/3)^10 of a sample is nothing
_TAPS = np.convolve(
    np.kron((-1 / 3) ** np.abs(np.arange(-_REACH, _REACH + 1)), [1, 0])[:-1], np.array([1, 3, 3, 1]) / 4
).astype(np.float32)


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
        plane = _halved_rows(plane.T).T
    if horizontal == 2:
        plane = _halved_rows(plane)
    return plane


def _halved_rows(plane: Plane) -> Plane:
    reach = 2 * _REACH + 1
    wide = np.pad(plane, ((0, 0), (reach, reach)), mode="symmetric")
    width = plane.shape[1] // 2
    result = np.zeros((plane.shape[0], width), np.float32)
    for tap, weight in enumerate(_TAPS):
        result += weight * wide[:, tap : tap + 2 * width : 2]
    return result


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
