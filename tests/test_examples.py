"""The scripts of examples/ that no document runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from made.pictures import compressed, photo

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("gray", [False, True])
def test_a_network_cleans_the_luma_alone(tmp_path: Path, gray: bool) -> None:
    """Of a network that halves what it is given, and knows nothing of sizes."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    shape = [1, 1, "height", "width"]
    ends = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape) for name in ("x", "y")]
    half = onnx.numpy_helper.from_array(np.float32(0.5).reshape(()), "half")
    node = onnx.helper.make_node("Mul", ["x", "half"], ["y"])
    graph = onnx.helper.make_graph([node], "half", [ends[0]], [ends[1]], [half])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "half.onnx")
    pixels = photo(24, 40)
    (tmp_path / "x.jpg").write_bytes(compressed(pixels[..., 0] if gray else pixels, 60))
    command = [sys.executable, ROOT / "examples" / "restore_with_dncnn.py", "half.onnx", "x.jpg", "x.png"]
    subprocess.run(command, cwd=tmp_path, check=True)
    with Image.open(tmp_path / "x.png") as restored, Image.open(tmp_path / "x.jpg") as source:
        assert restored.mode == source.mode
        if gray:
            assert np.abs(np.asarray(restored) - np.asarray(source) / 2).max() <= 0.5
            return
        before, after = (np.asarray(picture.convert("YCbCr"), float) for picture in (source, restored))
    inside = (np.asarray(restored) > 0).all(-1) & (np.asarray(restored) < 255).all(-1)  # else colours are clipped
    assert inside.mean() > 0.5
    assert np.abs(after[inside] - before[inside] * (0.5, 1, 1)).max() <= 2
