"""The GAN stage: who moves, what is logged, that it resumes exactly, and that it sees what users will see."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from made.banks import write_small_bank
from made.pictures import photo
from qgac.restoration.restorer import Restorer
from qgac.training import machine
from qgac.training.batches.batch import compress
from qgac.training.forward import restore_batch
from qgac.training.gan import stage as gan
from qgac.training.machine import TrainingError
from qgac.training.recipe import Recipe, read_recipe
from qgac.training.sections import Gan, RecipeError
from qgac.training.train import train
from qgac.weights.blending import interpolate
from qgac.weights.checkpoints import load_model
from qgac.weights.files import load_record

RECIPES = Path(__file__).parents[3] / "recipes"
TINY = read_recipe(RECIPES / "tiny.toml")


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_bank(tmp_path_factory.mktemp("gan") / "bank")


def short(stage: str = "gan", steps: int = 8, **numbers: Any) -> Recipe:
    recipe = replace(
        TINY,
        data=replace(TINY.data, batch=2, patch=32),
        validation=replace(TINY.validation, every=4, patch=32),
        optimization=replace(TINY.optimization, steps=steps, learning_rate=1e-3),
    )
    numbers = {"discriminator_width": 4, **numbers} if stage == "gan" else {}
    return replace(recipe, stage=stage, gan=Gan(**numbers))


@pytest.fixture(scope="module")
def start(bank: Path) -> Path:
    """A network that has learned a little, Y and colour."""
    list(train(short("y"), bank, bank.parent / "y"))
    list(train(short("color"), bank, bank.parent / "color", start=bank.parent / "y" / "last.safetensors"))
    return bank.parent / "color" / "last.safetensors"


@pytest.fixture(scope="module")
def run(bank: Path, start: Path) -> Path:
    events = list(train(short(), bank, bank.parent / "run", start=start))
    assert [event.step for event in events] == [4, 8]
    return bank.parent / "run"


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def state_of(folder: Path) -> dict[str, Any]:
    return torch.load(folder / "run.pt", weights_only=True)


def test_the_whole_generator_moves_and_its_statistics_stay(start: Path, run: Path) -> None:
    before = load_model(start).state_dict()
    trained = state_of(run)["model"]
    moved = {name.split(".")[0] for name, value in before.items() if not torch.equal(trained[name], value)}
    assert moved == {"y_network", "color_network"}
    exported = load_model(run / "last.safetensors")
    assert same(exported.state_dict(), state_of(run)["average"])
    interpolate(load_model(start), exported, 0.7)  # it can be blended with what it came from


def test_the_color_network_stays_if_the_recipe_says_so(bank: Path, start: Path, tmp_path: Path) -> None:
    list(train(short(color=False), bank, tmp_path / "run", start=start))
    before, after = load_model(start), load_model(tmp_path / "run" / "last.safetensors")
    assert same(before.color_network.state_dict(), after.color_network.state_dict())
    assert not same(before.y_network.state_dict(), after.y_network.state_dict())


def test_the_discriminator_moves(bank: Path, start: Path, run: Path, tmp_path: Path) -> None:
    calls = iter(range(100))
    list(train(short(), bank, tmp_path / "run", start=start, stop=lambda: next(calls) >= 1))
    early, late = (state_of(folder)["partners"]["discriminator"]["network"] for folder in (tmp_path / "run", run))
    assert not any(torch.equal(late[name], value) for name, value in early.items() if name.endswith("weight"))


@pytest.mark.parametrize("normalization", ["batch", "spectral", "none"])
def test_a_resumed_run_is_the_unbroken_one(bank: Path, start: Path, tmp_path: Path, normalization: str) -> None:
    recipe = short(steps=6, discriminator_normalization=normalization)
    whole = list(train(recipe, bank, tmp_path / "whole", start=start))
    calls = iter(range(100))
    parts = list(train(recipe, bank, tmp_path / "parts", start=start, stop=lambda: next(calls) >= 3))
    assert parts == []
    parts += train(recipe, bank, tmp_path / "parts", resume=True)
    assert parts == whole
    ends = [state_of(tmp_path / name) for name in ("whole", "parts")]
    assert same(ends[0]["model"], ends[1]["model"])
    assert same(ends[0]["average"], ends[1]["average"])
    networks = [end["partners"]["discriminator"]["network"] for end in ends]
    assert same(*networks)
    moments = [end["partners"]["discriminator"]["optimizer"]["state"] for end in ends]
    assert all(same(moments[0][key], moments[1][key]) for key in moments[0])
    assert (tmp_path / "whole" / "metrics.csv").read_text() == (tmp_path / "parts" / "metrics.csv").read_text()


def test_the_logs_watch_both_sides(run: Path) -> None:
    rows = list(csv.DictReader((run / "metrics.csv").read_text().splitlines()))
    assert set(rows[0]) == {
        "step", "learning_rate", "loss", "texture", "adversarial", "l1", "discriminator", "logit_original",
        "logit_restored", "q10", "mean", "texture_distance", "grid",
    }  # fmt: skip
    for row in rows:
        weighted = float(row["texture"]) + 5e-3 * float(row["adversarial"]) + 1e-2 * float(row["l1"])
        assert float(row["loss"]) == pytest.approx(weighted, rel=1e-4)
        assert float(row["texture_distance"]) > 0
    with Image.open(run / "sheet.png") as sheet:
        assert sheet.size == (3 * 32, 32)


def test_smooth_places_are_looked_at_in_both_and_a_resumed_run_is_the_unbroken_one(
    bank: Path, start: Path, tmp_path: Path
) -> None:
    recipe = short(smooth_weight=0.5, regression=str(start), blend=0.6)
    whole = list(train(recipe, bank, tmp_path / "whole", start=start))
    calls = iter(range(100))
    list(train(recipe, bank, tmp_path / "parts", start=start, stop=lambda: next(calls) >= 5))
    list(train(recipe, bank, tmp_path / "parts", resume=True))
    assert same(state_of(tmp_path / "whole")["model"], state_of(tmp_path / "parts")["model"])
    for event in whole:
        parts = event.parts
        weighted = parts["texture"] + 5e-3 * parts["adversarial"] + 1e-2 * parts["l1"]
        assert event.loss == pytest.approx(weighted + 0.5 * (parts["smooth"] + parts["smooth_blended"]), rel=1e-4)
        assert parts["smooth"] != parts["smooth_blended"]
    assert not same(state_of(tmp_path / "whole")["model"], load_model(start).state_dict())


def test_the_last_weights_are_what_it_made(run: Path) -> None:
    """The best PSNR of this stage is that of its start."""
    assert not (run / "best.safetensors").exists()
    assert load_record(run / "last.safetensors")["record"]["stage"] == "gan"


def test_the_discriminator_sees_what_users_will_see(start: Path) -> None:
    """The batch as the trainer restores it, against the restorer on the file that libjpeg writes."""
    model = load_model(start)
    samples = photo(64, 64, 3)
    for quality, subsampling, factors in ((15, "4:2:0", (2, 2)), (40, "4:4:4", (1, 1))):
        file = io.BytesIO()
        Image.fromarray(samples).save(file, "JPEG", quality=quality, subsampling=subsampling)
        expected = Restorer(model)(file.getvalue(), dtype=np.float32).pixels
        rgb = torch.from_numpy(samples.copy()).permute(2, 0, 1)[None].float()
        with torch.no_grad():
            restored = restore_batch(model, compress(rgb, np.array([quality]), factors)) / 255
        found = (255 * restored[0]).clamp(0, 255).permute(1, 2, 0).numpy()
        # The restorer limits Y, Cb and Cr to 0..255 before it makes RGB of them; few pixels are out there.
        assert np.quantile(np.abs(found - expected), 0.99) < 0.01


def test_without_the_projection_restored_pictures_differ(start: Path) -> None:
    rgb = torch.from_numpy(photo(64, 64, 3).copy()).permute(2, 0, 1)[None].float()
    batch = compress(rgb, np.array([30]), (2, 2))
    model = load_model(start)
    torch.manual_seed(0)
    for parameter in model.parameters():
        parameter.add_(0.3 * torch.randn(parameter.shape))
    with torch.no_grad():
        projected, free = (restore_batch(model, batch, projected=choice) / 255 for choice in (True, False))
    assert (projected - free).abs().mean() > 0.01


def test_a_generator_without_a_finite_gradient_stands_still_and_the_discriminator_goes_on(
    bank: Path, start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gan, "texture_loss", lambda restored, target: restored[0].sum() * torch.nan)
    list(train(short(steps=4), bank, tmp_path / "run", start=start))
    before, state = load_model(start).state_dict(), state_of(tmp_path / "run")
    assert same(state["model"], before)
    assert same(state["average"], before)
    assert all(value.isfinite().all() for value in state["partners"]["discriminator"]["network"].values())
    assert state["partners"]["discriminator"]["optimizer"]["state"][0]["exp_avg"].any()


def test_the_discriminator_follows_the_schedule_of_the_recipe() -> None:
    recipe = short(discriminator_learning_rate=4e-4, discriminator_betas=(0.5, 0.9))
    recipe = replace(recipe, optimization=replace(recipe.optimization, final_learning_rate=1e-6, warmup=4))
    descent = gan.discriminator_descent(recipe, machine.start("float32", device="cpu"))
    assert descent.optimizer.param_groups[0]["betas"] == (0.5, 0.9)
    rates = []
    for step in (0, 4, 8):
        descent.set_learning_rate(step)
        rates.append(descent.optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([4e-4, (4e-4 + 1e-6) / 2, 1e-6])


def test_runs_that_cannot_start(bank: Path, start: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="starts from the weights of a colour stage"):
        train(short(), bank, tmp_path / "run")
    other = short()
    other = replace(other, model=replace(other.model, color=replace(other.model.color, width=6)))
    with pytest.raises(TrainingError, match="has another network than the recipe"):
        train(other, bank, tmp_path / "run", start=start)
    with pytest.raises(TrainingError, match=r"there is no file none\.safetensors of texture weights"):
        list(train(short(texture="minc", texture_file="none.safetensors"), bank, tmp_path / "run", start=start))


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"regression": "small"}, "regression is for smooth places only"),
        ({"texture": "vgg"}, "neither 'random' nor 'minc'"),
        ({"texture": "minc"}, "needs texture_file"),
        ({"texture_file": "minc.pth"}, "needs texture_file"),
        ({"l1_weight": -1.0}, "not negative"),
        ({"discriminator_width": 0}, "at least 1"),
        ({"discriminator_learning_rate": 0.0}, "greater than 0"),
        ({"discriminator_normalization": "layer"}, "none of"),
        ({"discriminator_betas": (0.5, 1.0)}, "1 excluded"),
    ],
)
def test_impossible_numbers(numbers: Any, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        Gan(**numbers)


def test_recipes_that_do_not_fit_the_stage() -> None:
    with pytest.raises(RecipeError, match="at least 32 pixels"):
        replace(short(), data=replace(TINY.data, patch=16))
    with pytest.raises(RecipeError, match="for stage = 'gan' only"):
        replace(TINY, gan=Gan(l1_weight=1.0))


def test_the_papers_recipe_is_the_papers() -> None:
    """Sections 3.4, 4.1 and 4.2."""
    recipe = read_recipe(RECIPES / "paper-gan.toml")
    optimization, stage = recipe.optimization, recipe.gan
    assert (recipe.stage, recipe.data.batch, recipe.data.patch) == ("gan", 32, 256)
    assert recipe.data.qualities.values == tuple(range(10, 101, 10))
    assert (optimization.steps, optimization.schedule) == (100_000, "cosine")
    assert (optimization.learning_rate, optimization.final_learning_rate) == (1e-4, 1e-6)
    assert (stage.texture_weight, stage.adversarial_weight, stage.l1_weight) == (1.0, 5e-3, 1e-2)
    assert stage.texture == "minc"
    defaults = Recipe("y").model
    assert recipe.model.y == defaults.y
    assert recipe.model.color == defaults.color
    assert not recipe.model.residual_in_steps


def test_the_small_recipe_goes_on_from_the_color_stage() -> None:
    models = [read_recipe(RECIPES / f"small-{name}.toml").model for name in ("color", "gan", "gan-2")]
    assert models[0] == models[1] == models[2]
