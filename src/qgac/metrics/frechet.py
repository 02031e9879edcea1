"""Fréchet distance between two sets of pictures, seen through a feature network (Heusel et al., NeurIPS 2017).

The features of each set are taken for a Gaussian, and the distance is that of the two Gaussians. With the pool
features of Inception as the network it is the FID of the paper's table 4; any other network gives a distance of its
own that must not be called FID.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["FeatureNetwork", "FeatureStatistics", "feature_statistics", "frechet_distance", "load_inception"]

FeatureNetwork = Callable[[Tensor], Tensor]
"""From RGB pictures (N, 3, H, W) in 0..1 to features (N, D)."""


@dataclass(frozen=True, eq=False)
class FeatureStatistics:
    """The Gaussian of a set of features.

    Attributes
    ----------
    count : int
        How many pictures.
    mean : ndarray of float64, shape (D,)
    covariance : ndarray of float64, shape (D, D)
        Unbiased, divided by count - 1.
    """

    count: int
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]


@torch.no_grad()
def feature_statistics(batches: Iterable[Tensor], network: FeatureNetwork) -> FeatureStatistics:
    """Compute the Gaussian of pictures' features.

    Parameters
    ----------
    batches : iterable of Tensor, each of shape (N, 3, H, W)
        RGB in 0..1; sizes may differ from batch to batch.
    network : callable
        From a batch to features (N, D).

    Returns
    -------
    FeatureStatistics

    Raises
    ------
    ValueError
        If there are fewer than two pictures.
    """
    features = [network(batch).double().cpu().numpy() for batch in batches]
    every = np.concatenate(features) if features else np.empty((0, 0))
    if len(every) < 2:
        raise ValueError(f"a Fréchet distance needs at least 2 pictures, got {len(every)}; add some")
    mean = every.mean(0)
    centred = every - mean
    return FeatureStatistics(len(every), mean, centred.T @ centred / (len(every) - 1))


def frechet_distance(first: FeatureStatistics, second: FeatureStatistics) -> float:
    r"""Compute the squared Fréchet distance of two Gaussians.

    .. math:: |\mu_1 - \mu_2|^2 + \mathrm{tr}(\Sigma_1 + \Sigma_2 - 2 (\Sigma_1 \Sigma_2)^{1/2})

    Parameters
    ----------
    first, second : FeatureStatistics
        Of one network.

    Returns
    -------
    float
        0 for equal ones.

    Raises
    ------
    ValueError
        If the numbers of features differ.
    """
    if first.mean.shape != second.mean.shape:
        raise ValueError(f"statistics of {first.mean.size} and of {second.mean.size} features cannot be compared")
    # The product of two covariances is not symmetric, but has the eigenvalues of root S2 root, which is.
    values, vectors = np.linalg.eigh(first.covariance)
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    shared = np.linalg.eigvalsh(root @ second.covariance @ root)
    trace = np.trace(first.covariance) + np.trace(second.covariance) - 2 * np.sqrt(shared.clip(min=0)).sum()
    return float(np.square(first.mean - second.mean).sum() + max(trace, 0.0))


def load_inception(path: str | os.PathLike[str]) -> FeatureNetwork:
    """Load the Inception network of FID, as torchmetrics and torch-fidelity use it.

    Parameters
    ----------
    path : path
        Weights of torch-fidelity, ``pt_inception-2015-12-05-6726825d.pth``. Nothing is ever downloaded.

    Returns
    -------
    callable
        From pictures in 0..1, which it rounds to 8 bit and resizes to 299x299, to the 2048 pool features.

    Raises
    ------
    ValueError
        If torchmetrics or torch-fidelity is not installed, or the file is missing or of another network.
    """
    if not Path(path).is_file():
        raise ValueError(f"{path} is no file; name the Inception weights of torch-fidelity")
    try:
        # torchmetrics defines the class without torch-fidelity too, but as an empty one.
        import torch_fidelity  # noqa: F401
        from torchmetrics.image.fid import NoTrainInceptionV3
    except ImportError as error:
        raise ValueError(
            "torchmetrics and torch-fidelity must be installed for this; pip install 'qgac[frechet]'"
        ) from error
    try:
        # torch-fidelity unpickles whatever it is given: only a file of plain tensors gets that far.
        torch.load(path, weights_only=True, map_location="cpu")
        inception = NoTrainInceptionV3("inception-v3-compat", ["2048"], str(path))
    except (pickle.UnpicklingError, RuntimeError, KeyError, EOFError, AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"{path} holds no Inception weights of torch-fidelity; fetch them again") from error

    def features(pictures: Tensor) -> Tensor:
        result: Tensor = inception((pictures * 255).round().clamp(0, 255).to(torch.uint8))
        return result

    return features
