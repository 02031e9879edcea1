from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import qgac
from made.command_line import environment, qgac_command, sentence
from made.networks import tiny_weights
from made.pictures import compressed, photo

ROOT = Path(__file__).parent.parent


def picture() -> Image.Image:
    return Image.fromarray(photo(24, 40))


def jpeg(quality: int = 20, **options: Any) -> bytes:
    return compressed(photo(24, 40), quality, **options)


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tiny network whose residuals are random: what it does is nonsense, but not nothing."""
    return str(tiny_weights(tmp_path_factory.mktemp("weights") / "tiny.safetensors", strength=2))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with one picture."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photo.jpg").write_bytes(jpeg())
    return tmp_path


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


# --- a process of its own ---


def own_process(*arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command as its console script does, after other code."""
    code = f"import sys; from qgac.cli import run\n{before}\nrun()"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env=environment(), capture_output=True, text=True)


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--version"], 0), (["restore", "gone.jpg"], 1), (["restore", "--nonsense"], 2)]
)
def test_a_process_ends_with_its_code_and_all_that_it_said(folder: Path, arguments: list[str], code: int) -> None:
    here, own = qgac_command(*arguments), own_process(*arguments)
    assert own.returncode == here.exit_code == code
    for told, expected in ((own.stdout, here.stdout), (own.stderr, here.stderr)):
        assert re.findall(r"\w+", told.replace("qgac", "cli")) == re.findall(r"\w+", expected.replace("qgac", "cli"))


def test_what_is_to_be_done_at_its_end_is_done() -> None:
    result = own_process("--version", before="import atexit; atexit.register(print, 'at the end')")
    assert (result.returncode, result.stdout.splitlines()[1:]) == (0, ["at the end"])


def test_an_error_that_nobody_expects_is_shown() -> None:
    result = own_process(before="import qgac.cli; qgac.cli.cli = lambda **options: 1 // 0")
    assert (result.returncode, "ZeroDivisionError" in result.stderr) == (1, True)


def test_nobody_may_be_there_to_read() -> None:
    code = "import sys; from qgac.cli import run; sys.stdout.write('x'); run()"
    command = [sys.executable, "-c", code, "--version"]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(60) != 0


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
    Path("photo.jpg").write_bytes(jpeg(60)[:-60])
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


def test_a_png_named_jpg_is_taken_for_what_it_is(folder: Path, weights: str) -> None:
    picture().save("bad.jpg", "PNG")
    result = qgac_command("restore", "bad.jpg", "--model", weights)
    assert result.exit_code == 0
    note = "no trace of a JPEG was found, so the picture was left as it is (restoring, blurring or editing leaves none)"
    assert result.stderr.startswith(f"qgac: bad.jpg: note: {note}\n")
    assert np.array_equal(np.asarray(Image.open("bad.restored.png")), np.asarray(picture()))


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
