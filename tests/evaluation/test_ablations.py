"""The recipes of table 5, and the command that trains and tabulates them."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import Result
from PIL import Image

from made.banks import write_small_bank
from made.command_line import qgac_command
from made.pictures import photo
from qgac.evaluation.ablations import EXPERIMENTS, Ablation, ablations_markdown
from qgac.evaluation.published import ABLATIONS
from qgac.evaluation.test_sets import BENCHMARKS
from qgac.metrics.scores import Scores
from qgac.models.y_network import YNetwork
from qgac.training.recipe import Recipe, read_recipe

FOLDER = Path(__file__).parents[2] / "recipes" / "ablations"
RECIPES = {path.stem: read_recipe(path) for path in FOLDER.glob("*.toml")}


def parameters(recipe: Recipe) -> int:
    with torch.device("meta"):
        network = YNetwork(recipe.model.y)
    return sum(parameter.numel() for parameter in network.parameters())


def test_there_is_a_recipe_for_every_row_of_the_table() -> None:
    assert set(RECIPES) == set(EXPERIMENTS)
    assert list(EXPERIMENTS.values()) == list(ABLATIONS)


@pytest.mark.parametrize("experiment", ["CFM", "subnetworks", "fusion"])
def test_networks_of_an_experiment_are_about_equally_large(experiment: str) -> None:
    counts = [parameters(RECIPES[name]) for name, (kind, _) in EXPERIMENTS.items() if kind == experiment]
    assert max(counts) <= 1.05 * min(counts)


def test_runs_differ_in_the_network_alone() -> None:
    shared = {
        str(asdict(replace(recipe, seed=0, model=replace(recipe.model, y=RECIPES["cfm-cfm"].model.y))))
        for recipe in RECIPES.values()
    }
    assert len(shared) == 1


def test_every_recipe_tests_what_it_is_named_for() -> None:
    y = {name: recipe.model.y for name, recipe in RECIPES.items()}
    assert [y[f"cfm-{name}"].conditioning for name in ("none", "concat", "cfm")] == ["none", "concat", "cfm"]
    assert [(c.blocknets, c.frequencynet) for n, c in y.items() if n == "subnetworks-frequencynet"] == [(0, True)]
    assert [(c.blocknets, c.frequencynet) for n, c in y.items() if n == "subnetworks-blocknet"] == [(1, False)]
    for name in ("fusion-none", "fusion-fusion"):
        assert (y[name].blocknets, y[name].frequencynet, y[name].fusion) == (2, True, name == "fusion-fusion")


def test_table_is_in_the_order_of_the_papers() -> None:
    scores = Scores(29, 28.5, 0.8)
    names = ["zzz", "fusion-none", "cfm-cfm", "cfm-none"]
    lines = ablations_markdown(
        [Ablation(name, 1234, 5, scores) for name in names], Scores(27.8, 25.2, 0.78)
    ).splitlines()
    own = "1,234 | 5 | 29.00 / 28.50 / 0.800"
    assert lines[4:9] == [
        f"| CFM | none | {own} | 29.38 / 28.90 / 0.825 |",
        f"| CFM | CFM | {own} | 29.46 / 29.05 / 0.827 |",
        f"| fusion | no fusion | {own} | 27.82 / 25.21 / 0.780 |",
        f"|  | zzz | {own} |  |",
        "|  | JPEG |  |  | 27.80 / 25.20 / 0.780 |  |",
    ]


SHORT = """
stage = "y"
[model.y]
width = 8
rrdbs = 0
residual_blocks = 1
blocknets = 1
frequencynet = false
fusion = false
manifold = 4
conditioning = "CONDITIONING"
[model.color]
width = 4
joined_width = 8
manifold = 4
rrdbs = 0
joined_rrdbs = 0
[data]
batch = 2
patch = 32
[optimization]
steps = 2
ssim_weight = 0.0
[validation]
every = 2
pictures = 1
patch = 32
qualities = [10]
"""


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    (tmp_path / "classic5").mkdir()
    for seed, name in enumerate(BENCHMARKS["classic5"].names):
        Image.fromarray(photo(64, 72, seed)).convert("L").convert("RGB").save(tmp_path / "classic5" / f"{name}.png")
    write_small_bank(tmp_path / "bank")
    (tmp_path / "recipes").mkdir()
    for conditioning in ("none", "concat"):
        recipe = SHORT.replace("CONDITIONING", conditioning)
        (tmp_path / "recipes" / f"cfm-{conditioning}.toml").write_text(recipe)
    return tmp_path


def ablate(workplace: Path, **changed: Any) -> Result:
    places = {
        "recipes": "recipes",
        "patches": "bank",
        "out": "out",
        "root": "classic5",
        "markdown": "table.md",
    } | changed
    options = [
        part for name in ("patches", "out", "root", "markdown") for part in (f"--{name}", workplace / places[name])
    ]
    return qgac_command("ablate", workplace / places["recipes"], *options)


def test_recipes_are_trained_once_and_tabulated(workplace: Path) -> None:
    first = ablate(workplace)
    assert first.exit_code == 0, first.output
    rows = [line.split(" | ") for line in first.stdout.splitlines()[4:7]]
    assert [row[1] for row in rows] == ["none", "concat", "JPEG"]
    assert (workplace / "table.md").read_text() == first.stdout
    weights = {path: path.stat().st_mtime_ns for path in (workplace / "out").rglob("*.safetensors")}
    assert len(weights) == 4
    refused = ablate(workplace)
    assert refused.exit_code == 2  # for the table is there
    again = ablate(workplace, markdown="again.md")
    assert again.stdout == first.stdout
    assert {path: path.stat().st_mtime_ns for path in weights} == weights


def test_what_is_missing_is_told_before_training(workplace: Path) -> None:
    for changed, message in (
        ({"root": "bank"}, "lacks 5 of the 5 pictures of Classic-5"),
        ({"recipes": "classic5"}, "holds no recipes"),
        ({"patches": "classic5"}, "holds no bank"),
    ):
        result = ablate(workplace, **changed)
        assert result.exit_code == 1
        assert message in result.stderr
        assert not list(workplace.glob("out/*/*.safetensors"))
