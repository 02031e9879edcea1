"""The range that samples cannot leave, and how restoring keeps to it, see :mod:`qgac.restoration.color_cube`."""

from __future__ import annotations

__all__ = ["FARTHEST", "HIGHEST", "LOWEST", "RELAXATION", "RGB_OF_YCBCR", "ROUNDS", "SAMPLE"]

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
