"""The three scores of a picture against its original, computed together in bands of rows.

Only a band at a time is held in float64, so that large pictures cost little beside their own samples; the figures are
those of :func:`qgac.metrics.psnr`, :func:`qgac.metrics.psnr_b` and :func:`qgac.metrics.ssim` on the whole picture.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from numpy.typing import NDArray

from qgac.metrics.pairs import pair
from qgac.metrics.psnr_b import effect_of, squared_differences
from qgac.metrics.ssim import ssim

__all__ = ["SMALLEST", "Scores", "score"]

SMALLEST = 16
"""The shortest side of a picture that has all three scores, in pixels: PSNR-B needs two blocks."""

_BLOCK = 8  # bands begin where blocks do
_WINDOW = 8  # of SSIM, as the published figures have it
_SAMPLES = 1 << 19  # about as many in a band, of all channels: few enough for the caches of a processor


@dataclass(frozen=True)
class Scores:
    """How near a picture is to its original, or the means of that over several pictures.

    Attributes
    ----------
    psnr : float
        dB, over all samples of all channels jointly; infinite for equal pictures.
    psnr_b : float
        dB, mean over the channels; the blocking effect is that of the picture, not of the original. Infinite where a
        channel is equal and has none.
    ssim : float
        At most 1; uniform 8x8 window, mean over the channels.
    """

    psnr: float
    psnr_b: float
    ssim: float

    def to_json(self) -> dict[str, float | None]:
        """Return the figures by name; JSON has no infinity, None stands for it."""
        return {name: value if math.isfinite(value) else None for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, figures: Mapping[str, float | None]) -> Scores:
        """Return the scores of which :meth:`to_json` made `figures`."""
        return cls(**{name: math.inf if value is None else value for name, value in figures.items()})


def score(*, restored: NDArray[Any], reference: NDArray[Any]) -> Scores:
    """Compute PSNR, PSNR-B and SSIM of a picture.

    Parameters
    ----------
    restored, reference : ndarray of uint8 (0..255) or floating (0..1), shape (H, W) or (H, W, C)
        See :func:`qgac.metrics.pairs.pair`. Both sides at least :data:`SMALLEST`.

    Returns
    -------
    Scores

    Raises
    ------
    TypeError, ValueError
        If the two do not fit each other, or are too small.
    """
    import torch

    if restored.shape != reference.shape or restored.ndim not in (2, 3) or min(restored.shape[:2]) < SMALLEST:
        raise ValueError(
            f"need two arrays of one shape, (H, W) or (H, W, C), of at least {SMALLEST}x{SMALLEST} pixels, "
            f"got {restored.shape} and {reference.shape}"
        )
    height, width = restored.shape[:2]
    windows = height - _WINDOW + 1
    band = _BLOCK * max(1, _SAMPLES // (_BLOCK * max(1, restored[0].size)))
    error = torch.zeros(1, dtype=torch.float64)
    errors, border, total = torch.zeros(3, 1, restored[0, 0].size, dtype=torch.float64)  # by channel
    similarity = 0.0
    for top in range(0, height, band):
        # The rows after the band belong to windows that begin in it.
        here = slice(top, top + band + _WINDOW - 1)
        x, y = pair(restored[here], reference[here])
        bottom = min(top + band, height)
        rows = bottom - top
        squares = (x[..., :rows, :] - y[..., :rows, :]).square()
        # Means over all rows so far: what is the same in every band stays so to the last bit.
        error += (squares.mean((-1, -2, -3)) - error) * (rows / bottom)
        errors += (squares.mean((-1, -2)) - errors) * (rows / bottom)
        here_border, here_total = squared_differences(x, rows)
        border += here_border
        total += here_total
        if top < windows:
            last = min(bottom, windows)
            similarity += (float(ssim(restored=x, reference=y, window=_WINDOW)) - similarity) * ((last - top) / last)
    return Scores(
        psnr=float(-10 * error.log10()),
        psnr_b=float((-10 * (errors + effect_of(border, total, height, width)).log10()).mean()),
        ssim=similarity,
    )
