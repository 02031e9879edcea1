"""Opening any container by its kind; what a kind needs is loaded only then."""

from __future__ import annotations

from pathlib import Path

from qgac.containers.container import Container
from qgac.containers.kinds import Kind

__all__ = ["open_container"]


def open_container(path: Path, kind: Kind, *, tolerant: bool) -> Container:
    """Open a container.

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
    if kind == "pdf":
        from qgac.containers.pdf import PDFDocument

        return PDFDocument(path, tolerant=tolerant)
    if kind == "pictures":
        from qgac.containers.multi_picture import MultiPicture

        return MultiPicture(path)
    if kind == "film":
        from qgac.containers.film import Film

        return Film(path)
    if kind == "tiff":
        from qgac.containers.tiff import TIFFFile

        return TIFFFile(path)
    from qgac.containers.archives import ZipArchive

    return ZipArchive(path)
