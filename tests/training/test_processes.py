"""Two processes are one: each takes half of the same batches, and the gradient is that of the whole batch."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from made.banks import write_small_bank
from qgac.training.recipe import read_recipe
from qgac.training.run import Progress
from qgac.training.train import train
from qgac.weights.checkpoints import load_model

TINY = read_recipe(Path(__file__).parents[2] / "recipes" / "tiny.toml")
RECIPE = replace(
    TINY,
    data=replace(TINY.data, batch=2, patch=32),
    validation=replace(TINY.validation, every=4, patch=32),
    optimization=replace(TINY.optimization, steps=8, clip=0.0),
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Progress]]:
    folder = tmp_path_factory.mktemp("processes")
    bank = write_small_bank(folder / "bank")
    events = list(train(RECIPE, bank, folder / "one"))
    script = Path(__file__).with_name("two_processes.py")
    arguments = [str(bank), str(folder / "two"), json.dumps(RECIPE.to_dict())]
    subprocess.run([sys.executable, str(script), *arguments], check=True, timeout=120)
    return folder, events


@pytest.fixture(scope="module", params=[0, 1])
def result(folders: tuple[Path, list[Progress]], request: pytest.FixtureRequest) -> dict[str, Any]:
    """What each of the two processes saw."""
    return json.loads((folders[0] / "two" / f"result-{request.param}.json").read_text())


def test_losses_are_those_of_one_process(folders: tuple[Path, list[Progress]], result: dict[str, Any]) -> None:
    events = folders[1]
    assert [step for step, _, _ in result["events"]] == [event.step for event in events] == [4, 8]
    for (_, loss, validation), event in zip(result["events"], events, strict=True):
        assert loss == pytest.approx(event.loss, rel=1e-4)
        assert validation["mean"] == pytest.approx(event.validation["mean"], abs=2e-2)


def test_weights_are_those_of_one_process(folders: tuple[Path, list[Progress]], result: dict[str, Any]) -> None:
    one, two = (load_model(folders[0] / name / "last.safetensors").state_dict() for name in ("one", "two"))
    for name, value in one.items():
        # Adam moves every weight by up to the learning rate each step, wherever its gradient is not clearly positive
        # or negative; where it is, both move alike.
        assert (two[name] - value).abs().max() < 0.02, name
        assert (two[name] - value).abs().mean() < 1e-3, name


def test_both_stop_when_one_is_told_to_and_go_on(result: dict[str, Any]) -> None:
    assert result["stopped"] == 6


def test_one_gradient_that_is_not_finite_stops_the_step_in_both(result: dict[str, Any]) -> None:
    assert result["unchanged"]


def test_gradients_and_figures_are_means_over_the_processes(result: dict[str, Any]) -> None:
    assert result["equal"]
    assert result["gradient"] == pytest.approx(1.5)
    assert result["parts"]["rank"] == pytest.approx(0.25)  # over two steps, of which the first one had none


def test_a_batch_that_cannot_be_shared_is_refused(result: dict[str, Any]) -> None:
    assert result["refusal"] == "2 processes cannot share a batch of 3 evenly"


def test_only_one_process_writes(folders: tuple[Path, list[Progress]]) -> None:
    assert len(list((folders[0] / "two" / "tensorboard").iterdir())) == 2  # before the stop, and after it
    rows = (folders[0] / "two" / "metrics.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["step", "4", "8"]
