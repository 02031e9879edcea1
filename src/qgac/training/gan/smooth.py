"""What is to be seen in smooth places: even the faintest pattern is, but hardly counts in a mean over pictures."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import avg_pool2d

from qgac.training.gan.grid import BLOCK, blocks_of, grid_jumps, grid_steps

__all__ = ["smooth_loss"]

# Blocks a side of a window; windows overlap by half.
_SIDE = 4
# Mean step of an original, in samples 0..1, below which it counts as no smoother: half a gray level.
_STEP = 0.5 / 255
# Beside a step, how much counts: a pattern, which is fainter but covers everything; a jump; a sample, whose error is
# larger.
_PATTERN, _JUMP, _SAMPLES = 5.0, 1.0, 0.2
# Contrast below which a pattern is none: a tenth of a level.
_FAINT = 0.1 / 255


def smooth_loss(restored: Tensor, original: Tensor) -> Tensor:
    """Compare pictures in windows, each by the measure of its own activity, so that smooth windows count.

    In each window and colour differences are added up, with weights: of the mean absolute steps between neighbouring
    pixels across the borders of blocks; of those inside; of the contrast of what all blocks of the window have in
    common, their mean, each block without its own; of the jumps from block to block, which make squares; and of the
    samples. The sum is divided by the square of the mean step inside the blocks of the original: what is textured
    hardly counts, for it has terms of its own.

    Parameters
    ----------
    restored, original : Tensor, shape (N, C, H, W)
        Samples 0..1; H and W multiples of 8, at least 32.

    Returns
    -------
    Tensor, shape ()
        Mean over windows and colours.
    """
    across, inside, common = _described(restored)
    across_wanted, activity, common_wanted = _described(original)
    differences = (across - across_wanted).abs() + (inside - activity).abs()
    differences = differences + _PATTERN * (common - common_wanted).abs()
    error = restored - original
    differences = differences + _JUMP * _windows(grid_jumps(error).abs() + grid_jumps(error.mT).abs().mT)
    differences = differences + _SAMPLES * _windows(blocks_of(error.abs()).mean((3, 5)))
    return (differences * _STEP / (activity + _STEP).square()).mean()


def _described(pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return steps across borders, inside blocks, and the contrast of the mean block, (N, C, rows, columns) each."""
    right, down = grid_steps(pictures), grid_steps(pictures.mT)
    across, inside = (_windows((right[i] + down[i].mT) / 2) for i in range(2))
    blocks = blocks_of(pictures)
    count, channels, rows, _, columns, _ = blocks.shape
    apart = (blocks - blocks.mean((3, 5), keepdim=True)).permute(0, 1, 3, 5, 2, 4)
    mean = _windows(apart.reshape(count, -1, rows, columns))
    energy = mean.square().reshape(count, channels, BLOCK**2, *mean.shape[2:]).mean(2)
    return across, inside, (energy + _FAINT**2).sqrt()


def _windows(blocks: Tensor) -> Tensor:
    return avg_pool2d(blocks, _SIDE, _SIDE // 2)
