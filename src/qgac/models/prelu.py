"""PReLU (He et al., 2015) with one learned slope, as everywhere in the paper's networks."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

__all__ = ["PReLU"]


class PReLU(nn.PReLU):
    """``max(x, 0) + slope * min(x, 0)``; the slope is shared by all channels and starts at 0.25.

    The same values, to the bit, as PyTorch's own. Its gradient is made of elementary operations, because PyTorch's
    kernel for the gradient of the slope takes longer on a CPU than the convolution before it.
    """

    def forward(self, features: Tensor) -> Tensor:
        """Map a tensor of any shape to the same shape."""
        if not torch.is_grad_enabled():
            return super().forward(features)
        return relu(features) - self.weight.to(features.dtype) * relu(-features)
