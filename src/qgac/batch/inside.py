"""Restoring the pictures inside a container, which is written anew with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from qgac.batch.jobs import Done, Inside
from qgac.batch.pixel_source import PixelSource
from qgac.batch.settings import Settings
from qgac.coefficients.quantization import quality_of
from qgac.containers.container import Container, ContainerError, EmptyError, Inner, Limits
from qgac.containers.kinds import Kind
from qgac.containers.opening import open_container
from qgac.files.atomic import whole_file
from qgac.jpeg.errors import JPEGError

if TYPE_CHECKING:
    from qgac.jpeg.image import JPEGImage
    from qgac.restoration.picture import Restored

__all__ = ["restore_inside"]


def restore_inside(
    source: Path,
    kind: Kind,
    destination: Path,
    restorer: PixelSource,
    settings: Settings,
    progress: Callable[[Done], None],
) -> tuple[tuple[Inside, ...], tuple[str, ...]]:
    """Restore the pictures inside a container.

    Pictures that cannot be read stay as they are.

    Parameters
    ----------
    source : Path
        The container.
    kind : Kind
        What it is.
    destination : Path
        Where the restored one is to go.
    restorer : PixelSource
    settings : Settings
    progress : callable
        Called with how far the work is.

    Returns
    -------
    tuple of Inside
        What became of each picture.
    tuple of str
        What is worth telling about the container.

    Raises
    ------
    EmptyError
        If it holds no picture.
    ContainerError
        If it cannot be opened or written, is signed and is to stay so, or no picture inside can be restored.
    OSError
        If a file cannot be read or written.
    """
    container = open_container(source, kind, tolerant=settings.tolerant)
    try:
        if not container.pictures:
            raise EmptyError(container.notes)
        if container.signed and not settings.break_signatures:
            raise ContainerError(
                "it is signed, and restored pictures break the signature; ask for that (--break-signatures), or keep it"
            )
        before = source.stat().st_size
        exchange = _Exchange(container, restorer, settings, progress)
        with whole_file(destination, overwrite=settings.overwrite) as partial:
            container.write(partial, exchange)
            exchange.check()
        notes = list(container.notes)
        if container.signed:
            notes.append("the signature is broken, as was asked for")
        notes.append(f"{exchange.summary()}; {_size(before)} before, {_size(destination.stat().st_size)} after")
        return tuple(exchange.entries), tuple(notes)
    finally:
        container.close()


class _Exchange:
    """Restores one picture after the other as a container asks for them, and remembers what became of each."""

    def __init__(
        self, container: Container, restorer: PixelSource, settings: Settings, progress: Callable[[Done], None]
    ) -> None:
        self.entries: list[Inside] = []
        self._restorer = restorer
        self._settings = settings
        self._progress = progress
        self._count = len(container.pictures)
        self._total = max(1, sum(picture.size for picture in container.pictures))
        self._done = 0

    def __call__(self, picture: Inner) -> JPEGImage | Restored | None:
        def tile_done(done: int, tiles: int) -> None:
            share = (self._done + picture.size * done / tiles) / self._total
            self._progress(Done(share, f"picture {len(self.entries) + 1} of {self._count}"))

        settings = self._settings
        try:
            image = picture.read(Limits(settings.tolerant, settings.max_pixels))
        except JPEGError as error:
            self._done += picture.size
            self.entries.append(Inside(picture.name, picture.size, None, None, None, (), str(error)))
            return None
        image = settings.with_metadata_to_write(image)
        restored: JPEGImage | Restored
        if settings.lossless:
            restored = self._restorer(image, progress=tile_done)
        else:
            restored = self._restorer.refine(image, quality=settings.encoding.quality, progress=tile_done)
        self._done += picture.size
        quality = quality_of(image.components[0].table, chroma=False)
        size = (image.width, image.height)
        self.entries.append(Inside(picture.name, picture.size, *size, quality, image.notes, None))
        return restored

    def check(self) -> None:
        """Raise an error if nothing at all was restored."""
        left = [entry for entry in self.entries if entry.reason is not None]
        if len(left) == len(self.entries):
            raise ContainerError(f"none of its pictures could be restored; {left[0].name}: {left[0].reason}")

    def summary(self) -> str:
        """Return how many pictures were restored and left."""
        left = sum(entry.reason is not None for entry in self.entries)
        restored = (
            f"{len(self.entries) - left} pictures restored" if len(self.entries) - left > 1 else "1 picture restored"
        )
        return restored + (f", {left} left as they were" if left else "")


def _size(number: int) -> str:
    return f"{number / 1e6:.1f} MB" if number >= 1e6 else f"{number / 1e3:.1f} kB"
