"""Files by address, wherever they lie: a local path, ``s3://``, ``gs://``, ``az://``, ``hf://`` or ``https://``.

fsspec and the library of each store do the work, and find the credentials as they do for every program. Here are only
what restoring needs of a store, waiting while it is overloaded, and one sentence for whatever it says.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from qgac.files.atomic import whole_file

__all__ = [
    "PATIENCE",
    "Listing",
    "StorageError",
    "canonical",
    "check_root",
    "fetch",
    "join",
    "list_folder",
    "put",
    "read",
    "size_of",
]

PATIENCE = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Seconds to wait before each further try, while a store is overloaded or away."""

# An object appears only when it is complete, whatever its size, so it is put under its own name at once.
_WHOLE = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "hf", "memory"}
_FINAL = (FileNotFoundError, PermissionError, FileExistsError, IsADirectoryError, NotADirectoryError, ImportError)
_SECRET = re.compile(r"://[^/@]*:[^/@]*@|[?&][^=/]*(signature|token|secret|password|key)[^=/]*=", re.IGNORECASE)

_T = TypeVar("_T")


class StorageError(ValueError):
    """A store does not do what was asked; the message is one sentence with the address, cause and remedy."""


class _MissingError(StorageError):
    pass


@dataclass(frozen=True)
class Listing:
    """What lies in a folder.

    Attributes
    ----------
    folders : list of str
        Names, sorted.
    files : dict of str to int
        Sizes in bytes by names, which are sorted; 0 if the store does not tell.
    """

    folders: list[str]
    files: dict[str, int]


def join(folder: str, *names: str) -> str:
    """Return the address of something in a folder; empty names do not count."""
    return "/".join([folder.rstrip("/"), *(name for name in names if name)]) or "/"


def list_folder(address: str, *, patience: tuple[float, ...] = PATIENCE) -> Listing | None:
    """List a folder, in one request or as many as the store makes pages of it.

    Parameters
    ----------
    address : str
        Or a path.
    patience : tuple of float
        Seconds to wait before each further try.

    Returns
    -------
    Listing or None
        None if there is no such folder, or a file. Object stores know no empty folders.

    Raises
    ------
    StorageError
        If it cannot be listed.
    """

    def entries(store: Any, path: str) -> list[dict[str, Any]]:
        store.invalidate_cache(path)  # of an earlier listing
        found: list[dict[str, Any]] = store.ls(path, detail=True)
        store.invalidate_cache(path)  # or millions of names would stay
        return found

    try:
        found = _tried(address, entries, patience)
    except _MissingError:
        return None
    own = url_to_fs(address)[1].rstrip("/")
    if len(found) == 1 and found[0]["name"].rstrip("/") == own and found[0]["type"] == "file":
        return None
    named = [(entry["name"].rstrip("/").rpartition("/")[2], entry) for entry in found]
    # Some stores show a folder as an empty object of its own.
    named = sorted((name, entry) for name, entry in named if name and entry["name"].rstrip("/") != own)
    return Listing(
        [name for name, entry in named if entry["type"] == "directory"],
        {name: entry.get("size") or 0 for name, entry in named if entry["type"] == "file"},
    )


def size_of(address: str) -> int | None:
    """Return how many bytes a file has, 0 if the store does not tell; None for a folder.

    Raises
    ------
    StorageError
        If there is neither, or the store cannot be used.
    """
    entry = _tried(address, lambda store, path: store.info(path), PATIENCE)
    return None if entry["type"] == "directory" else int(entry.get("size") or 0)


def canonical(address: str) -> str:
    """Return what all addresses and paths of one place have in common."""
    store, path = url_to_fs(address)
    return os.path.realpath(path) if isinstance(store, LocalFileSystem) else str(store.unstrip_protocol(path))


def check_root(address: str) -> None:
    """Check before any work that a store is there and lets itself be used: its library, credentials and bucket.

    Parameters
    ----------
    address : str
        Of what lies in it, or is to.

    Raises
    ------
    StorageError
        If it is not, or the address holds a secret, which would end in reports and lists of processes.
    """
    if _SECRET.search(address):
        raise StorageError(
            "an address must hold no credentials, which would end in reports; "
            "give them as the library of the store finds them, in the environment or its configuration"
        )

    def look(store: Any, path: str) -> None:
        if isinstance(store, LocalFileSystem) or "http" in store.protocol:
            return
        bucket = path.lstrip("/").partition("/")[0]
        if store.protocol == "memory" or not bucket:
            return
        # Not the bucket itself, of which some libraries assume that it is there.
        if hasattr(store, "call_s3"):
            store.call_s3("list_objects_v2", Bucket=bucket, MaxKeys=1)
        else:
            store.info(bucket)

    _tried(address, look, PATIENCE[:1])


def read(address: str, length: int, *, patience: tuple[float, ...] = PATIENCE) -> bytes:
    """Read the beginning of a file.

    Raises
    ------
    StorageError
        If it cannot be read.
    """
    return bytes(_tried(address, lambda store, path: store.cat_file(path, start=0, end=length), patience))


def fetch(address: str, path: Path, *, patience: tuple[float, ...] = PATIENCE) -> None:
    """Copy a file from a store.

    Raises
    ------
    StorageError
        If it cannot be read.
    """
    _tried(address, lambda store, name: store.get_file(name, str(path)), patience)


def put(path: Path, address: str, *, overwrite: bool, patience: tuple[float, ...] = PATIENCE) -> None:
    """Copy a file to a store, where it appears under its name only when it is complete.

    Parameters
    ----------
    path : Path
    address : str
        In a folder that is made if missing.
    overwrite : bool
        Whether to replace what is there. Local files and Amazon's S3 hold to it even if it appears at the last moment;
        with other stores, whoever plans must have looked.
    patience : tuple of float

    Raises
    ------
    StorageError
        If it cannot be written.
    """

    def local(store: Any, name: str) -> None:
        place = Path(name)
        place.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(place, overwrite=overwrite) as partial:
            store.cp_file(str(path), str(partial))

    def copied(store: Any, name: str) -> None:
        if isinstance(store, LocalFileSystem):
            local(store, name)
        elif _WHOLE & set(_protocols(store)):
            exclusive = {} if overwrite or not hasattr(store, "call_s3") else {"mode": "create"}
            store.put_file(str(path), name, **exclusive)
        else:
            folder, _, _ = name.rpartition("/")
            store.makedirs(folder, exist_ok=True)
            partial = f"{folder}/.qgac-{secrets.token_hex(8)}.partial"
            try:
                store.put_file(str(path), partial)
                store.mv(partial, name)
            except BaseException:
                if store.exists(partial):
                    store.rm_file(partial)
                raise

    _tried(address, copied, patience)


def _protocols(store: Any) -> tuple[str, ...]:
    return (store.protocol,) if isinstance(store.protocol, str) else tuple(store.protocol)


def _tried(address: str, action: Callable[[Any, str], _T], patience: tuple[float, ...]) -> _T:
    """Do something with a store, again if that may help; turn what it says into one sentence."""
    waits = iter(patience)
    while True:
        try:
            return action(*url_to_fs(address))
        except Exception as error:  # every library has kinds of its own
            pause = None if isinstance(error, (*_FINAL, ValueError)) or _is_about_access(error) else next(waits, None)
            if pause is None:
                kind = _MissingError if isinstance(error, FileNotFoundError) else StorageError
                raise kind(f"{address}: {_reason(error)}") from error
            time.sleep(pause)


def _is_about_access(error: Exception) -> bool:
    return isinstance(error, PermissionError) or any(
        word in type(error).__name__ for word in ("Credential", "Authenti", "Forbidden", "Unauthorized")
    )


def _reason(error: Exception) -> str:
    said = str(error).strip().partition("\n")[0].rstrip(".")
    if isinstance(error, ImportError):
        return f"the library of this store is not installed ({said}); install it with pip"
    if isinstance(error, FileNotFoundError):
        return "there is no such file, folder or bucket; check the address"
    if "Credentials" in type(error).__name__:
        return "no credentials were found; give them in the environment or the configuration of the store's library"
    if _is_about_access(error):
        return f"access is refused ({said}); check the credentials and what they allow"
    if isinstance(error, FileExistsError):
        return "exists already; choose another name, overwrite it (--overwrite) or skip it (--skip-existing)"
    if isinstance(error, ValueError) and "rotocol" in said:
        return "this kind of address is not known; use a path, s3://, gs://, az://, hf:// or https://"
    return f"the store cannot be used ({said or type(error).__name__}); check the address and the connection"
