"""Pictures in stores: which there are and where each goes, folder by folder, so that no memory holds all names.

The names of results are those of :mod:`qgac.batch.plan`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from qgac.batch.inputs import MARK
from qgac.batch.jobs import Failed
from qgac.batch.plan import PlanError
from qgac.batch.report import entry_of, skipped_entry
from qgac.cluster.storage import Listing, StorageError, canonical, check_root, join, list_folder, size_of
from qgac.files.names import folded, is_address, is_part_of_a_name
from qgac.pictures.formats import SUFFIXES, Format, format_of

__all__ = ["Stored", "check_addresses", "stored_pictures"]


@dataclass(frozen=True)
class Stored:
    """One picture in a store.

    Attributes
    ----------
    name : str
        Its address or path.
    stem : str
        Where the result goes, without suffix.
    format : Format or None
        None means PNG, or TIFF for CMYK.
    size : int
        Bytes; 0 if the store does not tell.
    taken : tuple of str
        Suffixes of results of this stem that were there when the folder was listed.
    """

    name: str
    stem: str
    format: Format | None
    size: int
    taken: tuple[str, ...] = ()

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Which the result may have; the first is the likely one."""
        return (SUFFIXES[self.format],) if self.format else (SUFFIXES["png"], SUFFIXES["tiff"])


def check_addresses(inputs: Sequence[str], output: str | None, suffix: str | None = None) -> None:
    """Check before any work that the stores are there, and that the results may go where they are to.

    Parameters
    ----------
    inputs : sequence of str
        Addresses or paths.
    output, suffix : str, optional
        As for :func:`stored_pictures`.

    Raises
    ------
    PlanError
        If the output is no folder in a store that can be written to, or the suffix no part of a name.
    StorageError
        If a store cannot be used.
    """
    if suffix is not None and not is_part_of_a_name(suffix):
        raise PlanError(f"--suffix {suffix!r} is no part of a file name; leave slashes and the like out")
    targets = inputs if output is None else [output]
    for target in targets:
        if target.startswith(("http://", "https://")):
            raise PlanError(f"{target} can be read and not written to; name a folder in another store (-o)")
    if output is not None and not output.endswith("/") and format_of(Path(output)) is not None:
        raise PlanError(f"{output} is named as a picture, but a cluster needs a folder; name one (-o)")
    for address in [*inputs, *targets]:
        check_root(address)


def stored_pictures(
    inputs: Sequence[str],
    *,
    output: str | None = None,
    format: Format | None = None,  # noqa: A002
    suffix: str | None = None,
    skip_existing: bool = False,
) -> Iterator[Stored | dict[str, Any]]:
    """Find pictures, one folder after the other, with one listing of each and one of where its results go.

    Parameters
    ----------
    inputs : sequence of str
        Addresses or paths of files, taken whatever their name, and of folders, which are searched; hidden files and
        earlier results are passed over.
    output : str, optional
        Folder, in which the trees below the inputs are mirrored. By default results lie beside their sources.
    format, suffix, skip_existing
        As for :func:`qgac.batch.plan.plan`.

    Yields
    ------
    Stored or dict
        A picture to restore; or the entry for the report of one that is not: its result is there already, another one
        would become the same file, or nothing is where an input leads.
    """
    mark = (MARK if output is None else "") if suffix is None else suffix
    marks = tuple({MARK, mark} - {""}) if output is None else (MARK,)
    singles: list[tuple[str, int]] = []
    roots: list[str] = []
    for text in inputs:
        try:
            size = _size(text)
        except StorageError as error:
            yield entry_of(Failed(text, _without(error, text)))
            continue
        if size is None:
            roots.append(text)
        else:
            singles.append((text, size))

    inputs_held = _Inputs((name for name, _ in singles), roots, output, marks)
    settle = partial(_settled, mark=mark, kind=format, skip_existing=skip_existing, inputs=inputs_held)
    # Roots are searched side by side, since what lies in one place below each of them goes into one folder.
    waiting: deque[tuple[str, list[str]]] = deque()
    if output is None:
        for text, size in singles:
            yield from settle([(text, size)], text.rpartition("/")[0] or ".")
        waiting.extend(("", [root]) for root in roots)
    else:
        waiting.append(("", roots))
    while waiting:
        place, sources = waiting.popleft()
        found = singles if output is not None and not place else []
        below: dict[str, list[str]] = {}
        for source in sources:
            try:
                listing = list_folder(source) or Listing([], {})
            except StorageError as error:
                yield entry_of(Failed(source, _without(error, source)))
                continue
            if not place and not listing.folders and not listing.files:
                yield entry_of(Failed(source, "no JPEG files in this folder; check the address"))
            wanted = [name for name in listing.files if _is_wanted(name, marks)]
            found = [*found, *((join(source, name), listing.files[name]) for name in wanted)]
            for name in listing.folders:
                if not name.startswith(".") and (output is None or join(source, name) != output.rstrip("/")):
                    below.setdefault(name, []).append(join(source, name))
        if found:
            target = sources[0] if output is None else join(output, place)
            yield from settle(found, target)
        waiting.extend((join(place, name).lstrip("/"), folders) for name, folders in below.items())


def _size(text: str) -> int | None:
    """Return the size of a file, or None for a folder."""
    if text.endswith("/") or (text.startswith(("http://", "https://")) and format_of(Path(text)) != "jpeg"):
        return None
    return size_of(text)


class _Inputs:
    """What must never be replaced, as far as an output may lie among it."""

    def __init__(
        self, files: Iterable[str], folders: Iterable[str], output: str | None, marks: tuple[str, ...]
    ) -> None:
        self._files = {canonical(file) for file in files}
        places = [canonical(folder).rstrip("/") + "/" for folder in folders]
        own = "" if output is None else canonical(output).rstrip("/") + "/"
        # An output folder within an input is not searched.
        self._folders = tuple(place for place in places if own == place or not own.startswith(place))
        self._marks = marks

    def hold(self, folder: str, name: str) -> bool:
        """Whether a file of this name in a folder is an input."""
        place = canonical(folder).rstrip("/") + "/"
        return place + name in self._files or (place.startswith(self._folders) and _is_wanted(name, self._marks))


def _settled(
    found: list[tuple[str, int]], target: str, *, mark: str, kind: Format | None, skip_existing: bool, inputs: _Inputs
) -> Iterator[Stored | dict[str, Any]]:
    """Give the pictures of one folder their places in another."""
    try:
        there = list_folder(target) or Listing([], {})
    except StorageError as error:
        for name, _ in found:
            yield entry_of(Failed(name, f"the output folder cannot be listed: {error}"))
        return
    owners: dict[str, str] = {}
    is_local = not is_address(target) or target.startswith("file:")  # where upper and lower case may be one
    stems = [join(target, f"{Path(name.rpartition('/')[2]).stem}{mark}") for name, _ in found]
    keys = [folded(stem) if is_local else stem for stem in stems]
    for (name, _), key in zip(found, keys, strict=True):
        owners.setdefault(key, name)
    for (name, size), stem, key in zip(found, stems, keys, strict=True):
        picture = Stored(name, stem, kind, size)
        first = stem.rpartition("/")[2]
        taken = tuple(suffix for suffix in picture.suffixes if first + suffix in there.files)
        other = owners[key]
        if other != name:
            yield entry_of(Failed(name, f"would become the same file as {other}; rename one, or restore them apart"))
        elif skip_existing and picture.suffixes[0] in taken:
            yield skipped_entry(name, stem + picture.suffixes[0], size)
        elif any(inputs.hold(target, first + suffix) for suffix in taken):
            reason = f"{stem}{taken[0]} is itself one of the inputs; choose another output or format"
            yield entry_of(Failed(name, reason))
        else:
            yield replace(picture, taken=taken)


def _is_wanted(name: str, marks: tuple[str, ...]) -> bool:
    path = Path(name)
    return format_of(path) == "jpeg" and not name.startswith(".") and not path.stem.endswith(marks)


def _without(error: StorageError, name: str) -> str:
    return str(error).removeprefix(f"{name}: ")
