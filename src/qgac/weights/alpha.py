"""The share of one network in the mixture of two; without PyTorch, for whoever only writes it down."""

from __future__ import annotations

__all__ = ["check_alpha"]


def check_alpha(alpha: float) -> None:
    """Refuse a number that is no share of the second network.

    Parameters
    ----------
    alpha : float
        0..1.

    Raises
    ------
    ValueError
        If it is out of range.
    """
    if not 0 <= alpha <= 1:
        raise ValueError(f"networks are blended with an alpha between 0 and 1, got {alpha:g}")
