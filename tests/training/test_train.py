"""Runs of a few steps of tiny networks: what is learned, written, resumed and left alone."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib
import pytest
import torch
from PIL import Image

from made.banks import write_small_bank
from made.networks import randomize
from qgac.models.qgac import QGAC
from qgac.training import machine
from qgac.training import train as training
from qgac.training.batches.bank import PatchBank
from qgac.training.batches.batch import held_out_crops
from qgac.training.descent import Descent
from qgac.training.machine import TrainingError
from qgac.training.recipe import Recipe, read_recipe
from qgac.training.run import Run
from qgac.training.train import train
from qgac.training.validation import validate
from qgac.weights.checkpoints import load_model, save_model
from qgac.weights.files import load_record

TINY = read_recipe(Path(__file__).parents[2] / "recipes" / "tiny.toml")


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_bank(tmp_path_factory.mktemp("training") / "bank")


def short(steps: int = 8, every: int = 4, **optimization: Any) -> Recipe:
    recipe = replace(TINY, data=replace(TINY.data, batch=2, patch=32))
    recipe = replace(recipe, validation=replace(TINY.validation, every=every, patch=32))
    return replace(recipe, optimization=replace(TINY.optimization, steps=steps, **optimization))


@pytest.fixture(scope="module")
def y_run(bank: Path) -> Path:
    folder = bank.parent / "y"
    list(train(short(), bank, folder))
    return folder


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_the_tiny_recipe_overfits_four_pictures_and_beats_the_jpeg(bank: Path, tmp_path: Path) -> None:
    """By far: what it has learned by heart it restores by several dB."""
    events = list(train(TINY, bank, tmp_path / "run"))
    assert events[-1].step == TINY.optimization.steps
    assert events[-1].loss < 0.5 * events[0].loss
    pictures = PatchBank(bank)
    crops = torch.stack([torch.from_numpy(pictures.picture(i).copy()).permute(2, 0, 1).float() for i in range(4)])
    gain = validate(load_model(tmp_path / "run" / "last.safetensors"), crops, TINY)
    assert gain["q10"] > 3
    untrained = QGAC(TINY.model)
    assert validate(untrained, crops, TINY)["q10"] == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("stage", ["y", "color"])
def test_a_resumed_run_is_the_unbroken_one(bank: Path, y_run: Path, tmp_path: Path, stage: str) -> None:
    recipe = replace(short(steps=10), stage=stage)
    start = y_run / "last.safetensors" if stage == "color" else None
    whole = list(train(recipe, bank, tmp_path / "whole", start=start))

    calls = iter(range(100))
    parts = list(train(recipe, bank, tmp_path / "parts", start=start, stop=lambda: next(calls) >= 6))
    assert [event.step for event in parts] == [4]
    # Weights to start from make no difference once there is a run to resume.
    parts += train(recipe, bank, tmp_path / "parts", start=start, resume=True)
    assert parts == whole  # losses, learning rates and validations, all of them exactly

    for name in ("last", "best"):
        ends = [load_model(tmp_path / run / f"{name}.safetensors").state_dict() for run in ("whole", "parts")]
        assert same(*ends)
    assert (tmp_path / "whole" / "metrics.csv").read_text() == (tmp_path / "parts" / "metrics.csv").read_text()


def test_metrics_made_after_the_last_checkpoint_are_made_again(bank: Path, y_run: Path, tmp_path: Path) -> None:
    """A run that was killed may have written a row that its state does not know of."""
    start = y_run / "last.safetensors"
    whole = list(train(short(), bank, tmp_path / "whole", start=start))
    calls = iter(range(100))
    list(train(short(), bank, tmp_path / "killed", start=start, stop=lambda: next(calls) >= 6))
    path = tmp_path / "killed" / "metrics.csv"
    path.write_text(path.read_text() + "8,1,2,3,4,5\n")
    resumed = list(train(short(), bank, tmp_path / "killed", resume=True))
    assert resumed == whole[1:]
    assert path.read_text() == (tmp_path / "whole" / "metrics.csv").read_text()


def test_metrics(y_run: Path) -> None:
    rows = list(csv.DictReader((y_run / "metrics.csv").read_text().splitlines()))
    assert [row["step"] for row in rows] == ["4", "8"]
    for row in rows:
        assert set(row) == {"step", "learning_rate", "loss", "l1", "q10", "mean"}
        assert 0 < float(row["loss"]) < 1
        assert float(row["q10"]) == float(row["mean"])
    assert float(rows[1]["learning_rate"]) < float(rows[0]["learning_rate"])


def test_weights_say_where_they_come_from(y_run: Path) -> None:
    content = load_record(y_run / "last.safetensors")
    assert content["record"]["stage"] == "y"
    assert content["record"]["step"] == 8
    assert content["record"]["recipe"] == json.loads(json.dumps(short().to_dict()))
    assert content["record"]["validation"].keys() == {"q10", "mean"}


def test_the_color_stage_leaves_y_as_it_is(bank: Path, y_run: Path, tmp_path: Path) -> None:
    for color_space in ("rgb", "ycbcr"):
        recipe = replace(short(color_space=color_space, ssim_weight=0.05), stage="color")
        folder = tmp_path / color_space
        list(train(recipe, bank, folder, start=y_run / "last.safetensors"))
        before = load_model(y_run / "last.safetensors").state_dict()
        exported = load_model(folder / "last.safetensors").state_dict()
        trained = torch.load(folder / "run.pt", weights_only=True)["model"]
        for name, value in before.items():
            if name.startswith(("y_network", "normalize")):
                assert torch.equal(exported[name], value), name
                assert torch.equal(trained[name], value), name
        assert not same(
            {k: v for k, v in before.items() if k.startswith("color")},
            {k: v for k, v in exported.items() if k.startswith("color")},
        )


def test_the_y_stage_leaves_color_as_it_is(bank: Path, y_run: Path) -> None:
    torch.manual_seed(TINY.seed)
    fresh = QGAC(TINY.model).color_network.state_dict()
    trained = torch.load(y_run / "run.pt", weights_only=True)["model"]
    assert all(torch.equal(trained[f"color_network.{name}"], value) for name, value in fresh.items())


def test_the_joint_stage_moves_both_networks_and_only_improves(bank: Path, y_run: Path, tmp_path: Path) -> None:
    color = replace(short(color_space="rgb"), stage="color")
    list(train(color, bank, tmp_path / "color", start=y_run / "last.safetensors"))
    start = tmp_path / "color" / "last.safetensors"
    *_, last = train(replace(short(steps=40, learning_rate=1e-3), stage="joint"), bank, tmp_path / "joint", start=start)
    before, after = (load_model(path).state_dict() for path in (start, tmp_path / "joint" / "last.safetensors"))
    for network in ("y_network", "color_network"):
        assert any(not torch.equal(before[name], after[name]) for name in before if name.startswith(network))
    crops = held_out_crops(PatchBank(bank, held_out=True), 8, 32)
    assert last.validation is not None
    assert last.validation["mean"] > validate(load_model(start), crops, color)["mean"]


def test_color_training_improves_color(bank: Path, y_run: Path, tmp_path: Path) -> None:
    recipe = replace(short(steps=150, every=150, color_space="ycbcr"), stage="color")
    start = load_model(y_run / "last.safetensors")
    pictures = PatchBank(bank)
    crops = torch.stack([torch.from_numpy(pictures.picture(i).copy()).permute(2, 0, 1).float() for i in range(4)])
    list(train(recipe, bank, tmp_path / "run", start=y_run / "last.safetensors"))
    trained = load_model(tmp_path / "run" / "last.safetensors")
    assert validate(trained, crops, recipe)["mean"] > validate(start, crops, recipe)["mean"] + 0.02


def test_a_white_crop_does_not_make_the_validation_infinite() -> None:
    """Its JPEG may have no error at all, or only a restoration that is cut off at white."""
    crops = torch.full((2, 3, 32, 32), 255.0)
    crops[1, :, 8:16, 8:16] = 100
    for qualities in ((10,), (50,)):  # 1016 is rounded up to 64 steps of 16
        gains = validate(
            QGAC(TINY.model), crops, replace(TINY, validation=replace(TINY.validation, qualities=qualities))
        )
        assert all(abs(gain) < 1 for gain in gains.values())


def make_run(tmp_path: Path, **optimization: Any) -> Run:
    model = QGAC(TINY.model)
    recipe = replace(TINY, optimization=replace(TINY.optimization, warmup=0, **optimization))
    fabric = machine.start("float32", device="cpu")
    return Run(recipe, model, model.y_network, tmp_path / "run", fabric=fabric, resume=False)


def step(run: Run, factor: float) -> None:
    """Take a step down the gradient of the sum of all weights, times a factor."""
    next(run.steps())
    loss = factor * sum(parameter.sum() for parameter in run.model.y_network.parameters())
    run.update(loss, {})


def test_checkpoints_by_the_clock(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    step(run, 1.0)
    step(run, 1.0)
    assert not (tmp_path / "run" / "run.pt").exists()
    run.recipe = replace(run.recipe, minutes_between_checkpoints=1e-9)
    next(run.steps())
    assert torch.load(tmp_path / "run" / "run.pt", weights_only=True)["step"] == 2


def test_a_partner_has_its_place_in_the_run(tmp_path: Path) -> None:
    """Its weights and moments are saved and come back, its learning rate follows its own schedule."""

    def run_with_partner(resume: bool) -> tuple[Run, Descent]:
        torch.manual_seed(0)
        model, fabric = QGAC(TINY.model), machine.start("float32", device="cpu")
        partner = Descent(torch.nn.Linear(3, 1), replace(TINY.optimization, learning_rate=0.5), fabric)
        folder, parts = tmp_path / "run", {"partner": partner}
        return Run(TINY, model, model.y_network, folder, fabric=fabric, resume=resume, partners=parts), partner

    run, partner = run_with_partner(resume=False)
    for index in range(3):
        next(run.steps())
        assert partner.optimizer.param_groups[0]["lr"] == pytest.approx(partner.optimization.learning_rate_at(index))
        partner.step(partner.network(torch.ones(3)).sum(), [])
        run.update(sum(p.sum() for p in run.model.y_network.parameters()), {})
    run.save()
    again, other = run_with_partner(resume=True)
    assert again.step == 3
    assert same(other.network.state_dict(), partner.network.state_dict())
    for mine, theirs in zip(other.optimizer.state.values(), partner.optimizer.state.values(), strict=True):
        assert same(mine, theirs)


def test_a_gradient_that_is_not_finite_changes_nothing(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    step(run, 1.0)
    before = {name: value.clone() for name, value in run.model.state_dict().items()}
    average = {name: value.clone() for name, value in run.average.state_dict().items()}
    step(run, float("nan"))
    step(run, float("inf"))
    assert same(run.model.state_dict(), before)
    assert same(run.average.state_dict(), average)
    assert run.step == 3
    step(run, 1.0)
    assert not same(run.model.state_dict(), before)
    assert all(value.isfinite().all() for value in run.model.state_dict().values())


def test_many_of_them_in_a_row_end_the_run(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    for _ in range(19):
        step(run, float("nan"))
    step(run, 1.0)  # the count starts again
    for _ in range(19):
        step(run, float("nan"))
    with pytest.raises(TrainingError, match="no finite gradient in 20 batches"):
        step(run, float("nan"))


def test_the_gradient_is_clipped(tmp_path: Path) -> None:
    """Adam's first step does not depend on the length of the gradient, its second moment does."""
    run = make_run(tmp_path, clip=1.0)
    step(run, 1000.0)
    moments = [state["exp_avg_sq"] for state in run.optimizer.state.values()]
    squared_norm = sum(moment.sum() for moment in moments) / (1 - run.recipe.optimization.betas[1])
    assert squared_norm.item() == pytest.approx(1, rel=1e-3)


def test_the_average_follows_the_weights(tmp_path: Path) -> None:
    """Its decay after n steps is the smaller of the recipe's and (1 + n) / (10 + n)."""
    run = make_run(tmp_path, ema=0.5)
    name = "y_network.subnetworks.0.encode.activation.weight"
    expected = run.average.get_parameter(name).clone()
    for n in range(12):
        step(run, 1.0)
        decay = min(0.5, (1 + n) / (10 + n))
        expected = decay * expected + (1 - decay) * run.model.get_parameter(name).detach()
        torch.testing.assert_close(run.average.get_parameter(name), expected)


def test_without_an_average_the_weights_themselves_are_exported(bank: Path, y_run: Path, tmp_path: Path) -> None:
    list(train(short(ema=0.0), bank, tmp_path / "run", start=y_run / "last.safetensors"))
    state = torch.load(tmp_path / "run" / "run.pt", weights_only=True)
    assert same(state["model"], state["average"])


def test_bfloat16_trains_too(bank: Path, y_run: Path, tmp_path: Path) -> None:
    events = list(train(short(precision="bfloat16"), bank, tmp_path / "run", start=y_run / "last.safetensors"))
    state = torch.load(tmp_path / "run" / "run.pt", weights_only=True)
    assert all(value.dtype == torch.float32 for value in state["model"].values())
    assert events[-1].loss < 1


def test_the_error_of_y_may_be_that_after_the_projection(bank: Path, tmp_path: Path) -> None:
    """Of a network that leaves the intervals it is smaller."""
    start = tmp_path / "far.safetensors"
    save_model(randomize(QGAC(TINY.model)), start, record={})
    first = {}
    for projected in (False, True):
        recipe = short(steps=1, projected=projected, learning_rate=1e-12, warmup=0, ssim_weight=0.0)
        folder = tmp_path / str(projected)
        first[projected] = list(train(recipe, bank, folder, start=start))[-1].loss
    assert first[True] < first[False]


def test_typefaces_of_a_folder_are_drawn_with(bank: Path, y_run: Path, tmp_path: Path) -> None:
    """And a folder without any ends the run before it begins."""
    recipe = short(steps=2)
    recipe = replace(recipe, data=replace(recipe.data, drawings_share=1.0))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no typefaces"):
        train(recipe, bank, tmp_path / "run", fonts=tmp_path / "empty")
    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    shutil.copytree(fonts, tmp_path / "fonts", ignore=shutil.ignore_patterns("[!S]*"))
    start = y_run / "last.safetensors"
    with_them, without = (
        list(train(recipe, bank, tmp_path / name, start=start, fonts=folder))[-1].loss
        for name, folder in (("with", tmp_path / "fonts"), ("without", None))
    )
    assert with_them != without


def test_weights_without_a_candidate_may_start_a_network_with_one(bank: Path, y_run: Path, tmp_path: Path) -> None:
    model = replace(TINY.model, y=replace(TINY.model.y, candidate=1))
    recipe = replace(short(steps=4), model=model)
    assert list(train(recipe, bank, tmp_path / "run", start=y_run / "last.safetensors"))[-1].loss < 1
    with pytest.raises(TrainingError, match="has another Y network than the recipe"):
        train(replace(recipe, stage="color"), bank, tmp_path / "color", start=y_run / "last.safetensors")


def test_runs_that_cannot_start(bank: Path, y_run: Path, tmp_path: Path) -> None:
    recipe = short()
    with pytest.raises(TrainingError, match="holds a run already; add --resume"):
        train(recipe, bank, y_run)
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / "run.pt").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(TrainingError, match=r"run\.pt is damaged"):
        train(recipe, bank, damaged, resume=True)
    state = torch.load(y_run / "run.pt", weights_only=True)
    del state["partners"]
    torch.save(state, damaged / "run.pt")
    with pytest.raises(TrainingError, match="written by another version; start in another folder"):
        train(recipe, bank, damaged, resume=True)
    with pytest.raises(TrainingError, match="holds no run to resume"):
        train(recipe, bank, tmp_path / "none", resume=True)
    with pytest.raises(TrainingError, match="made by another recipe"):
        train(replace(recipe, seed=5), bank, y_run, resume=True)
    with pytest.raises(TrainingError, match="starts from the weights of a Y stage"):
        train(replace(recipe, stage="color"), bank, tmp_path / "color")
    joint = replace(recipe, stage="joint")
    with pytest.raises(TrainingError, match="the joint stage starts from the weights of a colour stage"):
        train(joint, bank, tmp_path / "joint")
    other = replace(joint, model=replace(joint.model, color=replace(joint.model.color, residual_blocks=3)))
    with pytest.raises(TrainingError, match="has another network than the recipe"):
        train(other, bank, tmp_path / "joint", start=y_run / "last.safetensors")


@pytest.mark.parametrize(
    "change",
    [
        lambda model: replace(model, y=replace(model.y, width=16)),
        lambda model: replace(model, levels=False),
        lambda model: replace(model, log_table=False),  # the shapes of all weights are the same
        lambda model: replace(model, residual_in_steps=False),
    ],
    ids=["width", "levels", "log_table", "residual_in_steps"],
)
def test_weights_of_another_y_network_are_refused(
    bank: Path, y_run: Path, tmp_path: Path, change: Callable[..., Any]
) -> None:
    recipe = replace(short(), stage="color", model=change(TINY.model))
    with pytest.raises(TrainingError, match="has another Y network than the recipe"):
        train(recipe, bank, tmp_path / "color", start=y_run / "last.safetensors")


def test_a_larger_color_network_may_start_from_the_same_y(bank: Path, y_run: Path, tmp_path: Path) -> None:
    model = replace(TINY.model, color=replace(TINY.model.color, width=6, joined_width=20))
    recipe = replace(short(steps=4), stage="color", model=model)
    assert len(list(train(recipe, bank, tmp_path / "run", start=y_run / "last.safetensors"))) == 1


def test_a_run_of_before_the_recipe_had_an_entry_goes_on(bank: Path, tmp_path: Path) -> None:
    """What an older version did not write down takes its default; what differs is still refused."""
    calls = iter(range(100))
    recipe = short()
    list(train(recipe, bank, tmp_path / "run", stop=lambda: next(calls) >= 4))
    state = torch.load(tmp_path / "run" / "run.pt", weights_only=True)
    stored = json.loads(state["recipe"])
    del stored["model"]["y"]["conditioning"]
    torch.save({**state, "recipe": json.dumps(stored)}, tmp_path / "run" / "run.pt")
    assert [event.step for event in train(recipe, bank, tmp_path / "run", resume=True)] == [8]
    with pytest.raises(TrainingError, match="another recipe"):
        list(train(replace(recipe, seed=5), bank, tmp_path / "run", resume=True))


def test_without_matplotlib_drawings_say_how_to_get_it(
    bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "find_spec", lambda name: None)
    recipe = replace(TINY, data=replace(TINY.data, patch=32), validation=replace(TINY.validation, patch=32))
    train(recipe, bank, tmp_path / "run")  # needs none
    with pytest.raises(machine.TrainingError, match="matplotlib; install it with"):
        train(replace(recipe, data=replace(recipe.data, drawings_share=0.1)), bank, tmp_path / "other")


def test_the_sheet_shows_jpeg_restored_and_original(bank: Path, tmp_path: Path) -> None:
    recipe = replace(TINY, data=replace(TINY.data, patch=32), validation=replace(TINY.validation, patch=48))
    recipe = replace(recipe, optimization=replace(recipe.optimization, steps=2))
    list(train(recipe, bank, tmp_path / "run"))
    with Image.open(tmp_path / "run" / "sheet.png") as sheet:
        columns = torch.frombuffer(bytearray(sheet.tobytes()), dtype=torch.uint8).view(48, 3, 48, 3).unbind(1)
    jpeg, restored, original = (column.float() for column in columns)
    crop = held_out_crops(PatchBank(bank, held_out=True), 1, 48)[0]
    y = (torch.tensor([0.299, 0.587, 0.114])[:, None, None] * crop).sum(0).round()
    assert (original == y[..., None]).all()
    # A quality of 10: not the original, and hardly restored after two steps.
    assert (jpeg - original).abs().mean() > 3 * (restored - jpeg).abs().mean() > 0
