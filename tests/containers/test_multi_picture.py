"""JPEG files with several pictures: all of them are restored, and other programs find them where the index says."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from made.command_line import qgac_command, usage_error
from made.containers import Refiner, make_refiner, mpo_file, restored
from made.pictures import compressed, photo
from qgac.batch.jobs import Failed, Finished
from qgac.containers.jpeg_file import end_of_picture, segments_before_scan

MAIN, SECOND = photo(48, 64, 1), photo(24, 32, 2)
DIRECTORY = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description><Container:Directory><Container:Item Item:Semantic="GainMap" Item:Mime="image/jpeg" '
    b'Item:Length="%d"/></Container:Directory></rdf:Description></rdf:RDF></x:xmpmeta>'
)


def frames(content: bytes) -> list[np.ndarray]:
    with Image.open(io.BytesIO(content)) as picture:
        result = []
        for number in range(getattr(picture, "n_frames", 1)):
            picture.seek(number)
            result.append(np.asarray(picture).astype(int))
        return result


@pytest.mark.parametrize("shift", [0, 20])
def test_all_pictures_are_restored(tmp_path: Path, shift: int) -> None:
    source = tmp_path / "x.mpo"
    source.write_bytes(mpo_file(MAIN, SECOND, photo(40, 40, 3)))
    outcome = restored(source, Refiner(shift), all_pictures=True)
    assert isinstance(outcome, Finished)
    before, after = frames(source.read_bytes()), frames((tmp_path / "x.restored.mpo").read_bytes())
    assert [frame.shape for frame in after] == [(48, 64, 3), (24, 32, 3), (40, 40, 3)]
    for old, new in zip(before, after, strict=True):
        assert (new - old).mean() == pytest.approx(shift, abs=1.5)
        assert shift or (new == old).all()
    assert [picture.name for picture in outcome.pictures] == ["picture 1", "picture 2", "picture 3"]


def test_the_length_of_a_gain_map_is_announced_anew(tmp_path: Path) -> None:
    """As Ultra HDR has it: readers find the gain map by the index, or by counting from the end by this length."""
    source = tmp_path / "x.jpg"
    source.write_bytes(mpo_file(MAIN, SECOND, xmp=DIRECTORY % 999))
    content = source.read_bytes()
    length = len(content) - content.rfind(b"\xff\xd8\xff")  # of three digits, too: Pillow gives XMP to all pictures
    source.write_bytes(mpo_file(MAIN, SECOND, xmp=DIRECTORY % length))
    assert isinstance(restored(source, all_pictures=True), Finished)
    after = (tmp_path / "x.restored.jpg").read_bytes()
    announced = int(after.split(b'Item:Length="')[1].split(b'"')[0])
    assert announced != length
    with Image.open(io.BytesIO(after[-announced:])) as picture:
        assert (np.asarray(picture) == frames(source.read_bytes())[1]).all()
    assert (frames(after)[1] == frames(source.read_bytes())[1]).all()


def test_what_lies_behind_the_pictures_stays(tmp_path: Path) -> None:
    """A film, for example, that is found by counting from the end."""
    source = tmp_path / "x.jpg"
    source.write_bytes(compressed(MAIN, 30) + b"ftypmp42" + bytes(range(256)) + b"\xff\xd9")
    assert isinstance(restored(source, Refiner(20), all_pictures=True), Finished)
    after = (tmp_path / "x.restored.jpg").read_bytes()
    assert after.endswith(b"\xff\xd9ftypmp42" + bytes(range(256)) + b"\xff\xd9")
    assert (frames(after)[0] - frames(source.read_bytes())[0]).mean() == pytest.approx(20, abs=1)


def test_metadata_of_every_picture_stay_to_the_byte(tmp_path: Path) -> None:
    source = tmp_path / "x.mpo"
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"
    source.write_bytes(mpo_file(MAIN, SECOND, exif=exif.tobytes(), icc_profile=b"a profile"))
    assert isinstance(restored(source, all_pictures=True), Finished)

    def metadata(content: bytes) -> list[bytes]:
        found = [segment for segment in segments_before_scan(content) if 0xE0 <= segment[1] <= 0xEF]
        return [segment for segment in found if segment[4:8] != b"MPF\0"]

    before, after = source.read_bytes(), (tmp_path / "x.restored.mpo").read_bytes()
    assert metadata(before) == metadata(after)
    assert len(metadata(before)) >= 3


def test_a_damaged_second_picture_stays(tmp_path: Path) -> None:
    content = mpo_file(MAIN, SECOND)
    source = tmp_path / "x.mpo"
    source.write_bytes(content[:-150])
    outcome = restored(source, Refiner(20), all_pictures=True)
    assert isinstance(outcome, Finished)
    assert outcome.pictures[1].reason is not None
    assert (tmp_path / "x.restored.mpo").read_bytes().endswith(content[-400:-150])


def test_an_index_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    content = bytearray(mpo_file(MAIN, SECOND))
    start = content.rfind(b"\xff\xd8\xff") - content.index(b"MPF\0") - 4
    place = content.index(struct.pack("<I", start))
    content[place : place + 4] = struct.pack("<I", start + 5)
    (tmp_path / "x.mpo").write_bytes(content)
    outcome = restored(tmp_path / "x.mpo", all_pictures=True)
    assert isinstance(outcome, Failed)
    assert "leads elsewhere" in outcome.message


def test_without_being_asked_only_the_first_one_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("qgac.batch.many.new_restorer", make_refiner)
    Path("x.mpo").write_bytes(mpo_file(MAIN, SECOND))
    result = qgac_command("restore", "x.mpo", "--consistent")
    assert result.exit_code == 0
    assert "of which only the first was read" in result.stderr
    assert len(frames(Path("x.restored.jpg").read_bytes())) == 1
    assert qgac_command("restore", "x.mpo", "--all-pictures").exit_code == 0
    assert len(frames(Path("x.restored.mpo").read_bytes())) == 2
    assert qgac_command("restore", "x.mpo", "--all-pictures", "-o", "y.jpg").exit_code == 0
    assert len(frames(Path("y.jpg").read_bytes())) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-", "--all-pictures"], "is for files"),
        (["x.mpo", "--all-pictures", "--strip"], "would drop what says"),
        (["x.mpo", "--all-pictures", "--format", "png"], "does not hold several pictures"),
        (["x.mpo", "--all-pictures", "-o", "x.png"], "becomes a .mpo file"),
    ],
)
def test_what_contradicts_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.mpo").write_bytes(mpo_file(MAIN, SECOND))
    assert message in usage_error(qgac_command("restore", *arguments))


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 1}])
def test_a_picture_ends_at_its_own_end(options: dict[str, object]) -> None:
    content = compressed(MAIN, 90, **options)
    assert end_of_picture(content) == len(content)
    assert end_of_picture(content + b"\xff\xd9 more \xff\xd9") == len(content)
    assert end_of_picture(content[:-2]) == len(content) - 2
