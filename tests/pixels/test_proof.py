from __future__ import annotations

import numpy as np
import pytest

from made.pasts import decoded, saved_again, scene
from made.pictures import compressed
from qgac.jpeg.reader import read_jpeg
from qgac.pixels.families import LUMA
from qgac.pixels.proof import Proof, prove, trust


def test_the_earlier_picture_gives_the_file_and_no_other_does() -> None:
    luma = read_jpeg(saved_again(scene(320, 400), 20, 75, 4, 6)).components[0]
    proof = prove(luma, 4, 2, LUMA.tables[19])
    assert proof.holds
    assert proof.agreement > 0.9
    assert proof.control < 0.4
    assert not prove(luma, 4, 3, LUMA.tables[19]).holds
    assert prove(luma, 4, 2, LUMA.tables[24]).agreement < proof.agreement


def test_a_step_of_one_that_stays_proves_nothing() -> None:
    luma = read_jpeg(compressed(scene(), 50)).components[0]
    proof = prove(luma, 4, 4, np.ones(64, np.int64))
    assert (proof.agreement, proof.holds) == (0, False)


@pytest.mark.parametrize(
    ("agreement", "control", "levels", "holds"),
    [(0.9, 0.2, 5000, True), (0.9, 0.8, 5000, False), (0.9, 0.2, 50, False), (0.1, -0.5, 5000, False)],
)
def test_what_is_beyond_doubt(agreement: float, control: float, levels: int, holds: bool) -> None:
    assert Proof(agreement, control, levels).holds is holds


def test_what_was_pasted_beside_is_not_trusted() -> None:
    pixels = scene(320, 400, 1)[..., 1].copy()
    pixels[:, 200:] = decoded(compressed(scene(320, 400)[..., 1], 20))[:, 200:]
    luma = read_jpeg(compressed(pixels[4:, 4:], 85)).components[0]
    trusted = trust(luma, (4, 4), LUMA.tables[19])
    assert trusted.shape == (40, 50)
    assert trusted[:, :18].mean() < 0.05
    assert trusted[:, 30:].mean() > 0.95
