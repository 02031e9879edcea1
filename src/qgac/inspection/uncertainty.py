r"""How far the picture that was compressed may be from what its file decodes to: the quantisation intervals.

A decoder puts each DCT coefficient in the middle of the interval of width q (its quantisation step) that the encoder
rounded it from. The transform is orthonormal, so the mean square of the errors of a block's 64 coefficients is the mean
square error of its 64 samples, in sample units (0..255). Three figures follow, as root mean squares:

* *largest*: every coefficient is off by q / 2. No picture that gives this file was further away; a strict bound.
* *uniform*: errors are spread evenly over the intervals, q / sqrt(12) each. It is about right at high qualities and too
  large elsewhere, since zero coefficients, which are most, lie close to zero more often than close to q / 2.
* *expected*: each frequency follows a Laplace distribution, the usual model of AC coefficients (Lam and Goodman, 2000),
  whose width comes from the share of its coefficients that are zero, among blocks with equally busy neighbours; the
  error is then its variance within the interval. An estimate, no bound.

Where a progressive file leaves out the last bits of coefficients, the intervals are as much wider, and where it leaves
a coefficient out altogether, there is none: then only the expected error is finite.

All of them are about quantisation alone, at the component's own resolution: what chroma subsampling and the rounding of
samples cost comes on top. NumPy only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qgac.jpeg.image import Component, JPEGImage

__all__ = ["QuantizationError", "block_errors", "expected_map", "quantization_error"]

_Floats = npt.NDArray[np.float64]
_Map = npt.NDArray[np.float32]
_Present = npt.NDArray[np.bool_]
_ENOUGH = 8  # coefficients that are not zero, for their share to say something
_USUAL_SLOPE, _PULL = -1.4, 0.1
_ACTIVITIES = (1, 8, 32)  # borders between classes of blocks, in coefficients of the neighbours
_CLASSES = len(_ACTIVITIES) + 1
_ROWS = 64  # block rows at a time, so that a large picture needs no second copy of its coefficients


@dataclass(frozen=True)
class QuantizationError:
    """Root mean square error of a component's plain decode by quantisation, in sample units (0..255).

    Attributes
    ----------
    largest : float
        Cannot be exceeded.
    uniform : float
        If errors were spread evenly over the intervals.
    expected : float
        By the Laplace model.
    """

    largest: float
    uniform: float
    expected: float


def quantization_error(component: Component) -> QuantizationError:
    """Estimate the error of a component.

    Parameters
    ----------
    component : Component

    Returns
    -------
    QuantizationError
    """
    step, slack = _intervals(component)
    shares = (component.coefficients != 0).mean((0, 1)).reshape(64) if slack.any() else np.zeros(64)
    sent = np.isfinite(slack)
    known = np.where(sent, slack, 0.0)
    uniform = _even(step, known) * shares + _even(step + 2 * known, 0.0) * (1 - shares)
    uniform[~sent] = np.inf
    uniform[0] = _even(step, slack)[0]
    errors = block_errors(component)
    return QuantizationError(
        largest=float(np.sqrt(np.square(step / 2 + slack).mean())),
        uniform=float(np.sqrt(uniform.mean())),
        expected=float(np.sqrt(np.square(errors, dtype=np.float64).mean())),
    )


def block_errors(component: Component) -> _Map:
    """Estimate the error of every block by the Laplace model.

    Parameters
    ----------
    component : Component

    Returns
    -------
    ndarray of float32, shape (rows, columns)
        Expected root mean square errors in sample units.
    """
    rows, columns = component.coefficients.shape[:2]
    activities = _activities(component)
    intervals = _intervals(component)
    totals = np.bincount(activities.ravel(), minlength=_CLASSES)
    left = np.zeros((_CLASSES, 64))
    for present, classes in _bands(component, activities):
        for number in range(_CLASSES):
            left[number] += present[classes == number].sum(0)
    slope = _slope(component)
    squares = [_squares(*intervals, left[number], int(totals[number]), slope) for number in range(_CLASSES)]
    base = np.array([zero.mean() for zero, _ in squares], np.float32)
    change = np.array([(other - zero) / 64 for zero, other in squares], np.float32)
    parts = []
    for present, classes in _bands(component, activities):
        square = base[classes]
        for number in range(_CLASSES):
            of_class = classes == number
            square[of_class] += present[of_class] @ change[number]
        parts.append(np.sqrt(square))
    return np.concatenate(parts).reshape(rows, columns)


def expected_map(image: JPEGImage) -> _Map:
    """Estimate where a picture is uncertain: in Y, or over all planes of a picture that has none.

    Parameters
    ----------
    image : JPEGImage

    Returns
    -------
    ndarray of float32, shape (rows, columns)
        For every block of the first component the expected root mean square error in sample units.
    """
    first, *others = image.components
    errors = np.square(block_errors(first))
    if image.color in ("YCbCr", "YCCK", "gray"):
        return np.sqrt(errors)
    rows, columns = errors.shape
    for component in others:
        own = np.square(block_errors(component))
        down = np.arange(rows) * own.shape[0] // rows
        across = np.arange(columns) * own.shape[1] // columns
        errors += own[down][:, across]
    return np.sqrt(errors / len(image.components))


def _bands(component: Component, activities: npt.NDArray[np.intp]) -> Iterator[tuple[_Present, npt.NDArray[np.intp]]]:
    """Yield, a few rows of blocks at a time, which coefficients are not zero, (blocks, 64), and the blocks' classes."""
    for top in range(0, len(activities), _ROWS):
        band = slice(top, top + _ROWS)
        yield component.coefficients[band].reshape(-1, 64) != 0, activities[band].ravel()


def _activities(component: Component) -> npt.NDArray[np.intp]:
    """Sort blocks into classes by how many AC coefficients of their eight neighbours are not zero.

    A block's own are left out: that many of them are zero would be the cause of a class and not its consequence.
    """
    counts = np.count_nonzero(component.coefficients, axis=(2, 3)) - (component.coefficients[..., 0, 0] != 0)
    padded = np.pad(counts, 1, mode="edge")
    rows, columns = counts.shape
    around = -counts
    for y in range(3):
        for x in range(3):
            around += padded[y : y + rows, x : x + columns]
    classes: npt.NDArray[np.intp] = np.digitize(around, _ACTIVITIES)
    return classes


def _intervals(component: Component) -> tuple[_Floats, _Floats]:
    """Return the quantisation steps, (64,), and how much further from zero than half of them a coefficient may lie."""
    slack = component.slack
    steps = component.table.astype(np.float64).reshape(64)
    return steps, np.zeros(64) if slack is None else slack.astype(np.float64).reshape(64)


def _even(step: _Floats, slack: _Floats | float) -> _Floats:
    """Return the mean square error if it is spread evenly from half a step nearer to zero to half and slack further."""
    square: _Floats = step**2 / 12 + slack * (step / 2 + slack) / 3
    return square


def _slope(component: Component) -> float:
    """Return the scale of the lowest AC frequencies as the means of neighbouring blocks suggest it.

    Along a slope the first AC coefficient is 0.28 times the difference between the DCs of neighbouring blocks. It is
    wanted only where the file leaves all AC coefficients out; infinite if it leaves out nothing.
    """
    if component.unsent is None:
        return float("inf")
    means = component.coefficients[..., 0, 0] * float(component.table[0, 0])
    differences = np.concatenate([np.diff(means, axis=0).ravel(), np.diff(means, axis=1).ravel(), [1.0]])
    return float(0.28 * np.abs(differences).mean())


def _squares(step: _Floats, slack: _Floats, left: _Floats, total: int, slope: float) -> tuple[_Floats, _Floats]:
    """Return the expected squared error of a coefficient that is zero, and of one that is not, (64,) each.

    Parameters
    ----------
    step, slack : ndarray of float64, shape (64,)
        As :func:`_intervals` gives them.
    left : ndarray of float64, shape (64,)
        How many coefficients of each frequency are not zero.
    total : int
        Of how many.
    slope : float
        As :func:`_slope` gives it.
    """
    half = step / 2 + slack
    scales = _laplace_scales(half, left, total, slope)
    sent = np.isfinite(half)
    half = np.where(sent, half, 1.0)
    ratio = np.where(sent, half / scales, 1.0)
    decay = np.exp(-ratio)
    flat = ratio < 1e-2  # where the formulas cancel the distribution is even over the interval
    ratio[flat] = 1.0
    zero = half**2 * np.where(flat, 1 / 3, (2 - decay * (ratio**2 + 2 * ratio + 2)) / (ratio**2 * (1 - decay)))
    zero[~sent] = 2 * scales[~sent] ** 2
    zero[0] = _even(step, slack)[0]  # means are spread evenly
    return zero, _squares_of_others(step, np.where(sent, slack, 0.0), scales)


def _squares_of_others(step: _Floats, slack: _Floats, scales: _Floats) -> _Floats:
    """Return the expected squared error of a coefficient that is not zero, (64,)."""
    width = step + slack
    ratio = width / scales
    flat = ratio < 2e-2
    flat[0] = True  # means are spread evenly
    ratio = np.where(flat, 1.0, ratio)
    tail = ratio * np.exp(-ratio) / -np.expm1(-ratio)
    first = scales * (1 - tail)  # moments of the distance from the near end of the interval
    second = scales**2 * (2 - (ratio + 2) * tail)
    other: _Floats = np.where(flat, _even(step, slack), second - step * first + step**2 / 4)
    return other


def _laplace_scales(half: _Floats, left: _Floats, total: int, usual_lowest: float) -> _Floats:
    """Return the scale b of each frequency's Laplace distribution, of which the share 1 - exp(-half / b) becomes zero.

    Where hardly any coefficient is left, the share says no more than that the scale is small. Those frequencies follow
    the power law of the others, scale = a (u + v)^-s, whose slope is drawn towards that of ordinary pictures.
    """
    counted: _Floats = half / -np.log((left + 0.5) / (total + 1.0))
    frequency = np.log(np.add.outer(np.arange(8), np.arange(8)).clip(1)).reshape(64)
    weight = np.where(left >= _ENOUGH, np.minimum(left, total / 2), 0.0)
    weight[0] = 0.0
    if not weight.any():  # nothing but means: flat blocks, or a table that emptied them
        lowest = float(min(counted[1], counted[8], usual_lowest))
        usual: _Floats = np.minimum(counted, lowest * np.exp(_USUAL_SLOPE * frequency))
        return usual
    logarithms = np.log(np.where(weight > 0, counted, 1.0))
    center = np.average(frequency, weights=weight)
    level = np.average(logarithms, weights=weight)
    spread = (weight * (frequency - center) ** 2).sum()
    slope = (weight * (frequency - center) * (logarithms - level)).sum() + _USUAL_SLOPE * _PULL * weight.sum()
    slope /= spread + _PULL * weight.sum()
    followed: _Floats = np.exp(level + slope * (frequency - center))
    return np.where(left >= _ENOUGH, counted, np.minimum(counted, followed))
