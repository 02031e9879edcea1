from __future__ import annotations

import numpy as np
import torch
from scipy.fft import dctn

from qgac.coefficients.integer_dct import SCALE, integer_dct


def test_is_close_to_the_exact_dct() -> None:
    """Off by less than 0.3, the error of three fractional bits after two passes."""
    samples = np.random.default_rng(0).integers(-128, 128, (16, 24))
    coefficients = integer_dct(torch.from_numpy(samples)).numpy() / SCALE
    for row in range(2):
        for column in range(3):
            block = samples[8 * row : 8 * row + 8, 8 * column : 8 * column + 8]
            exact = dctn(block.astype(float), norm="ortho").reshape(64)
            np.testing.assert_allclose(coefficients[:, row, column], exact, atol=0.3)


def test_flat_blocks_have_an_exact_dc_and_nothing_else() -> None:
    for value in (-128, -1, 0, 77, 127):
        coefficients = integer_dct(torch.full((8, 8), value))
        assert coefficients[0, 0, 0] == SCALE * 8 * value
        assert not coefficients[1:].any()


def test_extreme_blocks_do_not_overflow() -> None:
    """The largest coefficients there are: a checkerboard of the extreme samples, and its rows and columns alone."""
    sign = np.where(np.arange(8) % 2, -1, 1)
    for pattern in (np.outer(sign, sign), np.outer(sign, np.ones(8)), np.outer(np.ones(8), sign)):
        block = np.where(pattern > 0, 127, -128)
        exact = dctn(block.astype(float), norm="ortho").reshape(64)
        np.testing.assert_allclose(integer_dct(torch.from_numpy(block))[:, 0, 0] / SCALE, exact, atol=0.5)
