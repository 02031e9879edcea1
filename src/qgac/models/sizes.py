"""What the configurations of the networks have in common: whole numbers that a network can be built of."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

__all__ = ["check_sizes"]

_COUNTS = (
    "rrdbs",
    "residual_blocks",
    "joined_rrdbs",
    "joined_residual_blocks",
    "blocknets",
    "candidate",
    "deep_blocks",
)


def check_sizes(configuration: Any) -> None:
    """Refuse a configuration with a size below 1, or a number of blocks below 0.

    Parameters
    ----------
    configuration : dataclass
        Its whole numbers are looked at.

    Raises
    ------
    ValueError
        If one of them is too small.
    """
    for entry in fields(configuration):
        value = getattr(configuration, entry.name)
        least = 0 if entry.name in _COUNTS else 1
        if type(value) is int and value < least:
            raise ValueError(f"{entry.name} is {value}; it is at least {least}")
