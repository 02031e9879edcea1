"""The discriminator of the GAN stage (section 3.4): tells originals from restored pictures.

The one of DCGAN: 4x4 convolutions of stride 2 that double the channels while they halve the picture, leaky ReLUs, and
one number in the end. DCGAN's takes 64x64 pixels; here the number of halvings follows from the size of the patch.

References
----------
.. [1] Radford, Metz, Chintala, "Unsupervised representation learning with deep convolutional generative adversarial
   networks", ICLR 2016.
.. [2] Miyato et al., "Spectral normalization for generative adversarial networks", ICLR 2018.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

__all__ = ["Discriminator", "Normalizing"]

Normalizing = Literal["batch", "spectral", "none"]
"""What keeps a discriminator in bounds: batch normalisation as in DCGAN, spectral normalisation, or nothing."""

_SLOPE = 0.2
_LARGEST_MULTIPLE = 8


class Discriminator(nn.Sequential):
    """RGB patches to logits: the larger, the more real.

    Parameters
    ----------
    patch : int
        Side of a patch in pixels. It is halved as long as it is even and above 4; one convolution of the size that is
        left (4 for powers of two, 3 for 96) makes the logit.
    width : int
        Channels after the first convolution; doubled by each of the next three, 64 to 512 by default as in DCGAN.
    normalization : {"batch", "spectral", "none"}
        ``batch`` normalises after every convolution but the first and the last. Statistics are those of the batch at
        hand, so originals and restored patches go through separately. ``spectral`` bounds the norm of every
        convolution instead, whatever the batch is.

    Raises
    ------
    ValueError
        If the patch is too small, or the width or the normalisation impossible.
    """

    def __init__(self, patch: int, *, width: int = 64, normalization: Normalizing = "batch") -> None:
        if patch < 8 or patch % 8:
            raise ValueError(f"a discriminator takes patches whose side is a multiple of 8, got {patch}")
        if width < 1:
            raise ValueError(f"a discriminator has at least 1 channel, got {width}")
        if normalization not in ("batch", "spectral", "none"):
            raise ValueError(f"normalization {normalization!r} is none of 'batch', 'spectral' and 'none'")
        layers: list[nn.Module] = []
        inputs, outputs, side = 3, width, patch
        while side % 2 == 0 and side > 4:
            batch = normalization == "batch" and bool(layers)
            layers.append(_convolution(inputs, outputs, 4, 2, 1, normalization, bias=not batch))
            if batch:
                norm = nn.BatchNorm2d(outputs)
                nn.init.normal_(norm.weight, 1.0, 0.02)
                layers.append(norm)
            layers.append(nn.LeakyReLU(_SLOPE, inplace=True))
            inputs, outputs, side = outputs, min(2 * outputs, _LARGEST_MULTIPLE * width), side // 2
        super().__init__(*layers, _convolution(inputs, 1, side, 1, 0, normalization, bias=True), nn.Flatten(0))
        self.patch = patch

    def forward(self, pictures: Tensor) -> Tensor:
        """Judge patches.

        Parameters
        ----------
        pictures : Tensor, shape (N, 3, patch, patch)
            RGB samples 0..1; restored ones may lie outside, which is a way to tell them.

        Returns
        -------
        Tensor, shape (N,), float32

        Raises
        ------
        ValueError
            If the patches are of another size.
        """
        if pictures.shape[1:] != (3, self.patch, self.patch):
            raise ValueError(f"patches are 3x{self.patch}x{self.patch} here, got {tuple(pictures.shape[1:])}")
        features = 2 * pictures - 1  # DCGAN's range
        for layer in self:
            features = layer(features)
        return features.float()


def _convolution(
    inputs: int, outputs: int, kernel: int, stride: int, padding: int, normalization: Normalizing, *, bias: bool
) -> nn.Module:
    layer = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=bias)
    nn.init.normal_(layer.weight, 0.0, 0.02)  # DCGAN's; its scale does not matter where the norm is bounded
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return spectral_norm(layer) if normalization == "spectral" else layer
