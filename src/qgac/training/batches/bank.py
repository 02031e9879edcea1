"""A bank of training pictures: decoded once, laid end to end in one memory-mapped file, cropped anywhere.

``bank.json`` lists the pictures (name, height, width, offset); ``pixels.u8`` holds their RGB samples, row by row.
Decoding is the slow part of loading, so it happens once; and since pictures are whole, a crop may start at any pixel
(a pool of pictures that were once JPEGs themselves must not be cropped on their old 8x8 grid).
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qgac.files.atomic import whole_file, write_atomically
from qgac.pictures.formats import READABLE
from qgac.processors import processors

__all__ = ["PatchBank", "Picture", "Window", "find_pictures", "write_bank"]


@dataclass(frozen=True)
class Picture:
    """Where one picture of a bank lies.

    Attributes
    ----------
    name : str
        File name it came from.
    height, width : int
        Pixels.
    offset : int
        Byte of ``pixels.u8`` where its first sample lies.
    """

    name: str
    height: int
    width: int
    offset: int


@dataclass(frozen=True)
class Window:
    """A square of a picture of a bank.

    Attributes
    ----------
    picture : int
        Index of the picture.
    top, left : int
        Its first row and column.
    size : int
        Side in pixels; a picture with a shorter side is mirrored outwards at its bottom and right.
    """

    picture: int
    top: int
    left: int
    size: int


def find_pictures(sources: Sequence[Path], exclude: Sequence[str] = ()) -> Iterator[tuple[str, bytes]]:
    """Yield the picture files among files, folders (recursively) and tars, in folders too, as names and bytes.

    Parameters
    ----------
    sources : sequence of Path
        Pictures, ``.tar`` archives of pictures, or folders of both.
    exclude : sequence of str
        Shell patterns; a file whose name (without folders) matches one is left out, be it a picture or a tar.

    Yields
    ------
    tuple of (str, bytes)

    Raises
    ------
    FileNotFoundError
        If a source does not exist.
    ValueError
        If a tar is damaged, or none.
    """

    def kept(base: str) -> bool:
        return not any(fnmatch(base, pattern) for pattern in exclude)

    def wanted(base: str) -> bool:
        return Path(base).suffix.lower() in READABLE and kept(base)

    for source in sources:
        if not source.exists():
            raise FileNotFoundError(f"{source} does not exist; name pictures, folders of pictures or tars of pictures")
        for path in sorted(source.rglob("*")) if source.is_dir() else [source]:
            if path.suffix == ".tar" and path.is_file():
                if kept(path.name):
                    yield from _files_of_tar(path, wanted)
            elif wanted(path.name) and path.is_file():
                yield path.name, path.read_bytes()


def _files_of_tar(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                base = member.name.rsplit("/", 1)[-1]
                file = archive.extractfile(member) if member.isfile() and wanted(base) else None
                if file is not None:
                    yield base, file.read()
    except tarfile.TarError as error:
        raise ValueError(f"{path} is no whole tar; get it again, or leave it out (--exclude)") from error


def _decode(item: tuple[str, bytes]) -> tuple[str, NDArray[np.uint8] | str]:
    from PIL import Image, ImageOps, UnidentifiedImageError

    name, data = item
    try:
        with Image.open(io.BytesIO(data)) as picture:
            upright = ImageOps.exif_transpose(picture).convert("RGB")
        return name, np.asarray(upright)
    except UnidentifiedImageError:  # what it says names the bytes as Python shows them, not the file
        return name, "is no picture, or one of an unknown kind; get it again"
    except Exception as error:  # one unreadable picture must not end the run; the caller reports it
        return name, f"cannot be decoded ({error}); get it again"


def _decoded(
    pool: Executor, items: Iterable[tuple[str, bytes]], ahead: int
) -> Iterator[tuple[str, NDArray[np.uint8] | str]]:
    """Decode in order, a few pictures ahead: all of them at once may be more than the memory holds."""
    pending: deque[Future[tuple[str, NDArray[np.uint8] | str]]] = deque()
    for item in items:
        pending.append(pool.submit(_decode, item))
        if len(pending) > ahead:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()


class _EmptyError(Exception):
    """No picture was taken, so there is to be no bank."""


def write_bank(
    items: Iterable[tuple[str, bytes]], folder: Path, *, min_side: int = 64, workers: int | None = None
) -> Iterator[tuple[str, str | None]]:
    """Decode pictures into a bank, reporting each.

    The bank appears under its name only when it is complete: files are written beside it and renamed. Without any
    picture there is none.

    Parameters
    ----------
    items : iterable of (str, bytes)
        Names and file contents, as :func:`find_pictures` yields them.
    folder : Path
        Where to write; made if missing.
    min_side : int
        Pictures with a shorter side than this are left out.
    workers : int, optional
        Decoding processes; by default one a core.

    Yields
    ------
    tuple of (str, str or None)
        Each picture's name, and None if it was taken or else why not.
    """
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    workers = workers or processors()
    folder.mkdir(parents=True, exist_ok=True)
    pictures: list[Picture] = []
    offset = 0
    try:
        # A fork would copy the threads' locks, of a progress display for one.
        with (
            whole_file(folder / "pixels.u8", overwrite=True) as partial,
            partial.open("wb") as file,
            ProcessPoolExecutor(workers, get_context("spawn")) as pool,
        ):
            for name, pixels in _decoded(pool, items, ahead=2 * workers):
                if isinstance(pixels, str):
                    yield name, pixels
                    continue
                height, width, _ = pixels.shape
                if min(height, width) < min_side:
                    yield name, f"{width}x{height} pixels, smaller than {min_side}"
                    continue
                file.write(pixels.tobytes())
                pictures.append(Picture(name, height, width, offset))
                offset += pixels.nbytes
                yield name, None
            if not pictures:
                raise _EmptyError
    except _EmptyError:
        return
    index = json.dumps([asdict(picture) for picture in pictures], indent=0)
    write_atomically(index.encode(), folder / "bank.json", overwrite=True)


class PatchBank:
    """The pictures of a bank, split into a training and a held-out part.

    The split follows from the name of each picture alone, so that it stays the same when a bank grows, and is the same
    for every run. Only in a bank so small that all its pictures would come into one part is a single one held out.

    Parameters
    ----------
    folder : Path
        A folder that :func:`write_bank` wrote.
    held_out : bool
        Whether to open the held-out part instead of the training part.
    share : int
        One picture in this many is held out.

    Attributes
    ----------
    pictures : list of Picture
    path : Path
        File of the samples.

    Raises
    ------
    FileNotFoundError
        If the folder holds no bank.
    ValueError
        If the bank has no pictures of two different names.
    """

    def __init__(self, folder: Path, *, held_out: bool = False, share: int = 25) -> None:
        index = folder / "bank.json"
        if not index.exists():
            raise FileNotFoundError(
                f"{folder} holds no bank of patches; make one with `qgac prepare PICTURES --out {folder}`"
            )
        pictures = [Picture(**entry) for entry in json.loads(index.read_text())]
        names = {picture.name for picture in pictures}
        apart = {name for name in names if _digest(name) % share == 0}
        if len(names) > 1 and apart in (set(), names):
            apart = {min(names, key=_digest)}
        self.pictures = [picture for picture in pictures if (picture.name in apart) == held_out]
        if not self.pictures:
            raise ValueError(
                f"{folder} has no two pictures of different names, to train on and to validate with; prepare more"
            )
        self.path = folder / "pixels.u8"
        self._pixels = np.memmap(self.path, dtype=np.uint8, mode="r")
        area = np.array([picture.height * picture.width for picture in self.pictures], dtype=np.float64)
        self._cumulative = np.cumsum(area) / area.sum()

    def __len__(self) -> int:
        return len(self.pictures)

    def picture(self, index: int) -> NDArray[np.uint8]:
        """Return a whole picture as a read-only view, shape (H, W, 3), uint8 RGB."""
        picture = self.pictures[index]
        size = picture.height * picture.width * 3
        return self._pixels[picture.offset : picture.offset + size].reshape(picture.height, picture.width, 3)

    def draw(self, size: int, generator: np.random.Generator) -> Window:
        """Draw a window of `size` pixels a side, uniform over the pixels of the bank."""
        index = min(int(np.searchsorted(self._cumulative, generator.random())), len(self.pictures) - 1)
        picture = self.pictures[index]
        top = int(generator.integers(max(picture.height, size) - size + 1))
        left = int(generator.integers(max(picture.width, size) - size + 1))
        return Window(index, top, left, size)

    def cut(self, window: Window) -> NDArray[np.uint8]:
        """Return the pixels of a window, shape (size, size, 3), uint8; a view where the picture is large enough."""
        pixels = self.picture(window.picture)
        height, width, _ = pixels.shape
        if height < window.size or width < window.size:
            below, right = max(0, window.size - height), max(0, window.size - width)
            pixels = np.pad(pixels, ((0, below), (0, right), (0, 0)), mode="symmetric")
        return pixels[window.top : window.top + window.size, window.left : window.left + window.size]

    def crop(self, size: int, generator: np.random.Generator) -> NDArray[np.uint8]:
        """Return a random crop: what :meth:`cut` makes of what :meth:`draw` drew."""
        return self.cut(self.draw(size, generator))


def _digest(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
