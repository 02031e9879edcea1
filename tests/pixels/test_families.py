from __future__ import annotations

import numpy as np

from qgac.coefficients.quantization import chroma_table, luma_table
from qgac.pixels.families import CHROMA, LUMA, ROBIDOUX
from qgac.training.batches import tables


def test_known_tables_come_in_pairs_with_names() -> None:
    assert LUMA.names == CHROMA.names
    assert LUMA.tables.shape == CHROMA.tables.shape == (len(LUMA.names), 64)
    assert min(LUMA.tables.min(), CHROMA.tables.min()) >= 1
    assert max(LUMA.tables.max(), CHROMA.tables.max()) <= 255
    index = LUMA.names.index("libjpeg at quality 75")
    assert np.array_equal(LUMA.tables[index].reshape(8, 8), luma_table(75))
    assert np.array_equal(CHROMA.tables[index].reshape(8, 8), chroma_table(75))


def test_tables_of_programs_are_those_in_their_files() -> None:
    """The first steps of Photoshop's tables, as files that name it have them."""
    index = LUMA.names.index("Photoshop at quality 6")
    assert LUMA.tables[index, :8].tolist() == [8, 6, 6, 8, 12, 14, 16, 17]
    assert LUMA.tables[index].sum() == 717
    assert CHROMA.tables[index].sum() == 782


def test_robidoux_has_one_table() -> None:
    assert np.array_equal(ROBIDOUX, tables.ROBIDOUX)
