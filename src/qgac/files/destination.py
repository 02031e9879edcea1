"""Whether a file may be written to a place: one policy for pictures, reports, heat maps, figures and results.

It is asked before any work. Whoever asks tells what stands in the way in a sentence of its own, with a fitting remedy.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from enum import Enum
from pathlib import Path

from qgac.files.names import folded, has_forbidden_name

__all__ = ["Obstacle", "identity", "obstacle", "place"]


class Obstacle(Enum):
    """Why a file may not be written."""

    FORBIDDEN_NAME = "the system keeps this name, or one of its folders', for something else"
    NO_FOLDER = "there is no folder to put it into"
    READ = "it would replace what is read, which is never done"
    NAMED_TWICE = "something else is to be written there"
    NO_FILE = "what is there is no file: a folder, a device, a link that leads nowhere"
    EXISTS = "a file is there that is not to be replaced"
    LOCKED_FOLDER = "nobody may put anything into its folder"


def obstacle(path: Path, *, overwrite: bool, read: Iterable[Path] = (), others: Iterable[Path] = ()) -> Obstacle | None:
    """Return what stands in the way of writing a file.

    Parameters
    ----------
    path : Path
        Where the file is to go.
    overwrite : bool
        Whether to replace an existing file.
    read : iterable of Path
        Files that must stay, by whatever name or link.
    others : iterable of Path
        Where other files are going to.

    Returns
    -------
    Obstacle or None
        The first one, in the order of the class.
    """
    if has_forbidden_name(path):
        return Obstacle.FORBIDDEN_NAME
    if not path.parent.is_dir():
        return Obstacle.NO_FOLDER
    own = identity(path)
    if any(identity(other) == own for other in read):
        return Obstacle.READ
    own_place = folded(str(place(path)))
    if any(folded(str(place(other))) == own_place for other in others):
        return Obstacle.NAMED_TWICE
    if path.is_symlink() or path.exists():
        if not path.is_file():
            return Obstacle.NO_FILE
        if not overwrite:
            return Obstacle.EXISTS
    # Writing makes a file beside the place, even where there is one already.
    return None if os.access(path.parent, os.W_OK | os.X_OK) else Obstacle.LOCKED_FOLDER


def identity(path: Path) -> object:
    """Return what two names of the same file have in common, links included."""
    try:
        status = path.stat()
    except OSError:
        return path.absolute()
    if status.st_ino == 0:  # some shares of a network do not number their files
        return path.resolve()
    return status.st_dev, status.st_ino


def place(path: Path) -> Path:
    """Return what two names of a file to come have in common: of it there is only the name, in folders with several."""
    return path.parent.resolve() / path.name
