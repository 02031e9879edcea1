"""``qgac prepare`` and ``qgac train``: from pictures to a bank, from a bank to weights."""

from __future__ import annotations

import io
import re
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import Result
from PIL import Image

import qgac
from made.banks import write_small_bank
from made.command_line import environment, qgac_command, sentence
from made.pictures import photo
from qgac.commands.train_progress import Stop
from qgac.training import machine
from qgac.training import train as training

Command = Callable[..., Result]
TINY = Path(__file__).parents[2] / "recipes" / "tiny.toml"

RECIPE = """
stage = "y"
[model.y]
width = 8
manifold = 4
rrdbs = 0
residual_blocks = 1
blocknets = 1
frequencynet = false
fusion = false
[model.color]
width = 4
joined_width = 8
manifold = 4
rrdbs = 0
residual_blocks = 1
joined_rrdbs = 0
joined_residual_blocks = 1
planes = 2
factors = [[2, 2], [1, 2], [2, 1], [1, 1]]
[data]
batch = 2
patch = 32
[optimization]
steps = STEPS
learning_rate = 1e-3
ssim_weight = 0.0
[validation]
every = 20
pictures = 2
patch = 32
qualities = [10]
"""


@pytest.fixture(scope="session")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures from a folder and a tar, made into a bank by the command."""
    place = tmp_path_factory.mktemp("pictures")
    (place / "folder").mkdir()
    with tarfile.open(place / "more.tar", "w") as archive:
        for number in range(40):
            buffer = io.BytesIO()
            Image.fromarray(photo(64, 72, number)).save(buffer, "PNG")
            name = f"picture{number}.png"  # names decide what is held out: of these, 32 and 38
            if number % 2:
                (place / "folder" / name).write_bytes(buffer.getvalue())
            else:
                entry = tarfile.TarInfo(f"x/{name}")
                entry.size = buffer.tell()
                archive.addfile(entry, io.BytesIO(buffer.getvalue()))
    Image.fromarray(photo(20, 20)).save(place / "folder" / "small.png")
    Image.fromarray(photo(64, 72)).save(place / "folder" / "test_1.png")
    (place / "folder" / "broken.png").write_bytes(b"\x89PNG")
    bank = place / "bank"
    result = qgac_command("prepare", place / "folder", place / "more.tar", "--out", bank, "--exclude", "test_*")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == f"took 40 pictures into {bank}, left out 2\n"
    assert "small.png left out: 20x20 pixels" in result.stderr
    assert "broken.png left out: " in result.stderr
    return bank


def test_prepare_keeps_a_bank_that_is_there(bank: Path) -> None:
    assert "holds a bank already" in sentence(qgac_command("prepare", bank.parent / "folder", "--out", bank))


def test_prepare_without_pictures_ends_in_one_sentence(tmp_path: Path) -> None:
    line = sentence(qgac_command("prepare", tmp_path / "nope", "--out", tmp_path / "bank"))
    assert "nope does not exist" in line
    (tmp_path / "empty").mkdir()
    result = qgac_command("prepare", tmp_path / "empty", "--out", tmp_path / "bank")
    assert result.exit_code == 1
    assert "no picture was taken" in result.stderr
    assert list((tmp_path / "bank").iterdir()) == []
    (tmp_path / "empty" / "damaged.tar").write_bytes(b"no tar")
    line = sentence(qgac_command("prepare", tmp_path / "empty", "--out", tmp_path / "other"))
    assert "damaged.tar is no whole tar" in line


def recipe(folder: Path, steps: int) -> Path:
    path = folder / "recipe.toml"
    path.write_text(RECIPE.replace("STEPS", str(steps)))
    return path


def test_train_tells_its_progress_and_leaves_weights(bank: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    result = qgac_command("train", recipe(tmp_path, 20), "--patches", bank, "--out", run, "--threads", 1)
    assert result.exit_code == 0, result.exception
    assert re.fullmatch(r"step 20/20  loss 0\.\d+  learning rate \S+  validation [+-]\d+\.\d+ dB\n", result.stderr)
    assert result.stdout == f"trained 20 steps; the weights are in {run / 'best.safetensors'}\n"
    assert qgac.load_model(run / "best.safetensors").configuration.y.width == 8


@pytest.mark.skipif(sys.platform == "win32", reason="signals are another matter there")
def test_a_stopped_run_goes_on_as_if_nothing_had_been(bank: Path, tmp_path: Path) -> None:
    arguments = ["train", str(recipe(tmp_path, 80)), "--patches", str(bank), "--threads", "1", "--out"]
    stopped, unbroken = tmp_path / "stopped", tmp_path / "unbroken"
    command = [sys.executable, "-m", "qgac", *arguments, str(stopped)]
    with subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("step 20/80")
        process.terminate()
        last = process.stderr.read().splitlines()[-1]
        assert process.wait(60) == 128 + signal.SIGTERM
    assert last.startswith("qgac: stopped after step ")
    assert last.endswith("go on with --resume")

    assert "add --resume" in sentence(qgac_command(*arguments, stopped))
    for result in (qgac_command(*arguments, stopped, "--resume"), qgac_command(*arguments, unbroken)):
        assert result.exit_code == 0, result.exception
    ends = [qgac.load_model(run / "last.safetensors").state_dict() for run in (stopped, unbroken)]
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[1])
    assert (stopped / "metrics.csv").read_text() == (unbroken / "metrics.csv").read_text()


def test_only_a_second_signal_interrupts_a_step() -> None:
    before = signal.getsignal(signal.SIGINT)
    stop = Stop()
    with stop.on_signals():
        assert not stop.is_set()
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set()
        assert stop.exit_code == 130
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_train_errors_end_in_one_sentence(bank: Path, tmp_path: Path) -> None:
    good = recipe(tmp_path, 10)
    bad = tmp_path / "bad.toml"
    bad.write_text('stage = "y"\nsede = 3\n')
    color = tmp_path / "color.toml"
    color.write_text(good.read_text().replace('"y"', '"color"', 1))
    out = ["--out", tmp_path / "run"]
    assert "did you mean 'seed'" in sentence(qgac_command("train", bad, "--patches", bank, *out))
    assert "nope.toml" in sentence(qgac_command("train", tmp_path / "nope.toml", "--patches", bank, *out))
    assert "holds no bank" in sentence(qgac_command("train", good, "--patches", tmp_path, *out))
    assert "no run to resume" in sentence(qgac_command("train", good, "--patches", bank, *out, "--resume"))
    assert "--start" in sentence(qgac_command("train", color, "--patches", bank, *out))
    missing = qgac_command("train", color, "--patches", bank, *out, "--start", tmp_path / "nope.safetensors")
    assert "nope.safetensors" in sentence(missing)


# --- what `qgac train` says of a run of eight steps ---


@pytest.fixture(scope="module")
def small_bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_bank(tmp_path_factory.mktemp("command") / "bank")


@pytest.fixture
def command(small_bank: Path, tmp_path: Path) -> Command:
    """Invoke the command for a run of eight steps."""
    recipe = tmp_path / "recipe.toml"
    text = TINY.read_text().replace("steps = 300", "steps = 8").replace("every = 100", "every = 4")
    recipe.write_text(text.replace("patch = 64", "patch = 32"))

    def invoke(*options: object) -> Result:
        arguments = ["train", recipe, "--patches", small_bank, "--out", tmp_path / "run", "--threads", 1, *options]
        return qgac_command(*arguments)

    return invoke


def stop_after(monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    asked = iter(range(1000))
    monkeypatch.setattr(Stop, "is_set", lambda self: next(asked) >= steps)


def test_a_stopped_run_names_its_last_step(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it lies between two reports, or before the first one."""
    stop_after(monkeypatch, 3)
    result = command()
    assert result.exit_code != 0
    assert result.stderr == f"qgac: stopped after step 3; the run is saved in {tmp_path / 'run'}, go on with --resume\n"
    stop_after(monkeypatch, 4)
    assert "stopped after step 7;" in command("--resume").stderr


def test_a_finished_run_has_nothing_left_to_do(command: Command, tmp_path: Path) -> None:
    weights = tmp_path / "run" / "best.safetensors"
    assert command().stdout == f"trained 8 steps; the weights are in {weights}\n"
    again = command("--resume")
    assert again.exit_code == 0
    assert again.stdout == f"nothing was left to do after 8 steps; the weights are in {weights}\n"


def test_without_fabric_it_says_how_to_get_it(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightning_fabric", None)
    result = command()
    assert result.exit_code == 1
    assert result.stderr == (
        "qgac: training needs Lightning Fabric and TensorBoard; install them with `pip install 'qgac[train]'`\n"
    )


def test_a_process_beside_the_first_one_says_what_only_it_knows(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong before the first step is wrong in all processes, and said once."""
    start = machine.start

    def start_as_second(*arguments: Any, **options: Any) -> Any:
        fabric = start(*arguments, **options)
        monkeypatch.setattr(type(fabric), "is_global_zero", False)
        return fabric

    def fails_later(*arguments: Any, **options: Any) -> Iterator[None]:
        raise OSError(5, "Input/output error", "pixels.u8")
        yield

    def fails_at_once(*arguments: Any, **options: Any) -> None:
        raise machine.TrainingError("no")

    monkeypatch.setattr(machine, "start", start_as_second)
    for fails, said in ((fails_at_once, ""), (fails_later, "qgac: pixels.u8: Input/output error")):
        monkeypatch.setattr(training, "train", fails)
        result = command()
        assert result.exit_code == 1
        assert result.stderr.startswith(said)
        assert bool(result.stderr) == bool(said)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so(command: Command) -> None:
    result = command("--device", "cuda")
    assert result.exit_code == 1
    assert result.stderr.startswith("qgac: no GPU can be used by this PyTorch; ")


def test_threads_are_set_after_fabric_has_set_its_own(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it starts several processes, it shares out the processors among them."""
    start, before = machine.start, torch.get_num_threads()

    def start_with_threads(*arguments: Any, **options: Any) -> Any:
        fabric = start(*arguments, **options)
        torch.set_num_threads(2)
        return fabric

    monkeypatch.setattr(machine, "start", start_with_threads)
    try:
        assert command().exit_code == 0
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
