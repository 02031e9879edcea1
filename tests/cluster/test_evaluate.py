"""An evaluation on a Ray cluster of three machines: what one machine measures, and no less when a worker dies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray")

from PIL import Image

from made.command_line import qgac_command
from made.pictures import photo
from qgac.evaluation.tables import from_json

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # those of Ray


def evaluate(*arguments: object) -> Any:
    return qgac_command("evaluate", "--root", "pictures", *arguments)


def test_the_same_measurements_as_on_one_machine_and_none_twice(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pictures").mkdir()
    for number in range(3):
        Image.fromarray(photo(35 + number, 50, number)).save(f"pictures/{number}.png")
    there = ("--cluster", cluster.address)
    assert evaluate("--quality", 10, 40, "--jobs", 1, "--json", "one.json").exit_code == 0
    first = evaluate("--quality", 10, *there, "--json", "many.json")
    assert first.exit_code == 0, first.output
    # What was measured at the first quality is taken over, times and all, and nothing of it is measured again.
    kept = from_json(Path("many.json").read_text()).measurements
    both = evaluate("--quality", 10, 40, *there, "--json", "many.json", "--resume", "--overwrite")
    assert both.exit_code == 0, both.output
    one, many = (from_json(Path(name).read_text()) for name in ("one.json", "many.json"))
    assert len(one.measurements) == 6
    assert many == one
    assert [m.seconds for m in many.measurements[:3]] == [m.seconds for m in kept]


def test_a_program_that_fails_is_told_as_on_one_machine(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pictures").mkdir()
    Image.fromarray(photo(24, 33, 1)).save("pictures/a.png")
    broken = ("--jpeg-only", "--quality", 10, "--method", "broken=false {input} {output}")
    told = [evaluate(*broken, *way) for way in ((), ("--cluster", cluster.address))]
    assert [result.exit_code for result in told] == [1, 1]
    assert told[1].stderr.splitlines()[-1] == told[0].stderr.splitlines()[-1]
    assert "broken failed with exit code 1" in told[1].stderr
