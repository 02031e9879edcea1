"""``qgac results``: measurements of a folder as one document."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from qgac.commands.terminal import fail, sentence

__all__ = ["results"]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER")
@click.option(
    "--write", "document", type=click.Path(path_type=Path, dir_okay=False), metavar="DOCUMENT.md",
    help="Replace what stands between the markers of this document; otherwise print.",
)  # fmt: skip
def results(folder: Path, document: Path | None) -> None:
    """Put all results of a folder into one document.

    Takes what `qgac evaluate --json`, `qgac ablate --markdown`, `qgac frechet --markdown`, `qgac plot` and
    `qgac analyze` wrote there.
    """
    from qgac.evaluation.results import insert, results_markdown
    from qgac.files.atomic import write_atomically

    try:
        text = results_markdown(folder, document.parent if document else Path())
        if document is None:
            click.echo(text, nl=False)
            return
        try:
            whole = insert(document.read_text(encoding="utf-8"), text)
        except ValueError as error:
            raise ValueError(f"{document} {error}") from error
        write_atomically(whole.encode(), document, overwrite=True)
    except (ValueError, OSError) as error:
        fail(sentence(error))
    click.echo(f"wrote {document}")
