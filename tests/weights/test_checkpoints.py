from __future__ import annotations

import copy
import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from made.networks import randomize, tiny_configuration
from qgac.models.configuration import Configuration
from qgac.models.qgac import QGAC
from qgac.weights import files
from qgac.weights.checkpoints import load_model, save_model, whole_content
from qgac.weights.files import WeightsError, load_record, shipped_models


@pytest.fixture
def model() -> QGAC:
    network = randomize(QGAC(tiny_configuration(color={"factors": ((2, 2), (1, 2))}, levels=True)), seed=3)
    network.normalize_y.fit(torch.randn(9, 1, 64, 2, 2) * 7)
    return network


@pytest.fixture
def weights(model: QGAC, tmp_path: Path) -> Path:
    path = tmp_path / "a.safetensors"
    save_model(model, path, record={"stage": "y", "note": "žluťoučký"})
    return path


def test_there_and_back(model: QGAC, weights: Path) -> None:
    loaded = load_model(weights)
    assert loaded.configuration == model.configuration
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    expected = model.state_dict()
    state = loaded.state_dict()
    assert set(state) == set(expected)
    assert all(torch.equal(state[name], expected[name]) for name in expected)
    y, table = torch.randn(1, 64, 3, 3), torch.full((1, 8, 8), 9.0)
    torch.testing.assert_close(loaded.restore_y(y, table), model.eval().restore_y(y, table))


def test_names_may_be_text(weights: Path) -> None:
    assert load_model(str(weights)).configuration == load_model(weights).configuration


def test_record(weights: Path, model: QGAC) -> None:
    content = load_record(weights)
    assert content["record"] == {"stage": "y", "note": "žluťoučký"}
    assert Configuration.from_dict(content["configuration"]) == model.configuration


def test_half_precision_keeps_statistics_whole(model: QGAC, tmp_path: Path) -> None:
    path = tmp_path / "half.safetensors"
    save_model(model, path, record={}, dtype=torch.float16)
    with safe_open(path, "pt") as file:
        assert file.get_tensor("normalize_y.std").dtype == torch.float32
        assert file.get_tensor("y_network.fusion.layers.0.weight").dtype == torch.float16
    loaded = load_model(path)
    assert torch.equal(loaded.normalize_y.std, model.normalize_y.std)
    for name, parameter in loaded.named_parameters():
        assert parameter.dtype == torch.float32
        torch.testing.assert_close(parameter, model.get_parameter(name), rtol=1e-3, atol=1e-4)


def test_saving_replaces_and_leaves_nothing_behind(model: QGAC, weights: Path, tmp_path: Path) -> None:
    save_model(model, weights, record={"stage": "color"})
    assert load_record(weights)["record"] == {"stage": "color"}
    assert [path.name for path in tmp_path.iterdir()] == ["a.safetensors"]


@pytest.mark.parametrize("length", [0, 5, 100, -1])
def test_cut_files(weights: Path, length: int) -> None:
    weights.write_bytes(weights.read_bytes()[:length])
    with pytest.raises(WeightsError, match=r"a\.safetensors is not a whole safetensors file"):
        load_model(weights)


def test_other_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"\xff\xd8\xff\xe0 this is a JPEG, or nearly")
    with pytest.raises(WeightsError, match="not a whole safetensors file"):
        load_model(path)


def test_foreign_weights(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match="holds no qgac network"):
        load_model(tmp_path / "other.safetensors")


def rewritten(weights: Path, change: Callable[..., Any]) -> Path:
    """Return a copy whose header or tensors were changed."""
    with safe_open(weights, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        header = json.loads(file.metadata()["qgac"])
    change(header, tensors)
    path = weights.with_name("changed.safetensors")
    save_file(tensors, path, metadata={"qgac": json.dumps(header)})
    return path


def test_newer_format(weights: Path) -> None:
    path = rewritten(weights, lambda header, _: header.update(format=99))
    with pytest.raises(WeightsError, match=r"weights format 99, .*update qgac"):
        load_model(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda _, tensors: tensors.pop("normalize_y.mean"),
        lambda _, tensors: tensors.update(more=torch.zeros(1)),
        lambda header, _: header["configuration"]["y"].update(width=16),
    ],
    ids=["missing", "surplus", "another width"],
)
def test_tensors_that_do_not_fit(weights: Path, change: Callable[..., Any]) -> None:
    with pytest.raises(WeightsError, match="its tensors do not fit its header"):
        load_model(rewritten(weights, change))


@pytest.mark.parametrize(
    "change",
    [
        lambda header, _: header["configuration"]["y"].update(wings=2),
        lambda header, _: header["configuration"]["y"].update(blocknets=7),
        lambda header, _: header["configuration"]["color"].update(factors=3),
        lambda header, _: header.pop("configuration"),
        lambda header, _: header.update(configuration=[1]),
    ],
    ids=["unknown entry", "impossible", "wrong type", "none", "no table"],
)
def test_impossible_configurations(weights: Path, change: Callable[..., Any]) -> None:
    with pytest.raises(WeightsError, match="configuration"):
        load_model(rewritten(weights, change))


@pytest.mark.parametrize("header", ["{", "[]", "3", '"text"'])
def test_headers_that_are_no_table(tmp_path: Path, header: str) -> None:
    save_file({"weight": torch.zeros(3)}, tmp_path / "a.safetensors", metadata={"qgac": header})
    with pytest.raises(WeightsError, match=r"a\.safetensors"):
        load_model(tmp_path / "a.safetensors")


def test_unknown_names_and_folders(tmp_path: Path) -> None:
    for name in ("huge", tmp_path, tmp_path / "none.safetensors"):
        with pytest.raises(WeightsError, match=r"neither a shipped model .* nor a weights file"):
            load_model(name)


@pytest.mark.skipif(sys.platform == "win32", reason="no permissions")
def test_files_that_may_not_be_read(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **options: Any) -> None:
        raise PermissionError(13, "Permission denied", str(weights))

    monkeypatch.setattr("qgac.weights.files.safe_open", refuse)
    with pytest.raises(WeightsError, match="Permission denied"):
        load_model(weights)


@pytest.fixture
def shipped(tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that ships the small network as `tiny`."""
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "tiny.safetensors").write_bytes(weights.read_bytes())
    checksum = hashlib.sha256(weights.read_bytes()).hexdigest()
    (folder / "SHA256SUMS").write_text(f"{'0' * 64}  other.safetensors\n{checksum}  tiny.safetensors\n")
    monkeypatch.setattr(files, "_FOLDER", folder)
    return folder / "tiny.safetensors"


def test_shipped_weights_are_those_that_were_packed(shipped: Path, model: QGAC) -> None:
    assert load_model("tiny").configuration == model.configuration


def test_one_wrong_bit_in_shipped_weights_is_noticed(shipped: Path) -> None:
    content = bytearray(shipped.read_bytes())
    content[-5] ^= 1
    shipped.write_bytes(content)
    own = shipped.parent.with_name("own.safetensors")
    own.write_bytes(content)
    load_model(own)  # as a file of its own it could be anything
    with pytest.raises(WeightsError, match=r"tiny.safetensors is not as it was packed: .*; install qgac again"):
        load_model("tiny")


@pytest.mark.parametrize("sums", [None, "", "no checksum at all"])
def test_shipped_weights_without_a_checksum_are_refused(shipped: Path, sums: str | None) -> None:
    path = shipped.with_name("SHA256SUMS")
    path.unlink() if sums is None else path.write_text(sums)
    with pytest.raises(WeightsError, match=r"SHA256SUMS.*install qgac again"):
        load_model("tiny")


def pack(folder: Path) -> None:
    """Write the checksums of what a package ships."""
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in folder.glob("*.safetensors")]
    (folder / "SHA256SUMS").write_text("".join(sums))


@pytest.fixture
def twin(shipped: Path, model: QGAC) -> QGAC:
    """Shipped as `twin`, with another Y network and the same colour network."""
    twin = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in twin.y_network.parameters():
            parameter.add_(0.25)
    save_model(twin, shipped.with_name("twin.safetensors"), record={"stage": "gan"}, rest="tiny")
    pack(shipped.parent)
    return twin


def test_what_another_shipped_model_has_is_taken_from_there(shipped: Path, twin: QGAC) -> None:
    path = shipped.with_name("twin.safetensors")
    with safe_open(path, "pt") as file:
        assert {name.split(".")[0] for name in file.keys()} == {"y_network"}  # noqa: SIM118 (no mapping)
    own = twin.state_dict()
    read = load_model("twin").state_dict()
    assert read.keys() == own.keys()
    assert all(torch.equal(read[name], own[name]) for name in own)
    assert load_record("twin")["record"] == {"stage": "gan"}


def test_only_a_shipped_model_that_is_whole_can_have_the_rest(shipped: Path, twin: QGAC, tmp_path: Path) -> None:
    for rest in ("twin", str(shipped)):
        with pytest.raises(ValueError, match="no shipped model that is whole"):
            save_model(twin, tmp_path / "third.safetensors", record={}, rest=rest)
    assert not (tmp_path / "third.safetensors").exists()


def test_and_a_copy_can_be_made_that_needs_no_other(shipped: Path, twin: QGAC, tmp_path: Path) -> None:
    alone = tmp_path / "alone.safetensors"
    alone.write_bytes(whole_content(shipped.with_name("twin.safetensors")))
    shipped.unlink()
    read, own = load_model(alone).state_dict(), twin.state_dict()
    assert all(torch.equal(read[name], own[name]) for name in own)
    assert load_record(alone)["record"] == {"stage": "gan"}
    assert whole_content(alone) == alone.read_bytes()


@pytest.mark.usefixtures("twin")
def test_but_from_no_other_version_of_it(shipped: Path, model: QGAC) -> None:
    with torch.no_grad():
        next(model.parameters()).add_(1)
    save_model(model, shipped, record={})
    pack(shipped.parent)
    with pytest.raises(WeightsError, match=r"twin.* in another 'tiny' than this one; install the qgac that it is from"):
        load_model("twin")
    shipped.unlink()
    with pytest.raises(WeightsError, match=r"twin.* in a model 'tiny', which is not there; update qgac"):
        load_model("twin")


def test_what_is_shipped_has_its_checksum() -> None:
    for name in shipped_models():
        load_model(name)


def test_weights_are_on_the_disk_before_they_get_their_name(
    model: QGAC, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.safetensors"
    seen = []

    def fsync(descriptor: int) -> None:
        seen.append((os.fstat(descriptor).st_size, path.exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    save_model(model, path, record={})
    assert seen == [(path.stat().st_size, False)]


def test_weights_have_the_permissions_of_any_new_file(weights: Path, tmp_path: Path) -> None:
    (tmp_path / "usual").write_bytes(b"")
    assert weights.stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_weights_that_cannot_be_written_leave_the_old_ones(
    weights: Path, model: QGAC, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = weights.read_bytes()

    def fail(tensors: dict[str, torch.Tensor], path: str, metadata: dict[str, str]) -> None:
        save_file(tensors, path)  # all is written, but not yet safe
        raise OSError("No space left on device")

    monkeypatch.setattr("qgac.weights.checkpoints.save_file", fail)
    with pytest.raises(OSError, match="No space left"):
        save_model(model, weights, record={})
    assert weights.read_bytes() == before
    assert list(weights.parent.iterdir()) == [weights]
