"""What is said where a library is not installed: by the command, by names of the package, by a metric."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from made.command_line import environment
from qgac.extras import lacking

# In a process of its own: modules that were imported without PyTorch must not be met by other tests.
WITHOUT_TORCH = "import sys; sys.modules['torch'] = None; "


def without_torch(code: str, *arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT_TORCH + code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment())


def test_a_library_of_an_extra_is_named_with_it() -> None:
    error = ModuleNotFoundError("No module named 'torch.nn'", name="torch.nn")
    assert lacking(error, "this") == "this needs torch, which is not installed; install it: pip install 'qgac[torch]'"
    assert "'qgac[train]'" in str(lacking(error, "this", "train"))
    assert lacking(ModuleNotFoundError("No module named 'numpi'", name="numpi"), "this") is None


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (["train", "recipe.toml", "--patches", ".", "--out", "out"], "train"),
        (["evaluate", "--root", "."], "eval"),
        (["compare", "a.png", "b.png"], "eval"),
        (["export", "-o", "graphs"], "export"),
    ],
)
def test_commands_name_their_extra(arguments: list[str], extra: str, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").touch()
    for name in ("a.png", "b.png"):
        Image.new("RGB", (16, 16)).save(tmp_path / name)
    result = without_torch("from qgac.cli import main; main()", *arguments, folder=tmp_path)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == (
        f"qgac: qgac {arguments[0]} needs torch, which is not installed; install it: pip install 'qgac[{extra}]'\n"
    )


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("import qgac; qgac.QGAC", "qgac.QGAC"),
        ("import qgac, numpy; p = numpy.zeros((8, 8)); qgac.psnr(restored=p, reference=p)", "computing a metric"),
        ("import qgac, numpy; qgac.Restored(numpy.zeros((8, 8)), None).to_torch()", "a tensor"),
    ],
)
def test_names_and_metrics_say_it_too(code: str, what: str) -> None:
    result = without_torch(code)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        f"ModuleNotFoundError: {what} needs torch, which is not installed; install it: pip install 'qgac[torch]'"
    )
