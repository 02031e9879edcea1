from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from qgac.batch.jobs import Failed, Finished, Job, Outcome, Skipped
from qgac.batch.report import is_report, write_report


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
