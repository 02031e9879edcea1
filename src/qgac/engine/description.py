"""What a folder of graphs says about itself, so that nobody needs the networks in order to run them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qgac.models.qgac import QGAC

__all__ = ["DESCRIPTION", "chroma_graph", "describe", "y_graph"]

DESCRIPTION = "graphs.json"
"""Name of the file."""


def y_graph() -> str:
    """Return the name of the graph for Y."""
    return "y.onnx"


def chroma_graph(factors: tuple[int, int]) -> str:
    """Return the name of the graph for chroma with these (vertical, horizontal) subsampling factors."""
    return f"chroma-{factors[0]}x{factors[1]}.onnx"


def describe(network: QGAC) -> dict[str, Any]:
    """Describe the graphs of a network.

    Parameters
    ----------
    network : QGAC

    Returns
    -------
    dict
        ``configuration`` as in a weights file; how many blocks to each side it sees, ``receptive_field_y`` and
        ``receptive_field_color``; ``factors``, the (vertical, horizontal) subsampling that there are graphs for.
    """
    return {
        "configuration": network.configuration.to_dict(),
        "receptive_field_y": network.receptive_field_y,
        "receptive_field_color": network.receptive_field_color,
        "factors": sorted(map(list, network.factors)),
    }
