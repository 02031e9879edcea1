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
        entries = job.get("strategy", {}).get("matrix", {}).get("include", [])
        lines = [step["run"] for step in job["steps"] if "run" in step]
        lines += [entry[key] for entry in entries for key in ("tests", "command") if key in entry]
        assert lines
        for line in lines:
            for names in re.findall(r"^make ([\w -]+)", line):
                assert set(names.split()) <= targets, line
            for name in re.findall(r"(?:tests|examples)/[\w./-]+|constraints\.txt", line):
                assert (ROOT / name).exists(), name


def test_every_system_and_the_lowest_python_are_tested() -> None:
    found = jobs(WORKFLOWS[0])
    systems = {"ubuntu-latest", "macos-latest", "windows-latest"}
    assert {found["linux"]["runs-on"], *found["others"]["strategy"]["matrix"]["system"]} == systems
    lowest = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert lowest is not None
    commands = {entry["python"]: entry["command"] for entry in found["linux"]["strategy"]["matrix"]["include"]}
    assert commands[lowest[1]] == "make lowest"
    assert any("test" in command.split() for command in commands.values())
