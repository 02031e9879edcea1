"""The whole network: dequantised coefficients in, restored coefficients out (Fig. 2).

Y first, then Cb and Cr guided by the restored Y. This class holds what lies between the coefficients of a file and the
two networks: normalisation, nearest-neighbour upsampling of chroma, and the scale of the residual. By default that
scale is the quantisation step: a coefficient is wrong by at most half a step, so the output of the network has the same
size at every quality. The paper's scale, the standard deviation of the frequency, is the alternative.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from qgac.coefficients.blocks import interleave_maps, separate_maps
from qgac.coefficients.candidate import edge_preserving_candidate
from qgac.coefficients.dct import dct, double_nearest, idct
from qgac.coefficients.quantization import chroma_table, luma_table, nearest_quality
from qgac.models import guided_chroma
from qgac.models.color_network import ColorNetwork
from qgac.models.configuration import Configuration
from qgac.models.normalization import Normalization
from qgac.models.y_network import YNetwork

__all__ = ["QGAC"]


class QGAC(nn.Module):
    """Quantization guided artifact correction of JPEG coefficients.

    Parameters
    ----------
    configuration : Configuration, optional
        The paper's by default: 256,763,645 parameters for Y and 2,645,097 for colour.
    """

    def __init__(self, configuration: Configuration | None = None) -> None:
        super().__init__()
        self.configuration = c = configuration or Configuration()
        self.normalize_y = Normalization(1, levels=c.levels)
        self.normalize_chroma = Normalization(2, levels=c.levels)
        maps = self.normalize_y.maps
        self.y_network = YNetwork(c.y, inputs=maps + (c.y.candidate > 0), log_table=c.log_table)
        self.color_network = ColorNetwork(c.color, inputs=maps, log_table=c.log_table)

    @property
    def receptive_field_y(self) -> int:
        """Blocks to each side that a restored Y block depends on."""
        return self.y_network.receptive_field + self.configuration.y.candidate

    @property
    def receptive_field_color(self) -> int:
        """Luma blocks to each side that a restored chroma block depends on, once Y is restored."""
        return self.color_network.receptive_field

    @property
    def factors(self) -> set[tuple[int, int]]:
        """The (vertical, horizontal) chroma subsampling factors that the network restores."""
        return self.color_network.factors

    def restore_y(self, y: Tensor, table: Tensor) -> Tensor:
        """Restore luma, or any single plane that stands for one.

        Parameters
        ----------
        y : Tensor, shape (N, 64, h, w)
            Dequantised coefficients.
        table : Tensor, shape (N, 8, 8)
            Quantisation steps, 1..65535.

        Returns
        -------
        Tensor, shape (N, 64, h, w)
            Restored coefficients; not projected onto the quantisation interval.
        """
        tables = self._familiar(table[:, None], chroma=False)
        inputs, candidate = self.y_inputs(y, table)
        outputs = separate_maps(self.y_network(inputs, tables), 1 + self.configuration.y.gate)
        restored = y + self._scale(outputs[:, :1], tables, self.normalize_y.std)[:, 0]
        if candidate is not None and self.configuration.y.gate:
            restored = torch.lerp(restored, candidate, outputs[:, 1].to(y.dtype).tanh())
        return restored

    def y_inputs(self, y: Tensor, table: Tensor) -> tuple[Tensor, Tensor | None]:
        """Make what the Y network is given.

        Parameters
        ----------
        y, table : Tensor
            As for :meth:`restore_y`.

        Returns
        -------
        inputs : Tensor, shape (N, 64 * maps, h, w)
            Normalised, frequency outermost; the candidate last, if there is one.
        candidate : Tensor, shape (N, 64, h, w), or None
            See :mod:`qgac.coefficients.candidate`; dequantised scale.
        """
        inputs = self.normalize_y(y[:, None], self._familiar(table[:, None], chroma=False))
        candidate: Tensor | None = None
        if self.configuration.y.candidate:
            candidate = edge_preserving_candidate(y, table, self.configuration.y.candidate)
            within = (candidate - y) / table.flatten(-2)[..., None, None]  # -0.5..0.5
            inputs = torch.cat((inputs, within[:, None]), 1)
        return interleave_maps(inputs).contiguous(memory_format=torch.channels_last), candidate

    def restore_chroma(
        self, chroma: Tensor, tables: Tensor, y: Tensor, y_table: Tensor, factors: tuple[int, int]
    ) -> Tensor:
        """Restore Cb and Cr.

        Parameters
        ----------
        chroma : Tensor, shape (N, 128, h / vertical, w / horizontal)
            Dequantised coefficients, channel 2 f for Cb and 2 f + 1 for Cr.
        tables : Tensor, shape (N, 2, 8, 8)
            Quantisation steps of Cb and Cr.
        y : Tensor, shape (N, 64, h, w)
            Restored Y coefficients, dequantised scale.
        y_table : Tensor, shape (N, 8, 8)
            Quantisation steps of Y.
        factors : tuple of (int, int)
            Vertical and horizontal subsampling, one of :attr:`factors`.

        Returns
        -------
        Tensor, shape (N, 128, h, w)
            Restored coefficients at full resolution; not projected.
        """
        tables, y_table = self._familiar(tables, chroma=True), self._familiar(y_table, chroma=False)
        planes = separate_maps(chroma, 2)  # (N, 2, 64, h / vertical, w / horizontal)
        guide = self.normalize_y(y[:, None], y_table[:, None])[:, 0]  # its levels, if any, say nothing once restored
        linear_model: Tensor | None = None
        if self.color_network.guided:
            chroma_samples, y_samples = idct(planes), idct(y)[:, None]
            linear_model, trust = self._guidance(planes, chroma_samples, tables, y_samples, factors)
        residuals: list[Tensor] = []
        changes: list[Tensor] = []
        together = self.color_network.planes
        for p in range(0, 2, together):
            which = slice(p, p + together)
            inputs = self.normalize_chroma(planes[:, which], tables[:, which], plane=None if together == 2 else p)
            residual, more = self.color_network(
                interleave_maps(inputs).contiguous(memory_format=torch.channels_last),
                tables[:, which],
                guide.contiguous(memory_format=torch.channels_last),
                y_table[:, None],
                factors,
                None if linear_model is None else linear_model[:, :, which].flatten(1, 3),
            )
            residuals.append(separate_maps(residual, together))
            if more is not None:
                changes.append(torch.unflatten(more, 1, (2, together, 64)))
        restored = self._scale(torch.cat(residuals, 1), tables, self.normalize_chroma.std)
        del residuals
        if not changes:
            return interleave_maps(
                restored.add_(torch.stack([double_nearest(planes[:, p], *factors) for p in range(2)], 1))
            )
        change, doubt = torch.cat(changes, 2).unbind(1)
        change, doubt = self._scale(change, tables, self.normalize_chroma.std), doubt.to(restored.dtype)
        samples = idct(restored) + guided_chroma.repeated(chroma_samples, factors)
        mixed = guided_chroma.mixed(y_samples, samples, trust, idct(change), idct(doubt), factors)
        return interleave_maps(dct(mixed))

    def _guidance(
        self, planes: Tensor, chroma: Tensor, tables: Tensor, y: Tensor, factors: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        """Return what a guided network sees, (N, 2, 2, 64, h, w), and how far the linear model is trusted, as samples.

        It sees coefficients of Cb and Cr by the linear model, normalised, and of the trust in them less 1/2. Chroma
        that is not subsampled stands for its linear model, and is not mixed with it.
        """
        if factors == (1, 1):
            none = torch.zeros_like(planes)
            return torch.stack((self.normalize_chroma(planes, tables)[:, :2], none), 1), none
        # Of rounding, whose error is spread evenly over a step.
        noise = tables[..., :1, :1].square() / 12
        model = dct(guided_chroma.guided(y, chroma, factors))
        trust = guided_chroma.trust(y, chroma, noise, factors)
        return torch.stack((self.normalize_chroma(model, tables)[:, :2], dct(trust - 0.5)), 1), trust

    def _familiar(self, tables: Tensor, *, chroma: bool) -> Tensor:
        """Return the tables (..., 8, 8) that the networks are told, see :class:`Configuration`."""
        if self.configuration.trained_qualities is None:
            return tables
        low, high = self.configuration.trained_qualities
        make = chroma_table if chroma else luma_table
        given = tables.detach().reshape(-1, 8, 8).cpu().numpy()
        nearest = [make(nearest_quality(table, chroma=chroma, low=low, high=high)) for table in given]
        return torch.from_numpy(np.stack(nearest).astype(np.float32)).to(tables).reshape(tables.shape)

    def _scale(self, residual: Tensor, tables: Tensor, std: Tensor) -> Tensor:
        """Bring a residual (N, P, 64, h, w) to the scale of dequantised coefficients."""
        scale = tables.flatten(-2) if self.configuration.residual_in_steps else std[None]
        return residual.to(scale.dtype) * scale[..., None, None]
