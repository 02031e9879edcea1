"""Imports go one way: jpeg <- models <- planes <- restorer <- cli; training and evaluation use these, never back."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import qgac

ROOT = Path(qgac.__file__).parent

PLANES = {"restoration", "single_plane", "color_planes", "planes"}
CORE = {"jpeg", "models", "projection", "checkpoints", "tiling", "refinement", *PLANES, "restored", "restorer"}
# What each part of the package may import besides itself. A part that is missing here may import anything.
ALLOWED: dict[str, set[str]] = {
    "jpeg": set(),
    "metrics": set(),
    "models": {"jpeg"},
    "projection": {"jpeg"},
    "checkpoints": {"models"},
    "tiling": set(),
    "restoration": {"jpeg", "models", "projection", "tiling"},
    "single_plane": {"jpeg", "restoration", "tiling"},
    "color_planes": {"jpeg", "projection", "restoration", "tiling"},
    "planes": {"jpeg", "tiling", *PLANES},
    "restored": {"jpeg"},
    "working_memory": {"jpeg", "models"},
    "restorer": CORE | {"working_memory"},
    "exif": set(),
    "png": {"jpeg"},
    "tiff": {"exif", "jpeg"},
    "atomic": set(),
    "refinement": {"jpeg"},
    "srgb": {"restored", "jpeg"},
    "formats": {"jpeg"},
    "output": {"atomic", "exif", "formats", "jpeg", "png", "restored", "tiff"},
    "inputs": set(),
    "planning": {"formats", "inputs"},
    "batch": CORE | {"exif", "formats", "inputs", "output", "planning", "srgb"},
    "workers": {"batch", "inputs", "memory", "planning", "restorer"},
    "report": {"atomic", "batch", "inputs", "planning"},
    "memory": set(),
    "comparison": {"metrics"},
    "heat_map": set(),
    "losses": {"metrics"},
    "data": {"jpeg"},
    "training": CORE | {"atomic", "data", "losses", "metrics"},
    "figures": {"atomic"},
    "evaluation": CORE | {"data", "figures", "metrics"},
    "analysis": CORE | {"data", "evaluation", "figures", "metrics"},
}


def modules() -> list[Path]:
    return sorted(path for path in ROOT.rglob("*.py"))


def imported_parts(path: Path) -> set[str]:
    parts = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names = [
                f"{node.module}.{alias.name}" if node.module == "qgac" else str(node.module) for alias in node.names
            ]
        parts |= {name.split(".")[1] for name in names if name.startswith("qgac.")}
    return parts


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_one_way(path: Path) -> None:
    part = path.relative_to(ROOT).parts[0].removesuffix(".py")
    if part not in ALLOWED:
        return
    forbidden = imported_parts(path) - ALLOWED[part] - {part}
    assert not forbidden, f"{path.relative_to(ROOT)} must not import qgac.{', qgac.'.join(sorted(forbidden))}"


def test_every_part_of_the_library_has_a_rule() -> None:
    parts = {path.relative_to(ROOT).parts[0].removesuffix(".py") for path in modules()}
    assert parts - set(ALLOWED) <= {"__init__", "__main__", "cli", "commands", "web"}


@pytest.mark.parametrize("module", ["qgac", "qgac.cli"])
def test_the_entry_points_import_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "qgac" in loaded
    assert not {"torch", "numba", "scipy", "PIL", "numpy"} & set(loaded)
