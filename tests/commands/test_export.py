"""``qgac export``: what it writes and refuses."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from made.command_line import qgac_command, sentence
from made.networks import tiny_weights

JPEG = Path(__file__).parents[1] / "jpeg" / "corpus" / "adobe_rgb.jpg"


def test_graphs_are_written_and_named(tmp_path: Path) -> None:
    weights = tiny_weights(tmp_path / "tiny.safetensors")
    result = qgac_command("export", weights, "--out", tmp_path / "graphs")
    assert result.exit_code == 0, result.output
    names = [
        "y.onnx",
        *(f"chroma-{factors}.onnx" for factors in ("1x1", "1x2", "2x1", "2x2")),
        "graphs.json",
        "weights.safetensors",
    ]
    assert result.stdout.splitlines() == [str(tmp_path / "graphs" / name) for name in names]
    assert sorted(path.name for path in (tmp_path / "graphs").iterdir()) == sorted(names)

    before = (tmp_path / "graphs" / "y.onnx").read_bytes()
    (tmp_path / "graphs" / "graphs.json").write_text("of somebody else")
    again = qgac_command("export", weights, "--out", tmp_path / "graphs")
    assert sentence(again).endswith("exists already; choose another folder or overwrite it (--overwrite)")
    assert (tmp_path / "graphs" / "y.onnx").read_bytes() == before
    assert qgac_command("export", weights, "--out", tmp_path / "graphs", "--overwrite").exit_code == 0
    assert (tmp_path / "graphs" / "graphs.json").read_text().startswith("{")


def test_what_was_exported_is_a_model(tmp_path: Path) -> None:
    weights = tiny_weights(tmp_path / "tiny.safetensors")
    assert qgac_command("export", weights, "--out", tmp_path / "graphs").exit_code == 0
    for model, engine in ((tmp_path / "graphs", "onnx"), (weights, "torch")):
        out = tmp_path / f"{engine}.png"
        result = qgac_command("restore", JPEG, "-o", out, "--model", model, "--engine", engine)
        assert result.exit_code == 0, result.output
    pictures = [np.asarray(Image.open(tmp_path / f"{engine}.png")).astype(int) for engine in ("onnx", "torch")]
    assert np.abs(pictures[0] - pictures[1]).max() <= 1
    result = qgac_command("restore", JPEG, "-o", tmp_path / "no.png", "--model", weights, "--engine", "onnx")
    assert "there are no graphs of" in sentence(result)


def test_graphs_alone(tmp_path: Path) -> None:
    weights = tiny_weights(tmp_path / "tiny.safetensors")
    assert qgac_command("export", weights, "--without-weights", "--out", tmp_path / "graphs").exit_code == 0
    assert not (tmp_path / "graphs" / "weights.safetensors").exists()
    assert qgac_command("export", weights, "--without-weights", "--single-file", "--out", tmp_path).exit_code == 2


def test_a_single_file_holds_everything(tmp_path: Path) -> None:
    weights = tiny_weights(tmp_path / "tiny.safetensors")
    result = qgac_command("export", weights, "--single-file", "--out", tmp_path / "graphs")
    assert result.exit_code == 0, result.output
    names = [f"picture-{factors}.onnx" for factors in ("1x1", "1x2", "2x1", "2x2")]
    assert sorted(path.name for path in (tmp_path / "graphs").iterdir()) == names


def test_weights_that_are_not_there_are_told(tmp_path: Path) -> None:
    result = qgac_command("export", tmp_path / "none.safetensors", "--out", tmp_path / "graphs")
    assert "neither a shipped model" in sentence(result)


def test_what_exporting_needs_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    for name in ("qgac.engine.export", "qgac.engine.single_file"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert "pip install 'qgac[export]'" in sentence(qgac_command("export", "--out", tmp_path / "graphs"))
