"""JPEG files on the disk, and a stand-in for the network that costs nothing, not even PyTorch."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from qgac.jpeg.image import JPEGImage


def make_jpeg(path: Path, mode: str = "RGB", size: tuple[int, int] = (20, 12), **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, 90 if mode == "L" else (90, 120, 40, 10)[: len(mode)]).save(path, "JPEG", **options)
    return path


@dataclass(frozen=True)
class Gray:
    """A gray picture of the right shape, as far as writing it asks for a restored one."""

    image: JPEGImage

    @property
    def pixels(self) -> np.ndarray:
        channels = {1: (), 3: (3,), 4: (4,)}[len(self.image.components)]
        return np.full((self.image.height, self.image.width, *channels), 128, np.uint8)

    def to_uint8(self) -> np.ndarray:
        return self.pixels

    def to_pil(self) -> Image.Image:
        mode = {1: "L", 3: "RGB", 4: "CMYK"}[len(self.image.components)]
        return Image.frombytes(mode, (self.image.width, self.image.height), self.pixels.tobytes())


@dataclass(frozen=True)
class Standin:
    """A function in the place of a restorer, which gives the whole picture or its bands."""

    restore: Callable[..., Any]

    def __call__(self, image: JPEGImage, *arguments: Any, **options: Any) -> Any:
        return self.restore(image, *arguments, **options)

    def bands(self, image: JPEGImage, **options: Any) -> Iterator[np.ndarray]:
        yield self.restore(image, **options).pixels


@Standin
def flat(image: JPEGImage, progress: Callable[[int, int], None] | None = None, **options: Any) -> Any:
    """Restore any picture to plain gray, in two tiles."""
    if progress is not None:
        progress(1, 2)
        progress(2, 2)
    return Gray(image)


# Pictures of these widths are the end of the process that restores them.
KILLS, EXITS, FAULTS = 31, 32, 33


@Standin
def deadly(image: JPEGImage, progress: Callable[[int, int], None] | None = None, **options: Any) -> Any:
    """Restore to gray, but die of some pictures."""
    if image.width == KILLS:
        os.kill(os.getpid(), signal.SIGKILL)
    if image.width == EXITS:
        os._exit(7)
    if image.width == FAULTS:
        raise RuntimeError("shapes do not fit")
    return flat(image, progress)


@Standin
def slow(image: JPEGImage, progress: Callable[[int, int], None] | None = None, **options: Any) -> Any:
    """Restore to gray, but not before a minute is over; a file `begun-*` tells that it goes on."""
    Path(f"begun-{os.getpid()}").touch()
    for tile in range(600):
        time.sleep(0.1)
        if progress is not None:
            progress(tile, 600)
    return flat(image)


def make_flat(*arguments: Any, **options: Any) -> Any:
    return flat


def make_deadly(*arguments: Any, **options: Any) -> Any:
    return deadly


def make_slow(*arguments: Any, **options: Any) -> Any:
    return slow


def make_nothing(*arguments: Any, **options: Any) -> Any:
    raise ValueError("there are no weights; fetch them")


def make_end(*arguments: Any, **options: Any) -> Any:
    os._exit(9)


def make_end_once(*arguments: Any, **options: Any) -> Standin:
    try:
        Path("ended").touch(exist_ok=False)
    except FileExistsError:
        return flat
    os._exit(9)


def make_thread_teller(*arguments: Any, **options: Any) -> Any:
    """Fail every picture with what the process knows about its threads."""

    @Standin
    def tell(image: JPEGImage, progress: Any = None, **options: Any) -> Any:
        raise ValueError(f"{os.environ.get('OMP_NUM_THREADS')} threads, torch {'torch' in sys.modules}")

    return tell
