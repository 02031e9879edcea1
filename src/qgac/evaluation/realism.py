"""Fréchet distances of decoded and of restored pictures to the originals (section 4.2, table 4).

The paper does not say how it prepared its pictures. Here whole pictures go in, as 8-bit samples, in colour.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from qgac.evaluation.baseline import compress, decode
from qgac.evaluation.published import FRECHET
from qgac.evaluation.tables import section
from qgac.evaluation.test_sets import BENCHMARKS, load_reference
from qgac.jpeg.reader import read_jpeg
from qgac.metrics.frechet import FeatureNetwork, FeatureStatistics, feature_statistics, frechet_distance
from qgac.restoration.restorer import Restorer

__all__ = ["Realism", "measure_realism", "original_statistics", "realism_markdown"]


@dataclass(frozen=True)
class Realism:
    """Distances to the originals; 0 is a set of pictures with the features of the originals.

    Attributes
    ----------
    quality : int
        libjpeg quality.
    jpeg, restored : float
        Of the files as Pillow decodes them, and of the restored pictures.
    """

    quality: int
    jpeg: float
    restored: float


def original_statistics(pictures: Sequence[Path], network: FeatureNetwork) -> FeatureStatistics:
    """Compute the Gaussian of the originals' features, once for all qualities."""
    return feature_statistics((_batch(load_reference(path, "color")) for path in pictures), network)


def measure_realism(
    pictures: Sequence[Path],
    originals: FeatureStatistics,
    restorer: Restorer,
    network: FeatureNetwork,
    qualities: Sequence[int],
) -> Iterator[Realism]:
    """Measure how far JPEG files and restored pictures are from the originals.

    Parameters
    ----------
    pictures : sequence of Path
        Colour originals.
    originals : FeatureStatistics
        As :func:`original_statistics` returns them.
    restorer : Restorer
    network : callable
        See :mod:`qgac.metrics.frechet`.
    qualities : sequence of int
        libjpeg qualities.

    Yields
    ------
    Realism
        For each quality.
    """
    for quality in qualities:
        files = [compress(load_reference(path, "color"), quality) for path in pictures]
        decoded = feature_statistics((_batch(decode(file)) for file in files), network)
        restored = feature_statistics((_batch(restorer(read_jpeg(file)).pixels) for file in files), network)
        yield Realism(quality, frechet_distance(originals, decoded), frechet_distance(originals, restored))


def realism_markdown(
    dataset: str, model: str, pictures: int, measured: Sequence[Realism], *, inception: bool = True
) -> str:
    """Write distances as a Markdown table, with those of the paper where it has some.

    Parameters
    ----------
    dataset : str
        Key of :data:`qgac.evaluation.test_sets.BENCHMARKS`, or ``folder``.
    model : str
    pictures : int
        How many.
    measured : sequence of Realism
    inception : bool
        Whether distances are of Inception's features, as the paper's; else of those of ST-LPIPS's VGG.

    Returns
    -------
    str
    """
    benchmark = BENCHMARKS.get(dataset)
    paper = {r.quality: FRECHET.get((dataset, r.quality)) if inception else None for r in measured}
    rows = [["quality", "JPEG", "restored"] + ["QGAC, paper", "QGAC-GAN, paper"] * any(paper.values())]
    for r in measured:
        row = [str(r.quality), *(f"{value:.2f}" if inception else f"{value:.4g}" for value in (r.jpeg, r.restored))]
        if any(paper.values()):
            figures = paper[r.quality]
            row += [f"{value:.2f}" for value in figures] if figures else ["-", "-"]
        rows.append(row)
    note = f"To the originals, of whole 8-bit pictures; lower is more alike. Model: {model}."
    if any(paper.values()):
        note += " Paper: table 4, whose pictures may have been prepared in another way."
    title = benchmark.title if benchmark else "pictures of a folder"
    if not inception:
        note += " Features are the deepest of the VGG of ST-LPIPS, averaged over positions: these figures are no FID."
    name = "Fréchet inception distance" if inception else "Fréchet distance of VGG features"
    return section(f"{name}: {title}, {pictures} pictures", rows, note)


def _batch(samples: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(samples.copy()).permute(2, 0, 1)[None].float() / 255
