"""What is found in pixels of the JPEG they came from: the table of docs/pixels.md.

    python benchmarks/pixels.py FOLDER --pictures 300

Interrupted (Ctrl-C), it tells what is measured so far.

FOLDER holds pictures, or tar archives of them, in any format Pillow reads. Each is scaled down to a half, or by 1.5
where it is small, so that no trace of its own compression is left, and cut to at most 384 x 256 pixels: these are the
pictures that were never compressed. Each is then compressed by libjpeg with 4:2:0 chroma at one of the qualities, in
turn, cut by 0 to 15 rows and columns, and looked at as it was decoded; decoded and cut by 1 to 7 pixels on all sides;
saved again at another quality, on another grid, and decoded (the last compression is looked for); saved again as
before, and the file looked at for the compression before the last (and files that were saved once, for one that is
none).
"""

from __future__ import annotations

import argparse
import io
import signal
import tarfile
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from qgac.coefficients.quantization import chroma_table, luma_table
from qgac.jpeg.reader import read_jpeg
from qgac.pixels.earlier import find_earlier
from qgac.pixels.past import Past, from_pixels

QUALITIES = (10, 20, 30, 40, 50, 60, 70, 80, 90, 95)
SECOND = (75, 85, 90, 95, 98)
SUFFIXES = {".png", ".webp", ".avif", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"}


def contents(folder: Path) -> Iterator[bytes]:
    """Yield the content of pictures, those in archives as well."""
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".tar":
            with tarfile.open(path) as archive:
                for member in archive:
                    file = archive.extractfile(member)
                    if file is not None and Path(member.name).suffix.lower() in SUFFIXES:
                        yield file.read()
        elif path.suffix.lower() in SUFFIXES:
            yield path.read_bytes()


def never_compressed(folder: Path) -> Iterator[np.ndarray]:
    """Yield the pictures that are large enough, scaled down and cut."""
    for content in contents(folder):
        try:
            picture = Image.open(io.BytesIO(content)).convert("RGB")
        except (UnidentifiedImageError, OSError):
            continue
        factor = 2 if min(picture.size) >= 500 else 1.5
        size = round(picture.width / factor), round(picture.height / factor)
        if min(size) < 192:
            continue
        small = np.asarray(picture.resize(size, Image.Resampling.LANCZOS))
        top, left = (max(0, small.shape[axis] - limit) // 2 for axis, limit in enumerate((256, 384)))
        yield small[top : top + 256, left : left + 384]


def compressed(pixels: np.ndarray, quality: int) -> bytes:
    """Compress with 4:2:0 chroma."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return file.getvalue()


def decoded(content: bytes) -> np.ndarray:
    """Decode as Pillow does."""
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


class Tally:
    """What was found, by the kind of picture and the quality that was to be found."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, int], list[list[float]]] = defaultdict(list)

    def add(self, kind: str, past: Past, quality: int, top: int, left: int) -> None:
        """Compare what was found with what is so."""
        right = past.luma is not None and ((past.grid.top + top) % 8, (past.grid.left + left) % 8) == (0, 0)
        row = [float(right)]
        if right:
            assert past.luma is not None
            true = luma_table(quality)
            same = past.luma.table == true
            row += [
                float(past.luma.measured.mean()),
                float(same[past.luma.measured].mean()) if past.luma.measured.any() else np.nan,
                float(same.mean()),
                float(np.abs(np.log(past.luma.table / true)).mean()),
                float(past.luma.confidence.mean()),
            ]
            if past.chroma is not None:
                place = (past.chroma.top + top) % 16 == 0 and (past.chroma.left + left) % 16 == 0
                row += [float(past.chroma.factors == (2, 2) and place)]
                row += [float((past.chroma.steps.table == chroma_table(quality)).mean())]
        self.rows[kind, quality].append(row)

    def print(self) -> None:
        """Print a line for every kind and quality."""
        print("| picture | quality | n | grid | measured | exact of those | exact of 64 | log error |", end="")
        print(" confidence | 4:2:0 and place | chroma exact |\n|" + "---|" * 11)
        for (kind, quality), rows in sorted(self.rows.items()):
            found = np.mean([row[0] for row in rows])
            cells = [f"{found:.1%}"]
            for index in range(1, 8):
                values = [row[index] for row in rows if len(row) > index and not np.isnan(row[index])]
                cells.append("" if not values else f"{np.mean(values):.3f}" if index == 4 else f"{np.mean(values):.1%}")
            print(f"| {kind} | {quality} | {len(rows)} |", " | ".join(cells), "|")


class Measured:
    """All that is measured, picture by picture."""

    def __init__(self) -> None:
        self.generator = np.random.default_rng(0)
        self.tally = Tally()
        self.outcomes: dict[str, int] = defaultdict(int)
        self.files: dict[tuple[str, int], list[tuple[bool, bool]]] = defaultdict(list)
        self.once: list[tuple[float, float]] = []  # margin and agreement of files saved once
        self.seconds, self.number = 0.0, 0

    def add(self, pixels: np.ndarray) -> None:
        """Measure a picture that was never compressed."""
        quality, second = QUALITIES[self.number % len(QUALITIES)], SECOND[self.number // 10 % len(SECOND)]
        self.number += 1
        started = time.process_time()
        self.outcomes[from_pixels(pixels).outcome] += 1
        self.seconds += time.process_time() - started

        top, left = (int(value) for value in self.generator.integers(0, 16, 2))
        once = compressed(pixels, quality)
        self.tally.add("PNG", from_pixels(decoded(once)[top:, left:]), quality, top, left)
        low = self.generator.integers(1, 8, 4)
        cut = decoded(once)[low[0] : -low[1], low[2] : -low[3]]
        self.tally.add("cut by 1 to 7", from_pixels(cut), quality, int(low[0]), int(low[2]))
        top, left = (int(value) for value in divmod(self.generator.integers(1, 64), 8))
        twice = compressed(decoded(once)[top:, left:], second)
        self.tally.add("saved again", from_pixels(decoded(twice)), second, 0, 0)
        coarser = np.log(luma_table(quality) / luma_table(second)).mean() > np.log(1.5)
        kind = "twice, coarser before" if coarser else "twice, no coarser before"
        files = (kind, twice, second), ("once", compressed(pixels, second), second), ("once", once, quality)
        for kind, file, last in files:
            earlier = find_earlier(read_jpeg(file).components[0])
            claimed = earlier is not None and earlier.found
            right = False
            if earlier is not None and claimed:
                place = ((earlier.top + top) % 8, (earlier.left + left) % 8) == (0, 0)
                right = place and abs(earlier.index + 1 - quality) <= 1
            self.files[kind, last].append((claimed, right))
            if kind == "once" and earlier is not None:
                self.once.append((earlier.margin, earlier.proof.agreement))

    def print(self) -> None:
        """Print the tables."""
        cost = self.seconds / max(1, self.number)
        print(f"{self.number} pictures, {cost:.2f} s each; never compressed:", dict(self.outcomes), "\n")
        self.tally.print()
        print("\n| file saved | last quality | n | claimed | right grid and table |\n|---|---|---|---|---|")
        for (kind, quality), rows in sorted(self.files.items()):
            claimed, right = np.mean(rows, 0)
            print(f"| {kind} | {quality} | {len(rows)} | {claimed:.1%} | {right:.1%} |")
        likeliest = sorted(self.once)[-8:]
        print("\nlargest margins (and agreement) of files saved once:", [(round(m), round(a, 2)) for m, a in likeliest])


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, default=300)
    parser.add_argument("--skip", type=int, default=0, help="pictures to pass over first")
    arguments = parser.parse_args()
    measured = Measured()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which what runs in the background does without
    try:
        for content in islice(never_compressed(arguments.folder), arguments.skip, arguments.skip + arguments.pictures):
            measured.add(content)
    except KeyboardInterrupt:
        print("interrupted; so far:")
    measured.print()


if __name__ == "__main__":
    main()
