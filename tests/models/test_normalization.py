from __future__ import annotations

import torch

from qgac.models.normalization import Normalization


def test_fitted_statistics_are_those_of_the_sample() -> None:
    """Mean 0 and deviation 1 after normalising, for every plane and frequency; checked per entry with plain loops."""
    scale = torch.rand(2, 64, 1, 1) * 50 + 0.1
    sample = torch.randn(40, 2, 64, 3, 3) * scale + scale
    normalization = Normalization(2)
    normalization.fit(sample)
    for plane, frequency in ((0, 0), (1, 0), (0, 63), (1, 17)):
        values = sample[:, plane, frequency].flatten().double()
        torch.testing.assert_close(normalization.mean[plane, frequency].double(), values.mean(), rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(normalization.std[plane, frequency].double(), values.std(), rtol=1e-4, atol=1e-4)
    result = normalization(sample, torch.ones(40, 2, 8, 8)).transpose(0, 1).transpose(1, 2).flatten(2)
    torch.testing.assert_close(result.mean(-1), torch.zeros(2, 64), rtol=0, atol=1e-4)
    torch.testing.assert_close(result.std(-1), torch.ones(2, 64), rtol=1e-4, atol=1e-4)


def test_a_frequency_that_never_occurs_gives_finite_numbers() -> None:
    normalization = Normalization()
    normalization.fit(torch.zeros(4, 1, 64, 2, 2))
    assert torch.isfinite(normalization(torch.rand(1, 1, 64, 2, 2), torch.ones(1, 1, 8, 8))).all()


def test_one_plane_of_several() -> None:
    normalization = Normalization(2)
    normalization.fit(torch.randn(20, 2, 64, 2, 2) * torch.tensor([1.0, 9.0]).reshape(1, 2, 1, 1, 1))
    sample, tables = torch.randn(3, 2, 64, 2, 2), torch.ones(3, 2, 8, 8)
    together = normalization(sample, tables)
    for plane in range(2):
        alone = normalization(sample[:, plane : plane + 1], tables[:, plane : plane + 1], plane=plane)
        torch.testing.assert_close(alone[:, 0], together[:, plane])


def test_levels_are_clamped_multiples_of_the_step() -> None:
    normalization = Normalization(levels=True)
    assert normalization.maps == 2
    coefficients = torch.zeros(1, 1, 64, 1, 3)
    coefficients[0, 0, 9] = torch.tensor([12.0, -24.0, 1200.0])
    tables = torch.full((1, 1, 8, 8), 3.0)
    tables[0, 0, 1, 1] = 12  # frequency 9
    result = normalization(coefficients, tables)
    assert result.shape == (1, 2, 64, 1, 3)
    assert result[0, 1, 9, 0].tolist() == [1, -2, 2]
    assert result[0, 0, 9, 0].tolist() == [12, -24, 1200]  # mean 0 and deviation 1 until fitted


def test_statistics_travel_with_the_weights() -> None:
    first, second = Normalization(2), Normalization(2)
    first.fit(torch.randn(10, 2, 64, 2, 2))
    second.load_state_dict(first.state_dict())
    assert torch.equal(first.std, second.std)
