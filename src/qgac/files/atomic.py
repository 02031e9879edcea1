"""Files that are whole or not there, whenever the process is killed and whoever else writes.

The content goes to a hidden file beside the place, ``.qgac-*.partial``, and to the disk; then that file gets its name.
A process that is killed leaves at most such a file behind, which nothing reads.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["whole_file", "write_atomically"]

_COPIED = 1 << 20  # bytes at a time


@contextmanager
def whole_file(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Let a block of code write a file that appears under its name only when it is complete and on the disk.

    Parameters
    ----------
    path : Path
        In a folder that exists.
    overwrite : bool
        Whether to replace an existing file.

    Yields
    ------
    Path
        What to write instead: an empty file in the same folder. It gets its name at the end of the block, with the
        permissions of any new file; after an exception it is removed.

    Raises
    ------
    FileExistsError
        If there is a file of this name, even one that appeared at the last moment, and it is not to be replaced.
    OSError
        If the file cannot be written.
    """
    partial = path.with_name(f".qgac-{secrets.token_hex(8)}.partial")
    # Not the tempfile module: its files are private, while this one should get the usual permissions.
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        usual = stat.S_IMODE(os.fstat(descriptor).st_mode)
        os.close(descriptor)
        yield partial
        if stat.S_IMODE(partial.stat().st_mode) != usual:  # safetensors lets nobody else read what it writes
            partial.chmod(usual)
        with partial.open("r+b") as file:
            os.fsync(file.fileno())  # a name must not outlive its content when the power fails
        if overwrite:
            partial.replace(path)
        else:
            _rename_to_new(partial, path)
    except BaseException:  # Ctrl-C as well must leave nothing behind
        partial.unlink(missing_ok=True)
        raise


def write_atomically(content: bytes | Iterable[bytes], path: Path, *, overwrite: bool = False) -> None:
    """Write a file that appears under its name only when it is complete and on the disk.

    Parameters
    ----------
    content : bytes or iterable of bytes
        The parts of an iterable wait for the last one in a file without a name, of which nothing is left if the
        process is killed.
    path, overwrite
        As for :func:`whole_file`.

    Raises
    ------
    FileExistsError, OSError
        As :func:`whole_file` does.
    """
    if isinstance(content, bytes):
        with whole_file(path, overwrite=overwrite) as partial:
            partial.write_bytes(content)
        return
    with tempfile.TemporaryFile(dir=path.parent) as waiting:
        waiting.writelines(content)
        waiting.seek(0)
        with whole_file(path, overwrite=overwrite) as partial, partial.open("wb") as file:
            shutil.copyfileobj(waiting, file, _COPIED)


def _rename_to_new(partial: Path, path: Path) -> None:
    """Rename a file unless the name is taken, in one step: looking first would leave a moment to lose another's file.

    Where there are no hard links (FAT), an empty file holds the name until the rename: to be killed in that instant
    leaves it behind.
    """
    if sys.platform == "win32":
        partial.rename(path)  # refuses a name that is taken, which elsewhere it replaces
        return
    try:
        os.link(partial, path)
    except FileExistsError as error:
        raise FileExistsError(error.errno, error.strerror, str(path)) from None  # not the name of the partial one
    except OSError:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        try:
            partial.replace(path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    else:
        partial.unlink()
