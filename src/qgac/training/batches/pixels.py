"""Patches out of a bank: what to cut is drawn once, how it is cut depends on where the pixels are.

A :class:`Cut` says in numbers what a patch is made of. :class:`HostPixels` makes it with NumPy and Pillow out of the
memory-mapped file; :class:`DevicePixels` holds the file in the memory of a GPU and makes all patches of a batch there,
with the same choice among the candidates, the same filter and the same result (within one level where a patch is
downscaled).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from qgac.training.batches.bank import PatchBank, Window
from qgac.training.sections import Data

__all__ = ["Cut", "DevicePixels", "HostPixels", "Pixels", "draw_cut", "lanczos_weights", "pixels_on"]

_LANCZOS_SUPPORT = 3


@dataclass(frozen=True)
class Cut:
    """What a patch is made of.

    Attributes
    ----------
    windows : tuple of Window
        Candidates of one size, of which the most textured one is taken, downscaled to the size of the patch.
    upside_down, mirrored, transposed : bool
        Then done to it, in this order.
    """

    windows: tuple[Window, ...]
    upside_down: bool = False
    mirrored: bool = False
    transposed: bool = False


def draw_cut(bank: PatchBank, data: Data, generator: np.random.Generator) -> Cut:
    """Draw what a patch is made of."""
    factor = 1.0
    if data.downscale_share and generator.random() < data.downscale_share:
        factor = generator.uniform(1, data.downscale)
    size = round(data.patch * factor)
    windows = tuple(bank.draw(size, generator) for _ in range(data.candidates))
    if not data.flips:
        return Cut(windows)
    return Cut(windows, *(bool(generator.random() < 0.5) for _ in range(3)))


class Pixels(Protocol):
    """Where patches come from."""

    def patches(self, cuts: Sequence[Cut], size: int) -> Tensor:
        """Make patches.

        Parameters
        ----------
        cuts : sequence of Cut
        size : int
            Side of a patch in pixels.

        Returns
        -------
        Tensor, shape (N, 3, size, size), float32
            Whole numbers 0..255, on the device of the training.
        """
        ...


class HostPixels:
    """Patches made by the processor.

    Parameters
    ----------
    bank : PatchBank
    device : torch.device
        Where they are sent.
    """

    def __init__(self, bank: PatchBank, device: torch.device) -> None:
        self._bank = bank
        self._device = device

    def patches(self, cuts: Sequence[Cut], size: int) -> Tensor:
        """Make patches, see :meth:`Pixels.patches`."""
        made = torch.from_numpy(np.stack([self._patch(cut, size) for cut in cuts]))
        return made.to(self._device).permute(0, 3, 1, 2).float()

    def _patch(self, cut: Cut, size: int) -> NDArray[np.uint8]:
        crops = [self._bank.cut(window) for window in cut.windows]
        crop = crops[0] if len(crops) == 1 else max(crops, key=_texture)
        if len(crop) != size:
            crop = np.asarray(Image.fromarray(crop).resize((size, size), Image.Resampling.LANCZOS))
        if cut.upside_down:
            crop = crop[::-1]
        if cut.mirrored:
            crop = crop[:, ::-1]
        if cut.transposed:
            crop = crop.transpose(1, 0, 2)
        return crop


def _texture(pixels: NDArray[np.uint8]) -> int:
    """Sum of absolute gradients of the green samples, every second pixel: cheap, and enough to tell sky from grass."""
    green = pixels[::2, ::2, 1].astype(np.int16)
    return int(np.abs(np.diff(green, axis=0)).sum() + np.abs(np.diff(green, axis=1)).sum())


class DevicePixels:
    """Patches made where the training runs: the whole bank lies in the memory of the device, pictures end to end.

    Parameters
    ----------
    bank : PatchBank
    device : torch.device
    largest : int
        Side of the largest window there will be, in pixels. All are gathered in this size, so that every batch runs
        the same kernels on the same shapes.
    """

    def __init__(self, bank: PatchBank, device: torch.device, *, largest: int) -> None:
        stored = torch.from_file(str(bank.path), size=bank.path.stat().st_size, dtype=torch.uint8)
        self._pixels = stored.to(device).view(-1, 3)
        # First pixel, height and width of every picture.
        self._pictures = np.array([(p.offset // 3, p.height, p.width) for p in bank.pictures])
        self._device = device
        self._largest = largest

    def patches(self, cuts: Sequence[Cut], size: int) -> Tensor:
        """Make patches, see :meth:`Pixels.patches`."""
        windows = np.array([[(w.picture, w.top, w.left, w.size) for w in cut.windows] for cut in cuts])
        flips = np.array([(cut.upside_down, cut.mirrored, cut.transposed) for cut in cuts])
        # All that is known of a window: first pixel, height, width, top, left, size.
        numbers = np.concatenate((self._pictures[windows[..., 0]], windows[..., 1:]), -1)
        chosen = self._to_device(numbers)
        if chosen.shape[1] > 1:
            best = self._textures(chosen).argmax(1)
            chosen = chosen.take_along_dim(best[:, None, None].expand(-1, 1, chosen.shape[2]), 1)
        chosen = chosen[:, 0]
        upside_down, mirrored, transposed = self._to_device(flips)[:, :, None, None, None].unbind(1)
        crops = self._gather(chosen, torch.arange(self._largest, device=self._device))  # (N, M, M, 3)
        patches = _resized(crops.permute(0, 3, 1, 2).float(), chosen[:, 5], size)
        patches = torch.where(upside_down, patches.flip(-2), patches)
        patches = torch.where(mirrored, patches.flip(-1), patches)
        return torch.where(transposed, patches.transpose(-2, -1), patches)

    def _to_device(self, array: NDArray[np.int64] | NDArray[np.bool_]) -> Tensor:
        tensor = torch.from_numpy(array)
        if self._device.type == "cuda":  # pinned memory is sent without waiting for the device
            tensor = tensor.pin_memory()
        return tensor.to(self._device, non_blocking=True)

    def _gather(self, windows: Tensor, positions: Tensor) -> Tensor:
        """Return the pixels (..., P, P, 3) at the rows and columns `positions` of windows (..., 6)."""
        first, height, width, top, left, size = windows[..., None].unbind(-2)
        rows = _inside(top + torch.minimum(positions, size - 1), height)
        columns = _inside(left + torch.minimum(positions, size - 1), width)
        return self._pixels[first[..., None] + rows[..., :, None] * width[..., None] + columns[..., None, :]]

    def _textures(self, windows: Tensor) -> Tensor:
        """Score windows (N, K, 6) as :func:`_texture` does, (N, K); the first one wins among equals."""
        positions = torch.arange(0, self._largest, 2, device=self._device)
        green = self._gather(windows, positions)[..., 1].to(torch.int32)
        inside = positions < windows[..., 5:]  # (N, K, P)
        rows = green.diff(dim=-2).abs() * inside[..., 1:, None] * inside[..., None, :]
        columns = green.diff(dim=-1).abs() * inside[..., :, None] * inside[..., None, 1:]
        total = rows.sum((-2, -1)) + columns.sum((-2, -1))
        count = windows.shape[1]
        return total * count + torch.arange(count - 1, -1, -1, device=self._device)


def pixels_on(device: torch.device, bank: PatchBank, *, largest: int) -> Pixels:
    """Return who cuts patches for a device: the device itself, if it is a GPU with room for the bank twice over.

    Parameters
    ----------
    device : torch.device
    bank : PatchBank
    largest : int
        Side of the largest window there will be, in pixels.
    """
    if device.type == "cuda" and 2 * bank.path.stat().st_size < torch.cuda.mem_get_info(device)[0]:
        return DevicePixels(bank, device, largest=largest)
    return HostPixels(bank, device)


def _inside(positions: Tensor, length: Tensor) -> Tensor:
    """Mirror positions beyond a length back into it, as often as it takes."""
    folded = positions % (2 * length)
    return torch.minimum(folded, 2 * length - 1 - folded)


def _resized(crops: Tensor, sizes: Tensor, size: int) -> Tensor:
    """Downscale the first `sizes` rows and columns of crops (N, 3, M, M) to `size`, rounding after each axis."""
    if crops.shape[-1] == size:
        return crops
    weights = lanczos_weights(sizes, crops.shape[-1], size)[:, None]  # (N, 1, size, M)
    # As Pillow: rows first, whole numbers in between.
    across = (crops @ weights.transpose(-2, -1)).round().clamp(0, 255)
    return (weights @ across).round().clamp(0, 255)


def lanczos_weights(sizes: Tensor, width: int, size: int) -> Tensor:
    """Return the weights of a Lanczos downscaling, as Pillow computes them.

    Parameters
    ----------
    sizes : Tensor, shape (N,)
        Samples that go in.
    width : int
        Samples there are at most; those beyond `sizes` get weight 0.
    size : int
        Samples that come out, at most as many as go in.

    Returns
    -------
    Tensor, shape (N, size, width), float32
        Each row sums to 1.
    """
    scale = (sizes.double() / size)[:, None, None]
    center = (torch.arange(size, device=sizes.device, dtype=torch.float64)[:, None] + 0.5) * scale
    positions = torch.arange(width, device=sizes.device, dtype=torch.float64)
    distance = (positions + 0.5 - center) / scale
    weights = torch.sinc(distance) * torch.sinc(distance / _LANCZOS_SUPPORT)
    weights = weights * (distance.abs() < _LANCZOS_SUPPORT) * (positions < sizes[:, None, None])
    return (weights / weights.sum(-1, keepdim=True)).float()
