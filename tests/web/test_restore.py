"""One request: what comes out is what `qgac restore` writes, to the bit, and failures are told in its sentences."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from made.command_line import qgac_command, sentence, usage_error
from made.pictures import compressed, photo
from made.web import Running

CORPUS = Path(__file__).parents[1] / "jpeg" / "corpus"
OUTPUTS: list[dict[str, Any]] = [
    {},
    {"format": "webp"},
    {"format": "tiff", "depth": "float"},
    {"depth": 16},
    {"format": "jpeg", "quality": 60},
    {"consistent": True},
    {"srgb": True, "strip": True},
]
CHOICES: list[dict[str, Any]] = [{"strength": 0.4}, {"best": True}, {"projection": False}]


def by_command(jpeg: bytes, folder: Path, weights: Path, options: dict[str, Any]) -> bytes:
    """What the command writes with the same options."""
    source, place = folder / "photo.jpg", folder / "restored"
    source.write_bytes(jpeg)
    words = ["--model", weights]
    for name, value in options.items():
        option = "--no-projection" if name == "projection" else f"--{name}"
        words += [option] if isinstance(value, bool) else [option, value]
    result = qgac_command("restore", source, "-o", f"{place}/", *words)
    assert result.exit_code == 0, result.stderr
    (file,) = place.iterdir()
    return file.read_bytes()


def same(answer: bytes, file: bytes, options: dict[str, Any]) -> bool:
    """Whether two files are equal; an sRGB profile that is made anew holds the second when it was."""
    if "srgb" not in options:
        return answer == file
    one, other = (np.asarray(Image.open(io.BytesIO(content))) for content in (answer, file))
    return np.array_equal(one, other)


@pytest.mark.parametrize("options", [*OUTPUTS, *CHOICES], ids=str)
def test_the_answer_is_the_file_of_the_command(
    options: dict[str, Any], running: Running, jpeg: bytes, weights: Path, tmp_path: Path
) -> None:
    answer = running.post("/api/restore", jpeg, **options)
    assert answer.status == 200, answer.body
    assert same(answer.body, by_command(jpeg, tmp_path, weights, options), options)


@pytest.mark.parametrize("name", ["pillow_metadata", "ycck", "pillow_gray", "progressive_written", "sampling_1x4"])
def test_every_kind_of_picture_is_restored_as_by_the_command(
    name: str, running: Running, weights: Path, tmp_path: Path
) -> None:
    content = (CORPUS / f"{name}.jpg").read_bytes()
    answer = running.post("/api/restore", content)
    assert answer.body == by_command(content, tmp_path, weights, {})
    assert answer.headers["content-type"] == ("image/tiff" if name == "ycck" else "image/png")


def test_a_form_is_as_good_as_a_body(running: Running, jpeg: bytes) -> None:
    head = '--X\r\nContent-Disposition: form-data; name="file"; filename="../../etc/passwd"\r\n\r\n'
    form = head.encode() + jpeg + b"\r\n--X--\r\n"
    answer = running.ask("POST", "/api/restore", form, {"Content-Type": "multipart/form-data; boundary=X"})
    assert answer.status == 200
    assert answer.body == running.post("/api/restore", jpeg).body


def test_headers_tell_what_was_found(running: Running, jpeg: bytes) -> None:
    headers = running.post("/api/restore", jpeg + b"more").headers
    assert (headers["qgac-width"], headers["qgac-height"], headers["qgac-quality"]) == ("90", "60", "30")
    assert any("behind" in note for note in json.loads(headers["qgac-notes"]))


def test_nothing_of_a_picture_is_left(running: Running, jpeg: bytes) -> None:
    assert running.post("/api/restore", jpeg).status == 200
    assert running.post("/api/restore", jpeg[:200]).status == 422
    assert running.post("/api/info", jpeg).status == 200
    assert running.leaves_nothing()


UNREADABLE = {
    "empty": (b"", 422),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(40), 422),
    "heic": (b"\0\0\0\x18ftypheic" + bytes(40), 415),
    "text": (b"no picture at all" * 9, 415),
    "truncated": (compressed(photo(60, 90), 30)[:-100], 422),
    "head only": (compressed(photo(60, 90), 30)[:150], 422),
    "arithmetic": (b"\xff\xd8\xff\xc9\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00\xff\xd9", 422),
}


@pytest.mark.parametrize("name", UNREADABLE)
@pytest.mark.parametrize("path", ["/api/restore", "/api/info", "/api/heat-map", "/api/jobs"])
def test_what_cannot_be_read_is_refused_in_the_words_of_the_command(
    name: str, path: str, running: Running, tmp_path: Path
) -> None:
    content, status = UNREADABLE[name]
    answer = running.post(path, content)
    assert answer.status == status
    if content:  # an empty file of the command is an empty request here
        file = tmp_path / "file.jpg"
        file.write_bytes(content)
        assert answer.detail == sentence(qgac_command("restore", file)).removeprefix(f"{file}: ")


CONTRADICTIONS: list[dict[str, Any]] = [
    {"format": "webp", "depth": 16},
    {"format": "png", "consistent": True},
    {"srgb": True, "depth": 16},
    {"quality": 50},
    {"consistent": True, "projection": False},
]


@pytest.mark.parametrize("options", CONTRADICTIONS, ids=str)
def test_contradictions_are_refused_in_the_words_of_the_command(
    options: dict[str, Any], running: Running, jpeg: bytes, tmp_path: Path
) -> None:
    (tmp_path / "photo.jpg").write_bytes(jpeg)
    answer = running.post("/api/restore", jpeg, **options)
    assert answer.status == 422
    words: list[object] = []
    for name, value in options.items():
        option = "--no-projection" if name == "projection" else f"--{name}"
        words += [option] if isinstance(value, bool) else [option, value]
    assert answer.detail in usage_error(qgac_command("restore", tmp_path / "photo.jpg", *words))


@pytest.mark.parametrize(
    "options",
    [
        {"model": "/etc/passwd"},
        {"strength": 2},
        {"strength": "nan"},
        {"blend": -1},
        {"blend": 0.5},
        {"depth": 9},
        {"format": "gif"},
        {"quality": 0, "format": "jpeg"},
        {"best": "perhaps"},
    ],
    ids=str,
)
def test_impossible_options_are_refused_in_a_sentence(options: dict[str, Any], running: Running, jpeg: bytes) -> None:
    answer = running.post("/api/restore", jpeg, **options)
    assert answer.status == 422
    assert "\n" not in answer.detail
    assert running.leaves_nothing()


def test_a_picture_that_a_format_cannot_hold_is_refused(running: Running) -> None:
    answer = running.post("/api/restore", (CORPUS / "ycck.jpg").read_bytes(), format="webp")
    assert answer.status == 422
    assert answer.detail.startswith("a webp file cannot hold CMYK")


def test_a_damaged_picture_is_restored_as_far_as_it_goes_if_asked(
    running: Running, jpeg: bytes, weights: Path, tmp_path: Path
) -> None:
    damaged = jpeg[:-100]
    answer = running.post("/api/restore", damaged, tolerant=True)
    assert answer.body == by_command(damaged, tmp_path, weights, {"tolerant": True})


def test_the_description_is_that_of_the_command(running: Running, jpeg: bytes, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(jpeg)
    told = json.loads(qgac_command("info", "--json", tmp_path / "photo.jpg").stdout)
    del told["file"]
    assert running.post("/api/info", jpeg).json() == told


def test_the_heat_map_has_a_pixel_a_block_in_the_colours_of_the_command(
    running: Running, jpeg: bytes, tmp_path: Path
) -> None:
    (tmp_path / "photo.jpg").write_bytes(jpeg)
    assert qgac_command("info", tmp_path / "photo.jpg", "--heat-map", tmp_path / "map.png").exit_code == 0
    answer = running.post("/api/heat-map", jpeg)
    blocks = np.asarray(Image.open(io.BytesIO(answer.body)))
    assert blocks.shape == (8, 12, 3)
    sheet = np.asarray(Image.open(tmp_path / "map.png").convert("RGB"))
    assert (sheet[16 : 16 + 64 : 8, 16 : 16 + 96 : 8] == blocks).all()
    assert float(answer.headers["qgac-heat-map-top"]) > 0


def test_models_are_listed_and_no_others_can_be_had(running: Running) -> None:
    models = running.get("/api/models").json()
    assert models[0] == {"name": "tiny", "blend": False}
    assert {"name": "small", "blend": True} in models
