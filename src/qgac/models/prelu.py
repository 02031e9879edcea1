"""PReLU (He et al., 2015) with one learned slope, as everywhere in the paper's networks."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import prelu, relu

__all__ = ["PReLU"]


class PReLU(nn.PReLU):
    """``max(x, 0) + slope * min(x, 0)``; the slope is shared by all channels and starts at 0.25.

    The same values, to the bit, as PyTorch's own, and the same gradient. It is computed in another way, because
    PyTorch's kernel for the gradient of the slope takes longer on a CPU than the convolution before it.
    """

    def forward(self, features: Tensor) -> Tensor:
        """Map a tensor of any shape to the same shape."""
        if not torch.is_grad_enabled():
            return super().forward(features)
        slope = self.weight.to(features.dtype)
        if features.device.type == "cpu":
            return _OnProcessor.apply(features, slope)  # type: ignore[no-any-return,no-untyped-call]
        return relu(features) - slope * relu(-features)


class _OnProcessor(torch.autograd.Function):
    """In four passes over the features, two of them kernels that take the slope as a number.

    On a GPU that number would have to be waited for.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, slope: Tensor) -> Tensor:
        ctx.save_for_backward(features, slope)
        return prelu(features, slope)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
        features, slope = ctx.saved_tensors
        of_features = of_slope = None
        if ctx.needs_input_grad[0]:
            of_features = torch.ops.aten.leaky_relu_backward(gradient, features, slope.item(), False)
        if ctx.needs_input_grad[1]:
            of_slope = (gradient * features.clamp_max(0)).sum().reshape(slope.shape)
        return of_features, of_slope
