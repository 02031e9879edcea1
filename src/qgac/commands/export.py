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
@click.option("--overwrite", is_flag=True, help="Replace files that exist.")
def export(model: str, out: Path, single_file: bool, overwrite: bool) -> None:
    """Write a network as ONNX graphs, which run without PyTorch.

    MODEL is a shipped model or a weights file; small by default.

    There is a graph for Y, y.onnx, and one for the chroma of each sampling, chroma-VxH.onnx. Their weights are those of
    the weights file, which is not copied: one set of graphs serves all files of a configuration. With --single-file
    there are picture-VxH.onnx instead, which hold everything; examples/restore_with_onnx.py uses them.
    """
    try:
        from qgac.engine.export import export as export_graphs
        from qgac.engine.single_file import export_pictures
    except ModuleNotFoundError as error:
        fail(f"exporting needs {error.name}; install qgac with it: pip install 'qgac[export]'")
    from qgac.weights.checkpoints import load_model

    try:
        network = load_model(model)
        paths = (export_pictures if single_file else export_graphs)(network, out, overwrite=overwrite)
    except FileExistsError as error:
        fail(f"{error.filename} exists already; choose another folder or overwrite it (--overwrite)")
    except (ValueError, OSError) as error:
        fail(sentence(error))
    for path in paths:
        click.echo(path)
