"""Damage JPEG files at random, and judge what the reader makes of them.

    python tests/jpeg/fuzz.py --mutants 100000 --seed 0

reads so many mutants of the corpus (and of QGAC_CORPUS) in one process, prints each failure with what reproduces it,
and a count of what happened at the end. :mod:`test_fuzz` does the same with fewer.
"""

from __future__ import annotations

import argparse
import collections
import io
import os
import re
import resource
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from qgac.jpeg import decoder  # noqa: F401 - compiles, which would count as the time of the first file
from qgac.jpeg.errors import JPEGError
from qgac.jpeg.image import JPEGImage
from qgac.jpeg.reader import read_jpeg
from render import render

KINDS = (
    "flip",
    "set",
    "insert",
    "delete",
    "repeat",
    "truncate",
    "overwrite",
    "duplicate segment",
    "swap segments",
    "drop segment",
    "splice segment",
    "splice file",
    "splice data",
)
LONGEST = 5.0  # seconds
LARGEST = 1024  # MiB
COMPARED = 1_000_000  # pixels; larger pictures are read but not compared


@dataclass(frozen=True)
class Change:
    """One step of a mutation.

    `place`, `other` and `size` are shares (0..1) of what they choose from; `header` limits the place to the first 700
    bytes; `value` is a byte.
    """

    kind: str
    place: float
    other: float
    size: float
    value: int
    header: bool


def random_changes(generator: np.random.Generator) -> list[Change]:
    return [
        Change(
            str(generator.choice(KINDS)),
            *generator.random(3).tolist(),
            int(generator.choice([0, 1, 0x7F, 0x80, 0xD0, 0xD9, 0xFF, int(generator.integers(256))])),
            bool(generator.random() < 0.5),
        )
        for _ in range(int(generator.integers(1, 4)))
    ]


def segments(data: bytes) -> list[bytes]:
    """Take a file apart before each marker that is no restart marker; put together they are the file."""
    starts = [0]
    position = 2
    while (position := data.find(b"\xff", position)) >= 0 and position + 3 < len(data):
        marker = data[position + 1]
        if marker in (0x00, 0xFF) or 0xD0 <= marker <= 0xD7:
            position += 1 + (marker != 0xFF)
            continue
        starts.append(position)
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return [data[start:end] for start, end in zip(starts, [*starts[1:], len(data)], strict=True)]


def mutate(data: bytes, changes: list[Change], donor: bytes) -> bytes:
    """Apply changes one after the other; splices take from `donor`."""
    for change in changes:
        if len(data) < 4:
            break
        data = _changed(data, change, donor)
    return data


def _changed(data: bytes, change: Change, donor: bytes) -> bytes:
    end = min(len(data), 700) if change.header else len(data)
    place = 2 + int(change.place * (end - 2))
    match change.kind:
        case "flip":
            return data[:place] + bytes([data[place] ^ 1 << change.value % 8]) + data[place + 1 :]
        case "set":
            return data[:place] + bytes([change.value]) + data[place + 1 :]
        case "insert":
            noise = bytes((change.value + 37 * i) % 256 for i in range(1 + int(8 * change.size)))
            return data[:place] + noise + data[place:]
        case "delete":
            return data[:place] + data[place + 1 + int(30 * change.size) :]
        case "repeat":
            return data[:place] + data[place : place + 1 + int(200 * change.size)] + data[place:]
        case "truncate":
            return data[:place]
        case "overwrite":
            start, length = int(change.other * len(donor)), 1 + int(100 * change.size)
            return data[:place] + donor[start : start + length] + data[place + length :]
        case "splice file":
            return data[:place] + donor[int(change.other * len(donor)) :]
        case "splice data":
            return data[:place] + segments(donor)[-2][14:] + b"\xff\xd9"
    parts, others = segments(data), segments(donor)
    first, second = int(change.place * len(parts)), int(change.other * len(parts))
    match change.kind:
        case "duplicate segment":
            parts.insert(second, parts[first])
        case "swap segments":
            parts[first], parts[second] = parts[second], parts[first]
        case "drop segment":
            del parts[first]
        case "splice segment":
            parts.insert(first, others[int(change.other * len(others))])
        case _:
            raise ValueError(change.kind)
    return b"".join(parts)


def within_sixteen_bits(image: JPEGImage) -> bool:
    """Whether libjpeg's result does not depend on the processor: its vector code computes in 16 bits."""
    return all(
        np.abs(component.coefficients.astype(np.int64) * component.table).sum(axis=(-2, -1)).max() < 1 << 12
        for component in image.components
    )


def libjpeg(data: bytes) -> np.ndarray | None:
    """Decode as libjpeg does, through Pillow; None where that refuses."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as picture:
                return np.asarray(picture) if picture.format in ("JPEG", "MPO") else None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def judge(data: bytes) -> str:
    """Read a file, strictly and tolerantly, and say what happened.

    Only `JPEGError` may come out of the reader, with a cause and a remedy in one sentence; no reading may take more
    than 5 s; what strict reading accepts must be what tolerant reading gives, and what libjpeg shows unless a note
    tells of something that libjpeg takes otherwise; and what tolerant reading accepts alone must say why.

    Raises
    ------
    AssertionError
        If one of these does not hold.
    """
    start = time.perf_counter()
    image = _read(data, tolerant=False)
    between = time.perf_counter()
    relaxed = _read(data, tolerant=True)
    slowest = max(between - start, time.perf_counter() - between)
    assert slowest < LONGEST, f"reading took {slowest:.1f} s"
    if image is None:
        if relaxed is None:
            return "refused"
        assert 0.0 <= relaxed.missing < 1.0, f"missing {relaxed.missing}"
        assert relaxed.notes, "damage that is told by no note"
        if relaxed.width * relaxed.height <= COMPARED:
            render(relaxed)
        return "restored as far as it goes"
    assert image.missing == 0.0, f"missing {image.missing} in strict reading"
    assert relaxed is not None, "strict reading accepts what tolerant reading refuses"
    for ours, others in zip(image.components, relaxed.components, strict=True):
        assert np.array_equal(ours.coefficients, others.coefficients), "tolerant reading gives other coefficients"
        assert np.array_equal(ours.table, others.table), "tolerant reading gives other tables"
    if image.width * image.height > COMPARED:
        return "read, large"
    rendered = render(image)
    if not within_sixteen_bits(image):
        return "read, beyond sixteen bits"
    expected = libjpeg(data)
    if expected is None:
        return "read, refused by Pillow"
    if rendered.shape != expected.shape or (rendered != expected).any():
        telling = [note for note in image.notes if not note.endswith(_SAYING_NOTHING)]
        assert telling, f"differs from libjpeg's without a note that tells why: {image.notes}"
        return f"read, unlike libjpeg: {_without_figures(telling[0])}"
    return "read, equal to libjpeg"


# Notes on what comes after the picture, or beside it: no reason for another one.
_SAYING_NOTHING = (
    "behind the picture were ignored",
    "the end-of-image marker is missing",
    "of which only the first was read",
    "so colours may look different",
    "only JPEG files keep them",
    "only JPEG files keep it",
    "was left out",
    "was left out with them",
)


def _without_figures(note: str) -> str:
    return re.sub(r"[\d.%]+", "N", note)


def _read(data: bytes, *, tolerant: bool) -> JPEGImage | None:
    try:
        return read_jpeg(data, tolerant=tolerant)
    except JPEGError as error:
        message = str(error)
    assert "; " in message, f"no remedy in {message}"
    assert "\n" not in message, f"more than a sentence: {message}"
    return None


def peak_mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def sources() -> dict[str, bytes]:
    """The files of the corpus, and those of QGAC_CORPUS if it is set, by name."""
    folders = [Path(__file__).parent / "corpus"]
    if "QGAC_CORPUS" in os.environ:
        folders.append(Path(os.environ["QGAC_CORPUS"]))
    return {path.stem: path.read_bytes() for folder in folders for path in sorted(folder.glob("*.jpg"))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first mutant; each is reproducible alone")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for the files that fail")
    arguments = parser.parse_args()
    files = sources()
    names = sorted(files)
    counts: collections.Counter[str] = collections.Counter()
    slowest, start = 0.0, time.perf_counter()
    for number in range(arguments.first, arguments.first + arguments.mutants):
        generator = np.random.default_rng((arguments.seed, number))
        name, donor = names[number % len(names)], names[int(generator.integers(len(names)))]
        changes = random_changes(generator)
        data = mutate(files[name], changes, files[donor])
        began, before = time.perf_counter(), peak_mebibytes()
        try:
            outcome = judge(data)
        except Exception as error:  # every failure is wanted, not the first one
            outcome = "FAILED"
            print(f"{number}: {name} with {donor}, {changes}: {type(error).__name__}: {error}", flush=True)
            if arguments.keep:
                (arguments.keep / f"{number}.jpg").write_bytes(data)
        if peak_mebibytes() > max(before, LARGEST):
            print(f"{number}: peak memory {peak_mebibytes():.0f} MiB", flush=True)
        seconds = time.perf_counter() - began
        if seconds > slowest:
            slowest = seconds
            print(f"{number}: slowest so far, {seconds:.2f} s ({outcome})", flush=True)
        counts[outcome] += 1
        if number % 10_000 == 9_999:
            print(f"{number + 1}: {dict(counts)}, {time.perf_counter() - start:.0f} s", flush=True)
    for outcome, count in counts.most_common():
        print(f"{count:8} {outcome}")
    print(f"slowest {slowest:.2f} s, peak memory {peak_mebibytes():.0f} MiB")
    raise SystemExit(1 if counts["FAILED"] else 0)


if __name__ == "__main__":
    main()
