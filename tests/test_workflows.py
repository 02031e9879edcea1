"""The workflows for public runners name what is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def jobs(path: Path) -> dict[str, Any]:
    yaml = pytest.importorskip("yaml")
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    return found


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_what_a_workflow_names_is_there(path: Path) -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for job in jobs(path).values():
        matrix = job.get("strategy", {}).get("matrix", {})
        lines = [step["run"] for step in job["steps"] if "run" in step]
        lines += [entry["tests"] for entry in matrix.get("include", [])]
        assert lines
        for line in lines:
            for name in re.findall(r"(?:tests|examples)(?:/[\w./-]+)?|constraints\.txt", line):
                assert (ROOT / name).exists(), name
            for target in re.findall(r"\bmake ([\w-]+)", line):
                assert target in targets


def test_every_system_and_the_lowest_python_are_tested() -> None:
    matrices = [job["strategy"]["matrix"] | {"on": job["runs-on"]} for job in jobs(WORKFLOWS[0]).values()]
    systems = {system.split("-")[0] for matrix in matrices for system in matrix.get("system", [matrix["on"]])}
    assert systems == {"ubuntu", "macos", "windows"}
    lowest = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert lowest is not None
    assert all(lowest[1] in matrix["python"] for matrix in matrices)
