from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from qgac.models.configuration import Configuration
from qgac.models.qgac import QGAC
from qgac.training.recipe import Recipe, read_recipe
from qgac.training.sections import Data, Optimization, RecipeError

RECIPES = sorted((Path(__file__).parents[2] / "recipes").rglob("*.toml"))


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "a.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_recipes_of_this_repository(path: Path) -> None:
    recipe = read_recipe(path)
    # What a run writes down reads back as the same recipe.
    assert Configuration.from_dict(recipe.to_dict()["model"]) == recipe.model


def test_there_are_recipes() -> None:
    names = {f"{size}-{stage}" for size in ("small", "large", "paper") for stage in ("y", "color")}
    assert {"tiny", *names} <= {path.stem for path in RECIPES}


def test_defaults_are_the_papers(tmp_path: Path) -> None:
    """Section 4.1: patches of 256, batches of 32, 400,000 steps, rate 1e-3 halved every 100,000, lambda 0.05."""
    recipe = read_recipe(written(tmp_path, 'stage = "y"'))
    assert recipe.model == Configuration()
    assert (recipe.data.patch, recipe.data.batch) == (256, 32)
    steps = recipe.optimization
    assert (steps.steps, steps.learning_rate, steps.halve_every, steps.ssim_weight) == (400_000, 1e-3, 100_000, 0.05)


def repository(name: str) -> Recipe:
    return read_recipe(next(path for path in RECIPES if path.stem == name))


@pytest.mark.parametrize("name", ["paper-y", "paper-color"])
def test_what_the_papers_stages_share(name: str) -> None:
    """Sections 3 and 4.1: Adam, 32 patches of 256x256, qualities 10 to 100 in steps of 10, lambda 0.05, full width."""
    recipe = repository(name)
    assert recipe.model == Configuration(residual_in_steps=False)
    assert (recipe.data.patch, recipe.data.batch, recipe.data.factors) == (256, 32, ((2, 2),))
    assert recipe.data.qualities.values == tuple(range(10, 101, 10))
    assert (recipe.data.candidates, recipe.data.downscale_share, recipe.data.flips) == (1, 0.0, False)
    assert (recipe.data.other_tables_share, recipe.data.recompressed_share) == (0.0, 0.0)
    steps = recipe.optimization
    assert (steps.error, steps.ssim_weight, steps.roundness, steps.color_space) == ("absolute", 0.05, 0.0, "rgb")
    assert (steps.betas, steps.warmup, steps.clip, steps.ema, steps.precision) == ((0.9, 0.999), 0, 0.0, 0.0, "float32")


def test_the_papers_y_stage() -> None:
    """The learning rate starts at 1e-3 and is halved every 100,000 batches; the end is after 400,000."""
    recipe = repository("paper-y")
    assert (recipe.stage, recipe.optimization.steps) == ("y", 400_000)
    rates = [recipe.optimization.learning_rate_at(step) for step in (0, 99_999, 100_000, 200_000, 399_999)]
    assert rates == [1e-3, 1e-3, 5e-4, 2.5e-4, 1.25e-4]


def test_the_papers_color_stage() -> None:
    """Cosine annealing from 1e-3 to 1e-6 over 100,000 batches."""
    recipe = repository("paper-color")
    assert (recipe.stage, recipe.optimization.steps) == ("color", 100_000)
    rates = [recipe.optimization.learning_rate_at(step) for step in (0, 50_000, 100_000)]
    assert rates == pytest.approx([1e-3, (1e-3 + 1e-6) / 2, 1e-6])


@pytest.mark.parametrize("name", ["large-y", "large-color"])
def test_the_large_model_has_the_size_that_the_documents_state(name: str) -> None:
    with torch.device("meta"):
        model = QGAC(repository(name).model)
    networks = [sum(p.numel() for p in part.parameters()) for part in (model.y_network, model.color_network)]
    assert networks == [21_001_830, 7_130_264]
    assert sum(networks) <= 30_000_000
    assert 2 * sum(networks) < 62e6  # bytes in 16 bits each


@pytest.mark.parametrize("size", ["small", "large", "paper"])
def test_stages_of_one_model_fit_together(size: str) -> None:
    y, color = repository(f"{size}-y"), repository(f"{size}-color")
    assert (y.stage, color.stage) == ("y", "color")
    assert color.model == y.model


def test_values_reach_their_places(tmp_path: Path) -> None:
    text = """
    stage = "color"
    seed = 7
    [model]
    levels = true
    [model.color]
    factors = [[2, 2], [1, 1]]
    [data]
    factors = [[1, 1]]
    [data.qualities]
    values = [10, 90]
    [optimization]
    learning_rate = 1
    betas = [0.5, 0.9]
    """
    recipe = read_recipe(written(tmp_path, text))
    assert (recipe.stage, recipe.seed, recipe.model.levels) == ("color", 7, True)
    assert recipe.model.color.factors == ((2, 2), (1, 1))
    assert recipe.data.qualities.values == (10, 90)
    assert recipe.optimization.betas == (0.5, 0.9)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('stage = "y"\nsede = 3', r"unknown key 'sede' in a\.toml; did you mean 'seed'"),
        ('stage = "y"\n[data]\nbach = 3', r"unknown key 'bach' in a\.toml\.data; did you mean 'batch'"),
        ('stage = "y"\n[model.y]\nwidht = 3', r"'widht' in a\.toml\.model\.y; did you mean 'width'"),
        ('stage = "y"\n[data.qualities]\nxyzzy = 3', r"'xyzzy' in .*; known are values, low, high, power"),
        ("seed = 3", r"a\.toml lacks stage; add"),
        ('stage = "y"\nmodel = 3', r"a\.toml\.model is not a table; write \[model\]"),
        ('stage = "y"\n[model]\ny = 3', r"a\.toml\.model\.y is not a table; write \[model\.y\]"),
        ('stage = "y"\n[model.y]\nwidth = 0', "width is 0; it is at least 1"),
        ('stage = "y"\n[model.y]\nresidual_blocks = -1', "residual_blocks is -1; it is at least 0"),
        ('stage = "y"\n[model.color]\njoined_width = -4', "joined_width is -4; it is at least 1"),
        ('stage = "y"\n[data]\nrecompressed_qualities = [10]', "recompressed_qualities are two numbers, not 1"),
        ('stage = "y"\n[optimization]\nbetas = [0.9, 0.9, 0.9]', "betas are two numbers, not 3"),
        ('stage = "yy"', "stage 'yy' is none of"),
        ('stage = "y"\ndata = 3', r"a\.toml\.data is not a table; write \[.*data\]"),
        ('stage = "y"\nseed = "one"', r"a\.toml\.seed is 'one', not a whole number"),
        ('stage = "y"\nseed = 1.5', "not a whole number"),
        ('stage = "y"\nseed = true', "not a whole number"),
        ('stage = "y"\n[data]\nflips = 1', "not true or false"),
        ('stage = "y"\n[data]\nfactors = 2', "not a list"),
        ('stage = "y"\n[optimization]\nlearning_rate = "1e-3"', "not a number"),
        ('stage = "y', "is not TOML"),
        ('stage = "y"\n[data]\npatch = 100', "100 is not a multiple of 16"),
        ('stage = "y"\n[data]\nbatch = 0', "at least 1"),
        ('stage = "y"\n[data]\ndownscale_share = 2', "between 0 and 1"),
        ('stage = "y"\n[data]\nfactors = [[4, 1]]', "taken from"),
        ('stage = "y"\n[data]\nfactors = [[2, 2], [1, 1]]\nfactor_weights = [1]', "one weight for each"),
        ('stage = "y"\n[data]\nfactor_weights = [0]', "not all 0"),
        ('stage = "y"\n[data.qualities]\nlow = 0', "between 1 and 100"),
        ('stage = "y"\n[data.qualities]\nvalues = [10, 101]', "between 1 and 100"),
        ('stage = "y"\n[data.qualities]\nvalues = [10.5]', "whole numbers"),
        ('stage = "y"\n[data]\nfactors = [[2.5, 2]]', "taken from"),
        ('stage = "y"\n[data.qualities]\npower = 0', "greater than 0"),
        ('stage = "y"\n[optimization]\nsteps = 0', "at least 1"),
        ('stage = "y"\n[optimization]\nlearning_rate = -1', "greater than 0"),
        ('stage = "y"\n[optimization]\nema = 1', "1 excluded"),
        ('stage = "y"\n[optimization]\nclip = -1', "not negative"),
        ('stage = "y"\n[optimization]\nbetas = [0.9]', "betas are two numbers, not 1"),
        ('stage = "y"\n[optimization]\nlearning_rate = nan', r"learning_rate is nan; recipes take finite numbers"),
        ('stage = "y"\n[optimization]\nbetas = [0.9, inf]', "finite numbers"),
        (f'stage = "y"\nseed = 1{"0" * 400}', "finite numbers"),
        ('stage = "y"\n[data.qualities]\nvalues = ["10"]', "values holds '10', not a number"),
        ('stage = "y"\n[data]\nfactors = [[2, true]]', "factors holds True, not a number"),
        ('stage = "y"\n[optimization]\nerror = "l2"', "neither 'absolute' nor 'logarithmic'"),
        ('stage = "y"\n[optimization]\nerror = "logarithmic"\nroundness = 0.1', "roundness is for"),
        ('stage = "y"\n[optimization]\nblocking_weight = 0.1', "blocking_weight is for"),
        (
            'stage = "y"\n[data]\nrescaled = true\n[optimization]\nerror = "logarithmic"\nblocking_weight = 0.1',
            "have no borders of blocks",
        ),
        ('stage = "y"\n[optimization]\nschedule = "linear"', "none of 'cosine', 'stable' and 'step'"),
        ('stage = "y"\n[optimization]\nprecision = "float16"', "neither 'float32' nor 'bfloat16'"),
        ('stage = "y"\n[optimization]\ncolor_space = "lab"', "neither 'rgb' nor 'ycbcr'"),
        ('stage = "joint"\n[optimization]\ncolor_space = "ycbcr"', "measures its error in RGB"),
        ('stage = "y"\n[validation]\nevery = 0', "at least 1"),
        ('stage = "y"\n[validation]\npatch = 40', "multiple of 16"),
        ('stage = "y"\n[validation]\nqualities = []', "at least one"),
        ('stage = "y"\n[model.y]\nblocknets = 5', "BlockNets"),
        ('stage = "color"\n[data]\nfactors = [[1, 2]]', r"model\.color\.factors lacks \[1, 2\]"),
        ('stage = "color"\n[model.color]\nfactors = [[1, 1]]', r"model\.color\.factors lacks \[2, 2\]"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        read_recipe(written(tmp_path, text))


def test_cosine_schedule() -> None:
    schedule = Optimization(steps=110, warmup=10, learning_rate=1.0, final_learning_rate=0.0)
    rates = [schedule.learning_rate_at(step) for step in range(111)]
    assert rates[:10] == pytest.approx([0.1 * (step + 1) for step in range(10)])
    assert rates[10] == max(rates) == 1
    assert rates[60] == pytest.approx(0.5)
    assert rates[110] == pytest.approx(0, abs=1e-12)
    assert all(later < earlier for earlier, later in pairwise(rates[10:]))


def test_stable_schedule() -> None:
    schedule = Optimization(
        schedule="stable", steps=100, warmup=10, decay_share=0.2, learning_rate=1.0, final_learning_rate=0.0
    )
    rates = [schedule.learning_rate_at(step) for step in range(101)]
    assert rates[:10] == pytest.approx([(i + 1) / 10 for i in range(10)])
    assert rates[10:81] == [1.0] * 71
    assert rates[90] == pytest.approx(0.5)
    assert rates[100] == pytest.approx(0.0)


def test_step_schedule() -> None:
    schedule = Optimization(schedule="step", learning_rate=8.0, halve_every=10)
    assert [schedule.learning_rate_at(step) for step in (0, 9, 10, 19, 20, 30)] == [8, 8, 4, 4, 2, 1]


def test_recipes_are_values() -> None:
    recipe = Recipe("y", data=Data(batch=2))
    assert recipe == Recipe("y", data=Data(batch=2))
    assert replace(recipe, seed=1) != recipe


def test_the_recipe_that_a_run_keeps_can_be_read(tmp_path: Path) -> None:
    recipe = read_recipe(next(path for path in RECIPES if path.name == "small-color.toml"))
    kept = tmp_path / "recipe.json"
    kept.write_text(json.dumps(recipe.to_dict()))
    assert read_recipe(kept) == recipe


@pytest.mark.parametrize(
    ("limits", "drawn"), [("[98, 5]", "low = 5"), ("[50, 98]", "values = [10]"), ("[5, 90]", "low = 5\nhigh = 98")]
)
def test_qualities_stay_within_those_the_model_is_told(tmp_path: Path, limits: str, drawn: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(f'stage = "y"\n[model]\ntrained_qualities = {limits}\n[data.qualities]\n{drawn}\n')
    with pytest.raises(RecipeError, match="trained_qualities"):
        read_recipe(path)


@pytest.mark.parametrize("factors", ["[[3, 5], [1, 2]]", "[[0, 1]]"])
def test_factors_that_no_network_restores_are_refused(tmp_path: Path, factors: str) -> None:
    text = f'stage = "color"\n[model.color]\nfactors = {factors}\n'
    with pytest.raises(RecipeError, match=r"are none that a colour network restores; choose among \[1, 1\]"):
        read_recipe(written(tmp_path, text))
