from __future__ import annotations

import numpy as np
import pytest

from qgac.coefficients.quantization import ROBIDOUX, chroma_table, luma_table, quality_of
from qgac.training.batches.tables import draw_tables


def drawn(quality: int, share: float, count: int = 400) -> list[tuple[np.ndarray, np.ndarray]]:
    return [draw_tables(quality, share, np.random.default_rng(seed)) for seed in range(count)]


def test_without_a_share_all_are_libjpegs() -> None:
    for luma, chroma in drawn(30, 0.0, 5):
        assert (luma == luma_table(30)).all()
        assert (chroma == chroma_table(30)).all()


def test_the_share_is_kept() -> None:
    own = sum(quality_of(luma) == 30 and quality_of(chroma, chroma=True) == 30 for luma, chroma in drawn(30, 0.25))
    # 400 draws of probability 3/4 and a little more: five standard deviations are 43.
    assert 257 < own < 350


@pytest.mark.parametrize("quality", [1, 10, 50, 90, 100])
def test_every_table_can_stand_in_a_baseline_file(quality: int) -> None:
    for tables in drawn(quality, 1.0):
        for table in tables:
            assert table.shape == (8, 8)
            assert table.dtype == np.uint16
            assert table.min() >= 1
            assert table.max() <= 255


def test_every_family_comes_up() -> None:
    tables = drawn(50, 1.0)
    flat = sum(luma.min() == luma.max() for luma, _ in tables)
    robidoux = sum((luma == ROBIDOUX.clip(max=255)).all() for luma, _ in tables)
    mixed = sum((luma == luma_table(50)).all() for luma, _ in tables)
    for count in (flat, robidoux, mixed, 400 - flat - robidoux - mixed):
        assert 56 < count < 144  # a quarter of 400 within five standard deviations


def test_coarser_qualities_have_coarser_tables() -> None:
    def mean_step(quality: int) -> np.float64:
        return np.mean([luma.mean() for luma, _ in drawn(quality, 1.0)])

    assert mean_step(10) > 2 * mean_step(50) > 8 * mean_step(90)
