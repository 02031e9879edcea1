"""Restorers that need no network, and what is inside containers before and after."""

from __future__ import annotations

import io
import os
import signal
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from made.pictures import compressed, photo
from made.tiffs import jpeg_tiff
from qgac.batch.jobs import Done, Job, Outcome, Started
from qgac.batch.plan import plan
from qgac.batch.restore import Settings, restore_files
from qgac.jpeg.image import JPEGImage
from qgac.restoration.picture import Restored


@dataclass(frozen=True)
class Refiner:
    """Stands for a restorer: adds to the mean of every block of the first component; zero gives the same pixels.

    Levels become whole coefficients, so nothing else is rounded anew.
    """

    shift: int = 0

    def refine(
        self, image: JPEGImage, *, quality: int = 95, progress: Callable[[int, int], None] | None = None
    ) -> JPEGImage:
        if progress is not None:
            progress(1, 2)
            progress(2, 2)
        components = []
        for index, part in enumerate(image.components):
            levels = part.coefficients.astype(np.int32) * part.table
            if index == 0:
                levels[..., 0, 0] += 8 * self.shift
            components.append(
                replace(part, coefficients=levels.astype(np.int16), table=np.ones((8, 8), np.uint16), unsent=None)
            )
        return replace(image, components=tuple(components), process="baseline")

    def __call__(self, image: JPEGImage, *, progress: Callable[[int, int], None] | None = None) -> Restored:
        from qgac.pictures.jpeg import encode_coefficients

        with Image.open(io.BytesIO(b"".join(encode_coefficients(self.refine(image))))) as picture:
            return Restored(np.asarray(picture), image)


def make_refiner(*arguments: Any, **options: Any) -> Refiner:
    return Refiner(20)


class Mortal(Refiner):
    """Kills its process after some frames."""

    calls = 0

    def __call__(self, image: JPEGImage, **options: Any) -> Restored:
        Mortal.calls += 1
        if Mortal.calls > 70:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(image, **options)


class Slow(Refiner):
    """Takes its time, so that a display is drawn several times."""

    def __call__(self, image: JPEGImage, **options: Any) -> Restored:
        time.sleep(0.03)
        return super().__call__(image, **options)


def make_slow_restorer(*arguments: Any, **options: Any) -> Refiner:
    return Slow(20)


def make_film_restorer(*arguments: Any, **options: Any) -> Refiner:
    return Mortal(20)


def zip_file(path: Path, members: dict[str, bytes], *, compression: int = zipfile.ZIP_DEFLATED, **more: Any) -> Path:
    """Write a ZIP file; a member `mimetype` is stored, as EPUB and ODF want it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", compression, **more) as archive:
        for number, (name, content) in enumerate(members.items()):
            info = zipfile.ZipInfo(name, (2004, 2, 1 + number % 28, 12, 30, 2 * number % 60))
            info.compress_type = zipfile.ZIP_STORED if name == "mimetype" else compression
            info.external_attr = (0o640 + number % 2) << 16
            archive.writestr(info, content)
    return path


def zip_members(path: Path | bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(path) if isinstance(path, bytes) else path) as archive:
        assert archive.testzip() is None
        return {info.filename: archive.read(info) for info in archive.infolist()}


def mpo_file(*pictures: np.ndarray, quality: int = 30, **more: Any) -> bytes:
    """A file of Pillow's with several pictures."""
    first, *others = (Image.fromarray(picture) for picture in pictures)
    file = io.BytesIO()
    first.save(file, "MPO", save_all=True, append_images=others, quality=quality, **more)
    return file.getvalue()


def restored(
    source: Path,
    restorer: Refiner | None = None,
    *,
    inputs: list[str] | None = None,
    all_pictures: bool = False,
    progress: Callable[[Job, Done], None] | None = None,
    **settings: Any,
) -> Outcome:
    """Restore one container to a file beside it, and return what became of it."""
    jobs = plan(inputs or [str(source)], all_pictures=all_pictures).jobs
    events = restore_files(jobs, restorer or Refiner(), Settings(**settings), progress=progress)  # type: ignore[arg-type]
    (outcome,) = (event for event in events if not isinstance(event, Started))
    return outcome


def pixels(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as picture:
        return np.asarray(picture)


def _zip_sample() -> bytes:
    with TemporaryDirectory() as folder:
        members = {"1.jpg": compressed(photo(24, 32), 30), "notes.txt": b"hello " * 20}
        members["2.jpg"] = compressed(photo(16, 16, 3), 20, progressive=True)
        return zip_file(Path(folder) / "x.zip", members).read_bytes()


def _pdf_sample() -> bytes:
    from made.pdfs import one_picture

    return one_picture()


def _mpo_sample() -> bytes:
    return mpo_file(photo(24, 32), photo(16, 16, 3))


def _tiff_sample() -> bytes:
    return jpeg_tiff(photo(40, 50), (16, 32))


def _film_sample() -> bytes:
    from made.films import film, jpegs

    with TemporaryDirectory() as folder:
        return film(Path(folder) / "x.avi", jpegs(3)).read_bytes()


SAMPLES: dict[str, Callable[[], bytes]] = {
    ".cbz": _zip_sample,
    ".pdf": _pdf_sample,
    ".mpo": _mpo_sample,
    ".tif": _tiff_sample,
    ".avi": _film_sample,
}
"""Small whole containers of every kind, by suffix."""
