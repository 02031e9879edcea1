"""The blind comparison: who is shown is told by the key alone, and each model is as often first."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from made.command_line import qgac_command
from made.networks import one_map_network
from made.pictures import photo
from qgac.analysis.blind import BlindPair, blind_pairs
from qgac.analysis.crops import Crop
from qgac.analysis.pictures import Picture
from qgac.evaluation.baseline import compress
from qgac.restoration.restorer import Restorer

RESTORERS = Restorer(one_map_network()), Restorer(one_map_network(1))


def pairs(count: int = 6, **options: Any) -> list[BlindPair]:
    pictures = [Picture(str(seed), photo(64, 80, seed)) for seed in range(count)]
    return list(blind_pairs(pictures, RESTORERS, size=32, **options))


def test_the_details_are_what_the_key_says() -> None:
    for pair in pairs(quality=20):
        data = compress(photo(64, 80, int(pair.name)), 20)
        details = [pair.crop.cut(restorer(data).pixels) for restorer in RESTORERS]
        assert (details[0] != details[1]).any()
        first, second = details[::-1] if pair.swapped else details
        np.testing.assert_array_equal(pair.first, first)
        np.testing.assert_array_equal(pair.second, second)
        np.testing.assert_array_equal(pair.original, pair.crop.cut(photo(64, 80, int(pair.name))))
        labels = {
            pair.first.tobytes(): pair.key(1, ("one", "two"))[2],
            pair.second.tobytes(): pair.key(1, ("one", "two"))[3],
        }
        assert labels == {details[0].tobytes(): "one", details[1].tobytes(): "two"}


def test_each_is_first_as_often_in_an_order_that_the_seed_decides() -> None:
    orders = [tuple(pair.swapped for pair in pairs(seed=seed, crop=Crop(0, 0, 8))) for seed in range(4)]
    assert all(sum(order) == 3 for order in orders)
    assert len(set(orders)) > 1
    assert orders[2] == tuple(pair.swapped for pair in pairs(seed=2, crop=Crop(0, 0, 8)))


def test_the_command_keeps_the_key_apart(workplace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(workplace)
    arguments = ["--root", "pictures", "--regression", "first.safetensors", "--other", "second.safetensors"]
    result = qgac_command("analyze", "blind", *arguments, "--alpha", 0.7, "--size", 32, "-o", tmp_path / "judge")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["judge.csv", "judge.key.csv", "judge.png"]
    form, key = (
        list(csv.DictReader((tmp_path / name).read_text().splitlines())) for name in ("judge.csv", "judge.key.csv")
    )
    assert [row["picture"] for row in form] == [row["picture"] for row in key] == ["picture0", "picture1"]
    assert all(row["preferred"] == "" for row in form)
    models = {"first.safetensors", "second.safetensors, alpha 0.7"}
    assert all({row["A"], row["B"]} == models for row in key)
    assert key[0]["A"] == key[1]["B"]
    assert "first" not in (tmp_path / "judge.csv").read_text() + result.output.replace("first.safetensors", "")
