"""How fast, for how much (appendix B.5, Fig. 8): pictures a second at 1280x720 against the gain in SSIM.

The appendix gives its speeds as a plot only, for a GPU of its time; of the paper only the gain in SSIM is known, from
its tables.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from qgac.analysis.pictures import Picture
from qgac.evaluation.baseline import compress, decode_nearest
from qgac.evaluation.measure import restored_samples
from qgac.evaluation.programs import run_program
from qgac.jpeg.image import JPEGImage
from qgac.jpeg.reader import read_jpeg
from qgac.metrics import ssim
from qgac.processors import threads
from qgac.restoration.restorer import Restorer

__all__ = [
    "FRAME",
    "Speed",
    "Tradeoff",
    "frame_files",
    "make_frames",
    "measure_program",
    "measure_speed",
    "program_gain",
    "ssim_gain",
]

FRAME = (1280, 720)
"""Width and height of the frames that are timed."""


@dataclass(frozen=True)
class Speed:
    """Timings of a model, or of another program.

    Attributes
    ----------
    seconds : tuple of float
        Wall-clock time of every frame: of a model from coefficients to 8-bit pixels, without reading the file; of
        another program from its start to its end.
    threads : int
        That it computed with.
    device : str
    """

    seconds: tuple[float, ...]
    threads: int
    device: str

    @property
    def pictures_a_second(self) -> float:
        """Frames over the sum of their times."""
        return len(self.seconds) / sum(self.seconds)


@dataclass(frozen=True)
class Tradeoff:
    """Speed and gain of a model, or of another program.

    Attributes
    ----------
    model : str
    parameters : int or None
        None of other programs.
    speed : Speed
    gain : float
        Mean of SSIM(restored) - SSIM(JPEG) over pictures.
    pictures : int
        That the gain was measured on.
    """

    model: str
    parameters: int | None
    speed: Speed
    gain: float
    pictures: int

    COLUMNS = (
        "model", "parameters", "device", "threads", "frames", "pictures_a_second", "median_seconds", "ssim_gain",
        "pictures",
    )  # fmt: skip

    def row(self) -> list[object]:
        """Return its numbers, see :attr:`COLUMNS`."""
        speed = self.speed
        return [
            self.model, self.parameters, speed.device, speed.threads, len(speed.seconds), speed.pictures_a_second,
            float(np.median(speed.seconds)), self.gain, self.pictures,
        ]  # fmt: skip


def frame_files(pictures: Sequence[Picture], quality: int = 10, size: tuple[int, int] = FRAME) -> list[bytes]:
    """Make frames of one size from pictures: the largest part of this shape in the middle, scaled and compressed.

    Parameters
    ----------
    pictures : sequence of Picture
    quality : int
        libjpeg quality, 1..100.
    size : tuple of (int, int)
        Width and height.

    Returns
    -------
    list of bytes
        The content of a JPEG file for each picture.
    """
    frames = []
    for picture in pictures:
        height, width = picture.samples.shape[:2]
        scale = min(width / size[0], height / size[1])
        wide, tall = size[0] * scale, size[1] * scale
        left, top = (width - wide) / 2, (height - tall) / 2
        box = (left, top, left + wide, top + tall)
        scaled = Image.fromarray(picture.samples).resize(size, Image.Resampling.LANCZOS, box=box)
        frames.append(compress(np.asarray(scaled), quality))
    return frames


def make_frames(pictures: Sequence[Picture], quality: int = 10, size: tuple[int, int] = FRAME) -> list[JPEGImage]:
    """Make frames as :func:`frame_files` does, and read them."""
    return [read_jpeg(data) for data in frame_files(pictures, quality, size)]


def measure_speed(
    restorer: Restorer,
    frames: Sequence[JPEGImage],
    count: int = 100,
    *,
    warm_up: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> Speed:
    """Time a restorer.

    Parameters
    ----------
    restorer : Restorer
    frames : sequence of JPEGImage
        Taken in turn.
    count : int
        Restorations that are timed; the paper's are 100.
    warm_up : int
        Restorations before, which are not.
    clock : callable
        Seconds since any moment.

    Returns
    -------
    Speed

    Raises
    ------
    ValueError
        If there is nothing to time.
    """
    if not frames or count < 1:
        raise ValueError("a speed is measured on at least one frame")
    for number in range(warm_up):
        restorer(frames[number % len(frames)])
    seconds = []
    for number in range(count):
        start = clock()
        restorer(frames[number % len(frames)])  # its result lies in NumPy arrays, so the device has finished
        seconds.append(clock() - start)
    return Speed(tuple(seconds), threads(), restorer.device)


def ssim_gain(picture: Picture, restorer: Restorer, quality: int = 10) -> float:
    """Measure by how much restoring raises the SSIM of a picture, as the paper's tables do.

    Parameters
    ----------
    picture : Picture
    restorer : Restorer
    quality : int
        libjpeg quality, 1..100.

    Returns
    -------
    float
        SSIM of the restored float samples less that of the file, decoded in float with nearest-neighbour chroma.
    """
    image = read_jpeg(compress(picture.samples, quality))
    restored = ssim(restored=restored_samples(restorer, image, "paper"), reference=picture.samples)
    return restored - ssim(restored=decode_nearest(image) / 255, reference=picture.samples)


def measure_program(name: str, command: str, frames: Sequence[bytes], *, gray: bool = False) -> Speed:
    """Time another program, see :mod:`qgac.evaluation.programs`, once on every frame.

    Parameters
    ----------
    name, command : str
    frames : sequence of bytes
        As :func:`frame_files` makes them.
    gray : bool
        Whether frames are gray.

    Returns
    -------
    Speed
        Of all threads that the program chose to take.
    """
    shape = FRAME[::-1] if gray else (*FRAME[::-1], 3)
    seconds = tuple(run_program(name, command, data, shape)[1] for data in frames)
    return Speed(seconds, threads(), "cpu")


def program_gain(picture: Picture, name: str, command: str, quality: int = 10) -> float:
    """Measure by how much another program raises the SSIM of a picture; otherwise as :func:`ssim_gain`."""
    data = compress(picture.samples, quality)
    restored, _ = run_program(name, command, data, picture.samples.shape)
    before = ssim(restored=decode_nearest(read_jpeg(data)) / 255, reference=picture.samples)
    return ssim(restored=restored, reference=picture.samples) - before
