from __future__ import annotations

import numpy as np
import pytest

from made.pasts import decoded, scene
from made.pictures import compressed
from qgac.coefficients.quantization import luma_table
from qgac.pixels.blocks import known_blocks
from qgac.pixels.families import LUMA
from qgac.pixels.lattice import ROUNDING, block_evidence
from qgac.pixels.planes import planes_of
from qgac.pixels.steps import Steps, find_steps, known_steps


def steps_of(content: bytes) -> Steps:
    planes = planes_of(decoded(content))
    return find_steps(block_evidence(known_blocks(planes.y, planes.clipped, 0, 0), ROUNDING), LUMA)


@pytest.mark.parametrize("quality", [5, 20, 50, 80, 90, 98])
def test_libjpegs_tables_are_found_whole(quality: int) -> None:
    steps = steps_of(compressed(scene(), quality))
    assert np.array_equal(steps.table, luma_table(quality))
    assert steps.name == f"libjpeg at quality {quality}"
    assert steps.confidence.min() > 0.5


def test_a_table_of_nobody_is_measured_where_the_picture_tells_it() -> None:
    table = np.rint(7 + 2.5 * np.hypot(*np.mgrid[:8, :8])).astype(int)
    table[0, 1], table[1, 0], table[1, 1] = 13, 5, 11
    steps = steps_of(compressed(scene(), 50, qtables=[table.ravel().tolist()] * 2))
    assert steps.name is None
    assert steps.measured.sum() > 20
    assert np.array_equal(steps.table[steps.measured], table[steps.measured])
    assert steps.confidence[steps.measured].min() > 0.9
    assert steps.confidence[~steps.measured].max() < 0.5


def test_photoshops_tables_have_its_name() -> None:
    index = LUMA.names.index("Photoshop at quality 6")
    steps = steps_of(compressed(scene(), 50, qtables=[LUMA.tables[index].tolist()] * 2))
    assert steps.name == "Photoshop at quality 6"
    assert np.array_equal(steps.table.ravel(), LUMA.tables[index])


def test_without_evidence_the_pair_of_luma_is_likely() -> None:
    steps = find_steps(np.zeros((64, 255)), LUMA, paired=29)
    assert steps.name == "libjpeg at quality 30"
    assert not steps.measured.any()
    assert 0.5 < steps.confidence.mean() < 0.98


def test_a_table_that_is_told_is_certain() -> None:
    steps = known_steps(LUMA, 74)
    assert np.array_equal(steps.table, luma_table(75))
    assert steps.confidence.min() == 1
