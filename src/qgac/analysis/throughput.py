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
from qgac.jpeg.image import JPEGImage
from qgac.jpeg.reader import read_jpeg
from qgac.metrics import ssim
from qgac.processors import threads
from qgac.restoration.restorer import Restorer

__all__ = ["FRAME", "Speed", "Tradeoff", "make_frames", "measure_speed", "ssim_gain"]

FRAME = (1280, 720)
"""Width and height of the frames that are timed."""


@dataclass(frozen=True)
class Speed:
    """Timings of a model.

    Attributes
    ----------
    seconds : tuple of float
        Wall-clock time of every frame, from coefficients to 8-bit pixels; reading the file is not part of it.
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
    """Speed and gain of a model.

    Attributes
    ----------
    model : str
    parameters : int
    speed : Speed
    gain : float
        Mean of SSIM(restored) - SSIM(JPEG) over pictures.
    pictures : int
        That the gain was measured on.
    """

    model: str
    parameters: int
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


def make_frames(pictures: Sequence[Picture], quality: int = 10, size: tuple[int, int] = FRAME) -> list[JPEGImage]:
    """Make frames of one size from pictures: the largest part of this shape in the middle, scaled, compressed, read.

    Parameters
    ----------
    pictures : sequence of Picture
    quality : int
        libjpeg quality, 1..100.
    size : tuple of (int, int)
        Width and height.

    Returns
    -------
    list of JPEGImage
        One a picture.
    """
    frames = []
    for picture in pictures:
        height, width = picture.samples.shape[:2]
        scale = min(width / size[0], height / size[1])
        wide, tall = size[0] * scale, size[1] * scale
        left, top = (width - wide) / 2, (height - tall) / 2
        box = (left, top, left + wide, top + tall)
        scaled = Image.fromarray(picture.samples).resize(size, Image.Resampling.LANCZOS, box=box)
        frames.append(read_jpeg(compress(np.asarray(scaled), quality)))
    return frames


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
