"""Which files are containers, by their names."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

__all__ = ["HOLD_PIXELS", "Kind", "fits", "is_searched_for", "kind_of", "suffix_of_result"]

Kind = Literal["zip", "pdf", "pictures", "tiff", "film"]
HOLD_PIXELS: frozenset[Kind] = frozenset({"pdf"})
"""The kinds that can hold other pictures than JPEGs."""

_ZIP = (
    *(".cbz", ".epub", ".zip"),
    *(".cbr", ".cb7"),  # often ZIP files all the same; if not, they are refused for what they are
    *(".docx", ".docm", ".dotx", ".dotm", ".pptx", ".pptm", ".potx", ".potm", ".ppsx", ".ppsm"),
    *(".xlsx", ".xlsm", ".xltx", ".xltm"),
    *(".odt", ".ods", ".odp", ".odg", ".ott", ".ots", ".otp", ".otg"),
)
_SEVERAL = (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo")  # files that are taken for containers only when asked
_KINDS: dict[str, Kind] = {**dict.fromkeys(_ZIP, "zip"), ".pdf": "pdf", ".tif": "tiff", ".tiff": "tiff"}
_KINDS |= dict.fromkeys((".avi", ".mov", ".mkv", ".mjpeg", ".mjpg"), "film")
_FILMS = (".mkv", ".mp4")


def kind_of(path: Path) -> Kind | None:
    """Return the kind of container that the suffix of a file name stands for, or None if it stands for none."""
    return _KINDS.get(path.suffix.lower())


def is_searched_for(path: Path) -> bool:
    """Whether a search of folders is to find a file by its name; most TIFF files and films hold no JPEG."""
    return kind_of(path) in ("zip", "pdf")


def suffix_of_result(path: Path, kind: Kind) -> str:
    """Return what the name of a restored container ends with."""
    if kind == "pictures" and path.suffix.lower() not in _SEVERAL:
        return ".jpg"
    return _FILMS[0] if kind == "film" else path.suffix


def fits(path: Path, source: Path, kind: Kind) -> bool:
    """Whether a file name has a suffix that the restored container of a kind may have."""
    if kind == "pictures":
        return path.suffix.lower() in _SEVERAL
    if kind == "film":
        return path.suffix.lower() in _FILMS
    return path.suffix.lower() == suffix_of_result(source, kind).lower()
