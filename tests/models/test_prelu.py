from __future__ import annotations

import pytest
import torch

from qgac.models.prelu import PReLU


@pytest.mark.parametrize("slope", [0.25, 0.0, -0.5, 1.5])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_values_and_gradients_are_pytorchs(dtype: torch.dtype, slope: float) -> None:
    generator = torch.Generator().manual_seed(1)
    features = torch.randn(3, 4, 5, 6, generator=generator).to(dtype)
    features[0, 0, 0] = 0
    weights = torch.randn(3, 4, 5, 6, generator=generator).to(dtype)
    results = []
    for layer in (PReLU(init=slope), torch.nn.PReLU(init=slope)):
        layer = layer.to(dtype)
        own = features.clone().requires_grad_()
        output = layer(own)
        (output * weights).sum().backward()
        results.append((output.detach(), own.grad, layer.weight.grad))
        with torch.no_grad():
            assert torch.equal(layer(features), output)
    (ours, our_gradient, our_slope), (theirs, their_gradient, their_slope) = results
    assert torch.equal(ours, theirs)
    assert torch.equal(our_gradient, their_gradient)
    torch.testing.assert_close(our_slope, their_slope, rtol=0.02 if dtype is torch.bfloat16 else 1e-5, atol=1e-3)
