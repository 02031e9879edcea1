"""``qgac restore`` and ``qgac info`` of files that hold pictures: batches that mix them, reports, dry runs."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from made.command_line import outputs, qgac_command, sentence, summary, usage_error
from made.containers import make_refiner, zip_file, zip_members
from made.files import make_jpeg
from made.pictures import compressed, photo

restore, info = partial(qgac_command, "restore"), partial(qgac_command, "info")

FIRST, SECOND = compressed(photo(48, 64), 30), compressed(photo(40, 40, 3), 20)


@pytest.fixture
def mixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a picture, a comic and a text without pictures."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("qgac.batch.many.new_restorer", make_refiner)
    make_jpeg(tmp_path / "in" / "a.jpg")
    zip_file(tmp_path / "in" / "sub" / "b.cbz", {"1.jpg": FIRST, "2.jpg": SECOND, "broken.jpg": SECOND[:-100]})
    zip_file(tmp_path / "in" / "c.docx", {"word/document.xml": b"<w/>"})
    return tmp_path


def test_batches_mix_pictures_and_containers(mixed: Path) -> None:
    result = restore("in", "-o", "out", "--consistent", "--report", "report.json")
    assert result.exit_code == 0, result.stderr
    assert outputs("out") == ["a.jpg", "sub/b.cbz"]
    assert summary(result) == "restored 2, skipped 0, failed 0"
    assert "in/c.docx: it holds no JPEG picture" in result.stderr
    assert "in/sub/b.cbz: broken.jpg was left as it was: the JPEG data are damaged" in result.stderr
    report = json.loads(Path("report.json").read_text())
    picture, comic = report["files"]
    assert "pictures" not in picture
    assert (comic["status"], comic["width"], comic["quality"]) == ("restored", None, None)
    assert [entry["status"] for entry in comic["pictures"]] == ["restored", "restored", "left"]
    first = comic["pictures"][0]
    assert (first["name"], first["width"], first["height"], first["quality"]) == ("1.jpg", 64, 48, 30)
    assert first["bytes"] == len(FIRST)
    again = restore("in", "-o", "out", "--consistent", "--skip-existing")
    assert summary(again) == "restored 0, skipped 2, failed 0"


def test_an_existing_container_stays(mixed: Path) -> None:
    Path("b.cbz").write_bytes(b"precious")
    assert "exists already" in sentence(restore("in/sub/b.cbz", "-o", "b.cbz"))
    assert Path("b.cbz").read_bytes() == b"precious"
    assert restore("in/sub/b.cbz", "-o", "b.cbz", "--overwrite").exit_code == 0
    assert list(zip_members(Path("b.cbz"))) == ["1.jpg", "2.jpg", "broken.jpg"]


def test_a_container_never_replaces_itself(mixed: Path) -> None:
    before = Path("in/sub/b.cbz").read_bytes()
    assert "itself one of the inputs" in usage_error(restore("in/sub/b.cbz", "-o", "in/sub/b.cbz", "--overwrite"))
    assert Path("in/sub/b.cbz").read_bytes() == before


def test_a_container_is_restored_in_its_place(mixed: Path) -> None:
    before = Path("in/sub/b.cbz").read_bytes()
    assert restore("in/sub/b.cbz", "--in-place").exit_code == 0
    assert Path("in/sub/b.original.cbz").read_bytes() == before
    assert list(zip_members(Path("in/sub/b.cbz"))) == ["1.jpg", "2.jpg", "broken.jpg"]
    assert Path("in/sub/b.cbz").read_bytes() != before
    assert "seems to be restored already" in sentence(restore("in/sub/b.cbz", "--in-place"))
    Path("x.avi").write_bytes(b"a film")
    assert "becomes a .mkv file" in sentence(restore("x.avi", "--in-place"))


def test_the_times_of_containers_are_kept(mixed: Path) -> None:
    import os

    os.utime("in/sub/b.cbz", (1_000_000_000, 1_000_000_000))
    assert restore("in/sub/b.cbz", "--times").exit_code == 0
    assert Path("in/sub/b.restored.cbz").stat().st_mtime == 1_000_000_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["in/sub/b.cbz", "-o", "x.png"], "becomes a .cbz file, which x.png is not named as"),
        (["in/sub/b.cbz", "-o", "-"], "does not go to the standard output"),
        (["in/sub/b.cbz", "in/a.jpg", "-o", "x.cbz"], "is named as a file, but several pictures need a folder"),
        (["in/sub/b.cbz", "--srgb"], "keep their colours"),
        (["in/sub/b.cbz", "--lossless"], "the others hold JPEG files"),
        (["in/a.jpg", "--crf", "20"], "--crf is for films"),
        (["in/a.jpg", "--lossless"], "for the pictures inside documents"),
        (["in/sub/b.cbz", "--depth", "16"], "--depth is for single pictures; those inside other files have 8 bits"),
        (["in/sub/b.cbz", "-o", "x/", "--depth", "16", "--format", "tiff"], "--depth is for single pictures"),
        (["in/sub/b.cbz", "--format", "webp"], "--format is for single pictures"),
        (["in/sub/b.cbz", "--earlier", "20"], "--earlier is for single JPEG files, and none is named"),
        (["in/sub/b.cbz", "--grid", "1,1"], "--grid is for PNG files and the like, and none is named"),
    ],
)
def test_what_contradicts_itself_is_told_before_any_work(mixed: Path, arguments: list[str], message: str) -> None:
    assert message in usage_error(restore(*arguments))
    assert outputs(".") == ["in/a.jpg", "in/c.docx", "in/sub/b.cbz"]


def test_a_dry_run_lists_and_writes_nothing(mixed: Path) -> None:
    result = restore("in", "-o", "out", "--dry-run")
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert "in/sub/b.cbz -> out/sub/b.cbz" in lines
    place = lines.index("in/sub/b.cbz -> out/sub/b.cbz")
    assert lines[place + 1].startswith("  1.jpg: 64 x 48, quality 30, error about ")
    assert lines[place + 1].endswith(f" levels, {len(FIRST)} bytes")
    assert lines[place + 3].startswith("  broken.jpg: is left as it is: the JPEG data are damaged")
    assert "in/a.jpg -> out/a.png" in lines
    assert not Path("out").exists()
    Path("b.cbz").write_bytes(b"precious")
    result = restore("in/sub/b.cbz", "-o", "b.cbz", "--dry-run")
    assert result.exit_code == 1
    assert "exists already" in result.stderr


def test_info_looks_inside(mixed: Path) -> None:
    result = info("in/sub/b.cbz", "in/a.jpg", "--json")
    assert result.exit_code == 1  # of the broken one
    comic, picture = json.loads(result.stdout)
    assert (comic["file"], comic["bytes"]) == ("in/sub/b.cbz", Path("in/sub/b.cbz").stat().st_size)
    assert picture["width"] == 20
    first, second, broken = comic["pictures"]
    assert (first["name"], first["width"], first["quality"]["luma"]) == ("1.jpg", 64, 30)
    assert second["components"][0]["error"]["expected"] > 0
    assert "damaged" in broken["reason"]
    text = info("in/sub/b.cbz").stdout
    assert text.startswith("in/sub/b.cbz: 3 JPEG pictures inside")
    assert "in/sub/b.cbz: 2.jpg\n  size           40 x 40 pixels" in text
    assert "a heat map is drawn of one picture" in usage_error(info("in/sub/b.cbz", "--heat-map", "m.png"))


def test_damaged_containers_end_in_one_sentence(mixed: Path) -> None:
    Path("x.epub").write_bytes(b"PK\3\4 nothing")
    for result in (restore("x.epub"), info("x.epub"), restore("x.epub", "--dry-run")):
        assert sentence(result).startswith("x.epub: this is no ZIP file, or a damaged one")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x.avi", "--quality", "50"], "--quality is for jpeg files, and films become none (see --crf)"),
        (["x.avi", "--consistent"], "--consistent is for jpeg files, and films become none"),
        (["x.avi", "--format", "jpeg"], "films become .mkv files"),
        (["x.avi", "--break-signatures"], "--break-signatures is for documents that are signed"),
        (["x.avi", "in/a.jpg", "--quality", "50"], "choose that (--format jpeg)"),
        (["x.pdf", "--quality", "50", "--lossless"], "--quality is for jpeg files, and --lossless makes none"),
        (["x.pdf", "--consistent", "--lossless"], "--consistent is for jpeg files, and --lossless makes none"),
    ],
)
def test_what_no_input_takes_is_refused(mixed: Path, arguments: list[str], message: str) -> None:
    Path("x.avi").write_bytes(b"a film")
    Path("x.pdf").write_bytes(b"a document")
    assert message in usage_error(restore(*arguments))


def test_what_one_input_takes_is_allowed_and_files_are_what_they_begin_with(mixed: Path) -> None:
    png = b"\x89PNG\r\n\x1a\n"
    Path("named.jpg").write_bytes(png)
    Path("named.png").write_bytes(FIRST)
    Path("c.png").write_bytes(png)
    for arguments in (
        ["in/a.jpg", "named.jpg", "--grid", "1,1"],
        ["named.jpg", "--quality-was", "20"],
        ["named.png", "--earlier", "20"],
        ["in", "--format", "webp"],
        ["in/sub/b.cbz", "--format", "jpeg"],
        ["in", "--earlier", "20"],
        ["in/sub/b.cbz", "--break-signatures"],
        ["in/sub/b.cbz", "--quality", "50", "--consistent"],
        ["in/a.jpg", "--earlier", "off", "--rescaled", "off"],
    ):
        result = restore(*arguments, "-o", "out/", "--dry-run")
        assert result.exit_code == 0, (arguments, result.stderr)
    assert "--earlier is for single JPEG files" in usage_error(restore("c.png", "named.jpg", "--earlier", "20"))
    assert "--grid is for PNG files" in usage_error(restore("named.png", "in/sub/b.cbz", "--grid", "1,1"))
    assert restore("-", "-o", "x.png", "--grid", "1,1", "--dry-run", stdin=FIRST).exit_code == 0
    assert "gone.jpg" in restore("gone.jpg", "--grid", "1,1").stderr


def test_one_picture_inside_is_told_as_one(mixed: Path) -> None:
    zip_file(Path("one.cbz"), {"a\nb.jpg": FIRST})
    text = info("one.cbz").stdout
    assert text.startswith("one.cbz: 1 JPEG picture inside, ")
    assert "one.cbz: a\\nb.jpg\n  size" in text
