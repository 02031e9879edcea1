"""The expected error of quantisation against the true one, of planes whose original is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.fft import dctn

from qgac.coefficients.quantization import luma_table
from qgac.inspection.uncertainty import block_errors, expected_map, quantization_error
from qgac.jpeg.image import Component, JPEGImage, Metadata


def quantized(samples: np.ndarray, table: np.ndarray) -> tuple[Component, np.ndarray]:
    """Quantise a plane; return it and the true squared error of each block."""
    rows, columns = samples.shape[0] // 8, samples.shape[1] // 8
    exact = dctn(samples.reshape(rows, 8, columns, 8).swapaxes(1, 2) - 128, axes=(2, 3), norm="ortho")
    levels = np.rint(exact / table).astype(np.int16)
    return Component(levels, table, 1, 1), np.square(exact - levels * table.astype(float)).mean((2, 3))


def photograph(side: int = 256, seed: int = 0) -> np.ndarray:
    """Noise of all scales, a calm part and a busy one."""
    generator = np.random.default_rng(seed)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    frequency[0, 0] = 1
    noise = np.fft.ifft2(np.fft.fft2(generator.normal(size=(side, side))) / frequency**1.3).real
    noise *= np.where(np.arange(side) < side // 2, 4.0, 40.0) / noise.std()
    return (128 + noise).clip(0, 255)


@pytest.mark.parametrize("quality", [10, 30, 60, 90, 98])
def test_the_expected_error_is_near_the_true_one(quality: int) -> None:
    component, true = quantized(photograph(), luma_table(quality))
    error = quantization_error(component)
    actual = float(np.sqrt(true.mean()))
    assert 0.75 * actual < error.expected < 1.35 * actual
    assert error.expected < 1.05 * error.uniform < error.largest
    assert np.sqrt(true.max()) <= error.largest + 1e-9


@pytest.mark.parametrize("quality", [20, 70])
def test_the_map_shows_where_the_error_is(quality: int) -> None:
    component, true = quantized(photograph(), luma_table(quality))
    errors = block_errors(component)
    assert errors.shape == component.coefficients.shape[:2]
    calm, busy = (float(np.sqrt(true[:, half].mean())) for half in (slice(0, 16), slice(16, 32)))
    assert errors[:, :16].mean() < errors[:, 16:].mean()
    assert np.sqrt(np.square(errors[:, :16]).mean()) == pytest.approx(calm, rel=0.5)
    assert np.sqrt(np.square(errors[:, 16:]).mean()) == pytest.approx(busy, rel=0.5)


def test_bounds_of_one_step_by_hand() -> None:
    component = Component(np.zeros((2, 3, 8, 8), np.int16), np.full((8, 8), 12, np.uint16), 1, 1)
    error = quantization_error(component)
    assert error.largest == 6
    assert error.uniform == pytest.approx(12 / np.sqrt(12))
    assert error.expected < error.uniform


@given(
    rows=st.integers(1, 5),
    columns=st.integers(1, 5),
    step=st.integers(1, 65535),
    largest=st.integers(0, 3),
    seed=st.integers(),
)
@settings(max_examples=60, deadline=None)
def test_any_coefficients_have_a_finite_error(rows: int, columns: int, step: int, largest: int, seed: int) -> None:
    generator = np.random.default_rng(abs(seed))
    levels = generator.integers(-largest, largest + 1, (rows, columns, 8, 8)).astype(np.int16)
    component = Component(levels, np.full((8, 8), step, np.uint16), 1, 1)
    errors = block_errors(component)
    assert errors.shape == (rows, columns)
    assert np.isfinite(errors).all()
    assert (errors > 0).all()
    assert (errors <= step / 2 * 1.001).all()


def test_planes_of_a_picture_without_luma_count_alike() -> None:
    parts = tuple(quantized(photograph(64, seed), luma_table(40))[0] for seed in range(3))
    rgb = JPEGImage(64, 64, "RGB", parts, Metadata(), "baseline")
    ycbcr = JPEGImage(64, 64, "YCbCr", parts, Metadata(), "baseline")
    squares = [np.square(block_errors(part)) for part in parts]
    np.testing.assert_allclose(expected_map(rgb), np.sqrt(np.mean(squares, 0)), rtol=1e-5)
    np.testing.assert_allclose(expected_map(ycbcr), block_errors(parts[0]), rtol=1e-6)
