from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qgac.evaluation import resuming
from qgac.evaluation.record import Evaluation, Measurement, Settings
from qgac.evaluation.resuming import Kept, partial_of
from qgac.evaluation.tables import to_json
from qgac.metrics.scores import Scores

SETTINGS = Settings((10, 20), model=None)
PICTURES = [Path("a.png"), Path("b.png")]


def measurement(name: str, quality: int, **more: float) -> Measurement:
    scores = {"jpeg": Scores(25, 23, 0.7), "pillow": Scores(26, 24, 0.75)}
    return Measurement(name, quality, 99, scores | {key: Scores(value, 1, 1) for key, value in more.items()})


@pytest.fixture
def result(tmp_path: Path) -> Path:
    """Where a result is to go; one picture at one quality was measured before the interruption."""
    path = tmp_path / "live1.json"
    kept = Kept("live1", SETTINGS, PICTURES, path, resume=False)
    kept.add(measurement("a.png", 20))
    kept.save()
    return path


def test_what_was_measured_stays(result: Path) -> None:
    assert not result.exists()
    kept = Kept("live1", SETTINGS, PICTURES, result, resume=True)
    assert kept.done == {("a.png", 20)}
    assert kept.measurements == [measurement("a.png", 20)]
    assert Kept("live1", SETTINGS, PICTURES, result, resume=False).done == set()
    kept.forget()
    assert not partial_of(result).exists()


def test_other_qualities_and_pictures_are_left_out(result: Path) -> None:
    assert Kept("live1", replace(SETTINGS, qualities=(10,)), PICTURES, result, resume=True).done == set()
    assert Kept("live1", replace(SETTINGS, limit=1), PICTURES[1:], result, resume=True).done == set()
    assert Kept("live1", replace(SETTINGS, qualities=(20, 90)), PICTURES, result, resume=True).done == {("a.png", 20)}


def test_a_new_program_measures_all_anew_and_one_less_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    programs = {"one": "1 {input} {output}", "two": "2 {input} {output}"}
    full = Evaluation("live1", replace(SETTINGS, programs=programs), (measurement("a.png", 10, one=30, two=31),
                      measurement("a.png", 20, one=30, two=31)))  # fmt: skip
    path.write_text(to_json(full))
    less = replace(SETTINGS, programs={"two": programs["two"]})
    kept = Kept("live1", less, PICTURES, path, resume=True)
    assert kept.measurements == [measurement("a.png", 10, two=31), measurement("a.png", 20, two=31)]
    more = replace(SETTINGS, programs=programs | {"three": "3 {input} {output}"})
    assert Kept("live1", more, PICTURES, path, resume=True).done == set()


@pytest.mark.parametrize(
    ("dataset", "settings"),
    [
        ("bsds500", SETTINGS),
        ("live1", replace(SETTINGS, channels="y")),
        ("live1", replace(SETTINGS, protocol="pillow")),
        ("live1", replace(SETTINGS, model="small")),
    ],
)
def test_what_was_measured_otherwise_is_refused(result: Path, dataset: str, settings: Settings) -> None:
    with pytest.raises(ValueError, match=r"live1\.json\.partial was measured with other settings"):
        Kept(dataset, settings, PICTURES, result, resume=True)


def test_so_is_a_program_of_another_command(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    old = replace(SETTINGS, qualities=(10,), programs={"one": "1 {input} {output}"})
    path.write_text(to_json(Evaluation("live1", old, (measurement("a.png", 10, one=30),))))
    with pytest.raises(ValueError, match="other settings"):
        Kept("live1", replace(old, programs={"one": "2 {input} {output}"}), PICTURES, path, resume=True)


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(ValueError, match=r"x\.json is no result"):
        Kept("live1", SETTINGS, PICTURES, tmp_path / "x.json", resume=True)
    assert Kept("live1", SETTINGS, PICTURES, tmp_path / "new.json", resume=True).done == set()
    Kept("live1", SETTINGS, PICTURES, None, resume=False).save()


def test_it_is_saved_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.json"
    kept = Kept("live1", SETTINGS, PICTURES, path, resume=False)
    kept.add(measurement("a.png", 10))
    assert not partial_of(path).exists()
    monkeypatch.setattr(resuming, "_EVERY", -1)
    kept.add(measurement("a.png", 20))
    assert Kept("live1", SETTINGS, PICTURES, path, resume=True).done == {("a.png", 10), ("a.png", 20)}
