"""Which files are containers, by their names."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

__all__ = ["HOLD_PIXELS", "Kind", "is_searched_for", "kind_of", "suffix_of_result"]

Kind = Literal["zip", "pdf"]
HOLD_PIXELS: frozenset[Kind] = frozenset({"pdf"})
"""The kinds that can hold other pictures than JPEGs."""

_ZIP = (
    *(".cbz", ".epub", ".zip"),
    *(".cbr", ".cb7"),  # often ZIP files all the same; if not, they are refused for what they are
    *(".docx", ".docm", ".dotx", ".dotm", ".pptx", ".pptm", ".potx", ".potm", ".ppsx", ".ppsm"),
    *(".xlsx", ".xlsm", ".xltx", ".xltm"),
    *(".odt", ".ods", ".odp", ".odg", ".ott", ".ots", ".otp", ".otg"),
)
_KINDS: dict[str, Kind] = {**dict.fromkeys(_ZIP, "zip"), ".pdf": "pdf"}


def kind_of(path: Path) -> Kind | None:
    """Return the kind of container that the suffix of a file name stands for, or None if it stands for none."""
    return _KINDS.get(path.suffix.lower())


def is_searched_for(path: Path) -> bool:
    """Whether a search of folders is to find a file, as far as its name tells."""
    return kind_of(path) is not None


def suffix_of_result(path: Path) -> str:
    """Return what the name of a restored container ends with."""
    return path.suffix
