"""A teacher: what a trained network makes of the same files, as a target beside the originals.

An original holds much that no network can know from its file, and this is noise to whoever learns. The mean of what a
network restores of a picture turned and mirrored (:mod:`qgac.engine.self_ensemble`) is nearer to the original than
each, and has none of that noise: a network that learns from both learns faster (in the way that networks are distilled,
Hinton et al., 2015). A view or two of the eight, drawn anew for every step, have that mean as their expectation.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import torch
from torch import Tensor

from qgac.models import steps
from qgac.models.qgac import QGAC
from qgac.training.batches.batch import Compressed

__all__ = ["Teacher", "seen", "unseen"]

Symmetry = tuple[bool, bool, bool]

_SYMMETRIES: list[Symmetry] = list(product((False, True), repeat=3))


def seen(blocks: Tensor, symmetry: Symmetry) -> Tensor:
    """Transpose and mirror pictures, in the DCT domain.

    Parameters
    ----------
    blocks : Tensor, shape (N, 64, h, w)
        Coefficients, row of the frequency outermost.
    symmetry : tuple of three bool
        Whether they are transposed, then turned upside down, then left to right.

    Returns
    -------
    Tensor, shape (N, 64, h, w), or (N, 64, w, h) if transposed
    """
    return _mirrored(_transposed(blocks) if symmetry[0] else blocks, symmetry)


def unseen(blocks: Tensor, symmetry: Symmetry) -> Tensor:
    """Undo :func:`seen`."""
    mirrored = _mirrored(blocks, symmetry)
    return _transposed(mirrored) if symmetry[0] else mirrored


def _transposed(blocks: Tensor) -> Tensor:
    return blocks.unflatten(1, (8, 8)).transpose(1, 2).transpose(3, 4).flatten(1, 2)


def _mirrored(blocks: Tensor, symmetry: Symmetry) -> Tensor:
    _, upside_down, left_right = symmetry
    flat, alternating = blocks.new_ones(8), blocks.new_tensor([1, -1] * 4)
    signs = torch.outer(alternating if upside_down else flat, alternating if left_right else flat)
    axes = [axis for axis, mirrored in ((2, upside_down), (3, left_right)) if mirrored]
    return blocks.flip(axes) * signs.reshape(64, 1, 1)


class Teacher:
    """Restores Y of batches in some of their views.

    Parameters
    ----------
    model : QGAC
        In evaluation mode.
    views : int
        How many of the eight views it restores in each step; their mean is what it teaches.
    seed : int
        Which views are drawn follows from it and from the step.
    """

    def __init__(self, model: QGAC, *, views: int, seed: int) -> None:
        self._model = model
        self._views = views
        self._seed = seed

    @torch.no_grad()
    def restored_y(self, batch: Compressed, step: int, *, projected: bool) -> Tensor:
        """Return Y coefficients as the teacher has them.

        Parameters
        ----------
        batch : Compressed
        step : int
        projected : bool
            Whether to keep to the quantisation interval.

        Returns
        -------
        Tensor, shape (N, 64, h, w)
            Dequantised scale.
        """
        drawn = np.random.default_rng((self._seed, step, self._views)).choice(
            len(_SYMMETRIES), self._views, replace=False
        )
        total = torch.zeros_like(batch.y)
        for symmetry in (_SYMMETRIES[index] for index in drawn):
            table = batch.y_table.transpose(1, 2) if symmetry[0] else batch.y_table
            view = steps.restore_y(self._model, seen(batch.y, symmetry), table, projected=projected)
            total += unseen(view, symmetry)
        return total / self._views
