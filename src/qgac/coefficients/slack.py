r"""How much further from zero coefficients may lie whose last bits a progressive file leaves out.

Scans of a progressive file bring coefficients bit by bit (ITU-T T.81, G.1.1.1), and a file may end before the last
bits. A level of which the last k bits were not sent is known as if they were zero, so the true one lies up to
:math:`2^k - 1` further from zero, on either side if it is known as zero. DC levels are rounded down instead, and the
true one is larger. That many steps are the *slack*; of coefficients that no scan has brought at all, it is infinite. On
top comes half a step on either side, as always.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["bounds", "centered", "widened"]

# The step that networks are told of a frequency that was never sent; of 80 to 600, the best on photographs that are in
# no test set: the means of blocks alone then give 1 dB more than libjpeg's smoothing.
_WIDEST = 120.0


def bounds(decoded: Tensor, half: Tensor, slack: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return the ends of the intervals in which coefficients lie.

    Parameters
    ----------
    decoded : Tensor, shape (..., 64, h, w)
        As the file has them, dequantised.
    half : Tensor, shape (..., 64, 1, 1)
        Half a quantisation step.
    slack : Tensor, shape (..., 8, 8), or None
        As :attr:`qgac.jpeg.image.Component.slack` gives it.

    Returns
    -------
    tuple of two Tensor, shape (..., 64, h, w)
    """
    if slack is None:
        return decoded - half, decoded + half
    further = slack.flatten(-2)[..., None, None]
    below = further * (decoded <= 0)
    above = further * (decoded >= 0)
    below = torch.where(further.isinf(), further, below)
    above = torch.where(further.isinf(), further, above)
    below[..., 0, :, :] = 0
    above[..., 0, :, :] = further[..., 0, :, :]
    return decoded - half - below, decoded + half + above


def centered(decoded: Tensor, slack: Tensor | None) -> Tensor:
    """Return the middle of the intervals of coefficients; where nothing was sent, what the means of blocks suggest.

    The lowest AC frequencies follow from the DCs of the eight blocks around, as ITU-T T.81, K.8 has it (see libjpeg's
    ``jdcoefct.c``); the others are zero.

    Parameters
    ----------
    decoded : Tensor, shape (..., 64, h, w)
        As the file has them, dequantised.
    slack : Tensor, shape (..., 8, 8), or None

    Returns
    -------
    Tensor, shape (..., 64, h, w)
    """
    if slack is None:
        return decoded
    further = (slack.flatten(-2) / 2)[..., None, None].nan_to_num(posinf=0.0)
    middle = decoded + decoded.sign() * further
    middle[..., 0, :, :] = means = decoded[..., 0, :, :] + further[..., 0, :, :]
    never = slack.flatten(-2).isinf()[..., None, None]
    if never.any():
        for index, suggested in _suggested(means).items():
            own = middle[..., index, :, :]
            middle[..., index, :, :] = torch.where(never[..., index, :, :], suggested, own)
    return middle


def _suggested(means: Tensor) -> dict[int, Tensor]:
    """Return the AC coefficients that lead from mean to mean, by their index in natural order."""
    around = functional.pad(means, (1, 1, 1, 1), mode="replicate")
    above, here, below = around[..., :-2, :], around[..., 1:-1, :], around[..., 2:, :]

    def left(rows: Tensor) -> Tensor:
        return rows[..., :-2]

    def right(rows: Tensor) -> Tensor:
        return rows[..., 2:]

    return {
        1: 36 / 256 * (left(here) - right(here)),
        8: 36 / 256 * (above - below)[..., 1:-1],
        16: 9 / 256 * ((above + below)[..., 1:-1] - 2 * means),
        9: 5 / 256 * (left(above) - right(above) - left(below) + right(below)),
        2: 9 / 256 * (left(here) + right(here) - 2 * means),
    }


def widened(table: Tensor, slack: Tensor | None) -> Tensor:
    """Return the quantisation steps that come nearest to what was sent.

    Parameters
    ----------
    table : Tensor, shape (..., 8, 8)
        Quantisation steps of the file.
    slack : Tensor, shape (..., 8, 8), or None

    Returns
    -------
    Tensor, shape (..., 8, 8)
    """
    if slack is None:
        return table
    return torch.where(slack.isinf(), table.clamp(min=_WIDEST), table + slack)
