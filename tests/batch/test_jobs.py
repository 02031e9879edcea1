"""What a job knows about its file before it is restored."""

from __future__ import annotations

from pathlib import Path

from qgac.batch.jobs import Job


def test_without_a_format_a_picture_may_go_to_two_places() -> None:
    job = Job("a.jpg", Path("a.jpg"), Path("out/a.png"), None)
    assert job.places == {Path("out/a.png"), Path("out/a.tiff")}
    assert Job("a.jpg", Path("a.jpg"), Path("out/a.jpg"), "jpeg").places == {Path("out/a.jpg")}
    assert Job("a.jpg", Path("a.jpg"), None, None).places == set()  # the standard output


def test_a_size_that_nobody_knows_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(bytes(123))
    assert Job("a.jpg", tmp_path / "a.jpg", None, None).size == 123
    assert Job("b.jpg", tmp_path / "b.jpg", None, None).size == 0
    assert Job("-", None, None, None).size == 0
