"""How large tiles are where nobody says it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from made.networks import tiny_network
from made.pictures import GRAY, S420, make_image
from qgac.engine.torch_engine import TorchEngine
from qgac.restoration.restorer import Restorer
from qgac.restoration.tile_budget import blocks_that_fit


def test_default_tiles_divide_large_pictures_only(network: Restorer, monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[tuple[int, int]] = []
    image = make_image(333, 207, S420)
    whole = network(image, progress=lambda *count: counts.append(count))
    assert counts == [(1, 1)]
    counts.clear()
    monkeypatch.setattr("qgac.restoration.tile_budget._CPU", 400 * 12 * 64)
    monkeypatch.setattr("qgac.restoration.tile_budget._SHARE_OF_COEFFICIENTS", 0)
    tiled = network(image, progress=lambda *count: counts.append(count))
    assert len(counts) > 1
    assert counts == [(done, len(counts)) for done in range(1, len(counts) + 1)]
    assert np.abs(tiled.pixels.astype(int) - whole.pixels).max() <= 1


def test_tiles_grow_with_large_files_up_to_a_limit() -> None:
    engine = TorchEngine(tiny_network())

    def fitting(megabytes: int) -> int:
        image = make_image(8, 8, GRAY)
        levels = np.broadcast_to(np.int16(0), (1, megabytes * 1_000_000 // 128, 8, 8))
        return blocks_that_fit(engine, replace(image, components=(replace(image.components[0], coefficients=levels),)))

    least = fitting(1)
    assert fitting(210) == least  # 140 MB, two thirds of it
    assert least < fitting(240) < fitting(300)
    assert fitting(3000) == fitting(300) == pytest.approx(least * 200 / 140, abs=2)
