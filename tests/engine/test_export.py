"""The exported graphs against the networks that they are of, and against what the file says."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch

from made.networks import COLOR_FORMS, EVERY_SAMPLING, Y_FORMS, randomize, tiny_configuration, tiny_network
from qgac.coefficients.quantization import chroma_table, luma_table
from qgac.engine.export import contents, export
from qgac.models import steps
from qgac.models.configuration import Configuration
from qgac.models.qgac import QGAC
from qgac.weights.blending import blended
from qgac.weights.checkpoints import load_model

TOLERANCE = 1e-3  # of a gray level


class Graphs:
    """A folder of graphs with the weights of a network, run as their description says."""

    def __init__(self, network: QGAC, weights: QGAC | None = None) -> None:
        self._files = contents(network)
        self.description = json.loads(self._files["graphs.json"])
        state = (weights or network).state_dict()
        self._weights = {name: np.ascontiguousarray(value.numpy()) for name, value in state.items()}

    def run(self, name: str, **inputs: Any) -> list[np.ndarray]:
        content = bytearray(self._files[name])
        for weight, places in self.description["graphs"][name]["slopes"].items():
            for place in places:
                assert content[place : place + 4] == struct.pack("<f", 0.25)
                content[place : place + 4] = struct.pack("<f", self._weights[weight].item())
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        names = list(self.description["graphs"][name]["weights"])
        options.add_external_initializers(
            names, [onnxruntime.OrtValue.ortvalue_from_numpy(self._weights[weight]) for weight in names]
        )
        session = onnxruntime.InferenceSession(bytes(content), options, providers=["CPUExecutionProvider"])
        result: list[np.ndarray] = session.run(None, inputs)
        return result


def channels(blocks: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(blocks).permute(2, 0, 1)[None]


def blocks(channels: torch.Tensor) -> np.ndarray:
    return channels[0].permute(1, 2, 0).numpy()


class File:
    """Levels of a random picture, and what is computed from them."""

    def __init__(self, rows: int, columns: int, factors: tuple[int, int], quality: int, seed: int = 0) -> None:
        generator = np.random.default_rng(seed)
        shapes = [(factors[0] * rows, factors[1] * columns), (rows, columns), (rows, columns)]
        spread = 80 / (1 + np.arange(64)) ** 1.2
        self.tables = [table.astype(np.float32) for table in (luma_table(quality), *[chroma_table(quality)] * 2)]
        self.levels = [
            np.round(generator.laplace(0, spread, (*shape, 64)) / table.reshape(64)).astype(np.float32)
            for shape, table in zip(shapes, self.tables, strict=True)
        ]
        self.factors = factors

    @property
    def decoded(self) -> list[np.ndarray]:
        return [levels * table.reshape(64) for levels, table in zip(self.levels, self.tables, strict=True)]

    def by_graphs(self, graphs: Graphs) -> list[np.ndarray]:
        y, cb, cr = self.decoded
        table = self.tables[0]
        chroma = np.stack(self.tables[1:])
        (luma,) = graphs.run("y.onnx", decoded=y, table=table)
        name = f"chroma-{self.factors[0]}x{self.factors[1]}.onnx"
        return [luma, *graphs.run(name, cb=cb, cr=cr, y=luma, tables=chroma, y_table=table)]

    @torch.no_grad()
    def by_network(self, network: QGAC) -> list[np.ndarray]:
        y, cb, cr = map(channels, self.decoded)
        table = torch.from_numpy(self.tables[0])[None]
        luma = steps.restore_y(network, y, table, projected=False)
        decoded = torch.stack((cb, cr), 2).flatten(1, 2)
        tables = torch.from_numpy(np.stack(self.tables[1:]))[None]
        chroma = steps.restore_chroma(network, decoded, tables, luma, table, self.factors, projected=False)
        return [blocks(plane) for plane in (luma, *chroma)]


def farthest(first: list[np.ndarray], second: list[np.ndarray]) -> float:
    return max(float(np.abs(one - other).max()) for one, other in zip(first, second, strict=True))


def random_network(configuration: Configuration) -> QGAC:
    network = randomize(QGAC(configuration)).eval().requires_grad_(False)
    for normalization in (network.normalize_y, network.normalize_chroma):
        normalization.std.fill_(50.0)
    return network


@pytest.fixture(scope="module")
def tiny() -> tuple[QGAC, Graphs]:
    network = tiny_network(strength=0.5)
    return network, Graphs(network)


@pytest.mark.parametrize("factors", EVERY_SAMPLING)
@pytest.mark.parametrize("size", [(1, 1), (5, 3), (7, 10)])
def test_graphs_restore_what_the_network_does_at_any_size(
    factors: tuple[int, int], size: tuple[int, int], tiny: tuple[QGAC, Graphs]
) -> None:
    network, graphs = tiny
    file = File(*size, factors, 20)
    restored = file.by_graphs(graphs)
    assert farthest(restored, file.decoded[:1] + restored[1:]) > 1  # the network does something
    assert farthest(restored, file.by_network(network)) < TOLERANCE


@pytest.mark.parametrize("quality", [1, 10, 35, 75, 95, 100])
def test_graphs_restore_what_the_network_does_at_any_quality(quality: int, tiny: tuple[QGAC, Graphs]) -> None:
    network, graphs = tiny
    file = File(3, 4, (2, 2), quality)
    restored = file.by_graphs(graphs)
    assert farthest(restored, file.by_network(network)) < TOLERANCE


@pytest.mark.parametrize("form", Y_FORMS)
def test_every_form_of_the_y_network_is_exported(form: str) -> None:
    network = random_network(tiny_configuration(Y_FORMS[form]))
    file = File(3, 4, (2, 2), 30)
    assert farthest(file.by_graphs(Graphs(network)), file.by_network(network)) < TOLERANCE


@pytest.mark.parametrize("form", COLOR_FORMS)
def test_every_form_of_the_color_network_is_exported(form: str) -> None:
    network = random_network(tiny_configuration(color=COLOR_FORMS[form]))
    file = File(3, 4, (2, 2), 30)
    assert farthest(file.by_graphs(Graphs(network)), file.by_network(network)) < TOLERANCE


@pytest.mark.parametrize("factors", EVERY_SAMPLING)
def test_the_candidate_and_chroma_guided_by_pixels_are_exported(factors: tuple[int, int]) -> None:
    deep = {"subdivision": 2, "residual_blocks": 2, "deep_blocks": 1, "candidate": 2, "gate": True}
    network = tiny_network(strength=0.5, more_y=deep, guided=True)
    file = File(3, 4, factors, 30)
    restored = file.by_graphs(Graphs(network))
    assert farthest(restored, file.by_network(network)) < TOLERANCE


@pytest.mark.parametrize("numbers", [{"levels": True}, {"log_table": True}, {"residual_in_steps": False}], ids=str)
def test_every_scale_is_exported(numbers: dict[str, bool]) -> None:
    network = random_network(tiny_configuration(**numbers))
    file = File(3, 4, (2, 2), 30)
    assert farthest(file.by_graphs(Graphs(network)), file.by_network(network)) < TOLERANCE


def test_one_set_of_graphs_serves_all_weights_of_a_configuration() -> None:
    one, other = tiny_network(strength=0.5, seed=1), tiny_network(strength=0.5, seed=2)
    randomize(other.y_network)  # slopes as well
    assert contents(one) == contents(other)
    file = File(3, 4, (2, 2), 20)
    restored = file.by_graphs(Graphs(one, other))
    assert farthest(restored, file.by_network(other)) < TOLERANCE
    assert farthest(restored, file.by_network(one)) > 1


def test_a_network_that_is_told_other_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="trained_qualities"):
        export(QGAC(tiny_configuration(trained_qualities=(40, 60))), tmp_path / "graphs")
    assert not (tmp_path / "graphs").exists()


@pytest.mark.parametrize("blend", [0.0, 0.6])
@pytest.mark.parametrize(("quality", "factors"), [(10, (2, 2)), (50, (1, 2)), (90, (2, 1)), (75, (1, 1))])
def test_graphs_of_the_shipped_weights_restore_what_the_network_does(
    quality: int, factors: tuple[int, int], blend: float, shipped: Graphs
) -> None:
    network = blended("small", blend)
    shipped._weights = {name: np.ascontiguousarray(value.numpy()) for name, value in network.state_dict().items()}
    file = File(3, 5, factors, quality)
    restored = file.by_graphs(shipped)
    assert farthest(restored, file.by_network(network)) < TOLERANCE


@pytest.fixture(scope="module")
def shipped() -> Graphs:
    return Graphs(load_model("small"))


def test_graphs_hold_no_weights_and_say_what_they_are_of(tmp_path: Path) -> None:
    network = tiny_network()
    paths = export(network, tmp_path / "made" / "graphs")
    assert sorted(path.name for path in paths) == [
        "chroma-1x1.onnx",
        "chroma-1x2.onnx",
        "chroma-2x1.onnx",
        "chroma-2x2.onnx",
        "graphs.json",
        "y.onnx",
    ]
    description = json.loads((tmp_path / "made" / "graphs" / "graphs.json").read_text())
    assert description["configuration"] == json.loads(json.dumps(network.configuration.to_dict()))
    assert description["receptive_field_y"] == network.receptive_field_y
    assert description["receptive_field_color"] == network.receptive_field_color
    assert description["factors"] == [[1, 1], [1, 2], [2, 1], [2, 2]]
    weight = network.state_dict()["y_network.subnetworks.0.trunk.0.first.weight"]
    for path in paths:
        assert weight.numpy().tobytes()[:64] not in path.read_bytes()
    with pytest.raises(FileExistsError):
        export(network, tmp_path / "made" / "graphs")
