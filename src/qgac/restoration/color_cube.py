r"""The range of samples as further knowledge: nothing of the original was darker than 0 or brighter than 255.

The quantisation intervals are a convex set that holds the truth (:mod:`qgac.coefficients.projection`). The range of R,
G and B is another one, the colour cube: in the space of Y, Cb and Cr each of the three ranges is a slab between two
parallel planes, for every pixel. A restored picture that leaves a slab is wrong there, and the nearest point of the
slab is nearer to the truth; going there contradicts the file, and the nearest picture that does not is nearer to the
truth again. Where ringing at an edge is cut off at white, the other pixels of the block learn of it in this way.

**What is proved.** Let a be a picture, t the truth, P the orthogonal projection onto a closed convex set that holds t,
and :math:`0 \le \lambda \le 2`. Then :math:`\|a + \lambda (P a - a) - t\|^2 \le \|a - t\|^2 - \lambda (2 - \lambda)
\|P a - a\|^2`, since :math:`\langle P a - a, t - a \rangle \ge \|P a - a\|^2`. All steps here are of this kind, in one
and the same norm: the sum of the squares of Y, Cb and Cr over all samples of the MCUs at full resolution. The
projection onto the intervals is orthogonal in it, because it works on each plane alone, where the DCT is orthonormal
and repetition is the adjoint of the box mean up to a scale. The nearest point of a slab lies along its normal:
:math:`p - n (\langle n, p \rangle - c) / \|n\|^2` with the bound c. So that sum of squared errors never grows, whatever
the picture and the number of rounds, but for the rounding of samples before the encoder's DCT, which can put the truth
a little outside of the intervals. Of a mixture of the decoded picture with the result, the root of the sum is at most
the same mixture of their roots. Of the error in RGB this is not so: clipping R, G and B is orthogonal there, but the
projection onto the intervals is not. That it falls as well is measured, not proved.

Every pixel and every block has bounds of its own, and none reaches beyond its MCU: so tiles leave no trace.

References
----------
.. [1] Bregman, "The method of successive projection for finding a common point of convex sets", 1965.
.. [2] Youla and Webb, "Image restoration by the method of convex projections", 1982, with relaxed projections.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from qgac.coefficients.block_dct import BLOCK_MATRIX
from qgac.coefficients.sample_range import FARTHEST, HIGHEST, LOWEST, RELAXATION, ROUNDS
from qgac.engine.engine import Array
from qgac.restoration.known import KnownPlane
from qgac.restoration.slack import bounds
from qgac.restoration.transform import box_matrix

__all__ = ["keep_range"]

# MCU rows at a time, for the sake of memory.
_ROWS = 16


def keep_range(
    samples: Array, planes: Sequence[KnownPlane], size: tuple[int, int], *, bounded: Sequence[Sequence[float]]
) -> Array:
    """Bring samples that leave the range nearer to the truth, which does not, and agrees with the file.

    Parameters
    ----------
    samples : ndarray of float32, shape (P, H, W)
        Centred around zero (-128..127), at full resolution, agreeing with the file; whole MCUs. Overwritten.
    planes : sequence of P KnownPlane
        What the file says about them. Those that are subsampled are so alike.
    size : tuple of (int, int)
        How many of the rows and columns belong to the picture; of the others no range is known.
    bounded : sequence of sequence of P floats
        Combinations of the planes that lie in the range: :data:`qgac.coefficients.sample_range.RGB_OF_YCBCR` or
        :data:`qgac.coefficients.sample_range.SAMPLE`.

    Returns
    -------
    ndarray of float32, shape (P, H, W)
        `samples`, agreeing with the file again; only MCUs that left the range have changed.
    """
    unit = max(plane.factors[0] for plane in planes), max(plane.factors[1] for plane in planes)
    height, width = (max(length, 0) for length in size)
    mcus = _mcus(samples, unit)
    intervals = [_Interval(plane, unit) for plane in planes]
    for top in range(0, len(mcus), _ROWS):
        rows = slice(top, top + _ROWS)
        lines = slice(top * 8 * unit[0], (top + _ROWS) * 8 * unit[0])
        distance = _distance(samples[:, lines], bounded)
        distance[max(height - lines.start, 0) :] = 0
        distance[:, width:] = 0
        # Whole rows first, which are contiguous.
        farthest = distance.reshape(-1, 8 * unit[0], distance.shape[1]).max(1).reshape(-1, mcus.shape[1], 8 * unit[1])
        outside = farthest.max(-1) > FARTHEST
        if not outside.any():
            continue
        inside = np.zeros((1, *distance.shape), bool)
        inside[0, : max(height - lines.start, 0), :width] = True
        inside_of_mcus = _mcus(inside, unit)[:, :, 0]
        for _ in range(ROUNDS):
            moved = np.ascontiguousarray(mcus[rows][outside].swapaxes(0, 1))
            inside_of_moved = inside_of_mcus[outside]
            _clip(moved, inside_of_moved, bounded)
            for plane, interval in zip(moved, intervals, strict=True):
                interval.project(plane, rows, outside)
            mcus[rows][outside] = moved.swapaxes(0, 1)
            distance = _distance(moved, bounded) * inside_of_moved
            outside[outside] = distance.reshape(len(distance), -1).max(1) > FARTHEST
            if not outside.any():
                break
    return samples


class _Interval:
    """The quantisation intervals of a plane, for MCUs."""

    def __init__(self, plane: KnownPlane, unit: tuple[int, int]) -> None:
        vertical, horizontal = plane.factors
        # One matrix takes the samples of as many blocks as the factors say to the coefficients of their box means.
        means = box_matrix(vertical, horizontal).reshape(-1, 64, 64)
        self._matrix = (BLOCK_MATRIX @ means).reshape(-1, 64)  # (64 * blocks, 64)
        self._spread = self._matrix.T * np.float32(vertical * horizontal)
        tall, wide = unit[0] // vertical, unit[1] // horizontal
        rows, columns, _ = plane.decoded.shape
        self._decoded = plane.decoded.reshape(rows // tall, tall, columns // wide, wide, 64).swapaxes(1, 2)
        self._half = plane.half
        self._slack = plane.slack

    def project(self, samples: Array, rows: slice, chosen: npt.NDArray[np.bool_]) -> None:
        """Project samples (n, v, u, 8, 8) of the chosen ones among rows of MCUs, in place."""
        decoded = self._decoded[rows][chosen].reshape(-1, 64)
        stretches = samples.reshape(len(decoded), -1)  # a view
        known = stretches @ self._matrix
        known -= np.clip(known, *bounds(decoded, self._half, self._slack))
        stretches -= known @ self._spread


def _mcus(values: npt.NDArray[np.generic], unit: tuple[int, int]) -> npt.NDArray[np.generic]:
    """View (P, H, W) as (rows, columns, P, v, u, 8, 8): MCUs of v x u blocks."""
    planes, height, width = values.shape
    shape = (planes, height // (8 * unit[0]), unit[0], 8, width // (8 * unit[1]), unit[1], 8)
    return values.reshape(shape).transpose(1, 4, 0, 2, 5, 3, 6)


def _combined(planes: Array, weights: Sequence[float]) -> Array:
    """Return a combination of planes (P, ...)."""
    result: Array = planes[0] * np.float32(weights[0])
    for plane, weight in zip(planes[1:], weights[1:], strict=True):
        if weight:
            result += plane * np.float32(weight)
    return result


def _distance(planes: Array, bounded: Sequence[Sequence[float]]) -> Array:
    """Return how far from the middle of the range the farthest combination of planes (P, ...) lies."""
    result: Array | None = None
    for weights in bounded:
        distance = _combined(planes, weights)
        distance -= np.float32((LOWEST + HIGHEST) / 2)
        np.abs(distance, out=distance)
        result = distance if result is None else np.maximum(result, distance, out=result)
    assert result is not None
    return result


def _clip(planes: Array, inside: npt.NDArray[np.bool_], bounded: Sequence[Sequence[float]]) -> None:
    """Take samples (P, ...) of the picture to the nearest point of each slab, and beyond it, in place."""
    for weights in bounded:
        value = _combined(planes, weights)
        step = np.clip(value, LOWEST, HIGHEST) - value
        step *= inside
        step *= np.float32(RELAXATION / sum(weight**2 for weight in weights))
        for plane, weight in zip(planes, weights, strict=True):
            if weight:
                plane += step * np.float32(weight)
