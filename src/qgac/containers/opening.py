"""Opening any container by its kind; what a kind needs is loaded only then."""

from __future__ import annotations

from pathlib import Path

from qgac.containers.container import Container, Holder
from qgac.containers.kinds import Kind

__all__ = ["look_inside", "open_container"]


def look_inside(path: Path, kind: Kind, *, tolerant: bool) -> Holder:
    """Open anything that holds pictures, to see them.

    Parameters
    ----------
    path : Path
    kind : Kind
    tolerant : bool
        Whether to repair a damaged one, as far as there is a way to.

    Raises
    ------
    ContainerError
        If it is damaged, dangerous or not supported, or what reads it is not installed.
    OSError
        If the file cannot be read.
    """
    if kind == "film":
        from qgac.containers.film import Film

        return Film(path)
    return open_container(path, kind, tolerant=tolerant)


def open_container(path: Path, kind: Kind, *, tolerant: bool) -> Container:
    """Open a container whose pictures can be exchanged.

    Parameters
    ----------
    path, tolerant
        As for :func:`look_inside`.
    kind : Kind
        Any but ``film``.

    Raises
    ------
    ContainerError, OSError
        As :func:`look_inside` does.
    """
    if kind == "pdf":
        from qgac.containers.pdf import PDFDocument

        return PDFDocument(path, tolerant=tolerant)
    if kind == "pictures":
        from qgac.containers.multi_picture import MultiPicture

        return MultiPicture(path)
    if kind == "tiff":
        from qgac.containers.tiff import TIFFFile

        return TIFFFile(path)
    assert kind == "zip"
    from qgac.containers.archives import ZipArchive

    return ZipArchive(path)
