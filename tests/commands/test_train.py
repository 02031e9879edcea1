"""``qgac prepare`` and ``qgac train``: from pictures to a bank, from a bank to weights."""

from __future__ import annotations

import io
import re
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import torch
from PIL import Image

import qgac
from made.command_line import environment, qgac_command, sentence
from made.pictures import photo
from qgac.commands.train_progress import Stop

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
