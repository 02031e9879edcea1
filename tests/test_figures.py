"""The figures of the documents are drawn by the scripts beside them, and say what the documents say."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_how_sure_it_is(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    script = ROOT / "docs" / "figures" / "how_sure.py"
    told = subprocess.run([sys.executable, script, tmp_path], capture_output=True, text=True, check=True).stdout
    page = " ".join((ROOT / "docs" / "how-sure-is-it.md").read_text(encoding="utf-8").split())
    assert {path.name for path in tmp_path.iterdir()} == set(re.findall(r"images/(how-sure-[\w-]+\.png)", page))
    count, furthest, outside = re.findall(
        r"coefficients of Y: (\d+)|at most ([\d.]+) steps|half a step: ([\d.]+)%", told
    )
    assert f"{int(count[0]):,} coefficients" in page
    assert float(furthest[1]) < 0.5
    stated = re.search(r"none is further than (0\.\d+) steps", page)
    assert stated is not None
    assert abs(float(furthest[1]) - float(stated[1])) < 0.001
    assert f"{outside[2]} %" in page
    for number in re.findall(r"(?:expected|decoded|restored) (\d+\.\d\d)\b", told):
        assert number in page
    for name in ("decoded", "restored"):
        ratios = re.search(rf"^{name}, group by group over expected: (.+)$", told, re.MULTILINE)
        assert ratios is not None
        values = sorted(float(value) for value in ratios[1].split())
        assert f"{values[0]} to {values[-1]} times" in page


def test_what_decibels_cost(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    table, picture = ROOT / "docs" / "results" / "cost.csv", tmp_path / "cost.png"
    subprocess.run([sys.executable, ROOT / "docs" / "figures" / "cost.py", table, picture], check=True)
    assert picture.read_bytes().startswith(b"\x89PNG")
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    stated = re.findall(r"^\| ([^|]+) \| \+(\d\.\d\d) \| ([\d.]+) \|$", page, re.MULTILINE)
    with table.open(newline="", encoding="utf-8") as file:
        measured = [
            (row["method"], f"{float(row['gain']):.2f}", f"{float(row['seconds_a_megapixel']):.2f}")
            for row in csv.DictReader(file)
        ]
    assert sorted(stated, key=lambda row: float(row[2])) == stated
    names = {(name.replace("`", "").replace(", PyTorch", ":torch"), *numbers) for name, *numbers in stated}
    assert names == set(measured)
