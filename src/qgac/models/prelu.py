"""PReLU (He et al., 2015) with one learned slope, as everywhere in the paper's networks."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import prelu, relu

__all__ = ["PReLU"]


class PReLU(nn.PReLU):
    """``max(x, 0) + slope * min(x, 0)``; the slope is shared by all channels and starts at 0.25.

    The same values, to the bit, as PyTorch's own. The gradient is computed in another way, because PyTorch's kernel for
    that of the slope takes longer on a CPU than the convolution before it.
    """

    def forward(self, features: Tensor) -> Tensor:
        """Map a tensor of any shape to the same shape."""
        if not torch.is_grad_enabled():
            return super().forward(features)
        slope = self.weight.to(features.dtype)
        if features.device.type == "cpu" and not torch.compiler.is_compiling():
            return _OnProcessor.apply(features, slope)  # type: ignore[no-any-return,no-untyped-call]
        return relu(features) - slope * relu(-features)


class _OnProcessor(torch.autograd.Function):
    """In few passes over the features; one takes the slope as a number, for which a GPU would have to be waited."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, slope: Tensor) -> Tensor:
        ctx.save_for_backward(features, slope)
        with torch.autocast("cpu", enabled=False):  # which would turn float32 into bfloat16
            return prelu(features, slope)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
        features, slope = ctx.saved_tensors
        of_features = of_slope = None
        if ctx.needs_input_grad[0]:
            of_features = torch.ops.aten.leaky_relu_backward(gradient, features, slope.item(), False)
        if ctx.needs_input_grad[1]:
            of_slope = (gradient * features.clamp_max(0)).sum().reshape(slope.shape)
        return of_features, of_slope
