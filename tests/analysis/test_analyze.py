"""Every `qgac analyze` command once: it writes numbers and a picture whose words do not run into each other."""

from __future__ import annotations

import csv
import shlex
import sys
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import matplotlib.image
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from made.command_line import qgac_command
from qgac.evaluation import figures as report


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    drawn = []
    write = report.write_report

    def keep(
        stem: Path,
        figure: Figure,
        columns: list[str] | tuple[str, ...],
        rows: list[list[Any]] | list[list[float | int]],
        **options: Any,
    ) -> None:
        drawn.append(figure)
        write(stem, figure, columns, rows, **options)

    monkeypatch.setattr(report, "write_report", keep)
    return drawn


run = partial(qgac_command, "analyze")


def drawn_words(figure: Figure, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Bbox]]:
    """Return what is written in a figure, and where: ticks beyond the axes exist but are not drawn."""
    words = []
    draw = Text.draw

    def record(self, renderer: RendererAgg) -> None:
        if self.get_visible() and self.get_text().strip():
            words.append((self.get_text(), self.get_window_extent(renderer)))
        draw(self, renderer)

    monkeypatch.setattr(Text, "draw", record)
    FigureCanvasAgg(figure).draw()
    return words


COMMANDS = {
    "manifold": ["--count", 3, "--quality", "10,50,100"],
    "activation": ["--count", 3, "--steps", 4],
    "embedding": ["--step", 6, "--perplexity", 5],
    "spectrum": ["--root", "pictures", "--model", "second.safetensors", "--size", 32],
    "throughput": ["--root", "pictures", "--model", "second.safetensors", "--limit", 1, "--frames", 1],
    "equivalent-quality": ["--root", "pictures", "--quality", "10,50", "--limit", 1],
    "interpolation": ["pictures/picture0.png", "--alpha", "0,0.7,1", "--size", 32],
    "sheet": ["pictures/picture1.png", "--crop", "8,16,32", "--quality", "10,40"],
}
ROWS = {
    "manifold": 3 * 3 * 64,
    "activation": 3 * 3,
    "embedding": 5 * 3 * 17,
    "spectrum": 3 * 4 * 15,
    "throughput": 2,
    "equivalent-quality": 2,
    "interpolation": 3,
    "sheet": 2,
}


@pytest.mark.parametrize("command", COMMANDS)
def test_command(
    command: str, workplace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figures: list[Any]
) -> None:
    monkeypatch.chdir(workplace)
    ends = ["--regression", "first.safetensors", "--other", "second.safetensors"]
    models = ends if command == "interpolation" else ["--model", "first.safetensors"]
    result = run(command, *models, *COMMANDS[command], "-o", tmp_path / "result.png")
    assert result.exit_code == 0, result.output
    assert f"wrote {tmp_path / 'result'}.png" in result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["result.csv", "result.png"]

    with (tmp_path / "result.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == ROWS[command]
    assert None not in rows[0]
    assert all(value not in (None, "", "nan") for row in rows for value in row.values())

    height, width = matplotlib.image.imread(tmp_path / "result.png").shape[:2]
    assert 3.4 <= width / 200 <= 7.01
    assert height / 200 < 12
    words = drawn_words(figures[0], monkeypatch)
    assert len(words) > 5
    for (word, box), (other, another) in combinations(words, 2):
        assert not box.padded(-0.5).overlaps(another.padded(-0.5)), (word, other)
    for word, box in words:
        assert box.x0 > -1, word
        assert box.x1 < figures[0].bbox.x1 + 1, word
        assert box.y0 > -1, word
        assert box.y1 < figures[0].bbox.y1 + 1, word


SHEET = ["sheet", "--model", "first.safetensors"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([*SHEET, "-o", "x"], 2, "not both"),
        ([*SHEET, "-o", "x", "pictures/picture0.png", "--root", "pictures"], 2, "not both"),
        ([*SHEET, "-o", "nowhere/x", "pictures/picture0.png"], 2, "no folder"),
        ([*SHEET, "-o", "x", "pictures/picture0.png", "--crop", "1,2"], 2, "120,64,96"),
        ([*SHEET, "-o", "x", "pictures/picture0.png", "--crop", "70,0,32"], 1, "does not lie in the picture"),
        ([*SHEET, "-o", "x", "pictures/picture0.png", "--quality", "10,ten"], 2, "not a list of numbers"),
        ([*SHEET, "-o", "x", "pictures/picture0.png", "--quality", "0"], 2, "not between 1 and 100"),
        ([*SHEET, "-o", "x", "pictures/none.png"], 1, "none.png"),
        ([*SHEET, "-o", "x", "--root", "pictures", "--dataset", "live1"], 1, "lacks 29 of the 29 pictures"),
        (["sheet", "--model", "none", "-o", "x", "pictures/picture0.png"], 1, "neither a shipped model"),
        (["manifold", "--model", "first.safetensors", "-o", "x", "--channels", "99"], 1, "channels 0 to 7, not 99"),
        (["embedding", "--model", "first.safetensors", "-o", "x", "--layer", "y"], 1, "no CFM named 'y'"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(
    arguments: list[str], code: int, words: str, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workplace)
    result = run(*arguments)
    assert result.exit_code == code, result.output
    assert words in " ".join(result.output.replace("│", " ").split())
    assert "Traceback" not in result.output
    assert not (workplace / "x.png").exists()


def test_a_missing_library_is_told_before_the_work(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workplace)
    monkeypatch.setattr("qgac.commands.analyze.options.find_spec", lambda name: None)
    result = run("manifold", "--model", "first.safetensors", "-o", "x")
    assert result.exit_code == 1
    assert "pip install 'qgac[eval]'" in result.output


def test_numbers_are_written_for_other_programs(tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    report.write_report(tmp_path / "a.b", Figure((1, 1)), ["name", "value"], [["x, y", 1 / 3], ["z", 2]])
    assert (tmp_path / "a.b.csv").read_text() == 'name,value\n"x, y",0.3333333\nz,2\n'
    assert (tmp_path / "a.b.png").read_bytes().startswith(b"\x89PNG")


def test_other_programs_have_a_point_each(workplace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workplace)
    code = "import sys; from PIL import Image; Image.open(sys.argv[1]).save(sys.argv[2])"
    method = f"decoder={sys.executable} -c {shlex.quote(code)} {{input}} {{output}}"
    options = ["--root", "pictures", "--limit", 2, "--frames", 1, "--method", method, "-o", tmp_path / "result"]
    result = run("throughput", "--model", "first.safetensors", *options)
    assert result.exit_code == 0, result.output
    rows = list(csv.DictReader((tmp_path / "result.csv").read_text().splitlines()))
    assert [row["model"] for row in rows] == ["first", "decoder"]
    assert (rows[1]["parameters"], rows[1]["frames"], rows[1]["pictures"]) == ("", "1", "2")
    assert "decoder: " in result.output
