"""The curve that the generated filters form through quality (appendix B.1, Fig. 3).

The kernels of a few channels of every CFM, generated for the tables of every quality, are embedded together in two
dimensions by t-SNE. Distances between far points and the axes themselves mean nothing; neighbourhoods do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.manifold import TSNE

from qgac.analysis.layers import filter_manifolds, generated_kernels, strongest_channels
from qgac.models.qgac import QGAC

__all__ = ["Embedding", "embed_layer", "takes_chroma_tables"]


@dataclass(frozen=True, eq=False)
class Embedding:
    """Kernels of a layer in the plane.

    Attributes
    ----------
    layer : str
        Name in the network.
    qualities, channels : tuple of int
    points : ndarray, shape (channels, qualities, 2)
    """

    layer: str
    qualities: tuple[int, ...]
    channels: tuple[int, ...]
    points: NDArray[np.float32]

    def rows(self) -> list[list[object]]:
        """Return one row for each channel and quality, see :attr:`COLUMNS`."""
        return [
            [self.layer, channel, quality, float(self.points[c, q, 0]), float(self.points[c, q, 1])]
            for c, channel in enumerate(self.channels)
            for q, quality in enumerate(self.qualities)
        ]

    COLUMNS = ("layer", "channel", "quality", "x", "y")


def takes_chroma_tables(layer: str) -> bool:
    """Whether a CFM layer, by its name, is parameterised by the chroma tables."""
    return layer.startswith("color_network.") and not layer.endswith(".encode_y")


def embed_layer(
    model: QGAC,
    layer: str,
    qualities: Sequence[int] = tuple(range(1, 101)),
    *,
    channels: int = 3,
    perplexity: float = 30.0,
    seed: int = 0,
) -> Embedding:
    """Embed the kernels that a CFM generates over qualities.

    Parameters
    ----------
    model : QGAC
    layer : str
        Name of a CFM, a key of :func:`qgac.analysis.layers.filter_manifolds`.
    qualities : sequence of int
        libjpeg qualities, 0..100. The paper embeds 0 to 100; quality 0 has the tables of quality 1.
    channels : int
        How many channels, the strongest at the lowest quality.
    perplexity : float
        Of t-SNE: about how many neighbours a point has; lowered for few points.
    seed : int

    Returns
    -------
    Embedding

    Raises
    ------
    ValueError
        If there is no such layer, the qualities are fewer than 4, or the layer generates the same kernels for all.
    """
    layers = filter_manifolds(model)
    if layer not in layers:
        raise ValueError(f"this model has no CFM named {layer!r}; choose among {', '.join(layers)}")
    if len(qualities) < 4:
        raise ValueError("an embedding needs at least 4 qualities; give more")
    manifold, chroma = layers[layer], takes_chroma_tables(layer)
    chosen = strongest_channels(generated_kernels(manifold, min(qualities), chroma=chroma), channels)
    kernels = np.stack(
        [
            generated_kernels(manifold, quality, chroma=chroma)[list(chosen)].flatten(1).cpu().double().numpy()
            for quality in qualities
        ],
        1,
    )  # (channels, qualities, taps)
    if np.ptp(kernels, axis=1).max() == 0:
        raise ValueError(f"{layer} generates the same kernels at every quality, as if it were not trained")
    flat = kernels.reshape(len(chosen) * len(qualities), -1)
    flat = flat / np.sqrt(np.square(flat - flat.mean(0)).sum(1).mean())  # t-SNE's step sizes assume a usual scale
    neighbours = min(perplexity, (len(flat) - 1) / 3)
    points = TSNE(2, perplexity=neighbours, init="pca", learning_rate="auto", random_state=seed).fit_transform(flat)
    return Embedding(layer, tuple(qualities), chosen, points.reshape(len(chosen), len(qualities), 2).astype(np.float32))
