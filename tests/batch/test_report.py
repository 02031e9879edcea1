from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from qgac.batch.jobs import Failed, Finished, Job, Outcome, Skipped
from qgac.batch.plan import Plan, PlanError, plan
from qgac.batch.report import check_report, is_report, write_report


@pytest.fixture
def outcomes(tmp_path: Path) -> list[Outcome]:
    source = tmp_path / "a.jpg"
    source.write_bytes(bytes(123))
    job = Job("a.jpg", source, Path("out/a.png"), None)
    other = Job("b.jpg", tmp_path / "gone.jpg", Path("out/b.png"), None)
    return [
        Failed("c.jpg", "is gone; look for it"),
        Skipped(other, Path("out/b.png")),
        Finished(job, Path("out/a.tiff"), 40, 30, 75, ("odd",), 1.23456),
    ]


def test_a_report_tells_all(tmp_path: Path, outcomes: list[Outcome]) -> None:
    write_report(tmp_path / "report.json", outcomes)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report == {
        "qgac_report": 1,
        "restored": 1,
        "skipped": 1,
        "failed": 1,
        "files": [
            {
                "input": "a.jpg",
                "output": "out/a.tiff",
                "status": "restored",
                "reason": None,
                "notes": ["odd"],
                "seconds": 1.235,
                "bytes": 123,
                "width": 40,
                "height": 30,
                "quality": 75,
            },
            {
                "input": "b.jpg",
                "output": "out/b.png",
                "status": "skipped",
                "reason": "the output exists already",
                "notes": [],
                "seconds": None,
                "bytes": 0,
                "width": None,
                "height": None,
                "quality": None,
            },
            {
                "input": "c.jpg",
                "output": None,
                "status": "failed",
                "reason": "is gone; look for it",
                "notes": [],
                "seconds": None,
                "bytes": None,
                "width": None,
                "height": None,
                "quality": None,
            },
        ],
    }


def test_names_that_are_no_text_are_told_too(tmp_path: Path) -> None:
    write_report(tmp_path / "report.json", [Failed(os.fsdecode(b"caf\xe9.jpg"), "broken")])
    (entry,) = json.loads((tmp_path / "report.json").read_bytes())["files"]
    assert os.fsencode(entry["input"]) == b"caf\xe9.jpg"


def test_a_report_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outcomes: list[Outcome]
) -> None:
    path = tmp_path / "report.json"
    write_report(path, outcomes[:1])
    old = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_report(path, outcomes)
    assert path.read_bytes() == old


def test_reports_are_known(tmp_path: Path, outcomes: list[Outcome]) -> None:
    write_report(tmp_path / "report.json", outcomes)
    (tmp_path / "package.json").write_text('{\n  "name": "qgac"\n}\n')
    (tmp_path / "empty.json").touch()
    assert is_report(tmp_path / "report.json")
    assert not is_report(tmp_path / "package.json")
    assert not is_report(tmp_path / "empty.json")


@pytest.fixture
def todo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.chdir(tmp_path)
    for name in ("a.jpg", "b.jpg", "b.restored.png", "list.txt", "notes.txt"):
        Path(name).write_bytes(b"precious")
    Path("folder").mkdir()
    Path("link.json").symlink_to("a.jpg")
    return plan(["a.jpg", "b.jpg"], skip_existing=True)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.jpg", "would replace a.jpg, which is read"),
        ("b.jpg", "would replace b.jpg, which is read"),  # though it is skipped
        ("link.json", "would replace link.json, which is read"),
        ("folder/../list.txt", "which is read"),
        ("a.restored.png", "the report and a picture would both become a.restored.png"),
        ("folder/../a.restored.tiff", "would both become"),  # if the picture is of CMYK
        ("folder", "is not a file in an existing folder"),
        ("none/report.json", "is not a file in an existing folder"),
        (os.devnull, "is not a file in an existing folder"),
    ],
)
def test_a_report_replaces_nothing_that_is_needed_even_when_asked(todo: Plan, name: str, message: str) -> None:
    for overwrite in (True, False):
        with pytest.raises(PlanError, match=message):
            check_report(Path(name), todo, [Path("list.txt")], overwrite=overwrite)


def test_a_report_replaces_an_earlier_one_and_other_files_only_when_asked(todo: Plan) -> None:
    write_report(Path("report.json"), [])
    check_report(Path("report.json"), todo, overwrite=False)
    check_report(Path("new.json"), todo, overwrite=False)
    check_report(Path("notes.txt"), todo, overwrite=True)
    with pytest.raises(PlanError, match=r"notes\.txt exists already and is no report"):
        check_report(Path("notes.txt"), todo, overwrite=False)
