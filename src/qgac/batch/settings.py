"""How all pictures of a batch are read and written."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from qgac.jpeg.image import JPEGImage
from qgac.jpeg.limits import MAX_PIXELS
from qgac.pictures.formats import Encoding
from qgac.pictures.save import stripped

if TYPE_CHECKING:
    from qgac.restoration.hints import Hints

__all__ = ["Settings"]


@dataclass(frozen=True)
class Settings:
    """How pictures are read and written.

    Attributes
    ----------
    overwrite : bool
        Whether to replace existing files.
    skip_existing : bool
        Whether a picture whose output is there is skipped, not failed.
    tolerant, max_pixels
        See :func:`qgac.jpeg.reader.read_jpeg`.
    keep_times : bool
        Whether outputs get the time of modification of their sources.
    strip : bool
        Whether to write no metadata but those on which the look depends: ICC profile and orientation.
    encoding : Encoding
        Depth, quality and colours of the outputs. The pictures inside containers are refined to its quality.
    lossless : bool
        Whether pictures inside containers become lossless ones.
    break_signatures : bool
        Whether containers that are signed are restored all the same.
    crf : int or None
        Quality of films in H.264, 0 (best) to 51; None for FFV1, or the usual one where the file cannot hold that.
    hints : Hints, optional
        What is known of the past of the pictures: JPEG files are looked at for an earlier compression, and others for
        the one they were. None if the restorer is none but has the pixels already.
    restoration : str
        What tells the restorer from other ones, so that the frames of two are not mixed in one film.
    """

    overwrite: bool = False
    skip_existing: bool = False
    tolerant: bool = False
    max_pixels: int = MAX_PIXELS
    keep_times: bool = False
    strip: bool = False
    encoding: Encoding = field(default_factory=Encoding)
    lossless: bool = False
    break_signatures: bool = False
    crf: int | None = None
    hints: Hints | None = None
    restoration: str = ""

    def with_metadata_to_write(self, image: JPEGImage) -> JPEGImage:
        """Return a picture with those of its metadata that are to be written."""
        if not self.strip:
            return image
        return replace(image, metadata=stripped(image.metadata))
