"""Opening any container by its kind; what a kind needs is loaded only then."""

from __future__ import annotations

from pathlib import Path

from qgac.containers.container import Container
from qgac.containers.kinds import Kind

__all__ = ["open_container"]


def open_container(path: Path, kind: Kind) -> Container:
    """Open a container.

    Parameters
    ----------
    path : Path
    kind : {"zip"}

    Raises
    ------
    ContainerError
        If it is damaged, dangerous or not supported, or what reads it is not installed.
    OSError
        If the file cannot be read.
    """
    from qgac.containers.archives import ZipArchive

    return ZipArchive(path)
