"""What the analyses look at: pictures, and the models by name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from qgac.evaluation.test_sets import BenchmarkError, Channels, load_reference

__all__ = ["Picture", "load_pictures", "model_labels"]


@dataclass(frozen=True, eq=False)
class Picture:
    """An original.

    Attributes
    ----------
    name : str
        File name without suffix.
    samples : ndarray of uint8, shape (H, W, 3) or (H, W)
        RGB or gray, 0..255.
    """

    name: str
    samples: NDArray[np.uint8]


def load_pictures(paths: Sequence[Path], channels: Channels | None = None) -> list[Picture]:
    """Read originals.

    Parameters
    ----------
    paths : sequence of Path
    channels : {"color", "y"}, optional
        As for :func:`qgac.evaluation.test_sets.load_reference`; by default each picture as it is, RGB or gray.

    Returns
    -------
    list of Picture
        In the order of `paths`.

    Raises
    ------
    BenchmarkError
        If a file cannot be used.
    """
    return [Picture(path.stem, load_reference(path, channels or _own_channels(path))) for path in paths]


def model_labels(models: Sequence[str | os.PathLike[str]]) -> list[str]:
    """Name models for legends: by their file names, with as many folders before as tell them apart.

    Parameters
    ----------
    models : sequence of str or path
        Names of shipped models, or weights files.

    Returns
    -------
    list of str
        All different, unless the same model is given twice.
    """
    paths = [Path(os.path.abspath(model) if os.sep in str(model) else model).with_suffix("") for model in models]  # noqa: PTH100
    for depth in range(1, max((len(path.parts) for path in paths), default=0) + 1):
        labels = ["/".join(path.parts[-depth:]) for path in paths]
        if len(set(labels)) == len(set(paths)):
            return labels
    return []


def _own_channels(path: Path) -> Channels:
    try:
        with Image.open(path) as picture:
            return "y" if picture.mode in ("1", "L", "LA") else "color"
    except (OSError, SyntaxError) as error:
        raise BenchmarkError(f"{path} cannot be read ({error}); replace it") from error
