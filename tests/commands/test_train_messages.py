"""What ``qgac train`` says."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from made.banks import write_small_bank
from qgac.cli import cli
from qgac.commands.train_progress import Stop
from qgac.training import machine
from qgac.training import train as training
from qgac.training.recipe import read_recipe
from qgac.training.train import train

TINY = Path(__file__).parents[2] / "recipes" / "tiny.toml"


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    return write_small_bank(tmp_path_factory.mktemp("command") / "bank")


@pytest.fixture
def command(bank, tmp_path):
    """Invoke the command for a run of eight steps."""
    recipe = tmp_path / "recipe.toml"
    text = TINY.read_text().replace("steps = 300", "steps = 8").replace("every = 100", "every = 4")
    recipe.write_text(text.replace("patch = 64", "patch = 32"))

    def invoke(*options):
        arguments = ["train", recipe, "--patches", bank, "--out", tmp_path / "run", "--threads", 1, *options]
        return CliRunner().invoke(cli, [str(argument) for argument in arguments])

    return invoke


def stop_after(monkeypatch, steps):
    asked = iter(range(1000))
    monkeypatch.setattr(Stop, "is_set", lambda self: next(asked) >= steps)


def test_a_stopped_run_names_its_last_step(command, tmp_path, monkeypatch):
    """Also where it lies between two reports, or before the first one."""
    stop_after(monkeypatch, 3)
    result = command()
    assert result.exit_code != 0
    assert result.stderr == f"qgac: stopped after step 3; the run is saved in {tmp_path / 'run'}, go on with --resume\n"
    stop_after(monkeypatch, 4)
    assert "stopped after step 7;" in command("--resume").stderr


def test_a_finished_run_has_nothing_left_to_do(command, tmp_path):
    weights = tmp_path / "run" / "best.safetensors"
    assert command().stdout == f"trained 8 steps; the weights are in {weights}\n"
    again = command("--resume")
    assert again.exit_code == 0
    assert again.stdout == f"nothing was left to do after 8 steps; the weights are in {weights}\n"


def test_without_fabric_it_says_how_to_get_it(command, monkeypatch):
    monkeypatch.setitem(sys.modules, "lightning_fabric", None)
    result = command()
    assert result.exit_code == 1
    assert result.stderr == (
        "qgac: training needs Lightning Fabric and TensorBoard; install them with `pip install 'qgac[train]'`\n"
    )


def test_without_matplotlib_drawings_say_how_to_get_it(bank, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "find_spec", lambda name: None)
    recipe = read_recipe(TINY)
    recipe = replace(recipe, data=replace(recipe.data, patch=32), validation=replace(recipe.validation, patch=32))
    train(recipe, bank, tmp_path / "run")  # needs none
    with pytest.raises(machine.TrainingError, match="matplotlib; install it with"):
        train(replace(recipe, data=replace(recipe.data, drawings_share=0.1)), bank, tmp_path / "other")


def test_a_process_beside_the_first_one_says_what_only_it_knows(command, monkeypatch):
    """What is wrong before the first step is wrong in all processes, and said once."""
    start = machine.start

    def start_as_second(*arguments, **options):
        fabric = start(*arguments, **options)
        monkeypatch.setattr(type(fabric), "is_global_zero", False)
        return fabric

    def fails_later(*arguments, **options):
        raise OSError(5, "Input/output error", "pixels.u8")
        yield

    def fails_at_once(*arguments, **options):
        raise machine.TrainingError("no")

    monkeypatch.setattr(machine, "start", start_as_second)
    for fails, said in ((fails_at_once, ""), (fails_later, "qgac: pixels.u8: Input/output error")):
        monkeypatch.setattr(training, "train", fails)
        result = command()
        assert result.exit_code == 1
        assert result.stderr.startswith(said)
        assert bool(result.stderr) == bool(said)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so(command):
    result = command("--device", "cuda")
    assert result.exit_code == 1
    assert result.stderr.startswith("qgac: no GPU can be used by this PyTorch; ")


def test_threads_are_set_after_fabric_has_set_its_own(command, monkeypatch):
    """Where it starts several processes, it shares out the processors among them."""
    start, before = machine.start, torch.get_num_threads()

    def start_with_threads(*arguments, **options):
        fabric = start(*arguments, **options)
        torch.set_num_threads(2)
        return fabric

    monkeypatch.setattr(machine, "start", start_with_threads)
    try:
        assert command().exit_code == 0
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
