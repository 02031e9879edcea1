"""Pictures that are no JPEGs, sent to the service: restored as the command restores them, told, and refused."""

from __future__ import annotations

import io
import json
import random
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from made.command_line import qgac_command, sentence
from made.pasts import decoded, file_of, saved_again, scene
from made.pictures import compressed
from made.web import Running, serving
from qgac.web.limits import Limits
from qgac.web.restorers import Restorers
from qgac.web.service import Service

KINDS = {"PNG": "png", "WEBP": "webp", "BMP": "bmp", "TIFF": "tif"}
WAS = "restored as the JPEG it was: libjpeg at quality 20, blocks beginning at 0,0"
NEVER = "no trace of a JPEG was found, so the picture was left as it is (restoring, blurring or editing leaves none)"


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    """What a JPEG of quality 20 decodes to."""
    return decoded(compressed(scene(64, 80), 20))


def by_command(content: bytes, suffix: str, folder: Path, weights: Path, *words: object) -> bytes:
    """What the command writes."""
    source, place = folder / f"picture.{suffix}", folder / "restored"
    source.write_bytes(content)
    result = qgac_command("restore", source, "-o", f"{place}/", "--model", weights, *words)
    assert result.exit_code == 0, result.stderr
    (file,) = place.iterdir()
    return file.read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_the_answer_is_the_file_of_the_command(
    kind: str, pixels: np.ndarray, running: Running, weights: Path, tmp_path: Path
) -> None:
    content = file_of(pixels, kind)
    answer = running.post("/api/restore", content)
    assert answer.status == 200, answer.body
    assert answer.body == by_command(content, KINDS[kind], tmp_path, weights)
    assert json.loads(answer.headers["qgac-notes"]) == [WAS]


def test_a_picture_of_no_jpeg_stays_and_both_say_so(running: Running) -> None:
    content = file_of(scene(64, 80))
    answer = running.post("/api/restore", content)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(answer.body))), scene(64, 80))
    assert json.loads(answer.headers["qgac-notes"]) == [NEVER]
    job = running.finished(running.post("/api/jobs", content).json()["id"])
    assert job["notes"] == [NEVER]
    running.ask("DELETE", f"/api/jobs/{job['id']}")
    assert running.post("/api/info", content).json()["past"]["outcome"] == "never"


OUTPUTS: list[dict[str, Any]] = [
    {},
    {"format": "webp"},
    {"format": "tiff", "depth": "float"},
    {"depth": 16},
    {"format": "jpeg", "quality": 60},
]


def test_a_job_has_every_format_of_one_restoration(pixels: np.ndarray, running: Running) -> None:
    content = file_of(pixels, exif=Image.Exif().tobytes())
    begun = running.post("/api/jobs", content, view="0,0,16,16").json()
    assert begun["notes"] == []
    job = running.finished(begun["id"])
    assert (job["state"], job["notes"], job["region"]) == ("done", [WAS], None)
    for options in OUTPUTS:
        result = running.get(f"/api/jobs/{job['id']}/result", **options)
        assert result.body == running.post("/api/restore", content, **options).body, options
    assert running.ask("DELETE", f"/api/jobs/{job['id']}").status == 204
    assert running.leaves_nothing()


def test_a_job_tells_of_an_earlier_compression(running: Running) -> None:
    twice = saved_again(scene(320, 400)[..., 1], 20, 75, 4, 4)
    job = running.finished(running.post("/api/jobs", twice).json()["id"])
    (note,) = job["notes"]
    assert "this JPEG was one before (libjpeg at quality 20, blocks beginning at 4,4)" in note
    running.ask("DELETE", f"/api/jobs/{job['id']}")


def test_the_description_is_that_of_the_command(pixels: np.ndarray, running: Running, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(file_of(pixels))
    told = json.loads(qgac_command("info", "--json", tmp_path / "a.png").stdout)
    del told["file"]
    assert told["past"]["luma"]["quality"] == 20
    assert running.post("/api/info", file_of(pixels)).json() == told


def test_what_needs_a_jpeg_is_refused_in_a_sentence(pixels: np.ndarray, running: Running, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(file_of(pixels))
    answer = running.post("/api/restore", file_of(pixels), consistent=True)
    assert answer.status == 422
    refused = sentence(qgac_command("restore", tmp_path / "a.png", "--consistent"))
    assert answer.detail == refused.removeprefix(f"{tmp_path / 'a.png'}: ")
    answer = running.post("/api/heat-map", file_of(pixels))
    assert answer.status == 415
    assert answer.detail.startswith("this is no JPEG file, so there is nothing to draw")


def test_tiff_files_of_several_pictures_are_left_to_the_command(pixels: np.ndarray, running: Running) -> None:
    several = file_of(pixels, "TIFF", save_all=True, append_images=[Image.fromarray(pixels)])
    for content in (several, file_of(pixels, "TIFF", compression="jpeg")):
        for path in ("/api/restore", "/api/jobs", "/api/info"):
            answer = running.post(path, content)
            assert answer.status == 415
            assert "restore it with the command" in answer.detail


LIMITS = Limits(max_bytes=40_000, max_pixels=40_000)


@pytest.fixture(scope="module")
def small(weights: Path) -> Iterator[Running]:
    """A service with low limits: 10,000 pixels for what is no JPEG."""
    with serving(Service(Restorers(str(weights)), LIMITS)) as found:
        yield found


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG file of some hundred bytes."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize("path", ["/api/restore", "/api/jobs", "/api/info"])
def test_bombs_are_refused_before_they_go_off(path: str, small: Running) -> None:
    answer = small.post(path, png_that_claims(60_000, 60_000))
    assert answer.status == 413
    assert "60000 x 60000 = 3600.0 million pixels" in answer.detail
    assert small.post(path, file_of(np.zeros((100, 101), np.uint8))).status == 413
    assert small.post(path, file_of(np.zeros((100, 100), np.uint8))).status in (200, 202)
    assert small.post(path, compressed(scene(100, 101), 50)).status in (200, 202)  # a JPEG may be larger
    assert small.post(path, file_of(scene(120, 160), "BMP")).status == 413  # of bytes


def test_text_that_grows_is_refused(small: Running) -> None:
    content = file_of(scene(20, 30))
    text = b"zTXt", b"Comment\0\0" + zlib.compress(bytes(30_000_000), 9)
    chunk = struct.pack(">I", len(text[1])) + b"".join(text) + struct.pack(">I", zlib.crc32(b"".join(text)))
    assert len(chunk) < 40_000
    assert small.post("/api/restore", content[:33] + chunk + content[33:]).status in (200, 422)


def test_damaged_files_are_refused_or_restored(small: Running) -> None:
    """Bytes of good files changed at random: never a fault of the service."""
    generator = random.Random(7)
    good = [file_of(scene(24, 32), kind) for kind in KINDS]
    seen = set()
    for _ in range(80):
        content = bytearray(generator.choice(good))
        for _ in range(generator.randint(1, 6)):
            content[generator.randrange(4, min(len(content), 300))] = generator.randrange(256)
        answer = small.post("/api/info", bytes(content))
        seen.add(answer.status)
        assert answer.status in (200, 413, 415, 422)
        assert answer.status == 200 or answer.detail.endswith(
            (".", "PNG", "copy", "by one", "it", "8 bits", "restored")
        )
    assert {200, 422} <= seen


def test_samples_of_more_than_8_bits_are_refused(small: Running) -> None:
    answer = small.post("/api/restore", file_of(np.zeros((40, 40), np.uint16)))
    assert answer.status == 422
    assert "more than 8 bits" in answer.detail
