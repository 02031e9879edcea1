from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from qgac.metrics.frechet import FeatureStatistics, feature_statistics, frechet_distance, load_inception


def gaussian(mean: list[int] | np.ndarray, covariance: list[list[int]] | np.ndarray) -> FeatureStatistics:
    return FeatureStatistics(100, np.asarray(mean, float), np.asarray(covariance, float))


def random_covariance(generator: np.random.Generator, size: int, rank: int | None = None) -> np.ndarray:
    factor = generator.normal(size=(size, rank or size))
    return factor @ factor.T


def test_closed_form_in_one_dimension() -> None:
    """(mu1 - mu2)^2 + (sigma1 - sigma2)^2."""
    assert frechet_distance(gaussian([1], [[9]]), gaussian([3], [[25]])) == pytest.approx(4 + 4)


def test_closed_form_of_independent_features() -> None:
    """The sum over features, whatever rotation both are seen in."""
    generator = np.random.default_rng(0)
    means, deviations = generator.normal(size=(2, 6)), generator.uniform(0.1, 3, (2, 6))
    expected = ((means[0] - means[1]) ** 2).sum() + ((deviations[0] - deviations[1]) ** 2).sum()
    rotation, _ = np.linalg.qr(generator.normal(size=(6, 6)))
    turned = [
        gaussian(rotation @ m, rotation @ np.diag(d**2) @ rotation.T) for m, d in zip(means, deviations, strict=True)
    ]
    assert frechet_distance(*turned) == pytest.approx(expected)


def test_against_scipys_square_root() -> None:
    generator = np.random.default_rng(1)
    first, second = (gaussian(generator.normal(size=7), random_covariance(generator, 7)) for _ in range(2))
    root = sqrtm(first.covariance @ second.covariance).real
    expected = ((first.mean - second.mean) ** 2).sum() + np.trace(first.covariance + second.covariance - 2 * root)
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(second, first) == pytest.approx(expected, rel=1e-9)


def test_singular_covariances() -> None:
    """Fewer pictures than features, as on every test set here."""
    generator = np.random.default_rng(2)
    first = gaussian(np.zeros(40), random_covariance(generator, 40, 5))
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-4)
    scaled = gaussian(np.zeros(40), 4 * first.covariance)  # deviations doubled: tr S (2 - 1)^2
    assert frechet_distance(first, scaled) == pytest.approx(np.trace(first.covariance), rel=1e-6)


def test_statistics_are_those_of_numpy_through_a_network() -> None:
    """A linear network maps covariances by its matrix; batches of different sizes of picture count alike."""
    torch.manual_seed(0)
    matrix = torch.randn(3, 5)

    def network(pictures: torch.Tensor) -> torch.Tensor:
        return pictures.mean((2, 3)) @ matrix

    pictures = [torch.rand(1, 3, 8, 8) for _ in range(6)] + [torch.rand(1, 3, 5, 7)]
    batches = [torch.cat(pictures[:4]), *pictures[4:]]
    statistics = feature_statistics(batches, network)
    colors = np.stack([p.double().mean((2, 3))[0].numpy() for p in pictures])
    assert statistics.count == 7
    np.testing.assert_allclose(statistics.mean, colors.mean(0) @ matrix.numpy(), rtol=1e-5)
    expected = matrix.numpy().T @ np.cov(colors, rowvar=False) @ matrix.numpy()
    np.testing.assert_allclose(statistics.covariance, expected, rtol=1e-3, atol=1e-7)
    assert statistics.covariance.dtype == np.float64


def test_sampled_gaussians_come_near_the_closed_form() -> None:
    generator = torch.Generator().manual_seed(3)
    samples = [torch.randn(20_000, 4, generator=generator), 1 + 2 * torch.randn(20_000, 4, generator=generator)]
    first, second = (feature_statistics([s], lambda features: features) for s in samples)
    assert frechet_distance(first, second) == pytest.approx(4 * (1 + 1), rel=0.03)


def test_what_cannot_be_measured() -> None:
    with pytest.raises(ValueError, match="at least 2 pictures, got 1"):
        feature_statistics([torch.rand(1, 3, 8, 8)], lambda pictures: pictures.mean((2, 3)))
    with pytest.raises(ValueError, match="got 0"):
        feature_statistics([], lambda pictures: pictures)
    with pytest.raises(ValueError, match="cannot be compared"):
        frechet_distance(gaussian([0], [[1]]), gaussian([0, 0], np.eye(2)))


def test_missing_inception_weights(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nowhere\.pth is no file"):
        load_inception(tmp_path / "nowhere.pth")
    (tmp_path / "wrong.pth").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"must be installed|no Inception weights"):
        load_inception(tmp_path / "wrong.pth")
