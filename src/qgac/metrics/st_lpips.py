"""ST-LPIPS, how different two pictures look: the shift-tolerant LPIPS of Ghildyal and Liu (ECCV 2022).

A VGG-16 whose poolings are blurred before they are thinned out sees both pictures; at five depths the differences of
its features, each of unit length over the channels, are squared, weighed by channel, averaged and added up. 0 for equal
pictures; the smaller, the more alike. It is not LPIPS, which has other weights and other poolings.

No weights are shipped: those of the package ``stlpips-pytorch`` (BSD 2-Clause, by the authors of the measure) are read
from its file ``vgg_shift_tolerant.pth``. The forward pass is written anew from the paper and held to theirs by a test.
"""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor

from qgac.metrics.pairs import pair

__all__ = ["STLPIPS"]

# Convolutions of each depth, as the file numbers them.
_DEPTHS = ((0, 2), (6, 8), (12, 14, 16), (20, 22, 24), (28, 30, 32))
_SMALLEST = 32  # pixels a side; the last pooling needs as many
_TINY = 1e-10


class STLPIPS:
    """The measure with its weights; called with two pictures.

    Parameters
    ----------
    weights : path
        ``vgg_shift_tolerant.pth``.
    device : str or torch.device

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it holds something else.
    """

    def __init__(self, weights: str | os.PathLike[str], device: str | torch.device = "cpu") -> None:
        path = Path(weights)
        try:
            with path.open("rb") as file:
                tensors: dict[str, Any] = torch.load(file, map_location=device, weights_only=True)
            self._weights = {
                name: tensors[name].float()
                for depth, convolutions in enumerate(_DEPTHS, 1)
                for number in convolutions
                for name in (f"net.slice{depth}.{number}.weight", f"net.slice{depth}.{number}.bias")
            }
            self._importance = [tensors[f"lin{depth}.model.1.weight"].float() for depth in range(len(_DEPTHS))]
            self._shift = tensors["scaling_layer.shift"].float()
            self._scale = tensors["scaling_layer.scale"].float()
        except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"{path} holds no weights of ST-LPIPS; name vgg_shift_tolerant.pth of stlpips-pytorch"
            ) from error
        # Channels last: convolutions on a processor take two thirds of the time.
        self._weights = {
            name: tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor
            for name, tensor in self._weights.items()
        }
        line = torch.tensor([1.0, 2.0, 1.0], device=device)
        self._blur = torch.outer(line, line)[None, None] / 16

    @torch.no_grad()
    def __call__(self, *, restored: Tensor | NDArray[Any], reference: Tensor | NDArray[Any]) -> float | Tensor:
        """Compare pictures.

        Parameters
        ----------
        restored, reference : Tensor of shape (N, C, H, W), or ndarray of shape (H, W) or (H, W, C)
            RGB or gray, at least 32 pixels a side; ranges as for :func:`qgac.metrics.pairs.pair`.

        Returns
        -------
        Tensor of shape (N,), or float for arrays
            0 or more.

        Raises
        ------
        TypeError, ValueError
            If the two do not fit each other, are too small, or neither RGB nor gray.
        """
        x, y = pair(restored, reference)
        if min(x.shape[-2:]) < _SMALLEST or x.shape[1] not in (1, 3):
            raise ValueError(f"ST-LPIPS sees RGB or gray pictures of {_SMALLEST} pixels a side or more, got {x.shape}")
        total = torch.zeros(len(x), device=self._shift.device)
        pictures = torch.cat([self._prepared(x), self._prepared(y)])
        for depth, importance in enumerate(self._importance):
            pictures = self._seen(depth, pictures)
            features = pictures / (pictures.square().sum(1, keepdim=True).sqrt() + _TINY)
            difference = (features[: len(x)] - features[len(x) :]).square()
            total += F.conv2d(difference, importance).mean((1, 2, 3))
        return total if isinstance(restored, Tensor) else float(total)

    @torch.no_grad()
    def features(self, pictures: Tensor) -> Tensor:
        """Return the deepest features of pictures, averaged over all positions: a network for Fréchet distances.

        Parameters
        ----------
        pictures : Tensor, shape (N, 3, H, W)
            RGB, 0..1, at least 32 pixels a side.

        Returns
        -------
        Tensor, shape (N, 512)
            Not of Inception, so a distance of them is no FID.
        """
        seen = self._prepared(pictures)
        for depth in range(len(_DEPTHS)):
            seen = self._seen(depth, seen)
        return seen.mean((2, 3))

    def _prepared(self, samples: Tensor) -> Tensor:
        rgb = samples.to(self._shift.device, torch.float32).expand(-1, 3, -1, -1)
        return rgb.mul(2).sub(1 + self._shift).div(self._scale).contiguous(memory_format=torch.channels_last)

    def _seen(self, depth: int, features: Tensor) -> Tensor:
        """Return features at the next depth, (N, channels, rows, columns)."""
        if depth:
            largest = F.max_pool2d(features, 2, stride=1)
            padded = F.pad(largest, (2, 2, 2, 2), mode="reflect")
            channels = padded.shape[1]
            features = F.conv2d(padded, self._blur.expand(channels, -1, -1, -1), stride=2, groups=channels)
        for number in _DEPTHS[depth]:
            name = f"net.slice{depth + 1}.{number}"
            features = F.conv2d(features, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"], padding=1)
            features.relu_()
        return features
