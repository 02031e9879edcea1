from __future__ import annotations

import csv
import io
import json
import math
from itertools import pairwise
from typing import Any

import pytest

from qgac.evaluation.published import published, published_methods
from qgac.evaluation.record import Evaluation, Measurement, Settings
from qgac.evaluation.tables import from_json, to_csv, to_json, to_markdown
from qgac.evaluation.test_sets import BENCHMARKS
from qgac.metrics.scores import Scores


def evaluation(
    dataset: str = "live1", qualities: tuple[int, int] = (10, 40), model: str | None = "small", **settings: Any
) -> Evaluation:
    settings = Settings(qualities, model=model, **settings)
    scores = {"jpeg": Scores(25, 23, 0.7), "pillow": Scores(26, 24, 0.75), "restored": Scores(28.126, 27, 0.8)}
    return Evaluation(
        dataset,
        settings,
        tuple(Measurement(name, q, 1000 + q, scores) for name in ("b.png", "a,x.png") for q in qualities),
    )


def test_markdown_has_the_papers_figures_beside() -> None:
    lines = to_markdown(evaluation()).splitlines()
    assert lines[0] == "### Live-1, colour (RGB, 4:2:0), 2 pictures"
    assert lines[2] == "| quality | JPEG | JPEG, Pillow | restored | JPEG, paper | QGAC, paper |"
    own = "25.00 / 23.00 / 0.700 | 26.00 / 24.00 / 0.750 | 28.13 / 27.00 / 0.800"
    assert lines[4] == f"| 10 | {own} | 25.60 / 23.53 / 0.755 | 27.65 / 27.40 / 0.819 |"
    assert lines[5].startswith(f"| 40 | {own} | ")
    assert lines[5].count("/") == 6  # the paper has nothing for quality 40
    assert "ECCV 2020" in lines[-1]
    assert "Model: small" in lines[-2]


def test_markdown_of_a_folder_has_no_papers_columns() -> None:
    text = to_markdown(evaluation("folder", model=None))
    assert "paper |" not in text
    assert "ECCV" not in text
    assert "restored" not in text.splitlines()[2]


def test_a_blend_is_told_from_its_model() -> None:
    found = evaluation(blend=0.7)
    lines = to_markdown(found).splitlines()
    assert lines[0] == "### Live-1, colour (RGB, 4:2:0), 2 pictures, blend 0.7"
    assert "Model: small, blend 0.7." in lines[-1]
    assert "paper" not in lines[2]  # its figures are those of the regression
    assert {row["model"] for row in csv.DictReader(io.StringIO(to_csv(found)))} == {"small, blend 0.7"}
    assert from_json(to_json(found)) == found
    assert "Model: small, blend 1 with x.safetensors." in to_markdown(evaluation(blend=1.0, blend_with="x.safetensors"))


def test_csv_can_be_read_back() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(evaluation()))))
    assert len(rows) == 2 * 2 * 3
    assert {row["picture"] for row in rows} == {"a,x.png", "b.png"}
    row = next(row for row in rows if row["method"] == "restored")
    assert (float(row["psnr"]), float(row["psnr_b"]), float(row["ssim"]), row["bytes"]) == (28.126, 27, 0.8, "1010")


def test_json_can_be_read_back() -> None:
    content = json.loads(to_json(evaluation()))
    assert content["settings"]["qualities"] == [10, 40]
    assert content["means"][0]["paper"]["restored"] == {"psnr": 27.65, "psnr_b": 27.4, "ssim": 0.819}
    assert content["means"][1]["paper"] is None
    assert content["measurements"][0]["scores"]["jpeg"]["psnr"] == 25


def test_json_writes_infinite_figures_as_null() -> None:
    measurement = Measurement("a", 10, 1, {"jpeg": Scores(math.inf, math.inf, 1.0), "pillow": Scores(math.inf, 1, 1)})
    content = json.loads(to_json(Evaluation("folder", Settings((10,), model=None), (measurement,))))
    assert content["means"][0]["scores"]["jpeg"] == {"psnr": None, "psnr_b": None, "ssim": 1.0}


def test_json_gives_the_evaluation_back() -> None:
    perfect = Measurement("c.png", 10, 1, dict.fromkeys(("pillow", "restored"), Scores(math.inf, math.inf, 1.0)))
    for original in (
        evaluation(),
        Evaluation("icb", Settings((10,), "y", "pillow", "x.safetensors", False), (perfect,)),
    ):
        assert from_json(to_json(original)) == original


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"dataset": "live1", "settings": {"quality": 10}}'])
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no result of"):
        from_json(text)


def test_other_methods_of_the_paper() -> None:
    """Some cells by hand; IDCN and DMCNN have none for quality 30."""
    assert published_methods("live1", "color", 10)["IDCN"] == Scores(27.62, 27.32, 0.816)
    assert published_methods("icb", "y", 20)["ARCNN"] == Scores(32.62, 32.31, 0.821)
    assert list(published_methods("bsds500", "y", 30)) == ["JPEG", "ARCNN", "MWCNN", "QGAC"]
    assert list(published_methods("classic5", "y", 20)) == ["JPEG", "ARCNN", "MWCNN", "IDCN", "DMCNN", "QGAC"]
    assert published_methods("live1", "color", 50).keys() == {"JPEG", "QGAC"}
    assert published_methods("live1", "color", 5) == published_methods("folder", "color", 10) == {}


@pytest.mark.parametrize("dataset", BENCHMARKS)
@pytest.mark.parametrize("channels", ["color", "y"])
def test_published_figures_are_plausible(dataset: str, channels: str) -> None:
    """A slip of the pen would break one of these: each step of quality, and the method itself, improve every figure."""
    if (dataset, channels) == ("classic5", "color"):
        assert published(dataset, channels, 10) is None
        return
    rows = [published(dataset, channels, quality) for quality in (10, 20, 30)]
    for row in rows:
        for before, after in zip(vars(row.jpeg).values(), vars(row.restored).values(), strict=True):
            assert before < after
    for lower, higher in pairwise(rows):
        for before, after in zip(lower, higher, strict=True):
            assert all(a < b for a, b in zip(vars(before).values(), vars(after).values(), strict=True))
