"""Features that the texture loss compares (section 3.4, eq. 2).

Two networks, neither of them trained here:

- :class:`MincTexture`, the paper's: VGG-16 trained to tell the materials of the MINC data set, up to its convolution
  5_3 before the activation. Its weights are not part of this project; the user names a file.
- :class:`RandomTexture`, which needs no file: one layer of random filters at several scales, compared by Gram matrices.
  Ustyuzhaninov et al. found that this is enough to synthesise natural textures about as well as with a trained VGG.

References
----------
.. [1] Bell, Upchurch, Snavely, Bala, "Material recognition in the wild with the Materials in Context database", CVPR
   2015.
.. [2] Ustyuzhaninov, Brendel, Gatys, Bethge, "What does it take to generate natural textures?", ICLR 2017.
"""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, pad

from qgac.training.gan.grid import BLOCK, blocks_of, grid_steps

__all__ = ["MincTexture", "RandomTexture", "TextureError"]


class TextureError(ValueError):
    """A file of texture weights cannot be used."""


class RandomTexture(nn.Module):
    r"""Local statistics of random filters: how much texture of what kind there is around each place.

    A picture is taken apart into octaves (the levels of a Laplacian pyramid), so that fine texture is not drowned by
    the much stronger coarse structure. Each octave goes through the same random filters of zero mean and a ReLU. What
    comes out is compared in overlapping windows, by the Gram matrix of the filters: it says how strong each filter, and
    each pair of filters together, responds in the window, but not where. So texture has to be of the right kind and
    strength, not in the right place, which nobody could know. The windows keep it from being in the wrong part of the
    picture, and are tapered, so that their borders leave no trace.

    A Gram matrix G is divided by the square root of its trace plus a small number. Then it is linear in contrast, as
    samples are, and faint texture counts as much as an edge.

    Two things tell texture from the 8x8 grid of the file, which would otherwise be the cheapest detail to invent. Steps
    between neighbouring pixels across the borders of blocks are compared apart from those inside. So is the contrast of
    what all blocks of a window have in common, their mean: of natural texture hardly anything is left in it, while a
    pattern that repeats from block to block stays as it is.

    Parameters
    ----------
    filters : int
        How many.
    size : int
        Their side in pixels; odd. In the octave k this covers ``size * 2**k`` pixels of the picture.
    octaves : int
        How many, the finest first.
    window : int
        Side of the windows in pixels of the picture, a multiple of 8 and of ``2**octaves``. They overlap by half.
    seed : int
        Of the filters, which depend on nothing else.
    """

    # Contrast below which nothing counts: half a gray level.
    _FAINT = 0.5 / 255

    filters: Tensor
    blur: Tensor

    def __init__(self, *, filters: int = 32, size: int = 7, octaves: int = 3, window: int = 32, seed: int = 0) -> None:
        super().__init__()
        if size % 2 == 0 or size < 3 or filters < 1 or octaves < 1:
            raise ValueError("random filters are odd in size, at least 3; there is at least one, and one octave")
        if window < 1 or window % 2**octaves or window % BLOCK:
            raise ValueError(f"a window of {window} pixels cannot be halved {octaves} times, or holds no whole blocks")
        self.octaves, self.window = octaves, window
        generator = torch.Generator().manual_seed(seed)
        bank = torch.randn(filters, 3, size, size, generator=generator)
        bank -= bank.mean((2, 3), keepdim=True)  # blind to flat colour
        bank /= bank.flatten(1).norm(dim=1)[:, None, None, None]
        binomial = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
        self.register_buffer("filters", bank, persistent=False)
        self.register_buffer("blur", torch.outer(binomial, binomial).expand(3, 1, 5, 5).clone(), persistent=False)

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Describe the texture of pictures.

        Parameters
        ----------
        pictures : Tensor, shape (N, 3, H, W)
            RGB samples 0..1; H and W at least the window, and multiples of 8.

        Returns
        -------
        tuple of Tensor, float32
            Gram matrices, each of shape (N, windows, filters, filters), one for each octave; then, of shape
            (N, windows, 9), for red, green and blue the mean absolute steps across blocks and inside, and the contrast
            of what blocks have in common, all over the square root of the number of filters, to count like the rest.
        """
        level, features = pictures.float(), []
        for octave in range(self.octaves):
            with torch.autocast(level.device.type, enabled=False):  # a small difference of large numbers
                blurred = conv2d(pad(level, (2, 2, 2, 2), mode="reflect"), self.blur, groups=3)
            detail = level - blurred
            if octave == 0:
                grid = self._grid(level, detail) / len(self.filters) ** 0.5
            responses = conv2d(detail, self.filters).relu().float()
            features.append(self._grams(responses, self.window >> octave))
            level = blurred[:, :, ::2, ::2]
        return *features, grid

    def _grams(self, responses: Tensor, side: int) -> Tensor:
        count, filters, height, width = responses.shape
        side = min(side, height, width)
        taper = torch.hann_window(side + 2, periodic=False, device=responses.device)[1:-1].sqrt()
        windows = responses.unfold(2, side, max(1, side // 2)).unfold(3, side, max(1, side // 2))
        windows = (windows * taper[:, None] * taper).permute(0, 2, 3, 1, 4, 5).reshape(count, -1, filters, side * side)
        with torch.autocast(windows.device.type, enabled=False):
            gram = windows @ windows.mT / taper.square().sum().square()
        strength = gram.diagonal(dim1=-2, dim2=-1).sum(-1)[..., None, None]
        return gram / (strength + self._FAINT**2).sqrt()

    def _grid(self, pictures: Tensor, detail: Tensor) -> Tensor:
        right, down = grid_steps(pictures), grid_steps(pictures.mT)
        across, inside = (right[0] + down[0].mT) / 2, (right[1] + down[1].mT) / 2
        count, channels, rows, _, columns, _ = (blocks := blocks_of(detail)).shape
        common = self._windows(blocks.permute(0, 1, 3, 5, 2, 4).reshape(count, -1, rows, columns))
        energy = common.square().reshape(count, channels, -1, *common.shape[2:]).mean(2)
        contrast = (energy + self._FAINT**2).sqrt() - self._FAINT
        return torch.cat((self._windows(across), self._windows(inside), contrast), 1).flatten(2).mT

    def _windows(self, blocks: Tensor) -> Tensor:
        """Average (N, C, H/8, W/8) over windows that overlap by half."""
        side = self.window // BLOCK
        return avg_pool2d(blocks, side, max(1, side // 2))


# VGG-16, configuration D, up to conv5_3: channels of the convolutions between two poolings.
_STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
# What MINC's models were trained with: BGR, 0..255, these means subtracted.
_CAFFE_MEAN_BGR = (104.0, 117.0, 124.0)


class MincTexture(nn.Module):
    """The features of the paper's texture loss: MINC's VGG-16, convolution 5_3, before its activation.

    Pictures are brought to what Caffe's weights expect: BGR, 0..255, the means 104, 117 and 124 subtracted.

    Parameters
    ----------
    file : path
        ``.safetensors``, or a file of `torch.save` (read with ``weights_only``), that holds the tensors
        ``conv1_1.weight`` (64, 3, 3, 3), ``conv1_1.bias`` (64,), ... ``conv5_3.bias`` (512,): the names of Caffe's
        layers, the layout of PyTorch, inputs in the order BGR. Further tensors, such as those of the classifier, are
        ignored.

    Raises
    ------
    TextureError
        If the file is missing, damaged, or of another layout.
    """

    mean: Tensor

    def __init__(self, file: str | os.PathLike[str]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs, names = 3, {}
        for stage, widths in enumerate(_STAGES, 1):
            if layers:
                layers.append(nn.MaxPool2d(2, ceil_mode=True))  # Caffe's
            for number, outputs in enumerate(widths, 1):
                names[f"conv{stage}_{number}"] = layer = nn.Conv2d(inputs, outputs, 3, padding=1)
                layers += [layer, nn.ReLU()]
                inputs = outputs
        self.layers = nn.Sequential(*layers[:-1])
        self.register_buffer("mean", torch.tensor(_CAFFE_MEAN_BGR)[:, None, None], persistent=False)
        weights = _read(Path(file))
        for name, layer in names.items():
            for kind, parameter in layer.named_parameters():
                self._copy(weights, f"{name}.{kind}", parameter, file)
        self.requires_grad_(False)

    @staticmethod
    @torch.no_grad()
    def _copy(weights: dict[str, Tensor], name: str, parameter: Tensor, file: str | os.PathLike[str]) -> None:
        value = weights.get(name)
        found = "no such tensor" if value is None else f"one of shape {tuple(value.shape)}"
        if value is None or value.shape != parameter.shape:
            raise TextureError(
                f"{file} should hold {name} of shape {tuple(parameter.shape)} but has {found}; "
                "convert the weights as docs/gan.md says"
            )
        parameter.copy_(value)

    def forward(self, pictures: Tensor) -> tuple[Tensor]:
        """Compute features.

        Parameters
        ----------
        pictures : Tensor, shape (N, 3, H, W)
            RGB samples 0..1.

        Returns
        -------
        tuple of one Tensor, shape (N, 512, ceil(H / 16), ceil(W / 16)), float32
        """
        features: Tensor = self.layers(255 * pictures.flip(1) - self.mean)
        return (features.float(),)


def _read(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise TextureError(f'there is no file {path} of texture weights; name one, or take texture = "random"')
    try:
        content = load_file(path) if path.suffix == ".safetensors" else torch.load(path, "cpu", weights_only=True)
    except (SafetensorError, RuntimeError, EOFError, KeyError, pickle.UnpicklingError) as error:
        raise TextureError(f"{path} is not a whole safetensors file or file of tensors by torch.save") from error
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise TextureError(f"{path} does not hold tensors by name; convert the weights as docs/gan.md says")
    return content
