"""Names of files as operating systems take them: which ones are refused, and which mean the same file.

Windows gives some names to devices, drops dots and spaces at the end of any, and takes what follows a colon for a
stream inside a file: a picture written there would be nowhere to be found. Windows and macOS tell names neither by case
nor, on macOS, by how an accent is encoded.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from pathlib import Path

__all__ = ["SYSTEM", "folded", "has_forbidden_name", "is_address", "is_part_of_a_name"]

SYSTEM: str = sys.platform
"""``win32``, ``darwin`` or anything else, where every name is taken as it is."""

_FORBIDDEN = frozenset('<>:"|?*') | {chr(code) for code in range(32)}
_SUPERSCRIPTS = "¹²³"  # taken for digits
_DEVICES = frozenset({"con", "prn", "aux", "nul", "conin$", "conout$"}) | {
    f"{port}{number}" for port in ("com", "lpt") for number in (*"123456789", *_SUPERSCRIPTS)
}


def has_forbidden_name(path: Path) -> bool:
    """Whether no file can have this name here, or only one that the system takes for something else.

    Parameters
    ----------
    path : Path
        Its folders count as well.
    """
    if SYSTEM != "win32":
        return False
    return any(_is_forbidden(part) for part in path.parts if part not in (path.anchor, ".", ".."))


def is_address(text: str) -> bool:
    """Whether a text is an address, such as ``s3://bucket/folder``, and no path."""
    return re.match(r"[A-Za-z][\w+.-]+://", text) is not None


def is_part_of_a_name(text: str) -> bool:
    """Whether a text may stand within the name of a file here."""
    forbidden = {"/", "\0"} | (_FORBIDDEN | {"\\"} if SYSTEM == "win32" else set())
    return not forbidden & set(text)


def folded(name: str) -> str:
    """Return what the names of one file have in common, if the system does not tell them apart.

    Parameters
    ----------
    name : str
        Of a file, with its folders or without.
    """
    if SYSTEM == "darwin":
        return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    return name.lower() if SYSTEM == "win32" else name


def _is_forbidden(part: str) -> bool:
    stem = part.split(".")[0].rstrip(" ")
    return part != part.rstrip(". ") or bool(_FORBIDDEN & set(part)) or stem.lower() in _DEVICES
