"""The published figures of the paper, to be put beside one's own.

Tables 1 to 3 and 5 hold PSNR and PSNR-B in dB and SSIM, table 4 Fréchet inception distances.
"""

from __future__ import annotations

from typing import NamedTuple

from qgac.evaluation.test_sets import Channels
from qgac.metrics.scores import Scores

__all__ = [
    "ABLATIONS",
    "CITATION",
    "FRECHET",
    "IDCN_GENERALIZATION",
    "Published",
    "PublishedFrechet",
    "published",
    "published_methods",
]

CITATION = (
    "Ehrlich, Davis, Lim, Shrivastava: Quantization Guided JPEG Artifact Correction, ECCV 2020. "
    "Colour: table 1 (quality 50: table 3); Y: table 2."
)


class Published(NamedTuple):
    """The paper's JPEG column and its own method's."""

    jpeg: Scores
    restored: Scores


# The columns and rows of tables 1 and 2 as they are printed, a dash where a method has no model for the quality; the
# last row of Live-1 is that of table 3.
_METHODS = ("JPEG", "ARCNN", "MWCNN", "IDCN", "DMCNN", "QGAC")
_TABLES: dict[tuple[str, Channels], str] = {
    ("live1", "color"): """
        10 25.60/23.53/0.755 26.66/26.54/0.792 27.21/27.02/0.805 27.62/27.32/0.816 27.18/27.03/0.810 27.65/27.40/0.819
        20 27.96/25.77/0.837 28.97/28.65/0.860 29.54/29.23/0.873 30.01/29.49/0.881 29.45/29.08/0.874 29.92/29.51/0.882
        30 29.25/27.10/0.872 30.29/29.97/0.891 30.82/30.45/0.901 -                 -                 31.21/30.71/0.908
        50 30.91/28.94/0.905 -                 -                 -                 -                 32.78/32.19/0.932
    """,
    ("bsds500", "color"): """
        10 25.72/23.44/0.748 26.83/26.65/0.783 27.18/26.93/0.794 27.61/27.22/0.805 27.16/26.95/0.799 27.69/27.36/0.810
        20 28.01/25.57/0.833 29.00/28.53/0.853 29.45/28.96/0.866 29.90/29.20/0.873 29.35/28.84/0.866 29.89/29.29/0.876
        30 29.31/26.85/0.869 30.31/29.85/0.887 30.71/30.09/0.895 -                 -                 31.15/30.37/0.903
    """,
    ("icb", "color"): """
        10 29.31/28.07/0.749 30.06/30.38/0.744 30.76/31.21/0.779 31.71/32.02/0.809 30.85/31.31/0.796 32.11/32.47/0.815
        20 31.84/30.63/0.804 32.24/32.53/0.778 32.79/33.32/0.812 33.99/34.37/0.838 32.77/33.26/0.830 34.23/34.67/0.845
        30 33.02/31.87/0.830 33.31/33.72/0.807 34.11/34.69/0.845 -                 -                 35.20/35.67/0.860
    """,
    ("live1", "y"): """
        10 27.76/25.32/0.790 28.96/28.68/0.821 29.68/29.30/0.839 29.68/29.32/0.838 29.73/29.43/0.839 29.53/29.15/0.840
        20 30.05/27.55/0.868 31.26/30.73/0.887 32.00/31.47/0.901 32.05/31.46/0.900 32.07/31.49/0.901 31.86/31.27/0.901
        30 31.37/28.90/0.900 32.64/32.11/0.916 33.40/32.76/0.926 -                 -                 33.23/32.50/0.925
    """,
    ("classic5", "y"): """
        10 27.82/25.21/0.780 29.03/28.76/0.811 30.01/29.59/0.837 29.83/29.48/0.833 29.98/29.65/0.836 29.84/29.43/0.837
        20 30.12/27.50/0.854 31.15/30.59/0.869 32.16/31.52/0.886 31.99/31.46/0.884 32.11/31.48/0.885 31.98/31.37/0.885
        30 31.48/28.94/0.884 32.51/31.98/0.896 33.43/32.62/0.907 -                 -                 33.22/32.42/0.907
    """,
    ("bsds500", "y"): """
        10 27.86/25.18/0.785 29.14/28.76/0.816 29.63/29.16/0.831 29.60/29.13/0.829 29.66/29.27/0.831 29.54/29.04/0.833
        20 30.08/27.28/0.864 31.27/30.52/0.881 31.88/31.12/0.894 31.88/31.05/0.893 31.91/31.13/0.894 31.79/30.96/0.894
        30 31.37/28.56/0.896 32.64/31.90/0.912 33.23/32.29/0.920 -                 -                 33.12/32.07/0.920
    """,
    ("icb", "y"): """
        10 32.08/29.92/0.856 31.13/30.97/0.794 34.12/34.06/0.884 32.50/32.42/0.826 34.18/34.15/0.874 34.73/34.58/0.896
        20 35.04/32.72/0.905 32.62/32.31/0.821 36.56/36.44/0.902 34.30/34.18/0.851 35.93/35.79/0.918 37.12/36.88/0.924
        30 36.66/34.22/0.927 33.79/33.52/0.841 38.20/37.96/0.927 -                 -                 38.43/38.05/0.938
    """,
}

IDCN_GENERALIZATION: tuple[tuple[int, int, Scores], ...] = (
    (10, 50, Scores(30.19, 30.14, 0.889)),
    (20, 50, Scores(31.91, 31.65, 0.916)),
    (10, 20, Scores(29.25, 29.08, 0.863)),
    (20, 10, Scores(26.95, 26.24, 0.804)),
)
"""Table 3: quality that the model of IDCN was trained for, quality of the pictures (Live-1, colour), and its scores."""


class PublishedFrechet(NamedTuple):
    """The Fréchet inception distances of the paper's regression and GAN models."""

    regression: float
    gan: float


FRECHET: dict[tuple[str, int], PublishedFrechet] = {
    ("live1", 10): PublishedFrechet(69.57, 35.86),
    ("live1", 20): PublishedFrechet(36.32, 16.99),
    ("live1", 30): PublishedFrechet(24.72, 12.20),
    ("bsds500", 10): PublishedFrechet(75.15, 34.80),
    ("bsds500", 20): PublishedFrechet(42.46, 18.74),
    ("bsds500", 30): PublishedFrechet(29.04, 13.03),
    ("icb", 10): PublishedFrechet(33.37, 26.08),
    ("icb", 20): PublishedFrechet(17.23, 13.53),
    ("icb", 30): PublishedFrechet(11.66, 10.13),
}
"""Table 4, by test set and quality."""

ABLATIONS: dict[tuple[str, str], Scores] = {
    ("CFM", "none"): Scores(29.38, 28.90, 0.825),
    ("CFM", "concat"): Scores(29.32, 28.94, 0.823),
    ("CFM", "CFM"): Scores(29.46, 29.05, 0.827),
    ("subnetworks", "FrequencyNet"): Scores(28.03, 25.58, 0.787),
    ("subnetworks", "BlockNet"): Scores(29.45, 29.04, 0.827),
    ("fusion", "no fusion"): Scores(27.82, 25.21, 0.780),
    ("fusion", "fusion"): Scores(29.22, 28.76, 0.822),
}
"""Table 5, Classic-5 at quality 10, by experiment and model."""


def published(dataset: str, channels: Channels, quality: int) -> Published | None:
    """Return the paper's figures for a test set at a quality, or None where it has none.

    Parameters
    ----------
    dataset : str
        Key of :data:`qgac.evaluation.test_sets.BENCHMARKS`; other names have none.
    channels : {"color", "y"}
    quality : int

    Returns
    -------
    Published or None
    """
    methods = published_methods(dataset, channels, quality)
    return Published(methods["JPEG"], methods["QGAC"]) if methods else None


def published_methods(dataset: str, channels: Channels, quality: int) -> dict[str, Scores]:
    """Return a row of the paper's tables 1 and 2.

    Parameters
    ----------
    dataset, channels, quality
        As of :func:`published`.

    Returns
    -------
    dict of {str: Scores}
        ``JPEG``, other methods as the paper measured them, and ``QGAC``, the paper's own; empty where it has none.
    """
    for line in _TABLES.get((dataset, channels), "").split("\n"):
        number, *cells = line.split() or [""]
        if number == str(quality):
            return {
                name: Scores(*map(float, cell.split("/")))
                for name, cell in zip(_METHODS, cells, strict=True)
                if cell != "-"
            }
    return {}
