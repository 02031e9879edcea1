"""The discriminator: its layers are DCGAN's, its size follows the patch, and it learns."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from qgac.training.gan.discriminator import Discriminator
from qgac.training.losses import discriminator_loss


def convolutions(model: Discriminator) -> list[nn.Conv2d]:
    return [layer for layer in model if isinstance(layer, nn.Conv2d)]


def test_at_64_pixels_it_is_that_of_dcgan() -> None:
    """64, 128, 256 and 512 channels and a 4x4 convolution in the end: 2,765,568 weights in the usual code."""
    model = Discriminator(64)
    assert [layer.out_channels for layer in convolutions(model)] == [64, 128, 256, 512, 1]
    assert all(layer.kernel_size == (4, 4) for layer in convolutions(model))
    assert [layer.stride[0] for layer in convolutions(model)] == [2, 2, 2, 2, 1]
    weights = sum(layer.weight.numel() for layer in convolutions(model))
    norms = [layer for layer in model if isinstance(layer, nn.BatchNorm2d)]
    assert [norm.num_features for norm in norms] == [128, 256, 512]
    assert weights + sum(2 * norm.num_features for norm in norms) == 2_765_568
    assert [layer.negative_slope for layer in model if isinstance(layer, nn.LeakyReLU)] == [0.2] * 4


@pytest.mark.parametrize(
    ("patch", "channels", "last"),
    [
        (256, [64, 128, 256, 512, 512, 512, 1], 4),
        (128, [64, 128, 256, 512, 512, 1], 4),
        (96, [64, 128, 256, 512, 512, 1], 3),
        (112, [64, 128, 256, 512, 1], 7),
        (32, [64, 128, 256, 1], 4),
    ],
)
@pytest.mark.parametrize("normalization", ["batch", "spectral", "none"])
def test_every_patch_ends_in_one_logit(patch: int, channels: list[int], last: int, normalization: str) -> None:
    model = Discriminator(patch, width=4, normalization=normalization)
    layers = convolutions(model)
    assert [layer.out_channels for layer in layers] == [*(c // 16 for c in channels[:-1]), 1]
    assert layers[-1].kernel_size == (last, last)
    logits = model(torch.rand(3, 3, patch, patch))
    assert logits.shape == (3,)
    assert logits.dtype == torch.float32


@pytest.mark.parametrize("normalization", ["spectral", "none"])
def test_a_logit_depends_on_its_own_patch_alone(normalization: str) -> None:
    torch.manual_seed(0)
    model = Discriminator(32, width=4, normalization=normalization).eval()
    pictures = torch.rand(4, 3, 32, 32)
    alone = torch.cat([model(picture[None]) for picture in pictures])
    torch.testing.assert_close(model(pictures), alone)
    assert len(set(alone.tolist())) == 4


def test_spectral_normalization_bounds_every_convolution() -> None:
    """The largest singular value of each, as a matrix, by LAPACK."""
    torch.manual_seed(0)
    model = Discriminator(32, width=4, normalization="spectral")
    with torch.no_grad():
        for layer in convolutions(model):
            layer.parametrizations.weight.original.mul_(50)
        for _ in range(60):
            model(torch.rand(2, 3, 32, 32))
    for layer in convolutions(model.eval()):
        assert torch.linalg.svdvals(layer.weight.flatten(1))[0].item() == pytest.approx(1, rel=0.02)


@pytest.mark.parametrize(("normalization", "rate"), [("batch", 1e-3), ("spectral", 3e-3), ("none", 1e-3)])
def test_it_learns_to_tell_noise_from_blurred_noise(normalization: str, rate: float) -> None:
    torch.manual_seed(0)
    model = Discriminator(32, width=8, normalization=normalization)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)

    def pictures() -> tuple[torch.Tensor, torch.Tensor]:
        sharp = torch.rand(8, 3, 32, 32)
        return sharp, nn.functional.avg_pool2d(sharp, 3, 1, 1)

    for _ in range(80):
        sharp, blurred = pictures()
        loss = discriminator_loss(model(sharp), model(blurred))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    sharp, blurred = pictures()
    assert model(sharp).min() > model(blurred).max()


def test_what_it_cannot_be() -> None:
    with pytest.raises(ValueError, match="multiple of 8, got 36"):
        Discriminator(36)
    with pytest.raises(ValueError, match="at least 1 channel"):
        Discriminator(32, width=0)
    with pytest.raises(ValueError, match="'layer' is none of"):
        Discriminator(32, normalization="layer")
    with pytest.raises(ValueError, match=r"3x32x32 here, got \(3, 64, 64\)"):
        Discriminator(32, width=1)(torch.rand(1, 3, 64, 64))
