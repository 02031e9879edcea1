"""What a folder of graphs is named after and says about itself, so that nobody needs the networks to run them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from qgac.models.configuration import Configuration
from qgac.weights.files import Weights, WeightsError, damaged

__all__ = ["DESCRIPTION", "FORMAT", "Description", "Graph", "chroma_graph", "read_description", "y_graph"]

DESCRIPTION = "graphs.json"
"""Name of the file that describes the graphs beside it."""

FORMAT = 2
"""Of the description and of what the graphs take, counted up when it changes."""


def y_graph() -> str:
    """Return the name of the graph for Y."""
    return "y.onnx"


def chroma_graph(factors: tuple[int, int]) -> str:
    """Return the name of the graph for chroma with these (vertical, horizontal) subsampling factors."""
    return f"chroma-{factors[0]}x{factors[1]}.onnx"


@dataclass(frozen=True)
class Graph:
    """What a graph lacks.

    Attributes
    ----------
    weights : dict of str to tuple of int
        Shapes of the weights that it names.
    slopes : dict of str to tuple of int
        Where in the file the numbers lie that are weights as well, float32, little-endian.
    """

    weights: dict[str, tuple[int, ...]]
    slopes: dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Description:
    """What :data:`DESCRIPTION` says.

    Attributes
    ----------
    configuration : Configuration
        Of the network that the graphs are of.
    receptive_field_y, receptive_field_color, factors, widest_layer
        As in :class:`qgac.engine.engine.Engine`.
    graphs : dict of str to Graph
        By the names of their files.
    """

    configuration: Configuration
    receptive_field_y: int
    receptive_field_color: int
    factors: frozenset[tuple[int, int]]
    widest_layer: int
    graphs: dict[str, Graph]

    def check(self, weights: Weights) -> None:
        """Refuse weights that are not those of the graphs.

        Raises
        ------
        WeightsError
            If one of them lacks, or has another shape.
        """
        shapes = {name: tensor.shape for name, tensor in weights.tensors.items()}
        for graph in self.graphs.values():
            needed = {**graph.weights, **dict.fromkeys(graph.slopes, (1,))}
            if any(shapes.get(name) != shape for name, shape in needed.items()):
                raise damaged(weights.name)


def read_description(folder: Path) -> Description | None:
    """Read what a folder of graphs says about itself.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    Description or None
        None if this is no folder of graphs.

    Raises
    ------
    WeightsError
        If it is one, and damaged or not complete.
    """
    path = folder / DESCRIPTION
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"its format is {content['format']}, and this version reads {FORMAT}")
        graphs = {
            name: Graph(
                {weight: tuple(shape) for weight, shape in graph["weights"].items()},
                {weight: tuple(places) for weight, places in graph["slopes"].items()},
            )
            for name, graph in content["graphs"].items()
        }
        description = Description(
            Configuration.from_dict(content["configuration"]),
            int(content["receptive_field_y"]),
            int(content["receptive_field_color"]),
            frozenset((int(vertical), int(horizontal)) for vertical, horizontal in content["factors"]),
            int(content["widest_layer"]),
            graphs,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"{path} is damaged ({error}); export the model again (qgac export --overwrite)") from error
    named = {y_graph(), *map(chroma_graph, description.factors)}
    if lacking := sorted(name for name in named if name not in graphs or not (folder / name).is_file()):
        raise WeightsError(f"{folder} lacks {', '.join(lacking)}; export the model again (qgac export --overwrite)")
    return description
