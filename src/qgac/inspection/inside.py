"""What the pictures inside a container say about themselves, in JSON types."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgac.containers.container import Inner, Limits
from qgac.containers.kinds import Kind
from qgac.containers.opening import look_inside
from qgac.inspection.description import describe
from qgac.jpeg.errors import JPEGError

__all__ = ["describe_inside"]


def describe_inside(path: Path, kind: Kind, limits: Limits) -> dict[str, Any]:
    """Describe a container.

    Parameters
    ----------
    path : Path
    kind : Kind
        What it is.
    limits : Limits
        How the pictures are read.

    Returns
    -------
    dict
        ``bytes``, ``signed``, ``notes``, and ``pictures``, each with ``name``, ``bytes`` and ``reason``: None for
        those that have all of :func:`qgac.inspection.description.describe` besides, and why the others cannot be read.

    Raises
    ------
    ContainerError, OSError
        As :func:`qgac.containers.opening.look_inside` does.
    """
    container = look_inside(path, kind, tolerant=limits.tolerant)
    try:
        pictures = [_described(picture, limits) for picture in container.pictures]
        return {
            "bytes": path.stat().st_size,
            "signed": container.signed,
            "pictures": pictures,
            "notes": list(container.notes),
        }
    finally:
        container.close()


def _described(picture: Inner, limits: Limits) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": picture.name, "bytes": picture.size, "reason": None}
    try:
        return entry | describe(picture.read(limits), picture.size)
    except JPEGError as error:
        return entry | {"reason": str(error)}
