"""The whole restoration in one graph against the restorer, and the example that uses it."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from made.networks import tiny_configuration, tiny_network, tiny_weights
from made.pictures import S420, S422, S440, S444, Sampling, make_image, photo
from qgac.engine.single_file import export_pictures
from qgac.jpeg.image import JPEGImage
from qgac.models.qgac import QGAC
from qgac.restoration.restorer import Restorer

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("graphs")
    export_pictures(tiny_network(strength=2), folder)
    return folder


def restored(folder: Path, image: JPEGImage, *, strength: float = 1.0, projected: bool = True) -> np.ndarray:
    y = image.components[0]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(folder / f"picture-{y.vertical}x{y.horizontal}.onnx", options)
    planes = dict(zip(("y", "cb", "cr"), image.components, strict=True))
    (rgb,) = session.run(
        None,
        {
            **{name: plane.coefficients for name, plane in planes.items()},
            **{f"{name}_table": plane.table.astype(np.int32) for name, plane in planes.items()},
            "height": np.array(image.height),
            "width": np.array(image.width),
            "strength": np.array(strength, np.float32),
            "projected": np.array(projected),
        },
    )
    result: np.ndarray = rgb[: image.height, : image.width]
    return result


@pytest.mark.parametrize("sampling", [S420, S422, S440, S444], ids=["4:2:0", "4:2:2", "4:4:0", "4:4:4"])
@pytest.mark.parametrize("options", [{}, {"strength": 0.4}, {"project": False}], ids=str)
def test_a_graph_restores_what_the_restorer_does(
    sampling: list[Sampling], options: dict[str, float], graphs: Path
) -> None:
    image = make_image(75, 41, sampling, quality=15)  # it ends inside of blocks, and leaves the range of samples
    expected = Restorer(tiny_network(strength=2), **options)(image).pixels  # type: ignore[arg-type]
    found = restored(graphs, image, strength=options.get("strength", 1.0), projected=bool(options.get("project", True)))
    difference = np.abs(found.astype(int) - expected)
    assert difference.max() <= 1  # where float rounding decides
    assert np.mean(difference > 0) < 1e-3


def test_a_network_that_is_told_other_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="trained_qualities"):
        export_pictures(QGAC(tiny_configuration(trained_qualities=(10, 90))), tmp_path)


def test_the_example_restores_with_the_graphs_alone(
    graphs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, result = tmp_path / "photo.jpg", tmp_path / "photo.png"
    Image.fromarray(photo(45, 60)).save(source, quality=20)
    example = ROOT / "examples" / "restore_with_onnx.py"
    monkeypatch.setattr(sys, "argv", [str(example), str(graphs), str(source), str(result)])
    runpy.run_path(str(example))
    with Image.open(result) as picture:
        found = np.asarray(picture).astype(int)
    weights = tiny_weights(tmp_path / "tiny.safetensors", strength=2)
    assert np.abs(found - Restorer(weights)(source).pixels).max() <= 1
