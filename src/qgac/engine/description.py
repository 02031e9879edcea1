"""What a folder of graphs is named after and says about itself, so that nobody needs the networks to run them."""

from __future__ import annotations

__all__ = ["DESCRIPTION", "chroma_graph", "y_graph"]

DESCRIPTION = "graphs.json"
"""Name of the file that describes the graphs beside it:

``configuration`` as in a weights file; how many blocks to each side the network sees, ``receptive_field_y`` and
``receptive_field_color``; ``factors``, the (vertical, horizontal) subsampling that there are graphs for;
``widest_layer``, see :class:`qgac.engine.engine.Engine`; and ``graphs``: for each of them the ``weights`` that it
names, and ``slopes``, where in the file the numbers lie that are weights as well.
"""


def y_graph() -> str:
    """Return the name of the graph for Y."""
    return "y.onnx"


def chroma_graph(factors: tuple[int, int]) -> str:
    """Return the name of the graph for chroma with these (vertical, horizontal) subsampling factors."""
    return f"chroma-{factors[0]}x{factors[1]}.onnx"
