"""The code of every notebook runs from top to bottom, small, and no notebook holds results."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PREPARED = "import matplotlib; matplotlib.use('Agg')\n"


def cells(path: Path, kind: str = "code") -> list[dict[str, Any]]:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_begins_with_a_title_and_holds_no_results(path: Path) -> None:
    assert cells(path, "markdown")[0]["source"][0].startswith("# ")
    assert cells(path)
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells(path))
    identities = [cell["id"] for kind in ("code", "markdown") for cell in cells(path, kind)]
    assert len(set(identities)) == len(identities)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_code_of_a_notebook_runs(path: Path, tmp_path: Path) -> None:
    code = [PREPARED, *("".join(cell["source"]) for cell in cells(path))]
    for library in ("ipywidgets", "lightning_fabric", "torch", "matplotlib"):
        if find_spec(library) is None and any(library in cell for cell in code):
            pytest.skip(f"{library} is not here")
    for name in ("examples", "recipes"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / "notebooks").mkdir()
    command = [sys.executable, "-W", "error::DeprecationWarning:qgac", "-c", "\n".join(code)]
    environment = os.environ | {"QGAC_NOTEBOOK_STEPS": "20"}
    result = subprocess.run(
        command, cwd=tmp_path / "notebooks", env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert result.returncode == 0, result.stderr
