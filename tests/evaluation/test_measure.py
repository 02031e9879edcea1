from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from made.networks import COLOR_FORMS, PLAIN, Y_FORMS, tiny_configuration
from made.pictures import compressed, photo
from qgac.evaluation.baseline import decode_nearest
from qgac.evaluation.measure import evaluate
from qgac.evaluation.record import Evaluation, Measurement, Settings
from qgac.evaluation.tables import from_json, to_csv, to_json, to_markdown
from qgac.evaluation.test_sets import BenchmarkError
from qgac.jpeg.reader import read_jpeg
from qgac.metrics import psnr, psnr_b, ssim
from qgac.metrics.scores import Scores
from qgac.models.qgac import QGAC
from qgac.weights.checkpoints import load_model, save_model
from qgac.weights.files import WeightsError


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    paths = []
    for number, shape in enumerate([(35, 50), (24, 33)]):
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(photo(*shape, number)).save(paths[-1])
    return paths


@pytest.fixture
def model_file(tmp_path: Path) -> str:
    """An untrained network: its residual is zero."""
    model = QGAC(tiny_configuration({**Y_FORMS["one blocknet"], **PLAIN}, COLOR_FORMS["plain"]))
    save_model(model, tmp_path / "zero.safetensors", record={})
    return str(tmp_path / "zero.safetensors")


def test_measurements_are_the_metrics_of_the_pictures(pictures: list[Path]) -> None:
    """Put together again here from the pieces, with Pillow's decoder as the independent part."""
    measured = list(evaluate(pictures, Settings((20, 60), model=None), jobs=1))
    assert {(m.picture, m.quality) for m in measured} == {(p.name, q) for p in pictures for q in (20, 60)}
    for measurement in measured:
        original = np.asarray(Image.open(next(p for p in pictures if p.name == measurement.picture)))
        data = compressed(original, measurement.quality, subsampling="4:2:0")
        assert measurement.size == len(data)
        assert set(measurement.scores) == {"jpeg", "pillow"}
        decoded = np.asarray(Image.open(io.BytesIO(data)))
        expected = Scores(*(metric(restored=decoded, reference=original) for metric in (psnr, psnr_b, ssim)))
        assert measurement.scores["pillow"] == expected
        nearest = decode_nearest(read_jpeg(data)) / 255
        assert measurement.scores["jpeg"].psnr == pytest.approx(psnr(restored=nearest, reference=original), abs=1e-9)


def test_an_untrained_model_restores_what_the_paper_calls_jpeg(pictures: list[Path], model_file: str) -> None:
    """Its residual is zero, and nearest-neighbour chroma lies in its own quantisation interval."""
    for measurement in evaluate(pictures, Settings((15,), model=model_file), jobs=1):
        jpeg, restored = measurement.scores["jpeg"], measurement.scores["restored"]
        assert restored.psnr == pytest.approx(jpeg.psnr, abs=1e-4)
        assert restored.psnr_b == pytest.approx(jpeg.psnr_b, abs=1e-4)
        assert restored.ssim == pytest.approx(jpeg.ssim, abs=1e-6)


def test_a_blend_ends_at_the_other_model(pictures: list[Path], model_file: str, tmp_path: Path) -> None:
    """The plain start, which leaves every picture as it is, blended with a network that does not."""
    model = load_model(model_file)
    with torch.no_grad():
        for parameter in model.y_network.parameters():
            parameter.add_(0.005)
    other = tmp_path / "other.safetensors"
    save_model(model, other, record={})
    ends, between = (
        [m.scores["restored"].psnr for m in evaluate(pictures[:1], settings, jobs=1)]
        for settings in (
            Settings((15,), model=model_file, blend=1.0, blend_with=str(other)),
            Settings((15,), model=model_file, blend=0.5, blend_with=str(other)),
        )
    )
    alone = [m.scores["restored"].psnr for m in evaluate(pictures[:1], Settings((15,), model=str(other)), jobs=1)]
    assert ends == alone
    assert between != alone


@pytest.mark.parametrize(("blend", "model"), [(1.5, "small"), (-0.1, "small"), (0.5, None)])
def test_impossible_blends(blend: float, model: str | None) -> None:
    with pytest.raises(ValueError, match="blend"):
        Settings((10,), model=model, blend=blend)
    with pytest.raises(ValueError, match="how much"):
        Settings((10,), blend_with="other.safetensors")


def test_y_channel(pictures: list[Path], model_file: str) -> None:
    for measurement in evaluate(pictures, Settings((15,), "y", model=model_file), jobs=1):
        jpeg, pillow, restored = (measurement.scores[method] for method in ("jpeg", "pillow", "restored"))
        assert restored.psnr == pytest.approx(jpeg.psnr, abs=1e-4)
        assert pillow.psnr == pytest.approx(jpeg.psnr, abs=0.05)


def test_the_pillow_protocol_rounds(pictures: list[Path], model_file: str) -> None:
    """To whole samples, which costs a little; and there is no row for the float decode."""
    rounded = next(evaluate(pictures, Settings((95,), protocol="pillow", model=model_file), jobs=1))
    exact = next(evaluate(pictures, Settings((95,), model=model_file), jobs=1))
    assert list(rounded.scores) == ["pillow", "restored"]
    assert rounded.scores["restored"] != exact.scores["restored"]
    assert rounded.scores["restored"].psnr == pytest.approx(exact.scores["restored"].psnr, abs=0.1)


def test_several_processes_measure_the_same(pictures: list[Path], model_file: str) -> None:
    settings = Settings((20, 60), model=model_file)
    alone = Evaluation("folder", settings, tuple(evaluate(pictures, settings, jobs=1)))
    shared = Evaluation("folder", settings, tuple(evaluate(pictures, settings, jobs=2)))
    assert shared == alone


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_model_that_cannot_be_loaded(pictures: list[Path], jobs: int) -> None:
    with pytest.raises(WeightsError, match="nowhere"):
        list(evaluate(pictures, Settings((20,), model="nowhere"), jobs=jobs))


def test_a_picture_that_cannot_be_read(pictures: list[Path], tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"nothing")
    with pytest.raises(BenchmarkError, match=r"broken\.png"):
        list(evaluate([*pictures, tmp_path / "broken.png"], Settings((20,), model=None), jobs=1))


def test_the_models_float_picture_is_used(pictures: list[Path], tmp_path: Path, model_file: str) -> None:
    """A residual that is not zero changes the restored row only; without the projection it may go anywhere."""
    from qgac.weights.checkpoints import load_model

    model = load_model(model_file)
    torch.manual_seed(0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "decode.manifold" in name:
                parameter.normal_(0, 0.05)
    save_model(model, tmp_path / "noise.safetensors", record={})
    kept = next(evaluate(pictures, Settings((15,), model=str(tmp_path / "noise.safetensors")), jobs=1))
    free = next(evaluate(pictures, Settings((15,), model=str(tmp_path / "noise.safetensors"), project=False), jobs=1))
    assert kept.scores["jpeg"] == free.scores["jpeg"]
    assert len({kept.scores["jpeg"].psnr, kept.scores["restored"].psnr, free.scores["restored"].psnr}) == 3


def test_means_are_those_of_the_per_picture_figures() -> None:
    scores = [Scores(20, 18, 0.5), Scores(30, 29, 0.8)]
    measurements = tuple(Measurement(f"{i}.png", 10, 99, {"jpeg": s}) for i, s in enumerate(scores))
    evaluation = Evaluation("folder", Settings((10,), model=None), measurements[::-1])
    assert evaluation.mean(10, "jpeg") == Scores(25, 23.5, pytest.approx(0.65))
    assert [m.picture for m in evaluation.measurements] == ["0.png", "1.png"]
    with pytest.raises(ValueError, match="quality 20"):
        evaluation.mean(20, "jpeg")


@pytest.mark.parametrize("qualities", [(), (0,), (10, 101)])
def test_impossible_qualities(qualities: Any) -> None:
    with pytest.raises(ValueError, match="between 1 and 100"):
        Settings(qualities)


def test_equal_pictures_have_infinite_psnr(tmp_path: Path) -> None:
    Image.new("L", (16, 16), 128).save(tmp_path / "flat.png")
    measurement = next(evaluate([tmp_path / "flat.png"], Settings((90,), "y", model=None), jobs=1))
    assert math.isinf(measurement.scores["jpeg"].psnr)


def test_how_pictures_look_is_measured_on_request(
    pictures: list[Path], model_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a stand-in that counts what differs; the measure itself has tests of its own."""

    class Differing:
        def __init__(self, weights: str) -> None:
            assert weights == "x.pth"

        def __call__(self, *, restored: np.ndarray, reference: np.ndarray) -> np.float64:
            scale = 255 if restored.dtype == np.float64 else 1
            return np.abs(restored * scale - reference.astype(float)).mean()

    monkeypatch.setattr("qgac.evaluation.measure.STLPIPS", Differing)
    settings = Settings((20,), model=model_file, st_lpips="x.pth")
    measured = tuple(evaluate(pictures, settings, jobs=1))
    for measurement in measured:
        original = np.asarray(Image.open(next(p for p in pictures if p.name == measurement.picture)))
        data = compressed(original, 20, subsampling="4:2:0")
        expected = np.abs(np.asarray(Image.open(io.BytesIO(data))) - original.astype(float)).mean()
        assert measurement.st_lpips["pillow"] == pytest.approx(expected)
        assert measurement.st_lpips.keys() == measurement.scores.keys()
    evaluation = Evaluation("folder", settings, measured)
    mean = sum(m.st_lpips["pillow"] for m in measured) / 2
    cells = to_markdown(evaluation).splitlines()[4].split(" | ")
    assert cells[2].split(" / ")[3] == f"{mean:.3f}"
    assert "ST-LPIPS (VGG; less is better)" in to_markdown(evaluation)
    assert from_json(to_json(evaluation)) == evaluation
    header, *lines = to_csv(evaluation).splitlines()
    assert header.endswith(",ssim,st_lpips")
    assert {len(line.split(",")) for line in lines} == {len(header.split(","))}
    without = to_markdown(Evaluation("folder", Settings((20,), model=model_file), measured))
    assert "ST-LPIPS" not in without
    assert without.splitlines()[4].count(" / ") == 2 * 3
