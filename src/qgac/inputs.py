"""The JPEG files that the arguments of a command mean: files, folders and patterns."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["MARK", "Failed", "Found", "find_jpegs", "is_pattern"]

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif"})
MARK = ".restored"
"""What the stem of a result ends with that lies beside its source."""


@dataclass(frozen=True)
class Found:
    """One file among the inputs.

    Attributes
    ----------
    path : Path
    relative : Path
        Its place below the folder or pattern that led to it, which is mirrored below an output folder.
    """

    path: Path
    relative: Path


@dataclass(frozen=True)
class Failed:
    """An input gave no picture.

    Attributes
    ----------
    name : str
        The input, as the user knows it.
    message : str
        Cause and remedy, in one sentence.
    """

    name: str
    message: str


def find_jpegs(inputs: Sequence[str]) -> tuple[list[Found], list[Failed]]:
    """Expand files, folders and patterns.

    Parameters
    ----------
    inputs : sequence of str
        Files are taken whatever their name. Folders are searched recursively and patterns (``*``, ``?``, ``[...]``,
        ``**`` for any folders) expanded, both for files named as JPEGs; hidden ones and earlier results
        (``*.restored.jpg``) are passed over.

    Returns
    -------
    list of Found
    list of Failed
        Inputs that lead to nothing.
    """
    found: list[Found] = []
    failures: list[Failed] = []
    for text in inputs:
        path = Path(text)
        if path.is_dir():
            below = list(_walk(path, failures))
            found += [Found(file, file.relative_to(path)) for file in below]
            if not below:
                failures.append(Failed(text, "no JPEG files in this folder; name a folder that holds some"))
        elif path.exists():
            found.append(Found(path, Path(path.name)))
        elif is_pattern(text):
            matches = [Path(match) for match in sorted(glob.glob(text, recursive=True))]  # noqa: PTH207 - keeps **
            files = [file for file in matches if _is_wanted(file.name) and file.is_file()]
            found += [Found(file, file.relative_to(_fixed_part(path))) for file in files]
            if not files:
                failures.append(Failed(text, "no JPEG file matches this pattern; check it"))
        else:
            failures.append(Failed(text, "there is no such file; check the name"))
    return found, failures


def is_pattern(text: str) -> bool:
    """Whether an input is a pattern, not the name of something that exists."""
    return any(character in text for character in "*?[") and not os.path.lexists(text)


def _fixed_part(pattern: Path) -> Path:
    """Return the folders of a pattern before its first wildcard."""
    fixed = Path()
    for part in pattern.parts[:-1]:
        if any(character in part for character in "*?["):
            break
        fixed /= part
    return fixed


def _is_wanted(name: str) -> bool:
    path = Path(name)
    return path.suffix.lower() in SUFFIXES and not name.startswith(".") and not path.stem.endswith(MARK)


def _walk(folder: Path, failures: list[Failed]) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        failures.append(Failed(str(error.filename), f"cannot be searched ({error.strerror}); check its permissions"))

    for root, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(root, name) for name in sorted(names) if _is_wanted(name))
