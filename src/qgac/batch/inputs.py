"""The JPEG files and containers that the arguments of a command mean: files, folders, patterns and lists of names."""

from __future__ import annotations

import codecs
import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from qgac.batch.jobs import Failed
from qgac.containers.kinds import is_searched_for, kind_of
from qgac.pictures.formats import format_of

__all__ = [
    "MARK",
    "Found",
    "check_names",
    "expanded",
    "find_jpegs",
    "find_listed",
    "is_pattern",
    "may_name_pictures",
    "names_in",
]

MARK = ".restored"
"""What the stem of a result ends with that lies beside its source."""


@dataclass(frozen=True)
class Found:
    """One file among the inputs.

    Attributes
    ----------
    path : Path
    relative : Path
        Its place below the folder, pattern or list that led to it, which is mirrored below an output folder.
    searched : bool
        Whether it was met in a folder or by a pattern, not named.
    """

    path: Path
    relative: Path
    searched: bool = False


def check_names(names: Iterable[str]) -> None:
    """Refuse an empty name, which would mean the current folder.

    Raises
    ------
    ValueError
        If one is empty.
    """
    if "" in names:
        raise ValueError(
            "a name is empty, as of a variable that is not set; name a file or a folder, or write . for this folder"
        )


def find_jpegs(inputs: Sequence[str], *, marks: Sequence[str] = (MARK,)) -> tuple[list[Found], list[Failed]]:
    """Expand files, folders and patterns.

    Parameters
    ----------
    inputs : sequence of str
        Files are taken whatever their name. Folders are searched recursively and patterns (``*``, ``?``, ``[...]``,
        ``**`` for any folders) expanded, both for files named as JPEGs or as containers; hidden ones and earlier
        results are passed over. Of the containers, patterns find all kinds, folders those of which
        :func:`qgac.containers.kinds.is_searched_for` says so.
    marks : sequence of str
        What the stems of earlier results end with.

    Returns
    -------
    list of Found
    list of Failed
        Inputs that lead to nothing; pipes, sockets and devices named as JPEGs, on which several pictures would wait.

    Raises
    ------
    ValueError
        If an input is empty.
    """
    check_names(inputs)
    found: list[Found] = []
    failures: list[Failed] = []
    for text in inputs:
        path = Path(text)
        if path.is_dir():
            below = list(_walk(path, marks, failures))
            found += [Found(file, file.relative_to(path), searched=True) for file in below]
            if not below:
                failures.append(Failed(text, "no JPEG files in this folder; name a folder that holds some"))
        elif path.exists():
            if len(inputs) > 1 and _is_wanted(path.name, ()) and not path.is_file():
                failures.append(_special(path))
            else:
                found.append(Found(path, Path(path.name)))
        elif is_pattern(text):
            matches = [Path(match) for match in sorted(glob.glob(text, recursive=True))]  # noqa: PTH207 - keeps **
            wanted = (file for file in matches if _is_wanted(file.name, marks, of_any_kind=True))
            files = list(_regular(wanted, failures))
            found += [Found(file, file.relative_to(_fixed_part(path)), searched=True) for file in files]
            if not files:
                failures.append(Failed(text, "no JPEG file matches this pattern; check it"))
        else:
            failures.append(Failed(text, "there is no such file; check the name"))
    return found, failures


def find_listed(names: Sequence[str]) -> tuple[list[Found], list[Failed]]:
    """Take files that a list names: as they are, neither folders nor patterns.

    Parameters
    ----------
    names : sequence of str
        Relative ones keep their folders below an output folder, absolute ones all of theirs, so that the place of a
        result does not depend on what else is listed; ``..`` at the beginning is dropped.

    Returns
    -------
    list of Found
    list of Failed
        Names that lead to nothing.

    Raises
    ------
    ValueError
        If a name is empty.
    """
    check_names(names)
    found: list[Found] = []
    failures: list[Failed] = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            failures.append(Failed(name, "is a folder, and a list names files; name the folder as an input"))
        elif path.exists() and not path.is_file():
            failures.append(_special(path))
        elif path.exists():
            normal = Path(os.path.normpath(path))
            parts = [part for part in normal.parts if part not in (normal.anchor, os.pardir)]
            found.append(Found(path, Path(*parts)))
        else:
            failures.append(Failed(name, "there is no such file; check the list"))
    return found, failures


def names_in(content: bytes, *, null: bool = False) -> list[str]:
    """Return the file names in a list.

    Parameters
    ----------
    content : bytes
        Names in the encoding of the file system, or UTF-8 or UTF-16 with a mark, as shells of Windows write them; empty
        ones do not count.
    null : bool
        Whether names end with a zero byte, as ``find -print0`` writes them, instead of a line end.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        content = os.fsencode(content.decode("utf-16", "replace"))
    content = content.removeprefix(codecs.BOM_UTF8)
    names = content.split(b"\0") if null else [line.removesuffix(b"\r") for line in content.split(b"\n")]
    return [os.fsdecode(name) for name in names if name]


def is_pattern(text: str) -> bool:
    """Whether an input is a pattern, not the name of something that exists."""
    return any(character in text for character in "*?[") and not os.path.lexists(text)


def expanded(inputs: Iterable[str]) -> list[str]:
    """Return names of files with patterns expanded to those that exist; one without any stays as it is."""
    result: list[str] = []
    for text in inputs:
        matches = sorted(glob.glob(text, recursive=True)) if is_pattern(text) else []  # noqa: PTH207 - keeps **
        result += matches or [text]
    return result


def may_name_pictures(text: str) -> bool:
    """Whether an argument may be meant as an input: it exists, is a pattern or ``-``, or is named as a JPEG file."""
    return text == "-" or os.path.lexists(text) or is_pattern(text) or format_of(Path(text)) == "jpeg"


def _fixed_part(pattern: Path) -> Path:
    """Return the folders of a pattern before its first wildcard."""
    fixed = Path()
    for part in pattern.parts[:-1]:
        if any(character in part for character in "*?["):
            break
        fixed /= part
    return fixed


def _is_wanted(name: str, marks: Sequence[str], *, of_any_kind: bool = False) -> bool:
    path = Path(name)
    is_container = kind_of(path) is not None if of_any_kind else is_searched_for(path)
    if format_of(path) != "jpeg" and path.suffix.lower() != ".mpo" and not is_container:
        return False
    return not name.startswith(".") and not path.stem.endswith(tuple(marks))


def _walk(folder: Path, marks: Sequence[str], failures: list[Failed]) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        failures.append(Failed(str(error.filename), f"cannot be searched ({error.strerror}); check its permissions"))

    for root, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from _regular((Path(root, name) for name in sorted(names) if _is_wanted(name, marks)), failures)


def _regular(paths: Iterable[Path], failures: list[Failed]) -> Iterator[Path]:
    """Yield the files, and links that lead nowhere, which reading will tell."""
    for path in paths:
        if path.is_file() or not path.exists():
            yield path
        elif not path.is_dir():
            failures.append(_special(path))


def _special(path: Path) -> Failed:
    return Failed(str(path), "a pipe, a socket or a device and no file, so it was passed over", harmless=True)
