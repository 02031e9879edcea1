"""Damage containers at random, and judge what restoring makes of them.

    PYTHONPATH=tests python tests/containers/fuzz_containers.py --mutants 10000

restores so many mutants of each kind, prints each failure with what reproduces it, and a count of what happened.
:mod:`test_fuzz` does the same with fewer. The damage is that of the reader's own tests.
"""

from __future__ import annotations

import argparse
import collections
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parent.parent / "jpeg"))

import fuzz
from made.containers import SAMPLES, restored
from qgac.batch.jobs import Failed, Finished

LONGEST = 10.0  # seconds
# Those that make sense of any bytes; the others know the segments of JPEG files.
KINDS = ("flip", "set", "insert", "delete", "repeat", "truncate", "overwrite", "splice file")


def mutant(data: bytes, seed: tuple[int, int]) -> bytes:
    """Damage a file: mostly where structure lies, at its beginning and its end."""
    generator = np.random.default_rng(seed)
    for _ in range(int(generator.integers(1, 4))):
        change = fuzz.Change(
            str(generator.choice(KINDS, p=[0.3, 0.3, 0.08, 0.08, 0.08, 0.04, 0.08, 0.04])),
            float(generator.beta(0.5, 0.5)),
            *generator.random(2).tolist(),
            int(generator.choice([0, 1, 0x7F, 0x80, 0xFF, int(generator.integers(256))])),
            bool(generator.random() < 0.2),
        )
        data = fuzz.mutate(data, [change], data)
    return data


def judge(data: bytes, suffix: str, folder: Path) -> str:
    """Restore a container, and say what happened.

    It ends in a sentence with a remedy and without an output, or in an output; the source is what it was; nothing else
    is left behind; it takes no longer than 10 s.

    Raises
    ------
    AssertionError
        If one of these does not hold.
    """
    source = folder / f"x{suffix}"
    source.write_bytes(data)
    start = time.perf_counter()
    outcome = restored(source, overwrite=True, max_pixels=1_000_000, all_pictures=True)
    seconds = time.perf_counter() - start
    assert seconds < LONGEST, f"it took {seconds:.1f} s"
    assert source.read_bytes() == data, "the source was changed"
    left = {path.name for path in folder.iterdir()} - {source.name}
    if isinstance(outcome, Failed):
        assert "; " in outcome.message, f"no remedy in {outcome.message}"
        assert "\n" not in outcome.message, f"more than a sentence: {outcome.message}"
        assert not left, f"{left} left behind"
        return "refused"
    assert isinstance(outcome, Finished)
    assert outcome.destination is not None
    assert left == {outcome.destination.name}, f"{left} left behind"
    outcome.destination.unlink()
    return "restored" if all(picture.reason is None for picture in outcome.pictures) else "restored in part"


def judge_mutants(
    suffix: str, numbers: range, folder: Path, failed: Callable[[int, Exception], None]
) -> collections.Counter[str]:
    """Judge mutants of a kind, and count what happened."""
    counts: collections.Counter[str] = collections.Counter()
    data = SAMPLES[suffix]()
    for number in numbers:
        try:
            counts[judge(mutant(data, (number, len(suffix))), suffix, folder)] += 1
        except Exception as error:  # every failure is wanted, not the first one
            counts["FAILED"] += 1
            failed(number, error)
            shutil.rmtree(folder)  # with what a film that was stopped leaves to go on from
            folder.mkdir()
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--kind", choices=sorted(SAMPLES), action="append")
    arguments = parser.parse_args()
    numbers = range(arguments.first, arguments.first + arguments.mutants)
    failures = 0
    for suffix in arguments.kind or SAMPLES:

        def tell(number: int, error: Exception, suffix: str = suffix) -> None:
            print(f"{suffix} {number}: {type(error).__name__}: {error}", flush=True)

        with tempfile.TemporaryDirectory() as folder:
            counts = judge_mutants(suffix, numbers, Path(folder), tell)
        print(suffix, dict(counts))
        failures += counts["FAILED"]
    raise SystemExit(1 if failures else 0)


if __name__ == "__main__":
    main()
