"""libjpeg's integer forward DCT (``jfdctint.c``), for compressing exactly as libjpeg does.

The accurate integer method ("islow") of Loeffler, Ligtenberg and Moschytz: 13 fractional bits in its constants, two in
what lies between its two passes, three in its result. An exact DCT rounds to another level wherever the coefficient
lies within about 0.2 of a boundary; at high qualities, whose steps are small, that is several per cent of them.
"""

from __future__ import annotations

import torch
from torch import Tensor

from qgac.coefficients.blocks import to_channels

__all__ = ["SCALE", "integer_dct"]

SCALE = 8
"""How many times the orthonormal coefficient the result is."""

_CONSTANT_BITS = 13
_PASS_BITS = 2


def _descale(value: Tensor, bits: int) -> Tensor:
    return (value + (1 << (bits - 1))) >> bits


def _transform(samples: tuple[Tensor, ...], *, first: bool) -> list[Tensor]:
    """Transform eight samples, each a tensor; the first pass keeps two more bits, the second drops them."""
    sums = [samples[i] + samples[7 - i] for i in range(4)]
    differences = [samples[i] - samples[7 - i] for i in range(4)]
    bits = _CONSTANT_BITS - _PASS_BITS if first else _CONSTANT_BITS + _PASS_BITS

    outer, inner = sums[0] + sums[3], sums[1] + sums[2]
    outer_difference, inner_difference = sums[0] - sums[3], sums[1] - sums[2]
    even = [outer + inner, outer - inner]
    zeroth, fourth = (value << _PASS_BITS if first else _descale(value, _PASS_BITS) for value in even)
    rotated = (inner_difference + outer_difference) * 4433  # 0.541196100
    second = _descale(rotated + outer_difference * 6270, bits)  # 0.765366865
    sixth = _descale(rotated - inner_difference * 15137, bits)  # 1.847759065

    d0, d1, d2, d3 = differences
    common = (d3 + d1 + d2 + d0) * 9633  # 1.175875602
    z1, z2 = (d3 + d0) * -7373, (d2 + d1) * -20995  # 0.899976223, 2.562915447
    z3, z4 = common - (d3 + d1) * 16069, common - (d2 + d0) * 3196  # 1.961570560, 0.390180644
    seventh = _descale(d3 * 2446 + z1 + z3, bits)  # 0.298631336
    fifth = _descale(d2 * 16819 + z2 + z4, bits)  # 2.053119869
    third = _descale(d1 * 25172 + z2 + z3, bits)  # 3.072711026
    one = _descale(d0 * 12299 + z1 + z4, bits)  # 1.501321110
    return [zeroth, one, second, third, fourth, fifth, sixth, seventh]


def integer_dct(plane: Tensor) -> Tensor:
    """Transform a plane of whole samples as libjpeg does, block by block.

    Parameters
    ----------
    plane : Tensor, shape (..., H, W)
        Whole numbers -128..127, of any type; H and W multiples of 8.

    Returns
    -------
    Tensor, shape (..., 64, H/8, W/8), int32
        Coefficients, :data:`SCALE` times the orthonormal ones, as frequency channels.
    """
    rows = torch.unflatten(to_channels(plane.to(torch.int32)), -3, (8, 8))  # (..., row, column, H/8, W/8)
    between = torch.stack(_transform(rows.unbind(-3), first=True), -3)
    return torch.stack(_transform(between.unbind(-4), first=False), -4).flatten(-4, -3)
