"""PDF documents: their images of filter DCTDecode are JPEG files, and the rest stays as it is."""

from __future__ import annotations

import logging
import mmap
import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from qgac.containers.container import ContainerError, Exchange, Inner, LackingError, Limits
from qgac.containers.jpeg_file import jpeg_file, with_color_markers_of
from qgac.extras import lacking
from qgac.jpeg.image import JPEGImage

if TYPE_CHECKING:
    from qgac.containers.pdf_images import Image
    from qgac.restoration.picture import Restored

__all__ = ["PDFDocument"]

_HORIZONTAL_DIFFERENCES = 2  # the predictor of TIFF


class PDFDocument:
    """A PDF document.

    Parameters
    ----------
    path : Path
    tolerant : bool
        Whether to repair a damaged one.

    Raises
    ------
    ContainerError
        If it is no PDF document, damaged, locked by a password, or must not be changed.
    OSError
        If it cannot be read.
    """

    def __init__(self, path: Path, *, tolerant: bool) -> None:
        pikepdf = _pikepdf()
        from qgac.containers.pdf_images import FAULTS, find_images, inline_jpegs

        self.notes: list[str] = []
        self._path = path
        with path.open("rb"):  # errors of the system in its own words
            pass
        try:
            self._pdf = pikepdf.open(path, attempt_recovery=tolerant)
        except pikepdf.PasswordError as error:
            raise ContainerError("the PDF document is locked by a password; save it without one first") from error
        except (pikepdf.PdfError, RuntimeError, ValueError) as error:
            raise _damaged(error) from error
        try:
            if self._pdf.is_encrypted and not (self._pdf.allow.modify_other or self._pdf.owner_password_matched):
                raise ContainerError("the PDF document forbids changes; ask its owner for one that allows them")
            try:
                self._images = find_images(self._pdf)
                inline = inline_jpegs(self._pdf)
            except FAULTS as error:
                raise _damaged(error) from error
            faults = self._pdf.get_warnings()
            if faults:
                self.notes.append(
                    f"the document has faults, and is written as far as it can be understood: {faults[0]}"
                )
            if self._pdf.is_encrypted:
                self.notes.append("the document is encrypted, and stays so")
            if inline:
                count = "1 inline JPEG picture was" if inline == 1 else f"{inline} inline JPEG pictures were"
                self.notes.append(f"{count} left as they were")
        except BaseException:
            self._pdf.close()
            raise

    @property
    def pictures(self) -> Sequence[Inner]:
        """The images, in the order of the pages, then those that no page names."""
        return [_inner(image) for image in self._images]

    @property
    def signed(self) -> bool:
        """Whether there is a signature in the document, which lies open in the file for others to check it."""
        with self._path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(b"/ByteRange") >= 0

    def write(self, path: Path, exchange: Exchange) -> None:
        """Write the document with other images: same version, encryption, linearisation and kind of object streams."""
        pikepdf = _pikepdf()
        for image in self._images:
            picture = exchange(_inner(image))
            if picture is None:
                continue
            if isinstance(picture, JPEGImage):
                image.put(
                    with_color_markers_of(image.content(), jpeg_file(picture)), "/DCTDecode", image.color_transform
                )
            else:
                _put_pixels(image, picture)
        encrypted = self._pdf.is_encrypted
        # As they are compressed, but that streams of an encrypted document cannot be left alone altogether.
        untouched = (
            {} if encrypted else {"stream_decode_level": pikepdf.StreamDecodeLevel.none, "compress_streams": False}
        )
        try:
            with warnings.catch_warnings(), path.open("wb") as output:
                warnings.simplefilter("ignore")  # about forms that were odd before
                self._pdf.save(
                    output,
                    linearize=self._pdf.is_linearized,
                    encryption=encrypted,
                    fix_metadata_version=False,
                    **untouched,
                )
        except (pikepdf.PdfError, RuntimeError, ValueError) as error:
            raise _damaged(error) from error

    def close(self) -> None:
        """Close the file."""
        self._pdf.close()


def _pikepdf() -> Any:
    try:
        import pikepdf
    except ModuleNotFoundError as error:
        raise LackingError(lacking(error, "a PDF document") or str(error)) from error
    logging.getLogger("pikepdf").addHandler(logging.NullHandler())  # what it logs would go to the terminal
    return pikepdf


def _damaged(error: Exception) -> ContainerError:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return ContainerError(
        f"this is no PDF document, or a damaged one ({text}); get an undamaged copy, or have it repaired (--tolerant)"
    )


def _inner(image: Image) -> Inner:
    def read(limits: Limits) -> JPEGImage:
        return image.read(tolerant=limits.tolerant, max_pixels=limits.max_pixels)

    return Inner(image.name, image.size, read)


def _put_pixels(image: Image, picture: Restored) -> None:
    """Put pixels in the place of a JPEG picture: the samples that decoding would give, before any Decode array."""
    samples: npt.NDArray[np.uint8] = picture.to_uint8()
    if samples.ndim == 3 and samples.shape[2] == 4:  # inks, which JPEG files are taken to have inverted
        samples = 255 - samples
    differences = samples.copy()
    differences[:, 1:] -= samples[:, :-1]
    colors = 1 if samples.ndim == 2 else samples.shape[2]
    image.stream.Height, image.stream.Width = samples.shape[:2]  # which a JPEG file knows by itself
    image.stream.BitsPerComponent = 8
    image.put(
        zlib.compress(differences.tobytes(), 9),
        "/FlateDecode",
        {
            "/Predictor": _HORIZONTAL_DIFFERENCES,
            "/Colors": colors,
            "/BitsPerComponent": 8,
            "/Columns": samples.shape[1],
        },
    )
