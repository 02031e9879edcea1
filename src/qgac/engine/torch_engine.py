"""PyTorch as the engine: any network, on a processor or a GPU."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from qgac.coefficients.blocks import interleave_maps
from qgac.engine.engine import Array, Pair, memory_told
from qgac.models import steps
from qgac.models.cfm import ConvolutionalFilterManifold
from qgac.models.qgac import QGAC

__all__ = ["TorchEngine", "fastest_device", "widest_layer"]


class TorchEngine:
    """Runs a network with PyTorch; :class:`qgac.engine.engine.Engine` has attributes and methods explained.

    Parameters
    ----------
    network : QGAC
        Used as it is, and moved to the device.
    device : str or torch.device
        ``auto``: where the network lies.

    Raises
    ------
    ValueError
        If the device cannot be used.
    """

    def __init__(self, network: QGAC, device: str | torch.device = "auto") -> None:
        if device == "auto":
            device = next(network.parameters()).device
        try:
            self._device = torch.device(device)
            network.to(device=self._device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        except (RuntimeError, AssertionError, NotImplementedError) as error:
            raise ValueError(f"the device {str(device)!r} cannot be used here ({error}); choose 'cpu'") from error
        self.network = network.eval()
        self.device = str(self._device)
        self.receptive_field_y = network.receptive_field_y
        self.receptive_field_color = network.receptive_field_color
        self.factors = frozenset(network.factors)
        self.widest_layer = widest_layer(network)

    @torch.no_grad()
    def restore_y(self, decoded: Array, table: Array) -> Array:
        """Restore luma; see :meth:`qgac.engine.engine.Engine.restore_y`."""
        with memory_told(RuntimeError, "memory"):
            return _blocks(
                steps.restore_y(self.network, self._channels(decoded), self._tables([table])[0], projected=False)
            )

    @torch.no_grad()
    def restore_chroma(
        self,
        chroma: Pair,
        tables: Pair,
        y: Array,
        y_table: Array,
        factors: tuple[int, int],
    ) -> Pair:
        """Restore Cb and Cr; see :meth:`qgac.engine.engine.Engine.restore_chroma`."""
        with memory_told(RuntimeError, "memory"):
            cb, cr = steps.restore_chroma(
                self.network,
                interleave_maps(torch.stack([self._channels(plane) for plane in chroma], 1)),
                self._tables(tables),
                self._channels(y),
                self._tables([y_table])[0],
                factors,
                projected=False,
            )
            return _blocks(cb), _blocks(cr)

    def _channels(self, blocks: Array) -> Tensor:
        """Turn (rows, columns, 64) into (1, 64, rows, columns), channels last."""
        return torch.from_numpy(np.ascontiguousarray(blocks)).to(self._device).permute(2, 0, 1)[None]

    def _tables(self, tables: list[Array] | tuple[Array, ...]) -> Tensor:
        """Turn tables (64,) into (1, tables, 8, 8)."""
        return torch.from_numpy(np.stack(tables).reshape(1, -1, 8, 8)).to(self._device)


def _blocks(channels: Tensor) -> Array:
    return np.ascontiguousarray(channels[0].permute(1, 2, 0).cpu().numpy())


def fastest_device() -> str:
    """Return ``cuda`` or ``mps`` if there is one, else ``cpu``."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def widest_layer(network: QGAC) -> int:
    """Return the most channels that a layer takes or makes, those aside that make kernels."""
    widths = [64]
    for name, module in network.named_modules():
        if isinstance(module, ConvolutionalFilterManifold):
            widths += [64 * module.maps, module.width]
        elif isinstance(module, nn.Conv2d | nn.ConvTranspose2d) and ".manifold." not in name:
            widths += [module.in_channels, module.out_channels]
    return max(widths)
