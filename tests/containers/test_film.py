"""Films: every frame is restored and shown at its time, with the sound; damage and interruption cost little."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

av = pytest.importorskip("av")

from made import films
from made.command_line import PROGRAM, SOURCE, TESTS, on_a_terminal, posix, qgac_command, usage_error
from made.containers import Refiner, make_refiner, restored
from made.films import decoded, film, jpegs, pictures, shown
from made.pictures import compressed, photo
from qgac.batch import films as batch_films
from qgac.batch.jobs import Done, Failed, Finished, Outcome
from qgac.containers.film import fields_of, woven
from qgac.jpeg.image import JPEGImage
from qgac.restoration.picture import Restored


def finished(outcome: Outcome) -> Finished:
    assert isinstance(outcome, Finished), outcome
    return outcome


def message(outcome: Outcome) -> str:
    assert isinstance(outcome, Failed), outcome
    return outcome.message


class Counting(Refiner):
    """Counts the frames, and is interrupted before one of them."""

    def __init__(self, last: int | None = None) -> None:
        super().__init__(0)
        object.__setattr__(self, "calls", [])
        object.__setattr__(self, "last", last)

    def __call__(self, image: JPEGImage, **options: Any) -> Restored:
        if len(self.calls) == self.last:  # type: ignore[attr-defined]
            raise KeyboardInterrupt
        self.calls.append(image)  # type: ignore[attr-defined]
        return super().__call__(image, **options)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("x.avi", {}),
        ("x.mov", {}),
        ("x.mkv", {"sound": "flac"}),
        ("x.mjpeg", {"sound": None, "format": "mjpeg"}),
        ("x.mjpg", {"sound": None, "format": "mjpeg"}),
    ],
)
def test_frames_times_and_sound(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    """Restored by nothing, every frame is what libjpeg shows of it, to the bit."""
    contents = jpegs(7)
    source = film(tmp_path / name, contents, **options)
    outcome = finished(restored(source))
    target = tmp_path / "x.restored.mkv"
    assert films.streams_of(target)[0] == "ffv1"
    found = shown(target)
    second = Fraction(25 if "mjp" in name else Fraction(25, 2))
    assert [time for time, _ in found] == [pytest.approx(number / second, abs=0.001) for number in range(7)]
    for (_, picture), content in zip(found, contents, strict=True):
        assert (picture == decoded(content)).all()
    if options.get("sound", True):
        assert films.streams_of(target)[1] == films.streams_of(source)[1]
        assert films.sound_of(target) == films.sound_of(source)
    assert "7 frames restored" in outcome.notes
    (entry,) = outcome.pictures
    assert (entry.name, entry.width, entry.height, entry.quality) == ("film", 48, 32, 40)
    assert [path.name for path in sorted(tmp_path.iterdir())] == sorted([name, target.name])


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_h264_shows_the_restored_frames(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the colours that it says: a player that knows full range and BT.601 shows what was restored, or nearly."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("qgac.batch.many.new_restorer", make_refiner)
    film(Path("x.avi"), jpegs(6, 90))
    result = qgac_command("restore", "x.avi", "-o", f"y{suffix}", "--crf", "5")
    assert result.exit_code == 0, result.stderr
    with av.open(f"y{suffix}") as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt.removeprefix("yuvj"), context.color_range) == ("h264", "420p", 2)
        assert context.colorspace in (5, 6)
        assert container.streams.audio
    assert qgac_command("restore", "x.avi", "-o", "z.mkv").exit_code == 0
    for (time, picture), (expected_time, expected) in zip(shown(Path(f"y{suffix}")), shown(Path("z.mkv")), strict=True):
        assert time == pytest.approx(expected_time, abs=0.001)
        difference = picture - expected
        assert abs(difference.mean()) < 1.5
        assert abs(difference).mean() < 4


def test_frames_without_huffman_tables_and_with_padding(tmp_path: Path) -> None:
    """As capture cards write them: the standard tables are meant, and frames are filled up."""

    def without_tables(content: bytes) -> bytes:
        parts, position = content[:2], 2
        while content[position + 1] != 0xDA:
            end = position + 2 + int.from_bytes(content[position + 2 : position + 4], "big")
            parts += content[position:end] if content[position + 1] != 0xC4 else b""
            position = end
        return parts + content[position:]

    contents = [without_tables(content) + bytes(7 * number) for number, content in enumerate(jpegs(4))]
    assert all(b"\xff\xc4" not in content for content in contents)
    outcome = finished(restored(film(tmp_path / "x.avi", contents)))
    assert len(outcome.pictures) == 1
    for (_, picture), content in zip(shown(tmp_path / "x.restored.mkv"), jpegs(4), strict=True):
        assert (picture == decoded(content)).all()


@pytest.mark.parametrize("polarity", [1, 2])
def test_two_fields_make_a_frame(tmp_path: Path, polarity: int) -> None:
    """The marker says which lines come first; ffmpeg's own decoder agrees."""
    whole = photo(32, 48)
    upper, lower = whole[::2], whole[1::2]

    def field(picture: np.ndarray, order: int) -> bytes:
        content = compressed(picture, 95, subsampling="4:4:4")
        return content[:2] + b"\xff\xe0\x00\x10AVI1" + bytes([order]) + bytes(9) + content[20:]

    first, second = (upper, lower) if polarity == 1 else (lower, upper)
    content = field(first, polarity) + field(second, 3 - polarity)
    assert len(fields_of(content)) == 2
    source = film(tmp_path / "x.avi", [content] * 3)
    finished(restored(source))
    for (_, picture), (_, expected) in zip(shown(tmp_path / "x.restored.mkv"), shown(source), strict=True):
        assert picture.shape == (32, 48, 3)
        assert np.abs(picture - whole).mean() < 4
        assert np.abs(picture - expected).mean() < 6


def test_weaving_begins_with_the_upper_lines() -> None:
    upper, lower = np.full((2, 4, 3), 1, np.uint8), np.full((2, 4, 3), 2, np.uint8)
    assert woven([upper, lower])[:, 0, 0].tolist() == [1, 2, 1, 2]
    assert woven([upper]) is upper


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_film_is_upright(tmp_path: Path, degrees: int) -> None:
    contents = jpegs(3)
    source = tmp_path / "x.mov"
    try:
        film(source, contents, turned=degrees)
    except AttributeError:
        pytest.skip("this PyAV cannot turn films")
    finished(restored(source))
    for (_, picture), content in zip(shown(tmp_path / "x.restored.mkv"), contents, strict=True):
        assert (picture == np.rot90(decoded(content), degrees // 90)).all()
    if program := shutil.which("ffmpeg"):  # which turns films by itself
        line = [program, "-loglevel", "error", "-i", str(source), "-f", "rawvideo", "-pix_fmt", "gray", "-"]
        raw = subprocess.run(line, check=True, capture_output=True).stdout
        shape = shown(tmp_path / "x.restored.mkv")[0][1].shape[:2]
        frame = np.frombuffer(raw, np.uint8)[: shape[0] * shape[1]].reshape(shape).astype(int)
        assert np.abs(frame - shown(tmp_path / "x.restored.mkv")[0][1].mean(-1)).mean() < 15


def test_the_shape_of_pixels_is_kept_or_told(tmp_path: Path) -> None:
    bare = [content[:2] + content[20:] for content in jpegs(3)]  # the JFIF marker would say that they are square
    source = film(tmp_path / "x.mov", bare, shape=Fraction(16, 15), sound=None)
    outcome = finished(restored(source))
    assert any(note.startswith("its pixels are 16/15 as wide as high") for note in outcome.notes)
    finished(restored(source, overwrite=True, crf=10))
    with av.open(str(tmp_path / "x.restored.mkv")) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(16, 15)


def test_damaged_frames_are_restored_as_far_as_they_go_or_repeated(tmp_path: Path) -> None:
    contents = jpegs(6)
    contents[0] = b"\xff\xd8\xff\xe0 nothing"
    contents[2] = contents[2][:-5]
    contents[4] = compressed(photo(16, 16), 40)
    outcome = finished(restored(film(tmp_path / "x.avi", contents)))
    whole, *damaged = outcome.pictures
    assert whole.name == "film"
    assert [entry.name for entry in damaged] == ["frame 1", "frame 3", "frame 5"]
    assert damaged[0].notes[0].endswith("it repeats the one beside it")
    assert damaged[1].notes[0].endswith("of its data are missing; it was restored as far as it goes")
    assert damaged[2].notes[0] == "it is of another size than the others; it repeats the one before it"
    found = [picture for _, picture in shown(tmp_path / "x.restored.mkv")]
    assert len(found) == 6
    assert (found[0] == decoded(contents[1])).all()
    assert (found[2][:8] == decoded(jpegs(6)[2])[:8]).all()
    assert (found[4] == decoded(contents[3])).all()


def test_a_film_without_any_whole_frame_fails(tmp_path: Path) -> None:
    outcome = restored(film(tmp_path / "x.avi", [b"\xff\xd8\xff\xe0 nothing"] * 3, sound=None))
    assert "none of its frames could be restored" in message(outcome)
    assert [path.name for path in tmp_path.iterdir()] == ["x.avi"]


def test_an_interrupted_film_goes_on_where_it_was(tmp_path: Path) -> None:
    contents = jpegs(125)
    contents[20] = contents[20][:-60]
    contents[50] = b"\xff\xd8\xff\xe0 nothing"  # the first of the second run: it repeats one of the first run
    source = film(tmp_path / "x.avi", contents)
    with pytest.raises(KeyboardInterrupt):
        restored(source, Counting(last=70))
    assert not (tmp_path / "x.restored.mkv").exists()
    again = Counting()
    told: list[Done] = []
    outcome = finished(restored(source, again, progress=lambda job, done: told.append(done)))
    assert len(again.calls) == 74  # type: ignore[attr-defined]
    assert "50 of them were there from a run before" in outcome.notes
    assert [entry.name for entry in outcome.pictures] == ["film", "frame 21", "frame 51"]
    assert told[0] == Done(pytest.approx(1 / 75), "frame 51 of 125")  # of the work that is left, so that estimates hold
    assert told[-1] == Done(1, "frame 125 of 125")
    found = [picture for _, picture in shown(tmp_path / "x.restored.mkv")]
    assert len(found) == 125
    for number in (0, 49, 51, 99, 124):
        assert (found[number] == decoded(contents[number])).all(), number
    assert (found[50] == found[49]).all()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.avi", "x.restored.mkv"]


@pytest.mark.parametrize("change", ["model", "film"])
def test_frames_of_another_run_are_not_mixed_in(tmp_path: Path, change: str) -> None:
    source = film(tmp_path / "x.avi", jpegs(120))
    with pytest.raises(KeyboardInterrupt):
        restored(source, Counting(last=70), restoration="one model")
    if change == "film":
        film(source, jpegs(120, 30))
    again = Counting()
    finished(restored(source, again, restoration="another model" if change == "model" else "one model"))
    assert len(again.calls) == 120  # type: ignore[attr-defined]


@posix
@pytest.mark.slow
def test_a_killed_command_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    film(Path("x.avi"), jpegs(120))
    program = PROGRAM.replace("import files", "import containers")
    line = [sys.executable, "-c", program, "make_film_restorer", "restore", "x.avi"]
    environment = os.environ | {"PYTHONPATH": f"{SOURCE}{os.pathsep}{TESTS}"}
    killed = subprocess.run(line, env=environment, check=False)  # by itself, after 70 frames
    assert killed.returncode == -signal.SIGKILL
    assert not Path("x.restored.mkv").exists()
    monkeypatch.setattr("qgac.batch.many.new_restorer", make_refiner)
    result = qgac_command("restore", "x.avi")
    assert result.exit_code == 0, result.stderr
    assert "50 of them were there from a run before" in result.stderr
    assert len(shown(Path("x.restored.mkv"))) == 120
    assert sorted(path.name for path in Path().iterdir()) == ["x.avi", "x.restored.mkv"]


@posix
def test_the_display_counts_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    film(Path("x.avi"), jpegs(60))
    program = PROGRAM.replace("import files", "import containers")
    shown = on_a_terminal("-c", program, "make_slow_restorer", "restore", "x.avi")
    counts = [re.findall(r"frame (\d+) of 60", line) for line in shown if "%" in line]
    numbers = [int(count[0]) for count in counts if count]
    assert len(set(numbers)) > 3
    assert numbers == sorted(numbers)
    for line in shown:
        if found := re.search(r"(\d+)% .* frame (\d+) of 60", line):
            assert abs(int(found[1]) - 100 * int(found[2]) / 60) < 5


def test_films_of_other_codecs_are_called_so(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "x.mkv"), "w") as output:
        stream = output.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 48, 32, "bgr0"
        frame = av.VideoFrame.from_ndarray(pictures(1)[0], format="rgb24").reformat(format="bgr0")
        output.mux(stream.encode(frame))
        output.mux(stream.encode())
    text = message(restored(tmp_path / "x.mkv"))
    assert "only those of JPEG pictures (MJPEG) are restored, and this has ffv1" in text


@pytest.mark.parametrize("content", [b"", b"hello", b"RIFF\0\0\0\0AVI LIST"])
def test_what_is_no_film_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.avi").write_bytes(content)
    assert "no film, or a damaged one" in message(restored(tmp_path / "x.avi"))


def test_without_the_library_one_sentence_tells_which_extra_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = film(tmp_path / "x.avi", jpegs(2))
    monkeypatch.setitem(sys.modules, "av", None)
    assert message(restored(source)).endswith("install it: pip install 'qgac[containers]'")


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    film(Path("x.avi"), jpegs(3))
    result = qgac_command("restore", "x.avi", "--dry-run")
    assert "  the first of 3 frames: 48 x 32, quality 40, error about" in result.stdout
    assert "the first of 3 frames" in qgac_command("info", "x.avi").stdout
    assert "becomes a .mkv file" in usage_error(qgac_command("restore", "x.avi", "-o", "y.avi"))
    assert "not in the range" in usage_error(qgac_command("restore", "x.avi", "--crf", "60"))
    assert "is for PDF documents" in usage_error(qgac_command("restore", "x.avi", "--lossless"))
    film(Path("odd.avi"), [compressed(photo(31, 47), 40)] * 2, size=(47, 31))
    monkeypatch.setattr("qgac.batch.many.new_restorer", make_refiner)
    result = qgac_command("restore", "odd.avi", "--crf", "20")
    assert result.exit_code == 1
    assert "H.264 wants an even width and height" in result.stderr
    assert not list(Path().glob(".qgac-*"))
    assert qgac_command("restore", "odd.avi").exit_code == 0


def test_work_is_not_lost_if_the_film_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = film(tmp_path / "x.avi", jpegs(60))

    def full(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(batch_films, "write_film", full)
        assert "No space left on device" in message(restored(source))
    again = Counting()
    assert "60 of them were there from a run before" in finished(restored(source, again)).notes
    assert not again.calls  # type: ignore[attr-defined]
