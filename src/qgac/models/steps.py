"""The algorithm of the paper in two steps: Y is restored and projected, then chroma, guided by the restored Y.

Everything that restores a picture takes these steps: tiles of a file, batches of a training, its validation. They map
tensors to tensors; what they do depends on shapes and arguments, never on values, so they can be traced.
"""

from __future__ import annotations

from torch import Tensor

from qgac.coefficients.blocks import interleave_maps, separate_maps
from qgac.coefficients.dct import double_nearest
from qgac.coefficients.projection import project
from qgac.coefficients.slack import centered, widened
from qgac.models.qgac import QGAC
from qgac.models.self_ensemble import SelfEnsemble

__all__ = ["restore_chroma", "restore_y"]

_WHOLE = (slice(None), slice(None))


def restore_y(
    model: QGAC | SelfEnsemble,
    decoded: Tensor,
    table: Tensor,
    *,
    slack: Tensor | None = None,
    projected: bool = True,
    core: tuple[slice, slice] = _WHOLE,
) -> Tensor:
    """Restore Y, or any single plane that stands for it, and project it onto the quantisation interval.

    Parameters
    ----------
    model : QGAC or SelfEnsemble
    decoded : Tensor, shape (N, 64, h, w), float32
        Coefficients as the file has them, dequantised.
    table : Tensor, shape (N, 8, 8), float32
        Quantisation steps, 1..65535.
    slack : Tensor, shape (N, 8, 8), float32, optional
        What the file leaves open beyond half a step, see :mod:`qgac.coefficients.slack`.
    projected : bool
        Whether to keep to the quantisation interval.
    core : tuple of (slice, slice)
        Rows and columns of blocks that are wanted; those around them are only what the network sees.

    Returns
    -------
    Tensor, shape (N, 64, rows, columns), float32
        Dequantised scale; size of the core.
    """
    restored = model.restore_y(centered(decoded, slack), widened(table, slack))[(..., *core)]
    return project(restored, decoded[(..., *core)], table, slack=slack) if projected else restored


def restore_chroma(
    model: QGAC | SelfEnsemble,
    decoded: Tensor,
    tables: Tensor,
    y: Tensor,
    y_table: Tensor,
    factors: tuple[int, int],
    *,
    resampled: tuple[int, int] | None = None,
    slacks: Tensor | None = None,
    projected: bool = True,
    core: tuple[slice, slice] = _WHOLE,
) -> tuple[Tensor, Tensor]:
    """Restore Cb and Cr at full resolution, and project them onto what the file knows of their box means.

    Parameters
    ----------
    model : QGAC or SelfEnsemble
    decoded : Tensor, shape (N, 128, h / vertical, w / horizontal), float32
        Coefficients as the file has them, dequantised; channel 2 f + plane.
    tables : Tensor, shape (N, 2, 8, 8), float32
        Quantisation steps of Cb and Cr.
    y : Tensor, shape (N, 64, h, w), float32
        Restored Y.
    y_table : Tensor, shape (N, 8, 8), float32
        Quantisation steps of Y.
    factors : tuple of (int, int)
        Vertical and horizontal subsampling in the file.
    resampled : tuple of (int, int), optional
        The network's own factors, dividing those of the file: chroma is brought to them by repetition, and projected
        in the geometry of the file. By default the network has those of the file.
    slacks : Tensor, shape (N, 2, 8, 8), float32, optional
        What the file leaves open of Cb and Cr beyond half a step.
    projected : bool
        Whether to keep to the quantisation interval.
    core : tuple of (slice, slice)
        Rows and columns of blocks, counted in `decoded`, that are wanted; those around them are only what the network
        sees.

    Returns
    -------
    tuple of two Tensor, each of shape (N, 64, vertical * rows, horizontal * columns), float32
        Cb and Cr, dequantised scale; size of the core, at full resolution.
    """
    resampled = resampled or factors
    repeats = (factors[0] // resampled[0], factors[1] // resampled[1])
    known = separate_maps(decoded, 2)
    brought = interleave_maps(double_nearest(centered(known, slacks), *repeats))
    finer = (..., _finer(core[0], factors[0]), _finer(core[1], factors[1]))
    restored = model.restore_chroma(brought, widened(tables, slacks), y, y_table, resampled)[finer]
    del brought
    planes, known = separate_maps(restored, 2), known[(..., *core)]
    if not projected:
        return planes[:, 0], planes[:, 1]
    # One after the other: half the memory.
    first, second = (None, None) if slacks is None else slacks.unbind(1)
    cb = project(planes[:, 0], known[:, 0], tables[:, 0], factors, first)
    return cb, project(planes[:, 1], known[:, 1], tables[:, 1], factors, second)


def _finer(blocks: slice, factor: int) -> slice:
    """Return the same stretch of blocks on a grid finer by a factor."""
    start, stop = (None if end is None else factor * end for end in (blocks.start, blocks.stop))
    return slice(start, stop)
