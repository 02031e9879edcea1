"""``qgac export``: a network as ONNX graphs."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from qgac.commands.terminal import fail, sentence

__all__ = ["export"]


@click.command()
@click.argument("model", default="small", metavar="[MODEL]")
@click.option(
    "-o", "--out", required=True, type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
    help="Where the graphs go; made if it is not there.",
)  # fmt: skip
@click.option(
    "--single-file",
    is_flag=True,
    help="For other programs: the whole restoration in a file for each sampling, with weights; levels to RGB.",
)
@click.option("--without-weights", is_flag=True, help="Leave the weights where they are.")
@click.option("--overwrite", is_flag=True, help="Replace files that exist.")
def export(model: str, out: Path, single_file: bool, without_weights: bool, overwrite: bool) -> None:
    """Write a network as ONNX graphs, which run without PyTorch.

    MODEL is a shipped model or a weights file; small by default.

    There is a graph for Y, y.onnx, and one for the chroma of each sampling, chroma-VxH.onnx. The weights are copied
    beside them, and the folder is a model of its own: qgac restore --model FOLDER. With --single-file there are
    picture-VxH.onnx instead, which hold everything; examples/restore_with_onnx.py uses them.
    """
    from qgac.engine.export import export as export_graphs
    from qgac.engine.single_file import export_pictures
    from qgac.weights.checkpoints import network_of
    from qgac.weights.files import read_weights

    if single_file and without_weights:
        raise click.UsageError("a single file holds the weights; leave out --without-weights")
    try:
        weights = read_weights(model)
        network = network_of(weights)
        if single_file:
            paths = export_pictures(network, out, overwrite=overwrite)
        else:
            source = None if without_weights else Path(weights.name)
            paths = export_graphs(network, out, weights=source, overwrite=overwrite)
    except FileExistsError as error:
        fail(f"{error.filename} exists already; choose another folder or overwrite it (--overwrite)")
    except (ValueError, OSError) as error:
        fail(sentence(error))
    for path in paths:
        click.echo(path)
