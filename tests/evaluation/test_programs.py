from __future__ import annotations

import io
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from made.pictures import compressed, photo
from qgac.evaluation.gains import gains
from qgac.evaluation.measure import evaluate
from qgac.evaluation.programs import ProgramError, parse_program, run_program
from qgac.evaluation.record import Evaluation, Settings
from qgac.evaluation.tables import from_json, to_csv, to_json, to_markdown

# Decodes with Pillow, after so many seconds, and does something to the picture.
SCRIPT = """
import sys, time
from PIL import Image
source, destination, seconds, mode = sys.argv[1:]
time.sleep(float(seconds))
Image.open(source).convert(mode).save(destination)
"""


def command(folder: Path, places: str = "{input} {output}", seconds: float = 0, mode: str = "RGB") -> str:
    script = folder / "de code.py"  # a blank, which wants quotation marks
    script.write_text(SCRIPT)
    return f"{shlex.quote(sys.executable)} {shlex.quote(str(script))} {places} {seconds} {mode}"


def test_a_method_is_a_name_and_a_command() -> None:
    assert parse_program(" spp = ffmpeg -i {input} {output} ") == ("spp", "ffmpeg -i {input} {output}")
    assert parse_program("a b=x --out={output.ppm} {input}=1") == ("a b", "x --out={output.ppm} {input}=1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ffmpeg {input} {output}", "is no method; write NAME=command"),
        ("=ffmpeg {input} {output}", "is no method"),
        ("x=", "is no method"),
        ("a|b=x {input} {output}", "is no method"),
        ("pillow=x {input} {output}", "measured anyway"),
        ("x=y {input}", "one {input} and one {output}"),
        ("x=y {input} {output} {output.png}", "one {input} and one {output}"),
        ("x=y '{input} {output}", "check its quotation marks"),
    ],
)
def test_what_is_none_is_told(text: str, message: str) -> None:
    with pytest.raises(ProgramError, match=message.replace("{", r"\{")):
        parse_program(text)


def test_the_picture_is_what_the_program_wrote(tmp_path: Path) -> None:
    data = compressed(photo(24, 40), 30)
    expected = np.asarray(Image.open(io.BytesIO(data))) / 255
    for places in ("{input} {output}", "{input} {output.ppm}", "{input} {output.tiff}"):
        found, seconds = run_program("x", command(tmp_path, places, seconds=0.3), data, (24, 40, 3))
        np.testing.assert_array_equal(found, expected)
        assert 0.3 < seconds < 30
    gray = compressed(photo(24, 40)[..., 1], 30)
    found, _ = run_program("x", command(tmp_path), gray, (24, 40))  # as three equal channels
    np.testing.assert_array_equal(found, np.asarray(Image.open(io.BytesIO(gray))) / 255)
    found, _ = run_program("x", command(tmp_path, mode="RGBA"), data, (24, 40, 3))
    np.testing.assert_array_equal(found, expected)


def test_sixteen_bits_count(tmp_path: Path) -> None:
    script = "import sys, numpy as n; from PIL import Image; Image.fromarray(n.full((24, 40), 12345, n.uint16))"
    line = f"{shlex.quote(sys.executable)} -c {shlex.quote(script + '.save(sys.argv[2])')} {{input}} {{output}}"
    found, _ = run_program("x", line, compressed(photo(24, 40)[..., 0], 30), (24, 40))
    np.testing.assert_array_equal(found, np.full((24, 40), 12345 / 65535))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("/nowhere/at-all {input} {output}", "x cannot be started .*at-all"),
        (
            f"{sys.executable} -c 'import sys; sys.exit(\"no, no\")' {{input}} {{output}}",
            "failed with exit code 1: no, no",
        ),
        (f"{sys.executable} -c pass {{input}} {{output}}", r"wrote no picture that Pillow can open to output\.png"),
    ],
)
def test_failures_are_one_sentence(line: str, message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        run_program("x", line, compressed(photo(24, 40), 30), (24, 40, 3))


def test_another_shape_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match=r"shape \(24, 40\), not \(24, 40, 3\)"):
        run_program("x", command(tmp_path, mode="L"), compressed(photo(24, 40), 30), (24, 40, 3))


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{number}.png" for number in range(2)]
    for number, path in enumerate(paths):
        Image.fromarray(photo(24, 33 + number, number)).save(path)
    return paths


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_program_that_decodes_as_pillow_scores_as_pillow(tmp_path: Path, pictures: list[Path], jobs: int) -> None:
    settings = Settings((20, 60), model=None, programs={"decoder": command(tmp_path)})
    measured = tuple(evaluate(pictures, settings, jobs=jobs))
    assert len(measured) == 4
    for measurement in measured:
        assert measurement.scores["decoder"].psnr == pytest.approx(measurement.scores["pillow"].psnr, abs=1e-9)
        assert set(measurement.seconds) == {"decoder"}
    evaluation = Evaluation("folder", settings, measured)
    lines = to_markdown(evaluation).splitlines()
    assert lines[0] == "### Pictures of a folder, colour (RGB, 4:2:0), 2 pictures, other programs"
    assert lines[2] == "| quality | JPEG | JPEG, Pillow | decoder |"
    assert lines[4].split("|")[3] == lines[4].split("|")[4]
    assert "Seconds a picture, other programs from start to end: decoder " in lines[-1]
    assert to_csv(evaluation).count(",decoder,") == 4
    again = from_json(to_json(evaluation))
    assert again.settings == settings
    assert again.mean(20, "decoder") == evaluation.mean(20, "decoder")
    assert again.mean_seconds("decoder") == pytest.approx(evaluation.mean_seconds("decoder"), abs=1e-3)
    assert evaluation.mean_seconds("pillow") is None
    (gain, _) = gains([evaluation])
    assert (gain.model, gain.source, gain.quality) == ("decoder", "measured", 20)
    assert gain.psnr == pytest.approx(evaluation.mean(20, "pillow").psnr - evaluation.mean(20, "jpeg").psnr)


def test_a_part_of_a_set_is_told_and_not_compared_with_the_whole(tmp_path: Path, pictures: list[Path]) -> None:
    settings = Settings((10,), model=None, limit=1)
    text = to_markdown(Evaluation("live1", settings, tuple(evaluate(pictures[:1], settings, jobs=1))))
    assert text.startswith("### Live-1, colour (RGB, 4:2:0), the first 1 pictures\n")
    assert "paper" not in text.splitlines()[2]
