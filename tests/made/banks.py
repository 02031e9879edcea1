"""Banks of training pictures, written without the processes that `write_bank` starts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np

from made.pictures import photo
from qgac.training.batches.bank import Picture

# Names decide the split, by their hash; the last one is in the held-out part.
NAMES = ("picture-0.png", "picture-1.png", "picture-2.png", "picture-3.png", "held-out-80.png")


def write_pictures(folder: Path, pictures: Mapping[str, np.ndarray]) -> Path:
    """Write RGB pictures by their names as a bank."""
    folder.mkdir(parents=True)
    entries, offset = [], 0
    for name, pixels in pictures.items():
        height, width, _ = pixels.shape
        entries.append(asdict(Picture(name, height, width, offset)))
        offset += pixels.nbytes
    (folder / "pixels.u8").write_bytes(b"".join(pixels.tobytes() for pixels in pictures.values()))
    (folder / "bank.json").write_text(json.dumps(entries))
    return folder


def write_small_bank(folder: Path) -> Path:
    """Write a bank of four small training pictures and one held out."""
    return write_pictures(folder, {name: photo(64, 64, seed) for seed, name in enumerate(NAMES)})
