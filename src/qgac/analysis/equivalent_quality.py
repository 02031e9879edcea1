"""The JPEG quality that a restored picture is worth (appendix B.3, Fig. 5).

The protocol of the paper: the original is compressed at higher and higher qualities until the SSIM reaches that of the
restored picture; the difference in size is what was saved. The appendix gives its result as a plot only, so there are
no published numbers to put beside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qgac.analysis.pictures import Picture
from qgac.evaluation.baseline import compress, decode, decode_nearest
from qgac.evaluation.measure import restored_samples
from qgac.evaluation.record import Protocol
from qgac.jpeg.reader import read_jpeg
from qgac.metrics import ssim
from qgac.restoration.restorer import Restorer

__all__ = ["Equivalent", "QualityLadder", "Summary", "equivalent_qualities", "summarize"]

_BEST = 100


@dataclass(frozen=True)
class Equivalent:
    """A restored picture and the JPEG file that is as good.

    Attributes
    ----------
    picture : str
    quality : int
        Of the file that was restored.
    size : int
        Its bytes.
    ssim_jpeg, ssim_restored : float
    equivalent : int
        The first quality, from `quality` upwards, whose SSIM is not below `ssim_restored`; 100 if none is.
    equivalent_size : int
        Bytes of that file.
    reached : bool
        Whether there is such a quality; if not, `equivalent` is a lower bound.
    """

    picture: str
    quality: int
    size: int
    ssim_jpeg: float
    ssim_restored: float
    equivalent: int
    equivalent_size: int
    reached: bool

    COLUMNS = (
        "picture", "quality", "bytes", "ssim_jpeg", "ssim_restored", "equivalent_quality", "equivalent_bytes",
        "reached",
    )  # fmt: skip

    def row(self) -> list[object]:
        """Return its numbers, see :attr:`COLUMNS`."""
        return [
            self.picture, self.quality, self.size, self.ssim_jpeg, self.ssim_restored, self.equivalent,
            self.equivalent_size, int(self.reached),
        ]  # fmt: skip


@dataclass(frozen=True)
class Summary:
    """Means over pictures at one quality.

    Attributes
    ----------
    quality : int
    pictures : int
    increase : float
        Of quality.
    saved : float
        kB a picture, of 1000 bytes.
    saved_share : float
        Saved bytes over those of the equivalent files, 0..1.
    unreached : int
        Pictures that no JPEG quality equals, which count as quality 100.
    """

    quality: int
    pictures: int
    increase: float
    saved: float
    saved_share: float
    unreached: int


class QualityLadder:
    """The SSIM and the size of a picture's JPEG files, each made when it is first asked for.

    Parameters
    ----------
    original : ndarray of uint8, shape (H, W, 3) or (H, W)
    protocol : {"paper", "pillow"}
        Files decoded in float with nearest-neighbour chroma, or as Pillow does.
    """

    def __init__(self, original: NDArray[np.uint8], protocol: Protocol = "paper") -> None:
        self._original = original
        self._protocol = protocol
        self._rungs: dict[int, tuple[float, int]] = {}

    def rung(self, quality: int) -> tuple[float, int]:
        """Return SSIM and bytes at a quality, 1..100."""
        if quality not in self._rungs:
            data = compress(self._original, quality)
            if self._protocol == "paper":
                value = ssim(restored=decode_nearest(read_jpeg(data)) / 255, reference=self._original)
            else:
                value = ssim(restored=decode(data), reference=self._original)
            self._rungs[quality] = value, len(data)
        return self._rungs[quality]

    def first_reaching(self, target: float, start: int) -> tuple[int, bool]:
        """Return the first quality from `start` on with at least this SSIM, and whether there is one (else 100)."""
        for quality in range(start, _BEST + 1):
            if self.rung(quality)[0] >= target:
                return quality, True
        return _BEST, False


def equivalent_qualities(
    pictures: Iterable[Picture],
    restorer: Restorer,
    qualities: Sequence[int] = (10, 20, 30, 40, 50),
    *,
    protocol: Protocol = "paper",
) -> Iterator[Equivalent]:
    """Find the JPEG quality that each restored picture is worth.

    Parameters
    ----------
    pictures : iterable of Picture
    restorer : Restorer
    qualities : sequence of int
        libjpeg qualities of the files that are restored, 1..100.
    protocol : {"paper", "pillow"}
        paper: restored samples in float beside files decoded with nearest-neighbour chroma. pillow: restored samples
        of 8 bit beside Pillow's decode, the stronger JPEG.

    Yields
    ------
    Equivalent
        For each picture and quality.
    """
    for picture in pictures:
        ladder = QualityLadder(picture.samples, protocol)
        for quality in qualities:
            image = read_jpeg(compress(picture.samples, quality))
            value = ssim(restored=restored_samples(restorer, image, protocol), reference=picture.samples)
            equivalent, reached = ladder.first_reaching(value, quality)
            own, best = ladder.rung(quality), ladder.rung(equivalent)
            yield Equivalent(picture.name, quality, own[1], own[0], value, equivalent, best[1], reached)


def summarize(equivalents: Sequence[Equivalent]) -> list[Summary]:
    """Average over pictures, quality by quality.

    Parameters
    ----------
    equivalents : sequence of Equivalent

    Returns
    -------
    list of Summary
        By rising quality.
    """
    result = []
    for quality in sorted({e.quality for e in equivalents}):
        group = [e for e in equivalents if e.quality == quality]
        saved = sum(e.equivalent_size - e.size for e in group)
        result.append(
            Summary(
                quality,
                len(group),
                sum(e.equivalent - e.quality for e in group) / len(group),
                saved / 1000 / len(group),
                saved / sum(e.equivalent_size for e in group),
                sum(not e.reached for e in group),
            )
        )
    return result
