"""Compare the JPEG reader with Pillow, and with ffmpeg if it is there, on every JPEG file of some folders.

Run it with ``python benchmarks/corpus.py FOLDER...``, on the test files of other projects for example. It prints one
line for each folder: how many files both open and show alike to the last bit, how many differently, how many only one
or neither of them opens, and the seconds that each took. Below it lists the files that are not simply equal.
"""

from __future__ import annotations

import collections
import io
import shutil
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile

from qgac.jpeg.errors import JPEGError
from qgac.jpeg.reader import read_jpeg

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "jpeg"))
from render import render

SUFFIXES = {".jpg", ".jpeg", ".jpe", ".jfif"}
COLUMNS = ("equal", "different", "refused by qgac", "refused by Pillow", "refused by both", "no JPEG")


@dataclass
class Row:
    """What became of the files of a folder."""

    counts: collections.Counter[str] = field(default_factory=collections.Counter)
    seconds: dict[str, float] = field(default_factory=lambda: {"qgac": 0.0, "Pillow": 0.0})
    remarks: list[str] = field(default_factory=list)


def by_qgac(content: bytes) -> tuple[np.ndarray | None, str]:
    """Return the plain decode, and the notes or the reason why there is none."""
    try:
        image = read_jpeg(content)
    except JPEGError as error:
        return None, str(error)
    return render(image), "; ".join(image.notes)


def by_pillow(content: bytes) -> tuple[np.ndarray | None, str]:
    """Return what Pillow shows, or the reason why it does not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content)) as picture:
                if picture.format not in ("JPEG", "MPO"):
                    return None, f"a {picture.format} file"
                return np.asarray(picture), ""
    except Exception as error:  # whatever it is, Pillow does not open the file
        return None, f"{type(error).__name__}: {error}"


def by_ffmpeg(path: Path) -> str:
    """Say whether ffmpeg decodes a file; nothing if there is no ffmpeg."""
    program = shutil.which("ffmpeg")
    if program is None:
        return ""
    command = [program, "-v", "error", "-xerror", "-i", str(path), "-frames:v", "1", "-f", "null", "-"]
    return "ffmpeg opens it" if subprocess.run(command, capture_output=True, check=False).returncode == 0 else ""


def compare(path: Path, row: Row) -> None:
    """Read a file with both, and count what comes of it."""
    content = path.read_bytes()
    start = time.perf_counter()
    ours, note = by_qgac(content)
    between = time.perf_counter()
    theirs, reason = by_pillow(content)
    row.seconds["qgac"] += between - start
    row.seconds["Pillow"] += time.perf_counter() - between
    if ours is None:
        no_jpeg = theirs is None and b"\xff\xd8\xff" not in content[:4096]
        outcome = "no JPEG" if no_jpeg else "refused by both" if theirs is None else "refused by qgac"
    elif theirs is None:
        outcome = "refused by Pillow"
    else:
        outcome = "equal" if ours.shape == theirs.shape and (ours == theirs).all() else "different"
    row.counts[outcome] += 1
    if outcome not in ("equal", "no JPEG"):
        remarks = [text for text in (note, reason, by_ffmpeg(path)) if text]
        row.remarks.append(f"{outcome}: {path}: {'; '.join(remarks)}")


def main() -> None:
    """Compare the files of each folder and print the table."""
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    Image.MAX_IMAGE_PIXELS = None
    rows: dict[str, Row] = {}
    for folder in sys.argv[1:]:
        row = rows[folder] = Row()
        for path in sorted(Path(folder).rglob("*")):
            if path.suffix.lower() in SUFFIXES and path.is_file():
                compare(path, row)
        print(f"{folder}: {sum(row.counts.values())} files", file=sys.stderr, flush=True)
    width = max(map(len, rows), default=0)
    print(" ".join([f"{'':{width}}", *COLUMNS, *(f"s {name}" for name in ("qgac", "Pillow"))]))
    for folder, row in rows.items():
        counts = [f"{row.counts[column]:{len(column)}}" for column in COLUMNS]
        seconds = [f"{taken:{len(name) + 2}.1f}" for name, taken in row.seconds.items()]
        print(" ".join([f"{folder:{width}}", *counts, *seconds]))
    for row in rows.values():
        print(*row.remarks, sep="\n")


if __name__ == "__main__":
    main()
