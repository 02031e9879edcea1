"""What the Dockerfile says fits the project; building it needs more than a test may."""

from __future__ import annotations

import json
import re
from pathlib import Path

from qgac.commands.serve import serve

ROOT = Path(__file__).parents[2]
RECIPE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_what_is_let_in_is_there_and_enough_to_build() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    kept = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert "*" in lines
    assert all((ROOT / name).exists() for name in kept)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    named = re.findall(r'^(?:readme|license-files|path) = \[?"([^"]+)"', project, re.M)
    assert named
    for name in [*named, *re.findall(r"/project/(\S+)", RECIPE), "constraints.txt"]:
        assert any(Path(name).is_relative_to(place) for place in kept), name


def test_it_serves_without_root() -> None:
    found = re.search(r"^ENTRYPOINT (\[.*\])$", RECIPE, re.M)
    assert found
    program, command, *options = json.loads(found[1])
    assert (program, command) == ("qgac", "serve")
    known = {option for parameter in serve.params for option in parameter.opts}
    assert {option for option in options if option.startswith("--")} <= known
    user = re.search(r"^USER (\d+)$", RECIPE, re.M)
    assert user
    assert int(user[1]) > 0
    assert f"useradd --system --uid {user[1]} " in RECIPE
    assert user.start() < found.start()
