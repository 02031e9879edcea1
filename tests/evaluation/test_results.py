from __future__ import annotations

from pathlib import Path

import pytest

from made.command_line import qgac_command
from qgac.evaluation.record import Evaluation, Measurement, Settings
from qgac.evaluation.results import insert, results_markdown
from qgac.evaluation.tables import to_json
from qgac.metrics.scores import Scores


def result(dataset: str, channels: str = "color", qualities: tuple[int, ...] = (10, 50), blend: float = 0.0) -> str:
    scores = {"jpeg": Scores(25, 23, 0.7), "pillow": Scores(26, 24, 0.75), "restored": Scores(28.126, 27, 0.8)}
    measurements = tuple(Measurement("a.png", quality, 1, scores) for quality in qualities)
    return to_json(Evaluation(dataset, Settings(qualities, channels, blend=blend), measurements))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Named so that the alphabet has another order than the document."""
    folder = tmp_path / "docs" / "results"
    folder.mkdir(parents=True)
    (folder / "a.json").write_text(result("classic5", "y"))
    (folder / "b.json").write_text(result("bsds500"))
    (folder / "c.json").write_text(result("live1"))
    (folder / "ablations.md").write_text("### Ablations\n\ntable\n")
    for name in ("zebra", "sheet", "gain"):
        (folder / f"{name}.png").write_bytes(b"")
    return folder


def headings(text: str) -> list[str]:
    return [line.removeprefix("### ").split(",")[0].split(" (")[0] for line in text.splitlines() if "### " in line]


def test_order_of_the_parts(folder: Path) -> None:
    assert headings(results_markdown(folder, folder.parent)) == [
        "Live-1", "BSDS500", "Classic-5", "Generalisation: Live-1", "Ablations",
        "Increase in PSNR over quality", "Restored pictures", "zebra",
    ]  # fmt: skip


def test_blends_come_after_the_regression_and_have_no_table_3(folder: Path) -> None:
    (folder / "a-blend.json").write_text(result("live1", blend=0.7))
    text = results_markdown(folder, folder.parent)
    assert headings(text)[:5] == ["Live-1", "BSDS500", "Classic-5", "Live-1", "Generalisation: Live-1"]
    assert text.count("### Generalisation") == 1


def test_generalization_is_table_3(folder: Path) -> None:
    """Of its four rows those whose quality was measured: two models on quality 50, one on quality 10."""
    text = results_markdown(folder, folder.parent)
    rows = [line for line in text.splitlines() if line.count("| quality 10 |") + line.count("| quality 20 |")]
    own = "28.13 / 27.00 / 0.800 |"
    assert rows == [
        f"| 50 | quality 10 | 30.91 / 28.94 / 0.905 | 30.19 / 30.14 / 0.889 | 32.78 / 32.19 / 0.932 | {own}",
        f"| 50 | quality 20 | 30.91 / 28.94 / 0.905 | 31.91 / 31.65 / 0.916 | 32.78 / 32.19 / 0.932 | {own}",
        f"| 10 | quality 20 | 25.60 / 23.53 / 0.755 | 26.95 / 26.24 / 0.804 | 27.65 / 27.40 / 0.819 | {own}",
    ]


def test_one_quality_is_no_generalization(folder: Path) -> None:
    (folder / "c.json").write_text(result("live1", qualities=(10,)))
    assert "### Generalisation" not in results_markdown(folder, folder.parent)


def test_figures_are_linked_from_the_document(folder: Path) -> None:
    assert "](results/gain.png)" in results_markdown(folder, folder.parent)


def test_only_what_stands_between_the_markers_is_replaced(folder: Path) -> None:
    document = folder.parent / "results.md"
    document.write_text("# Mine\n\n<!-- results: start -->\nold\n<!-- results: end -->\n\nkept\n")
    for _ in range(2):  # the second time changes nothing
        outcome = qgac_command("results", folder, "--write", document)
        assert outcome.exit_code == 0, outcome.output
        text = document.read_text()
        assert text.startswith("# Mine\n\n<!-- results: start -->\n\n### Live-1")
        assert text.endswith("\n\n<!-- results: end -->\n\nkept\n")
        assert "old" not in text


def test_without_a_document_it_is_printed(folder: Path) -> None:
    assert headings(qgac_command("results", folder).stdout)[0] == "Live-1"


def test_an_empty_folder_says_so(tmp_path: Path) -> None:
    assert results_markdown(tmp_path, tmp_path) == "Nothing has been measured yet.\n"


def test_failures_are_one_sentence(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "plain.md").write_text("no markers")
    for arguments, message in (
        ((tmp_path / "nowhere",), "nowhere is no folder"),
        ((folder, "--write", tmp_path / "plain.md"), "plain.md lacks the lines"),
        ((folder, "--write", tmp_path / "none.md"), "none.md: No such file"),
    ):
        outcome = qgac_command("results", *arguments)
        assert outcome.exit_code == 1
        assert message in outcome.stderr
        assert len(outcome.stderr.splitlines()) == 1
    (folder / "d.json").write_text('{"dataset": "live1"}')
    assert "d.json is no result of" in qgac_command("results", folder).stderr
    with pytest.raises(ValueError, match="lacks the lines"):
        insert("<!-- results: end --><!-- results: start -->", "x")


def test_plot_commands_write_picture_and_numbers(folder: Path, tmp_path: Path) -> None:
    for command, file in (("gain", tmp_path / "g.png"), ("tradeoff", tmp_path / "t")):
        outcome = qgac_command("plot", command, folder / "c.json", "-o", file)
        assert outcome.exit_code == 0, outcome.output
        stem = file.with_suffix("")
        assert stem.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
        header, *rows = stem.with_suffix(".csv").read_text().splitlines()
        assert header == "dataset,channels,model,source,quality,psnr,psnr_b,ssim"
        assert "live1,color,small,measured,10,3.126,4,0.1" in rows
    outcome = qgac_command("plot", "gain", folder / "ablations.md", "-o", tmp_path / "x")
    assert outcome.exit_code == 1
    assert "ablations.md is no result of" in outcome.stderr
