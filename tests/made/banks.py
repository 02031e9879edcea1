"""A bank of four small training pictures and one held out: edges, waves and noise, different in every picture."""

from pathlib import Path

import numpy as np

from qgac.training.batches.bank import Picture


def picture(seed: int, height: int = 64, width: int = 64) -> np.ndarray:
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    angle, period = generator.uniform(0, np.pi), generator.uniform(5, 12)
    wave = np.sin((rows * np.cos(angle) + columns * np.sin(angle)) / period * 2)
    disc = (rows - generator.uniform(10, 50)) ** 2 + (columns - generator.uniform(10, 50)) ** 2 < generator.uniform(
        80, 500
    )
    edge = rows * np.cos(angle + 1) + columns * np.sin(angle + 1) > 30
    color = generator.uniform(-1, 1, (3, 3))
    gray = 120 + 30 * wave + 50 * disc - 35 * edge
    tint = np.stack((wave, disc, edge), -1) @ color * 15
    return np.clip(gray[..., None] + tint + generator.normal(0, 2, (height, width, 3)), 0, 255).astype(np.uint8)


# Names decide the split, by their hash; the last one is in the held-out part.
NAMES = ("picture-0.png", "picture-1.png", "picture-2.png", "picture-3.png", "held-out-80.png")


def write_small_bank(folder: Path) -> Path:
    """Write the bank as `write_bank` does, without its processes."""
    import json
    from dataclasses import asdict

    folder.mkdir(parents=True)
    pixels = [picture(seed) for seed in range(len(NAMES))]
    entries = [
        asdict(Picture(name, *p.shape[:2], i * p.nbytes)) for i, (name, p) in enumerate(zip(NAMES, pixels, strict=True))
    ]
    (folder / "pixels.u8").write_bytes(b"".join(p.tobytes() for p in pixels))
    (folder / "bank.json").write_text(json.dumps(entries))
    return folder
