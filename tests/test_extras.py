"""What is said where a library is not installed: by the command, by names of the package, by a metric."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import qgac
from made.command_line import qgac_command, sentence
from qgac.extras import lacking
from qgac.restoration.picture import Restored


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
def test_commands_name_their_extra(
    arguments: list[str], extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("recipe.toml", "a.png", "b.png"):
        Path(name).touch()
    _without_torch(monkeypatch)
    result = qgac_command(*arguments)
    assert sentence(result).endswith(f"needs torch, which is not installed; install it: pip install 'qgac[{extra}]'")


def test_names_and_metrics_say_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    _without_torch(monkeypatch)
    monkeypatch.delitem(qgac.__dict__, "QGAC", raising=False)
    message = r"needs torch, which is not installed; install it: pip install 'qgac\[torch\]'"
    with pytest.raises(ModuleNotFoundError, match=f"qgac.QGAC {message}"):
        _ = qgac.QGAC
    pixels = np.zeros((8, 8), np.uint8)
    with pytest.raises(ModuleNotFoundError, match=message):
        qgac.psnr(restored=pixels, reference=pixels)
    with pytest.raises(ModuleNotFoundError, match=message):
        Restored(pixels, None).to_torch()  # type: ignore[arg-type]


def _without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(sys.modules):
        if name.split(".")[0] in ("torch", "qgac") and name not in ("qgac", "qgac.extras"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
