from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image

import qgac
from qgac.checkpoints import save_model
from qgac.cli import cli
from qgac.commands.train import Stop
from qgac.models.color_network import ColorConfiguration
from qgac.models.qgac import QGAC, Configuration
from qgac.models.y_network import YConfiguration

ROOT = Path(__file__).parent.parent

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


def picture(size: tuple[int, int] = (40, 24), seed: int = 0) -> Image.Image:
    """Smooth colours with some noise, so that compression costs something."""
    generator = np.random.default_rng(seed)
    coarse = generator.integers(40, 216, (4, 4, 3), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)).astype(int)
    noisy = smooth + generator.integers(-12, 13, smooth.shape)
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def jpeg(quality: int = 20, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture().save(buffer, "JPEG", quality=quality, **options)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tiny network with random weights everywhere: what it does is nonsense, but not nothing."""
    torch.manual_seed(0)
    model = QGAC(
        Configuration(
            y=YConfiguration(
                width=8, manifold=4, rrdbs=0, residual_blocks=1, blocknets=1, frequencynet=False, fusion=False
            ),
            color=ColorConfiguration(
                width=4,
                joined_width=8,
                manifold=4,
                rrdbs=0,
                residual_blocks=1,
                joined_rrdbs=0,
                joined_residual_blocks=1,
                planes=2,
                factors=((2, 2), (1, 2), (2, 1), (1, 1)),
            ),
        )
    )
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_model(model, path, record={})
    return str(path)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with one picture."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photo.jpg").write_bytes(jpeg())
    return tmp_path


def qgac_command(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], input=stdin)


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}


def sentence(result: Result) -> str:
    """Return the one line on the standard error of a command that failed, and nothing else happened."""
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)  # no traceback
    assert result.stdout_bytes == b""
    (line,) = result.stderr.splitlines()
    assert line.startswith("qgac: ")
    return line.removeprefix("qgac: ")


# --- the command itself ---


@pytest.mark.parametrize("command", [[], ["restore"], ["info"], ["prepare"], ["train"]])
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_command_explains_itself(command: list[str], option: str) -> None:
    result = qgac_command(*command, option)
    assert result.exit_code == 0
    assert "Usage: qgac" in result.stdout.replace("cli", "qgac")


def test_version_is_that_of_the_project() -> None:
    cited = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert cited is not None
    assert cited[1] == qgac.__version__
    assert qgac_command("--version").stdout == f"qgac {qgac.__version__}\n"


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from qgac.cli import cli;"
        "assert CliRunner().invoke(cli, ['restore', '--help']).exit_code == 0;"
        "print({'torch', 'numpy', 'numba', 'PIL', 'scipy'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    assert result.stdout == "set()\n"


@pytest.mark.parametrize("name", qgac.__all__)
def test_public_names_are_there(name: str) -> None:
    """Each in a fresh process, since one import may bring others along."""
    if name in ("restore", "psnr", "JPEGError", "__version__"):  # one of each kind; processes are slow
        code = f"import qgac; assert {name!r} in dir(qgac); print(getattr(qgac, {name!r}).__class__.__name__)"
        result = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True)
        expected = {"restore": "function", "psnr": "function", "JPEGError": "type", "__version__": "str"}[name]
        assert (result.stdout.strip(), result.stderr) == (expected, "")
    else:
        assert getattr(qgac, name).__name__ == name


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'upscale'"):
        _ = qgac.upscale


# --- restore ---


def test_a_photo_is_restored_beside_it(folder: Path, weights: str) -> None:
    Path("photo.jpg").write_bytes(jpeg(95))
    result = qgac_command("restore", "photo.jpg", "--model", weights)
    assert result.exit_code == 0, result.stderr
    assert result.stderr == "photo.jpg restored to photo.restored.png\n"
    with Image.open("photo.restored.png") as restored, Image.open("photo.jpg") as source:
        assert (restored.format, restored.mode, restored.size) == ("PNG", "RGB", source.size)
        before, after = np.asarray(source), np.asarray(restored)
    assert (before != after).any()
    # However wild the network, the projection keeps it as near to the file as the file's steps are small.
    assert np.abs(after.astype(int) - before).mean() < 10


def test_it_is_what_the_library_gives(folder: Path, weights: str) -> None:
    qgac_command("restore", "photo.jpg", "--model", weights, "--no-projection", "--tile", 16)
    expected = qgac.Restorer(weights, project=False)("photo.jpg").pixels
    with Image.open("photo.restored.png") as restored:
        difference = np.asarray(restored).astype(int) - expected
    assert np.abs(difference).max() <= 1  # tiles round differently
    projected = qgac.Restorer(weights)("photo.jpg").pixels
    assert (projected != expected).any()


def test_streams_carry_the_picture_and_nothing_else(folder: Path, weights: str) -> None:
    """In a true process, where the standard streams are what they are for a user."""
    command = [sys.executable, "-m", "qgac", "restore", "-", "--format", "webp", "--model", weights]
    result = subprocess.run(command, input=jpeg(), env=environment(), capture_output=True, check=True)
    assert result.stderr == b""
    with Image.open(io.BytesIO(result.stdout)) as restored:
        restored.load()
        assert (restored.format, restored.size) == ("WEBP", (40, 24))
    assert len(result.stdout) == 8 + int.from_bytes(result.stdout[4:8], "little")  # not a byte behind the RIFF
    other = qgac_command("restore", "photo.jpg", "-o", "-", "--format", "webp", "--model", weights)
    assert other.stdout_bytes == result.stdout


def test_several_pictures_go_on_past_a_bad_one(folder: Path, weights: str) -> None:
    (folder / "in" / "sub").mkdir(parents=True)
    for name in ("in/a.jpg", "in/sub/b.JPG"):
        (folder / name).write_bytes(jpeg(30))
    (folder / "in" / "bad.jpg").write_bytes(jpeg()[:-60])
    result = qgac_command("restore", "in", "nope.jpg", "-o", "out", "--model", weights)
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    assert lines[0] == "qgac: nope.jpg: there is no such file; check the name"
    assert lines[1].startswith("qgac: in/bad.jpg: ")
    assert re.fullmatch(r"restored 2, skipped 0, failed 2 in \d+ s", "\n".join(lines[2:]))
    assert sorted(str(path) for path in Path("out").rglob("*.*")) == ["out/a.png", "out/sub/b.png"]


def test_all_well_is_told_in_one_line(folder: Path, weights: str) -> None:
    (folder / "other.jpg").write_bytes(jpeg(subsampling="4:4:4"))
    result = qgac_command("restore", "*.jpg", "--model", weights)
    assert (result.exit_code, result.stdout) == (0, "")
    assert re.fullmatch(r"restored 2, skipped 0, failed 0 in \d+ s\n", result.stderr)


def test_existing_files_stay(folder: Path, weights: str) -> None:
    target = folder / "photo.restored.png"
    target.write_bytes(b"precious")
    assert "exists already" in sentence(qgac_command("restore", "photo.jpg", "--model", weights))
    assert target.read_bytes() == b"precious"
    assert qgac_command("restore", "photo.jpg", "--model", weights, "--overwrite").exit_code == 0
    assert target.read_bytes().startswith(b"\x89PNG")


def test_metadata_go_the_whole_way(folder: Path, weights: str) -> None:
    exif = Image.Exif()
    exif[274], exif[271] = 8, "Camera"
    comment = "with a comment"
    picture().save("photo.jpg", exif=exif, comment=comment, dpi=(300, 300), xmp=b"<x/>")
    assert qgac_command("restore", "photo.jpg", "-o", "x.jpg", "--model", weights).exit_code == 0
    with Image.open("x.jpg") as restored:
        assert restored.size == (40, 24)
        assert dict(restored.getexif()) == {274: 8, 271: "Camera"}
        assert (restored.info["comment"], restored.info["dpi"], restored.info["xmp"]) == (
            comment.encode(),
            (300, 300),
            b"<x/>",
        )


def test_gray_stays_gray(folder: Path, weights: str) -> None:
    picture().convert("L").save("photo.jpg")
    assert qgac_command("restore", "photo.jpg", "--model", weights).exit_code == 0
    with Image.open("photo.restored.png") as restored:
        assert restored.mode == "L"


def test_tolerance_says_what_is_missing(folder: Path, weights: str) -> None:
    Path("photo.jpg").write_bytes(jpeg()[:-60])
    assert sentence(qgac_command("restore", "photo.jpg", "--model", weights)).startswith("photo.jpg: ")
    result = qgac_command("restore", "photo.jpg", "--model", weights, "--tolerant")
    assert result.exit_code == 0
    assert result.stderr.startswith("qgac: photo.jpg: note: ")
    assert Path("photo.restored.png").exists()


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "empty"),
        (b"no picture at all", "not a JPEG"),
        (jpeg()[:40], ""),
        (jpeg()[:-100], ""),
    ],
)
def test_bad_files_end_in_one_sentence(folder: Path, weights: str, content: bytes, cause: str) -> None:
    Path("bad.jpg").write_bytes(content)
    line = sentence(qgac_command("restore", "bad.jpg", "--model", weights))
    assert line.startswith("bad.jpg: ")
    assert cause in line
    assert not list(folder.glob("*.png"))


def test_a_png_named_jpg_is_called_by_its_name(folder: Path, weights: str) -> None:
    picture().save("bad.jpg", "PNG")
    assert "PNG" in sentence(qgac_command("restore", "bad.jpg", "--model", weights))


def test_large_pictures_can_be_refused(folder: Path, weights: str) -> None:
    line = sentence(qgac_command("restore", "photo.jpg", "--model", weights, "--max-pixels", 959))
    assert line.startswith("photo.jpg: ")
    assert qgac_command("restore", "photo.jpg", "--model", weights, "--max-pixels", 960).exit_code == 0


def test_bad_arguments_that_parse_end_in_one_sentence(folder: Path, weights: str) -> None:
    damaged = folder / "damaged.safetensors"
    damaged.write_bytes(Path(weights).read_bytes()[:1000])
    Path("empty").mkdir()
    assert "'nope' is neither a shipped model" in sentence(qgac_command("restore", "photo.jpg", "--model", "nope"))
    assert "damaged.safetensors" in sentence(qgac_command("restore", "photo.jpg", "--model", damaged))
    assert "no JPEG files" in sentence(qgac_command("restore", "empty", "--model", weights))
    missing = sentence(qgac_command("restore", "photo.jpg", "-o", "no/x.png", "--model", weights))
    assert "folder no does not exist" in missing


def test_a_device_that_is_not_there_ends_in_one_sentence(folder: Path, weights: str) -> None:
    if torch.cuda.is_available():
        pytest.skip("CUDA is here")
    assert "'cuda' cannot be used" in sentence(
        qgac_command("restore", "photo.jpg", "--model", weights, "--device", "cuda")
    )


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_without_permission_ends_in_one_sentence(folder: Path, weights: str) -> None:
    Path("locked").mkdir(mode=0o500)
    line = sentence(qgac_command("restore", "photo.jpg", "-o", "locked", "--model", weights))
    assert "the folder locked may not be written to" in line


@pytest.mark.parametrize(
    "arguments",
    [
        ["restore"],
        ["restore", "photo.jpg", "--format", "bmp"],
        ["restore", "photo.jpg", "-o", "x.png", "--format", "webp"],
        ["restore", "photo.jpg", "-o", "photo.jpg"],
        ["restore", "photo.jpg", "--tile", "0"],
        ["restore", "photo.jpg", "--nonsense"],
        ["train", "recipe.toml"],
        ["upscale"],
    ],
)
def test_usage_errors_have_code_2(folder: Path, arguments: list[str]) -> None:
    before = sorted(folder.iterdir())
    result = qgac_command(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert sorted(folder.iterdir()) == before


def test_interruption_has_code_130(folder: Path, weights: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    result = qgac_command("restore", "photo.jpg", "--model", weights)
    assert result.exit_code == 130
    assert result.stderr == "qgac: interrupted\n"
    assert [file.name for file in folder.iterdir()] == ["photo.jpg"]


# --- info ---


def test_info_describes_a_picture(folder: Path) -> None:
    picture().save("photo.jpg", quality=35, progressive=True, comment="hello", dpi=(72, 72))
    result = qgac_command("info", "photo.jpg")
    assert result.exit_code == 0
    for text in ("40 x 24 pixels", "4:2:0 (2x2, 1x1, 1x1)", "progressive", "luma 35, chroma 35", "'hello'", "72 x 72"):
        assert text in result.stdout


@pytest.mark.parametrize(
    ("options", "sampling"),
    [({"subsampling": "4:4:4"}, "4:4:4"), ({"subsampling": "4:2:2"}, "4:2:2"), ({"subsampling": "4:2:0"}, "4:2:0")],
)
def test_info_as_json(folder: Path, options: dict[str, Any], sampling: str) -> None:
    content = jpeg(60, **options)
    Path("photo.jpg").write_bytes(content)
    entry = json.loads(qgac_command("info", "photo.jpg", "--json").stdout)
    assert (entry["file"], entry["width"], entry["height"], entry["color"]) == ("photo.jpg", 40, 24, "YCbCr")
    assert (entry["sampling"], entry["bytes"]) == (sampling, len(content))
    assert entry["quality"] == {"luma": 60, "chroma": 60}
    assert entry["bytes_per_pixel"] == pytest.approx(len(content) / 960, abs=1e-4)
    with Image.open("photo.jpg") as source:
        assert [step for row in entry["components"][1]["table"] for step in row] == source.quantization[1]


def test_info_tells_custom_tables_and_lists_several_inputs(folder: Path) -> None:
    picture().convert("L").save("gray.jpg", qtables=[[3] * 64])
    result = qgac_command("info", "gray.jpg", "nope.jpg", "-", "--json", stdin=jpeg(50))
    assert result.exit_code == 1
    assert result.stderr == "qgac: nope.jpg: there is no such file; check the name\n"
    stream, gray = json.loads(result.stdout)
    assert (stream["file"], stream["quality"]["luma"]) == ("-", 50)
    assert gray["quality"] == {"luma": "custom", "chroma": None}
    assert gray["sampling"] is None


def test_info_about_a_bad_file_is_one_sentence(folder: Path) -> None:
    Path("photo.jpg").write_bytes(b"nothing")
    assert sentence(qgac_command("info", "photo.jpg", "--json")).startswith("photo.jpg: ")


# --- prepare and train ---


@pytest.fixture(scope="session")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures from a folder and a tar, made into a bank by the command."""
    place = tmp_path_factory.mktemp("pictures")
    (place / "folder").mkdir()
    with tarfile.open(place / "more.tar", "w") as archive:
        for number in range(40):
            buffer = io.BytesIO()
            picture((72, 64), number).save(buffer, "PNG")
            name = f"picture{number}.png"  # names decide what is held out: of these, 32 and 38
            if number % 2:
                (place / "folder" / name).write_bytes(buffer.getvalue())
            else:
                entry = tarfile.TarInfo(f"x/{name}")
                entry.size = buffer.tell()
                archive.addfile(entry, io.BytesIO(buffer.getvalue()))
    picture((20, 20)).save(place / "folder" / "small.png")
    picture((72, 64)).save(place / "folder" / "test_1.png")
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


def test_train_errors_end_in_one_sentence(bank: Path, tmp_path: Path, weights: str) -> None:
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
