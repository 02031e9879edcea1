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
from dataclasses import dataclass

import torch
from torch import Tensor

from qgac.coefficients.dct import dct, shrink_box
from qgac.coefficients.projection import HALF
from qgac.coefficients.slack import bounds

__all__ = [
    "FARTHEST",
    "HIGHEST",
    "LOWEST",
    "RELAXATION",
    "RGB_OF_YCBCR",
    "ROUNDS",
    "SAMPLE",
    "KnownPlane",
    "keep_range",
]

RGB_OF_YCBCR = ((1.0, 0.0, 1.402), (1.0, -0.344136286, -0.714136286), (1.0, 1.772, 0.0))
"""What lies between 0 and 255 where Y, Cb and Cr were made of R, G and B: JFIF's conversion, one row each."""

SAMPLE = ((1.0,),)
"""What lies between 0 and 255 in a plane alone: its samples, which were bytes before they were transformed."""

LOWEST, HIGHEST = -128.0, 127.0  # of samples centred around zero

# How far to go, in units of the way to the nearest point of a slab. Three rounds come as far as ten with 1.
RELAXATION = 1.9

ROUNDS = 3

# From the middle of the range. Two levels outside of it are not worth a round: they are cut off where pixels are made.
FARTHEST = (HIGHEST - LOWEST) / 2 + 2

# MCU rows at a time, for the sake of memory.
_ROWS = 16


@dataclass(frozen=True)
class KnownPlane:
    """What a file says about a plane.

    Attributes
    ----------
    decoded : Tensor, shape (1, 64, h, w)
        Dequantised coefficients.
    table : Tensor, shape (1, 8, 8)
        Quantisation steps.
    factors : tuple of (int, int)
        Vertical and horizontal subsampling.
    slack : Tensor, shape (1, 8, 8), or None
        What the file leaves open beyond half a step, see :mod:`qgac.coefficients.slack`.
    """

    decoded: Tensor
    table: Tensor
    factors: tuple[int, int] = (1, 1)
    slack: Tensor | None = None


def keep_range(
    samples: Tensor, planes: Sequence[KnownPlane], size: tuple[int, int], *, bounded: Sequence[Sequence[float]]
) -> Tensor:
    """Bring samples that leave the range nearer to the truth, which does not, and agrees with the file.

    Parameters
    ----------
    samples : Tensor, shape (P, H, W), float
        Centred around zero (-128..127), at full resolution, agreeing with the file; whole MCUs. Overwritten.
    planes : sequence of P KnownPlane
        What the file says about them. Those that are subsampled are so alike.
    size : tuple of (int, int)
        How many of the rows and columns belong to the picture; of the others no range is known.
    bounded : sequence of sequence of P floats
        Combinations of the planes that lie in the range: :data:`RGB_OF_YCBCR` or :data:`SAMPLE`.

    Returns
    -------
    Tensor, shape (P, H, W)
        `samples`, agreeing with the file again; only MCUs that left the range have changed.
    """
    unit = max(plane.factors[0] for plane in planes), max(plane.factors[1] for plane in planes)
    mcus = _mcus(samples, unit)
    beyond = torch.ones_like(samples[0], dtype=torch.bool)
    beyond[: max(size[0], 0), : max(size[1], 0)] = False
    beyond_of_mcus = _mcus(beyond[None], unit)[:, :, 0]
    intervals = [_Interval(plane, unit) for plane in planes]
    for top in range(0, len(mcus), _ROWS):
        rows = slice(top, top + _ROWS)
        lines = slice(top * 8 * unit[0], (top + _ROWS) * 8 * unit[0])
        distance = _distance(samples[:, lines], beyond[lines], bounded)
        farthest = distance.view(-1, 8 * unit[0], mcus.shape[1], 8 * unit[1]).amax(1).amax(-1)
        outside = farthest > FARTHEST
        for _ in range(ROUNDS):
            if not outside.any():
                break
            moved, beyond_of_moved = mcus[rows][outside].transpose(0, 1).contiguous(), beyond_of_mcus[rows][outside]
            _clip(moved, beyond_of_moved, bounded)
            for plane, interval in zip(moved, intervals, strict=True):
                interval.project(plane, rows, outside)
            mcus[rows][outside] = moved.transpose(0, 1)
            outside[outside.clone()] = _distance(moved, beyond_of_moved, bounded).flatten(1).amax(1) > FARTHEST
    return samples


class _Interval:
    """The quantisation intervals of a plane, for MCUs."""

    def __init__(self, plane: KnownPlane, unit: tuple[int, int]) -> None:
        vertical, horizontal = plane.factors
        # One matrix takes the samples of as many blocks as the factors say to the coefficients of their box means.
        single = torch.eye(64 * vertical * horizontal, dtype=plane.decoded.dtype, device=plane.decoded.device)
        single = single.reshape(-1, vertical, horizontal, 8, 8)
        means = shrink_box(dct(single.transpose(2, 3).reshape(-1, 8 * vertical, 8 * horizontal)), vertical, horizontal)
        self._matrix = means.flatten(1)  # (64 * blocks, 64)
        self._spread = self._matrix.T * (vertical * horizontal)
        blocks = unit[0] // vertical, unit[1] // horizontal
        decoded = torch.unflatten(torch.unflatten(plane.decoded[0], 2, (-1, blocks[1])), 1, (-1, blocks[0]))
        self._decoded = decoded.permute(1, 3, 2, 4, 0)
        self._half = HALF * plane.table.flatten()
        self._slack = None if plane.slack is None else plane.slack[0]

    def project(self, samples: Tensor, rows: slice, chosen: Tensor) -> None:
        """Project samples (n, v, u, 8, 8) of the chosen ones among rows of MCUs, in place."""
        decoded = self._decoded[rows][chosen].reshape(-1, 64)
        stretches = samples.view(len(decoded), -1)
        known = stretches @ self._matrix
        lowest, highest = decoded - self._half, decoded + self._half
        if self._slack is not None:
            lowest, highest = (
                end[..., 0].T for end in bounds(decoded.T[..., None], self._half[:, None, None], self._slack)
            )
        stretches.addmm_(known.clamp(lowest, highest).sub_(known), self._spread)


def _mcus(values: Tensor, unit: tuple[int, int]) -> Tensor:
    """View (P, H, W) as (rows, columns, P, v, u, 8, 8): MCUs of v x u blocks."""
    columns = torch.unflatten(values, 2, (-1, unit[1], 8))
    return torch.unflatten(columns, 1, (-1, unit[0], 8)).permute(1, 4, 0, 2, 5, 3, 6)


def _combined(planes: Tensor, weights: Sequence[float], beyond: Tensor) -> Tensor:
    """Return a combination of planes, zero beyond the picture."""
    result = planes[0] * weights[0]
    for plane, weight in zip(planes[1:], weights[1:], strict=True):
        if weight:
            result.add_(plane, alpha=weight)
    return result.masked_fill_(beyond, 0)


def _distance(planes: Tensor, beyond: Tensor, bounded: Sequence[Sequence[float]]) -> Tensor:
    """Return how far from the middle of the range the farthest combination of planes (P, ...) lies."""
    result = None
    for weights in bounded:
        distance = _combined(planes, weights, beyond).sub_((LOWEST + HIGHEST) / 2).abs_()
        result = distance if result is None else torch.maximum(result, distance, out=result)
    assert result is not None
    return result


def _clip(planes: Tensor, beyond: Tensor, bounded: Sequence[Sequence[float]]) -> None:
    """Take samples (P, ...) to the nearest point of each slab, and beyond it, in place."""
    for weights in bounded:
        value = _combined(planes, weights, beyond)
        step = value.clamp(LOWEST, HIGHEST).sub_(value).mul_(RELAXATION / sum(weight**2 for weight in weights))
        for plane, weight in zip(planes, weights, strict=True):
            if weight:
                plane.add_(step, alpha=weight)
