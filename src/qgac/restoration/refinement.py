r"""A restored picture as JPEG coefficients from which those of the source follow exactly.

Rounded by the tables of its source, a restored picture is its source again: that is the promise of
:mod:`qgac.coefficients.projection`, and the reason why a JPEG file with those tables cannot show the restoration. A
*refined* file has finer tables, those of a libjpeg quality where they are finer than the source's, and the same
sampling. Every viewer shows the restored picture, and every coefficient, multiplied by its step and divided by the
source's step, rounds to the source's level.

That holds exactly, in integers: of the levels n of a step f, only those are used whose value lies inside the source's
interval, :math:`2 c q - q < 2 n f < 2 c q + q`. For f ≤ q there always is one: f divides q = f trivially, and for
f < q the interval holds at least q - 1 ≥ f integers in a row. Where a progressive source leaves bits out, the interval
is as much wider, see :mod:`qgac.restoration.slack`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from qgac.jpeg.image import Component

__all__ = ["refined_levels", "refined_table", "slack_of_levels"]

_LARGEST_LEVEL = 1023  # that the baseline process codes for an AC coefficient
_LARGEST_COEFFICIENT = 1024  # of samples of 8 bits, but for the DC


def refined_table(component: Component, finest: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    """Return quantisation steps for the restored coefficients of a component.

    Parameters
    ----------
    component : Component
        As the source has it.
    finest : ndarray of uint16, shape (8, 8)
        Steps that are fine enough.

    Returns
    -------
    ndarray of uint16, shape (8, 8)
        Nowhere coarser than the component's own; coarser than `finest` only where levels would be too large to be
        coded, which files of pictures do not need. Where they are finer than the component's own, all levels of
        :func:`refined_levels` are at most 1023, those of the DC 2046.
    """
    steps = component.table.astype(np.int64)
    largest = np.abs(component.coefficients.astype(np.int32)).max((0, 1)) * steps + steps // 2
    if (slack := slack_of_levels(component)) is not None:
        largest += slack
    limits = np.full((8, 8), _LARGEST_LEVEL)
    limits[0, 0] *= 2  # in files of pictures at most 8 * 128 and half a step, whatever the table
    needed = -(-largest // limits)
    table: npt.NDArray[np.uint16] = np.minimum(steps, np.maximum(finest, needed)).astype(np.uint16)
    return table


def refined_levels(
    restored: npt.NDArray[np.float32],
    levels: npt.NDArray[np.int16],
    steps: npt.NDArray[np.uint16],
    finer: npt.NDArray[np.uint16],
    slack: npt.NDArray[np.int64] | None = None,
) -> npt.NDArray[np.int16]:
    """Quantise restored coefficients so that quantising them again by the source's steps gives the source's levels.

    Parameters
    ----------
    restored : ndarray of float32, shape (..., 8, 8)
        Coefficients, dequantised scale.
    levels : ndarray of int16, shape (..., 8, 8)
        The source's.
    steps, finer : ndarray of uint16, shape (8, 8)
        The source's steps, and those to use, nowhere larger.
    slack : ndarray of int64, shape (8, 8), optional
        How much further from zero than half a step the coefficients may lie, see :func:`slack_of_levels`.

    Returns
    -------
    ndarray of int16, shape (..., 8, 8)
    """
    q, f = steps.astype(np.int64), finer.astype(np.int64)
    twice = 2 * levels.astype(np.int64) * q
    below = above = q
    if slack is not None:
        below = q + 2 * slack * (levels <= 0)
        above = q + 2 * slack * (levels >= 0)
        below[..., 0, 0], above[..., 0, 0] = q[0, 0], q[0, 0] + 2 * slack[0, 0]
    lowest = (twice - below) // (2 * f) + 1
    highest = -((-twice - above) // (2 * f)) - 1
    return np.rint(restored / f).clip(lowest, highest).astype(np.int16)


def slack_of_levels(component: Component) -> npt.NDArray[np.int64] | None:
    """Return the slack, see :mod:`qgac.restoration.slack`, in integers and as far as pictures need it."""
    slack = component.slack
    return None if slack is None else slack.clip(max=_LARGEST_COEFFICIENT).astype(np.int64)
