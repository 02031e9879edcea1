"""Pictures restored by ONNX Runtime against those that PyTorch restores, with the shipped graphs."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import qgac
from made.command_line import environment
from made.networks import tiny_network
from made.pictures import GRAY, S420, S422, S440, S444, SAMPLINGS, make_image
from qgac.engine.choice import engine_for
from qgac.engine.export import contents, export
from qgac.engine.onnx_engine import OnnxEngine
from qgac.restoration.restorer import Restorer
from qgac.weights.blending import blended_weights
from qgac.weights.checkpoints import load_model, save_model, weights_of
from qgac.weights.files import Weights, WeightsError

GRAPHS = Path(qgac.__file__).parent / "engine" / "graphs"
TOLERANCE = 1e-3  # gray levels


def test_the_shipped_graphs_are_those_of_the_shipped_weights() -> None:
    for folder in GRAPHS.iterdir():
        made = contents(load_model(folder.name))
        assert {path.name for path in folder.iterdir()} == made.keys()
        for name, content in made.items():
            assert (folder / name).read_bytes() == content, f"{folder.name}/{name} is outdated; run `make graphs`"


@pytest.fixture(scope="module")
def pair() -> tuple[Restorer, Restorer]:
    return Restorer("small", engine="onnx"), Restorer("small", engine="torch", device="cpu")


def assert_alike(one: Restorer, other: Restorer, image: qgac.JPEGImage) -> None:
    for plane, same in zip(one.coefficients(image), other.coefficients(image), strict=True):
        np.testing.assert_allclose(plane, same, rtol=0, atol=TOLERANCE)
    pixels = [restorer(image, dtype=np.float32).pixels for restorer in (one, other)]
    np.testing.assert_allclose(*pixels, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("size", [(61, 45), (8, 8), (1, 1), (100, 17)])
@pytest.mark.parametrize("sampling", [GRAY, S420, S422, S440, S444], ids=["gray", "420", "422", "440", "444"])
def test_both_engines_restore_the_same(
    pair: tuple[Restorer, Restorer], sampling: tuple[tuple[int, int], ...], size: tuple[int, int]
) -> None:
    assert_alike(*pair, make_image(*size, sampling))


@pytest.mark.parametrize("name", ["4:1:1", "4:1:0", "mixed", "fractional"])
def test_other_samplings_too(pair: tuple[Restorer, Restorer], name: str) -> None:
    assert_alike(*pair, make_image(61, 45, SAMPLINGS[name]))


@pytest.mark.parametrize("quality", [1, 5, 35, 75, 90, 98, 100])
def test_at_every_quality(pair: tuple[Restorer, Restorer], quality: int) -> None:
    assert_alike(*pair, make_image(61, 45, S420, quality=quality))


@pytest.mark.parametrize(
    "options",
    [{"best": True}, {"strength": 0.4}, {"blend": 0.7}, {"blend": 1.0}, {"project": False}, {"tile": 32}],
    ids=str,
)
def test_with_every_option(options: dict[str, float]) -> None:
    one, other = (Restorer("small", engine=engine, device="cpu", **options) for engine in ("onnx", "torch"))  # type: ignore[arg-type]
    assert_alike(one, other, make_image(61, 45, S420))


def test_threads_share_an_engine(pair: tuple[Restorer, Restorer]) -> None:
    images = [make_image(40 + 8 * i, 48, S420, seed=i) for i in range(6)]
    alone = [pair[0](image).pixels for image in images]
    fresh, found = Restorer("small", engine="onnx"), [np.empty(0)] * 6

    def work(index: int) -> None:
        found[index] = fresh(images[index]).pixels

    threads = [threading.Thread(target=work, args=(index,)) for index in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, other in zip(found, alone, strict=True):
        np.testing.assert_array_equal(one, other)


def test_weights_of_another_network_are_refused() -> None:
    weights = weights_of(tiny_network())
    with pytest.raises(WeightsError, match="damaged"):
        OnnxEngine(GRAPHS / "small", weights)
    own = weights_of(load_model("small"))
    wrong = {name: value[:1] if value.ndim == 4 else value for name, value in own.tensors.items()}
    with pytest.raises(WeightsError, match="damaged"):
        OnnxEngine(GRAPHS / "small", Weights(own.configuration, wrong, "wrong"))
    del own.tensors["color_network.decode.manifold.bias.bias"]  # of chroma alone
    with pytest.raises(WeightsError, match="damaged"):
        OnnxEngine(GRAPHS / "small", own)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"graphs": 3}'])
def test_a_damaged_description_is_told(content: str, tmp_path: Path) -> None:
    (tmp_path / "graphs.json").write_text(content)
    save_model(tiny_network(), tmp_path / "weights.safetensors", record={})
    with pytest.raises(WeightsError, match=r"graphs\.json is damaged .*; export the model again"):
        engine_for(tmp_path)


@pytest.mark.parametrize("threads", ["1", "2"])
def test_a_graph_that_lacks_or_is_damaged_is_told(
    threads: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    export(tiny_network(), tmp_path)
    save_model(tiny_network(), tmp_path / "weights.safetensors", record={})
    (tmp_path / "chroma-2x2.onnx").unlink()
    with pytest.raises(WeightsError, match=r"lacks chroma-2x2\.onnx; export the model again"):
        engine_for(tmp_path)
    (tmp_path / "chroma-2x2.onnx").write_bytes(b"no graph")
    with pytest.raises(WeightsError, match=r"chroma-2x2\.onnx cannot be loaded .*; export the model again"):
        Restorer(tmp_path, device="cpu")(make_image(16, 16, S420))
    (tmp_path / "y.onnx").write_bytes(b"")
    with pytest.raises(WeightsError, match=r"y\.onnx cannot be loaded"):
        engine_for(tmp_path, device="cpu")


def test_a_folder_named_like_a_shipped_model_is_not_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "graphs.json").write_text((GRAPHS / "small" / "graphs.json").read_text())
    engine_for("small", device="cpu")


def test_a_share_of_numpys_own_type_blends_as_well() -> None:
    weights = blended_weights("small", np.float64(0.5))
    assert {tensor.dtype for tensor in weights.tensors.values()} == {np.dtype(np.float32)}


def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'dml' cannot be used .* choose 'cpu'"):
        engine_for("small", engine="onnx", device="dml")


# Which engine it is.


def test_shipped_models_are_run_by_onnx_runtime_and_networks_by_pytorch() -> None:
    assert type(engine_for("small", device="cpu")).__name__ == "OnnxEngine"
    assert type(engine_for("small", device="cpu", blend=0.5)).__name__ == "OnnxEngine"
    assert type(engine_for("small", engine="torch", device="cpu")).__name__ == "TorchEngine"
    assert type(engine_for(tiny_network())).__name__ == "TorchEngine"
    with pytest.raises(ValueError, match="runs in PyTorch"):
        engine_for(tiny_network(), engine="onnx")
    with pytest.raises(ValueError, match="'tensorrt' is none of auto, onnx, torch"):
        engine_for("small", engine="tensorrt")  # type: ignore[arg-type]


def test_own_weights_run_in_pytorch_or_as_an_exported_folder(tmp_path: Path) -> None:
    network, image = tiny_network(), make_image(61, 45, S420)
    save_model(network, tmp_path / "mine.safetensors", record={})
    assert type(engine_for(tmp_path / "mine.safetensors", device="cpu")).__name__ == "TorchEngine"
    with pytest.raises(ValueError, match=r"no graphs of model .*mine\.safetensors'; export it with `qgac export`"):
        engine_for(tmp_path / "mine.safetensors", engine="onnx")
    export(network, tmp_path / "mine")
    with pytest.raises(WeightsError, match="neither a shipped model"):
        engine_for(tmp_path / "mine")
    (tmp_path / "mine.safetensors").rename(tmp_path / "mine" / "weights.safetensors")
    exported = Restorer(tmp_path / "mine", device="cpu")
    assert type(exported.engine).__name__ == "OnnxEngine"
    assert_alike(exported, Restorer(network), image)
    # A folder of graphs of another network: they are not used.
    description = tmp_path / "mine" / "graphs.json"
    content = json.loads(description.read_text())
    content["configuration"]["y"]["width"] = 16
    description.write_text(json.dumps(content))
    assert type(engine_for(tmp_path / "mine", device="cpu")).__name__ == "TorchEngine"


def test_without_pytorch_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qgac.engine.choice.find_spec", lambda name: None)
    save_model(tiny_network(), tmp_path / "mine.safetensors", record={})
    monkeypatch.setattr("qgac.engine.onnx_engine.available", lambda device: device == "cpu")
    with pytest.raises(ValueError, match=r"mine\.safetensors' needs PyTorch: pip install .*; or export it"):
        engine_for(tmp_path / "mine.safetensors")
    with pytest.raises(ValueError, match=r"the device 'cuda' needs PyTorch: pip install 'qgac\[torch\]'; or leave"):
        engine_for("small", device="cuda")
    with pytest.raises(ValueError, match=r"the engine 'torch' needs PyTorch"):
        engine_for("small", engine="torch")
    assert type(engine_for("small", device="cpu")).__name__ == "OnnxEngine"


def test_the_library_keeps_and_tells_nothing_of_its_own(tmp_path: Path) -> None:
    """ONNX Runtime has telemetry, which begins with a number for this computer in the user's home."""
    code = "import qgac, sys; qgac.Restorer('fast', engine='onnx')(qgac.read_jpeg(sys.argv[1]))"
    example = Path(__file__).parents[2] / "examples" / "night.jpg"
    homes = {name: str(tmp_path) for name in ("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_CACHE_HOME")}
    home_free = {name: value for name, value in environment().items() if name != "ORT_DISABLE_TELEMETRY"}
    subprocess.run([sys.executable, "-c", code, str(example)], env=home_free | homes, check=True)
    kept = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert not [name for name in kept if "onnxruntime" in name or "deviceid" in name]
