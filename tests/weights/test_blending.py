"""Restoring with some of the GAN's weights: the ends to the bit, never against the file, and what is told."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

import numba  # noqa: F401  # it looks for its library where the tests put the weights
import numpy as np
import pytest
import torch
from PIL import Image

from made.command_line import qgac_command
from made.networks import Y_FORMS, randomize, tiny_configuration, tiny_network
from made.pictures import S420, S444, coefficients_of, compressed, file_blocks, make_image, photo, quantized, samples_of
from qgac.models.qgac import QGAC
from qgac.restoration.restorer import Restorer, restore
from qgac.weights import files
from qgac.weights.blending import blended, interpolate
from qgac.weights.checkpoints import save_model
from qgac.weights.files import WeightsError

REGRESSION, OTHER = tiny_network(strength=2), tiny_network(strength=8, seed=1)
for _name, _buffer in REGRESSION.named_buffers():
    OTHER.get_buffer(_name).copy_(_buffer)


def pixels(alpha: float, **options: object) -> np.ndarray:
    image = make_image(45, 37, S420)
    return Restorer(REGRESSION, blend=alpha, blend_with=OTHER, **options)(image, dtype=np.float32).pixels


def test_the_ends_are_the_two_models_to_the_bit() -> None:
    image = make_image(45, 37, S420)
    for alpha, model in ((0.0, REGRESSION), (1.0, OTHER)):
        np.testing.assert_array_equal(pixels(alpha), Restorer(model)(image, dtype=np.float32).pixels)
    np.testing.assert_array_equal(pixels(0.0), Restorer(REGRESSION, blend=0)(image, dtype=np.float32).pixels)
    np.testing.assert_array_equal(
        restore(image, OTHER).pixels, restore(image, REGRESSION, blend=1, blend_with=OTHER).pixels
    )


def test_what_lies_between_moves_away_from_the_first_and_towards_the_second() -> None:
    first, second = pixels(0.0), pixels(1.0)
    distances = [np.abs(pixels(alpha) - first).mean() for alpha in (0.25, 0.5, 0.75)]
    assert 0 < distances[0] < distances[1] < distances[2]
    assert np.abs(pixels(0.9) - second).mean() < np.abs(first - second).mean()


@pytest.mark.parametrize("sampling", [S444, S420], ids=["4:4:4", "4:2:0"])
@pytest.mark.parametrize("alpha", [0.0, 0.3, 0.7, 1.0])
def test_invented_texture_never_contradicts_the_file(alpha: float, sampling: object) -> None:
    """Quantised again, in float64 by scipy's DCT, what is restored gives the levels that the file has."""
    image = make_image(61, 45, sampling)
    model = blended(REGRESSION, alpha, OTHER)
    restored = Restorer(REGRESSION, blend=alpha, blend_with=OTHER).coefficients(image)
    free = Restorer(model, project=False).coefficients(image)
    contradictions = 0
    for component, plane, unprojected in zip(image.components, restored, free, strict=True):
        factor = image.components[0].vertical // component.vertical
        rows, columns = component.coefficients.shape[:2]
        for values, projected in ((plane, True), (unprojected, False)):
            samples = samples_of(file_blocks(values))
            height, width = samples.shape
            boxes = samples.reshape(height // factor, factor, width // factor, factor).mean((1, 3))
            levels = quantized(coefficients_of(boxes)[:rows, :columns], component.table)
            if projected:
                np.testing.assert_array_equal(levels, component.coefficients)
            else:
                contradictions += int((levels != component.coefficients).sum())
    assert contradictions > 0  # without the projection the networks do contradict it


def test_a_network_of_ones_own_has_no_twin() -> None:
    with pytest.raises(WeightsError, match=r"^this network has no GAN twin among the shipped models; name the weights"):
        Restorer(REGRESSION, blend=0.5)
    for alpha in (-0.1, 1.5, float("nan")):
        with pytest.raises(ValueError, match="alpha between 0 and 1"):
            Restorer(REGRESSION, blend=alpha, blend_with=OTHER)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that ships `tiny` and its twin, and `lonely`; with a picture to restore."""
    (tmp_path / "weights").mkdir()
    sums = []
    for name, model in (("tiny", REGRESSION), ("tiny-gan", OTHER), ("lonely", REGRESSION)):
        path = tmp_path / "weights" / f"{name}.safetensors"
        save_model(model, path, record={})
        sums.append(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n")
    (tmp_path / "weights" / "SHA256SUMS").write_text("".join(sums))
    save_model(OTHER, tmp_path / "other.safetensors", record={})
    monkeypatch.setattr(files, "_FOLDER", tmp_path / "weights")
    (tmp_path / "a.jpg").write_bytes(compressed(photo(24, 40), 20))
    monkeypatch.chdir(tmp_path)
    return tmp_path


run = partial(qgac_command, "restore", "a.jpg", "--overwrite")


def written(*arguments: str) -> np.ndarray:
    result = run("-o", "a.png", *arguments)
    assert result.exit_code == 0, result.output
    with Image.open("a.png") as picture:
        return np.asarray(picture)


def test_the_command_finds_the_twin_or_takes_a_file(folder: Path) -> None:
    plain, twin = written("--model", "tiny"), written("--model", "tiny-gan")
    assert (plain != twin).any()
    np.testing.assert_array_equal(written("--model", "tiny", "--blend", "0"), plain)
    np.testing.assert_array_equal(written("--model", "tiny", "--blend", "1"), twin)
    np.testing.assert_array_equal(
        written("--model", "lonely", "--blend", "1", "--blend-with", "other.safetensors"), twin
    )
    half = written("--model", "tiny", "--blend", "0.5")
    np.testing.assert_array_equal(half, Restorer("tiny", blend=0.5)("a.jpg").pixels)
    assert (half != plain).any()
    assert (half != twin).any()


def test_the_command_says_in_a_sentence_what_is_missing(folder: Path) -> None:
    result = run("--model", "lonely", "--blend", "0.7")
    assert result.exit_code == 1
    assert "model 'lonely' has no GAN twin among the shipped models; name the weights of one" in result.stderr
    result = run("--model", "tiny", "--blend", "0.7", "--blend-with", "none.safetensors")
    assert result.exit_code == 1
    assert "none.safetensors" in result.stderr
    assert run("--model", "tiny", "--blend-with", "other.safetensors").exit_code == 2
    assert run("--model", "tiny", "--blend", "1.5").exit_code == 2


# --- interpolate alone ---


def network(seed: int, width: int = 4) -> QGAC:
    return randomize(QGAC(tiny_configuration({"width": width, **Y_FORMS["one blocknet"]})), seed, scale=0.2)


def same_bits(first: torch.Tensor, second: torch.Tensor) -> bool:
    return torch.equal(first.contiguous().view(torch.int32), second.contiguous().view(torch.int32))


@pytest.mark.parametrize("alpha", [0, 1])
def test_the_ends_are_the_networks_to_the_bit(alpha: int) -> None:
    ends = network(0), network(1)
    for end in ends:
        next(end.parameters()).data.flatten()[0] = -0.0
    blended = interpolate(*ends, alpha)
    for name, parameter in blended.named_parameters():
        assert same_bits(parameter, ends[alpha].get_parameter(name)), name


def test_between_the_ends_every_parameter_is_the_weighted_mean() -> None:
    first, second = network(0), network(1)
    blended = interpolate(first, second, 0.75)
    count = 0
    for name, parameter in blended.named_parameters():
        torch.testing.assert_close(parameter, first.get_parameter(name) / 4 + second.get_parameter(name) * 3 / 4)
        count += parameter.numel()
    assert count == sum(parameter.numel() for parameter in first.parameters())


@pytest.mark.parametrize("alpha", [0, 0.5, 1])
def test_the_result_is_a_network_of_its_own(alpha: float) -> None:
    first, second = network(0), network(1)
    before = [parameter.clone() for model in (first, second) for parameter in model.parameters()]
    blended = interpolate(first, second, alpha)
    assert not blended.training
    assert not any(parameter.requires_grad for parameter in blended.parameters())
    assert blended.configuration == first.configuration
    with torch.no_grad():
        for tensor in (*blended.parameters(), *blended.buffers()):
            tensor.fill_(7)
    after = [parameter for model in (first, second) for parameter in model.parameters()]
    assert all(map(torch.equal, before, after))
    assert not (first.normalize_y.std == 7).any()


def test_a_blend_restores_otherwise_than_either_end() -> None:
    first, second = network(0), network(1)
    y, table = torch.randn(1, 64, 3, 4) * 50, torch.full((1, 8, 8), 20.0)
    with torch.no_grad():
        results = [interpolate(first, second, alpha).restore_y(y, table) for alpha in (0, 0.5, 1)]
        torch.testing.assert_close(results[0], first.restore_y(y, table), rtol=1e-3, atol=1e-2)
        torch.testing.assert_close(results[2], second.restore_y(y, table), rtol=1e-3, atol=1e-2)
    assert not torch.allclose(results[1], results[0], rtol=0.1)
    assert not torch.allclose(results[1], results[2], rtol=0.1)


@pytest.mark.parametrize("alpha", [-0.1, 1.1, float("nan")])
def test_an_alpha_out_of_range_is_refused(alpha: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        interpolate(network(0), network(1), alpha)


def test_another_configuration_is_refused() -> None:
    with pytest.raises(ValueError, match="different configurations"):
        interpolate(network(0), network(1, width=6), 0.5)


def test_other_statistics_are_refused_by_name() -> None:
    second = network(1)
    second.normalize_y.std[0, 3] = 2
    with pytest.raises(ValueError, match=r"normalize_y\.std"):
        interpolate(network(0), second, 0.5)
