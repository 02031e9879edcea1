"""Originals that stay when a picture is restored in its own place: ``photo.jpg`` becomes ``photo.original.jpg``.

The original gets its second name before anything is replaced, so that at every moment, killed or not, it is there under
one name at least, and the first name leads to a whole picture.
"""

from __future__ import annotations

import filecmp
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from qgac.files.atomic import whole_file
from qgac.pictures.formats import OutputError

__all__ = ["ORIGINAL", "check_original", "is_taken", "original_kept", "original_of"]

ORIGINAL = ".original"
"""What the stem of an original ends with."""


def original_of(path: Path) -> Path:
    """Return the name under which the original of a picture stays, in the same folder.

    Examples
    --------
    >>> original_of(Path("photos/a.jpg")).as_posix()
    'photos/a.original.jpg'
    """
    return path.with_name(f"{path.stem}{ORIGINAL}{path.suffix}")


def is_taken(source: Path, original: Path) -> bool:
    """Whether the name of the original belongs to something else than the source as it is now.

    Most often the picture was restored in place before. A copy or a second name of the source, which a killed process
    leaves behind, does not count.
    """
    if not os.path.lexists(original):
        return False
    try:
        return not (source.is_file() and original.is_file() and filecmp.cmp(source, original, shallow=False))
    except OSError:  # whatever may not be read is not to be replaced either
        return True


def check_original(source: Path, original: Path) -> None:
    """Check before any work that the original can stay.

    Raises
    ------
    OutputError
        If its name is taken.
    """
    if is_taken(source, original):
        raise OutputError(
            f"{original} exists already, so {source.name} seems to be restored already; "
            "leave it out (--skip-existing), or rename one of the two"
        )


@contextmanager
def original_kept(source: Path, original: Path) -> Iterator[None]:
    """Keep the original under its second name while a block of code replaces it.

    Parameters
    ----------
    source : Path
        What the block replaces. It gets the permissions of the original.
    original : Path
        Checked by :func:`check_original`. Of no use if the block fails, it is removed again.

    Raises
    ------
    OutputError
        If the second name cannot be given.
    """
    check_original(source, original)
    try:
        if not original.exists():
            _give_second_name(source, original)
    except OSError as error:
        raise OutputError(
            f"the original cannot be kept as {original} ({error.strerror or error}); "
            "check the folder's permissions and free space"
        ) from error
    try:
        yield
        with suppress(OSError):  # there are file systems without permissions
            shutil.copymode(original, source)
    finally:
        if not is_taken(source, original):  # nothing was replaced
            original.unlink(missing_ok=True)


def _give_second_name(source: Path, original: Path) -> None:
    try:
        os.link(source, original)
    except FileExistsError:
        raise
    except OSError:  # there are file systems without hard links
        with whole_file(original) as partial:
            shutil.copyfile(source, partial)
        shutil.copystat(source, original)
