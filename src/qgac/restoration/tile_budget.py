"""How many blocks the networks may work on at once, by the memory that this takes.

With more memory, tiles are larger and halos a smaller share of the work. Large pictures take more anyway, so there it
grows with the coefficients of the file, up to a limit.
"""

from __future__ import annotations

from qgac.engine.engine import Engine
from qgac.jpeg.image import JPEGImage

__all__ = ["blocks_that_fit"]

# What the networks may take for a tile, in bytes.
_CPU = 140_000_000
_LARGEST_CPU = 200_000_000
_ELSEWHERE = 2_000_000_000
_SHARE_OF_COEFFICIENTS = 2 / 3
# Of the size of the widest layer, where most are alive at once: in the graph for chroma. Measured on the model `small`,
# it is 6.6 with ONNX Runtime; the rest is for what NumPy holds of a tile.
_TENSORS_ALIVE = 8


def blocks_that_fit(engine: Engine, image: JPEGImage) -> int:
    """Return how many blocks a tile may have, halo included.

    Parameters
    ----------
    engine : Engine
        What works on it.
    image : JPEGImage
        The picture that is restored.

    Returns
    -------
    int
    """
    memory = _ELSEWHERE
    if engine.device == "cpu":
        coefficients = sum(component.coefficients.nbytes for component in image.components)
        memory = max(_CPU, min(int(_SHARE_OF_COEFFICIENTS * coefficients), _LARGEST_CPU))
    return memory // (4 * _TENSORS_ALIVE * engine.widest_layer)
