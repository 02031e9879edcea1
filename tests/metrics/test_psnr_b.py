from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from qgac.metrics import psnr, psnr_b
from qgac.metrics.psnr_b import blocking_effect


def tensor(picture: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.asarray(picture, dtype=np.float64))[None, None]


def test_a_single_step_by_hand() -> None:
    r"""A 16x16 picture, columns 0..7 of 0.2 and columns 8..15 of 0.6, where the original is 0.4 everywhere.

    MSE: every sample is off by 0.2, so 0.04.
    Block borders: the one between columns 7 and 8 has 16 differences of 0.4, the one between rows 7 and 8 has 16 of 0.
    Their mean square is 16 * 0.16 / 32 = 0.08. All other neighbours are equal: 0.
    BEF = (0.08 - 0) * log2(8) / log2(16) = 0.08 * 3 / 4 = 0.06.
    PSNR-B = 10 log10(1 / (0.04 + 0.06)) = 10 dB exactly, and PSNR = 10 log10(25) = 13.9794 dB.
    """
    picture = np.full((16, 16), 0.2)
    picture[:, 8:] = 0.6
    original = np.full((16, 16), 0.4)
    assert blocking_effect(tensor(picture)).item() == pytest.approx(0.06, abs=1e-12)
    assert psnr_b(restored=picture, reference=original) == pytest.approx(10, abs=1e-9)
    assert psnr(restored=picture, reference=original) == pytest.approx(13.979400, abs=1e-6)


def test_steps_within_blocks_by_hand() -> None:
    r"""As above, and rows 0..3 darker by 0.1: a step inside the blocks as well.

    Column border 7|8: 16 differences of 0.4 as before, so border mean square 2.56 / 32 = 0.08.
    Inside: 16 differences of 0.1 between rows 3 and 4, sum 0.16. A 16x16 picture has 2 * 16 * 15 = 480 pairs of
    neighbours, 32 of them at borders, 448 elsewhere: 0.16 / 448 = 0.000357142857.
    BEF = (0.08 - 0.000357142857) * 3 / 4 = 0.059732142857.
    MSE: of the 256 samples, 32 are 0.1 (off by 0.3), 96 are 0.2 (0.2), 32 are 0.5 (0.1), 96 are 0.6 (0.2):
    (32 * 0.09 + 96 * 0.04 + 32 * 0.01 + 96 * 0.04) / 256 = 10.88 / 256 = 0.0425.
    PSNR-B = -10 log10(0.102232142857) = 9.904125 dB.
    """
    picture = np.full((16, 16), 0.2)
    picture[:, 8:] = 0.6
    picture[:4] -= 0.1
    original = np.full((16, 16), 0.4)
    assert blocking_effect(tensor(picture)).item() == pytest.approx(0.059732142857, abs=1e-12)
    assert psnr_b(restored=picture, reference=original) == pytest.approx(-10 * math.log10(0.102232142857), abs=1e-9)


def test_no_blocking_effect_where_blocks_are_smoother_outside() -> None:
    """A step inside the blocks only: the border mean is the smaller one, and PSNR-B is PSNR."""
    picture = np.full((16, 16), 0.3)
    picture[:, 4:] = 0.5
    original = np.full((16, 16), 0.4)
    assert blocking_effect(tensor(picture)).item() == 0
    assert psnr_b(restored=picture, reference=original) == pytest.approx(20, abs=1e-9)


def test_a_cut_block_is_counted_as_in_the_published_figures() -> None:
    """24 rows, 20 columns: both column borders 7|8 and 15|16 are summed, 24 * (20 // 8 - 1) = 24 are counted.

    A step of 0.4 at 15|16: sum 24 * 0.16 = 3.84; borders 24 * 1 + 20 * (24 // 8 - 1) = 64; 3.84 / 64 = 0.06;
    BEF = 0.06 * 3 / log2(20). Counted truly it would be 3.84 / (48 + 40).
    """
    picture = np.full((24, 20), 0.2)
    picture[:, 16:] = 0.6
    assert blocking_effect(tensor(picture)).item() == pytest.approx(0.06 * 3 / math.log2(20), abs=1e-12)


def brute_force(restored: np.ndarray, reference: np.ndarray) -> float:
    """The formula with loops over every pair of neighbours."""
    values = []
    for channel in range(restored.shape[2]):
        x, y = restored[..., channel], reference[..., channel]
        height, width = x.shape
        border = inside = error = 0.0
        for i in range(height):
            for j in range(width):
                error += (x[i, j] - y[i, j]) ** 2
                for k, m, last in ((i, j + 1, j), (i + 1, j, i)):
                    if k < height and m < width:
                        difference = (x[i, j] - x[k, m]) ** 2
                        if last % 8 == 7:
                            border += difference
                        else:
                            inside += difference
        borders = height * (width // 8 - 1) + width * (height // 8 - 1)
        pairs = height * (width - 1) + width * (height - 1)
        effect = max(0.0, border / borders - inside / (pairs - borders)) * 3 / math.log2(min(height, width))
        values.append(10 * math.log10(1 / (error / (height * width) + effect)))
    return sum(values) / len(values)


@pytest.mark.parametrize("shape", [(16, 16, 1), (24, 32, 3), (17, 39, 2), (31, 16, 1)])
def test_against_loops(shape: tuple[int, int, int]) -> None:
    generator = np.random.default_rng(3)
    reference = generator.random(shape)
    blocky = np.kron(generator.random((shape[0] // 8 + 1, shape[1] // 8 + 1, 1)), np.ones((8, 8, 1)))
    restored = 0.7 * blocky[: shape[0], : shape[1]] + 0.3 * reference
    expected = brute_force(restored, reference)
    assert psnr_b(restored=restored, reference=reference) == pytest.approx(expected, abs=1e-9)


def test_only_the_restored_picture_is_searched_for_blocks() -> None:
    blocky = np.kron(np.random.default_rng(0).random((3, 3)), np.ones((8, 8)))
    smooth = np.full_like(blocky, blocky.mean())
    forward = psnr_b(restored=blocky, reference=smooth)
    backward = psnr_b(restored=smooth, reference=blocky)
    assert backward == pytest.approx(psnr(restored=smooth, reference=blocky), abs=1e-9)
    assert forward < backward - 3


def test_identity_and_bound() -> None:
    """Equal pictures differ only by the blocking effect that the picture itself has; PSNR-B never exceeds PSNR."""
    flat = np.full((16, 32), 0.4)
    assert psnr_b(restored=flat, reference=flat) == np.inf
    generator = np.random.default_rng(2)
    for _ in range(5):
        x, y = generator.random((16, 24)), generator.random((16, 24))
        assert psnr_b(restored=x, reference=y) <= psnr(restored=x, reference=y) + 1e-12


def test_result_is_float64() -> None:
    assert psnr_b(restored=torch.rand(2, 3, 16, 16), reference=torch.rand(2, 3, 16, 16)).dtype == torch.float64
