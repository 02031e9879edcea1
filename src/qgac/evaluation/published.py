"""The published figures of the paper, to be put beside one's own (tables 1 to 3: PSNR, PSNR-B in dB, SSIM)."""

from __future__ import annotations

from typing import NamedTuple

from qgac.data.benchmarks import Channels
from qgac.evaluation.benchmark import Scores

__all__ = ["CITATION", "Published", "published"]

CITATION = (
    "Ehrlich, Davis, Lim, Shrivastava: Quantization Guided JPEG Artifact Correction, ECCV 2020. "
    "Colour: table 1 (quality 50: table 3); Y: table 2."
)


class Published(NamedTuple):
    """The paper's JPEG column and its own method's."""

    jpeg: Scores
    restored: Scores


_TABLES: dict[tuple[str, Channels], dict[int, Published]] = {
    ("live1", "color"): {
        10: Published(Scores(25.60, 23.53, 0.755), Scores(27.65, 27.40, 0.819)),
        20: Published(Scores(27.96, 25.77, 0.837), Scores(29.92, 29.51, 0.882)),
        30: Published(Scores(29.25, 27.10, 0.872), Scores(31.21, 30.71, 0.908)),
        50: Published(Scores(30.91, 28.94, 0.905), Scores(32.78, 32.19, 0.932)),
    },
    ("bsds500", "color"): {
        10: Published(Scores(25.72, 23.44, 0.748), Scores(27.69, 27.36, 0.810)),
        20: Published(Scores(28.01, 25.57, 0.833), Scores(29.89, 29.29, 0.876)),
        30: Published(Scores(29.31, 26.85, 0.869), Scores(31.15, 30.37, 0.903)),
    },
    ("icb", "color"): {
        10: Published(Scores(29.31, 28.07, 0.749), Scores(32.11, 32.47, 0.815)),
        20: Published(Scores(31.84, 30.63, 0.804), Scores(34.23, 34.67, 0.845)),
        30: Published(Scores(33.02, 31.87, 0.830), Scores(35.20, 35.67, 0.860)),
    },
    ("live1", "y"): {
        10: Published(Scores(27.76, 25.32, 0.790), Scores(29.53, 29.15, 0.840)),
        20: Published(Scores(30.05, 27.55, 0.868), Scores(31.86, 31.27, 0.901)),
        30: Published(Scores(31.37, 28.90, 0.900), Scores(33.23, 32.50, 0.925)),
    },
    ("classic5", "y"): {
        10: Published(Scores(27.82, 25.21, 0.780), Scores(29.84, 29.43, 0.837)),
        20: Published(Scores(30.12, 27.50, 0.854), Scores(31.98, 31.37, 0.885)),
        30: Published(Scores(31.48, 28.94, 0.884), Scores(33.22, 32.42, 0.907)),
    },
    ("bsds500", "y"): {
        10: Published(Scores(27.86, 25.18, 0.785), Scores(29.54, 29.04, 0.833)),
        20: Published(Scores(30.08, 27.28, 0.864), Scores(31.79, 30.96, 0.894)),
        30: Published(Scores(31.37, 28.56, 0.896), Scores(33.12, 32.07, 0.920)),
    },
    ("icb", "y"): {
        10: Published(Scores(32.08, 29.92, 0.856), Scores(34.73, 34.58, 0.896)),
        20: Published(Scores(35.04, 32.72, 0.905), Scores(37.12, 36.88, 0.924)),
        30: Published(Scores(36.66, 34.22, 0.927), Scores(38.43, 38.05, 0.938)),
    },
}


def published(dataset: str, channels: Channels, quality: int) -> Published | None:
    """Return the paper's figures for a test set at a quality, or None where it has none.

    Parameters
    ----------
    dataset : str
        Key of :data:`qgac.data.benchmarks.BENCHMARKS`; other names have none.
    channels : {"color", "y"}
    quality : int

    Returns
    -------
    Published or None
    """
    return _TABLES.get((dataset, channels), {}).get(quality)
