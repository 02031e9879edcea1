from __future__ import annotations

import numpy as np
import pytest

from qgac.pixels.lattice import ROUNDING, block_evidence, histogram, log_mean_exp, step_evidence


def laplace(scale: float, count: int = 4000) -> np.ndarray:
    values: np.ndarray = np.random.default_rng(1).laplace(0, scale, (count, 64))
    return values


@pytest.mark.parametrize("step", [1, 2, 3, 10, 37, 99])
def test_the_step_of_noisy_multiples_has_the_most_evidence(step: int) -> None:
    noise = np.random.default_rng(2).normal(0, ROUNDING, (4000, 64))
    values = np.rint(laplace(2.0 * step) / step) * step + noise
    evidence = step_evidence(histogram(values.astype(np.float32)), ROUNDING)
    assert np.array_equal(evidence.argmax(1) + 1, np.full(64, step))
    assert evidence.max(1).min() > (20 if step > 1 else 2)


def test_coefficients_of_no_lattice_speak_against_every_step() -> None:
    evidence = step_evidence(histogram(laplace(12.0).astype(np.float32)), ROUNDING, 30)
    assert evidence.max() < 10
    assert log_mean_exp(evidence).max() < 5
    assert evidence[:, 2:20].max() < -20


def test_zeros_have_no_vote() -> None:
    values = np.random.default_rng(3).normal(0, ROUNDING, (500, 64)).astype(np.float32)
    assert np.all(step_evidence(histogram(values), ROUNDING)[:, 9:] == 0)


@pytest.mark.parametrize("frequencies", [1, 2, 64])
def test_the_evidence_of_frequencies_is_that_of_each(frequencies: int) -> None:
    """However many are asked for at once; by the definition, coefficient by coefficient."""
    values = np.random.default_rng(3).laplace(0, 40, (50, frequencies)).astype(np.float32)
    counts, noise = histogram(values), 0.7
    bins = np.minimum((np.abs(values) * 4 + 0.5).astype(int), counts.shape[1] - 1) / 4
    spread = np.hypot(noise, 0.25 / 12**0.5)
    expected = np.zeros((frequencies, 20))
    for step in range(1, 21):
        level = np.floor(bins / step + 0.5)
        points = (level[..., None] + np.arange(-30, 31)) * step
        density = np.exp(-0.5 * ((bins[..., None] - points) / spread) ** 2).sum(-1) / (spread * (2 * np.pi) ** 0.5)
        votes = np.log(0.95 * step * density + 0.05) * (level != 0)
        expected[:, step - 1] = votes.sum(0)
    np.testing.assert_allclose(step_evidence(counts, noise, 20)[:, 2:], expected[:, 2:], rtol=1e-3, atol=1e-2)


def test_with_fewer_bins_what_lies_within_them_tells_the_same_and_what_lies_beyond_nothing() -> None:
    values = np.clip(laplace(20.0), -250, 250).astype(np.float32)
    far = np.full((500, 64), 300, np.float32)
    few = histogram(np.concatenate([values, far]), 1025)
    assert few.shape == (64, 1025)
    assert np.array_equal(few[:, -1], np.full(64, 500))
    np.testing.assert_allclose(
        step_evidence(few, ROUNDING), step_evidence(histogram(values), ROUNDING), rtol=1e-4, atol=0.05
    )


def test_flat_blocks_vote_for_the_step_of_means_in_spite_of_their_common_error() -> None:
    levels = np.arange(-40, 40)
    samples = np.rint(levels * 48 / 8)
    evidence = block_evidence(np.repeat(samples[:, None], 64, 1).astype(np.float32), ROUNDING)
    assert evidence[0].argmax() + 1 == 48
    assert np.all(evidence[1:] == 0)


def test_logarithms_of_means_of_exponentials_do_not_overflow() -> None:
    assert log_mean_exp(np.array([[0.0, np.log(3)], [2000, 2000]])) == pytest.approx([np.log(2), 2000])
