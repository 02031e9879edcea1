r"""A picture without noise that a file allows: smoothed between its edges, within the quantisation intervals.

Noise-free pictures (drawings, text, screenshots) are flat between sharp edges. Rounding of the coefficients adds noise
around those edges, and filters that keep edges take it away again; what they take too much, the projection onto the
quantisation intervals gives back. Smoothing and projection in turn come near a picture that is as flat as the file
allows: on drawings far nearer to the original than the decoded picture, on photographs, which are not flat, hardly. So
this is a candidate among others, for a network to take where it fits.

The filter is the self-guided filter of He, Sun and Tang ("Guided image filtering", TPAMI 2013) over 3x3 samples: with
the mean m and the variance v around every sample, and a share a that rises from 0 to 1 with v, a sample s becomes
mean(a) s + mean(m - a m): the mean where it is flat, the sample itself at edges. Theirs is a = v / (v + eps); this one,
a = v^2 / (v^2 + eps^2), turns from one to the other within a smaller range, and leaves sharp edges a hundred times less
rounded. The filter is applied beyond its full strength, as in successive over-relaxation, which saves rounds.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad

from qgac.coefficients.dct import dct, idct

__all__ = ["edge_preserving_candidate"]

# Chosen on held-out photographs and screenshots, at qualities 10 to 98.
_STRENGTH = 1.8
# The variance of what is half smoothed away, for each gray level of the standard deviation of rounding errors.
_VARIANCE_A_LEVEL = 4.0


def edge_preserving_candidate(decoded: Tensor, table: Tensor, rounds: int) -> Tensor:
    """Smooth a plane between its edges, as far as its quantisation intervals allow.

    Parameters
    ----------
    decoded : Tensor, shape (N, 64, h, w)
        Dequantised coefficients of a plane of samples from 0 to 255.
    table : Tensor, shape (N, 8, 8)
        Quantisation steps.
    rounds : int
        How often it is smoothed and projected. A block depends on as many blocks to each side.

    Returns
    -------
    Tensor, shape (N, 64, h, w)
        Each coefficient within half a step of the decoded one.
    """
    half = table.flatten(-2)[..., None, None] / 2
    decoded = decoded.contiguous()  # as the DCT makes them: two layouts in one sum take several times as long
    # Errors of rounding are spread evenly over a step, so their variance is a twelfth of its square.
    deviation = (table.square().mean((-2, -1)) / 12).sqrt()[:, None, None]
    candidate = decoded
    for _ in range(rounds):
        samples = idct(candidate)
        smoothed = torch.lerp(samples, _self_guided(samples, _VARIANCE_A_LEVEL * deviation), _STRENGTH)
        candidate = decoded + (dct(smoothed.clamp(-128, 127)) - decoded).clamp(-half, half)
    return candidate


def _self_guided(samples: Tensor, variance: Tensor) -> Tensor:
    """Filter planes (N, H, W), each with a variance (N, 1, 1)."""
    mean = _mean_of_nine(samples)
    spread = torch.addcmul(_mean_of_nine(samples.square()), mean, mean, value=-1).square()
    share = spread / (spread + variance.square())
    return torch.addcmul(_mean_of_nine(torch.addcmul(mean, share, mean, value=-1)), _mean_of_nine(share), samples)


def _mean_of_nine(plane: Tensor) -> Tensor:
    """Return the mean over 3x3 samples of planes (N, H, W), repeated beyond their borders."""
    surrounded = pad(plane[:, None], (1, 1, 1, 1), mode="replicate")
    if torch.onnx.is_in_onnx_export():  # where pooling takes a quarter of the time; in PyTorch three times as long
        return avg_pool2d(surrounded, 3, 1)[:, 0]
    surrounded = surrounded[:, 0]
    rows = (surrounded[:, :-2] + surrounded[:, 1:-1]).add_(surrounded[:, 2:])
    return (rows[..., :-2] + rows[..., 1:-1]).add_(rows[..., 2:]).mul_(1 / 9)
