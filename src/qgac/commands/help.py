"""``qgac help`` and ``qgac version``: what people type before they know of ``--help`` and ``--version``."""

from __future__ import annotations

import rich_click as click

from qgac import __version__

__all__ = ["show_help", "version"]


@click.command("help", hidden=True)
@click.argument("commands", nargs=-1, metavar="[COMMAND]...")
@click.pass_context
def show_help(context: click.Context, commands: tuple[str, ...]) -> None:
    """Explain qgac or one of its commands, as --help does."""
    assert context.parent is not None
    group, arguments = context.parent.command, [*commands, "--help"]
    with group.make_context(context.parent.info_name, arguments) as asked:
        group.invoke(asked)


@click.command(hidden=True)
def version() -> None:
    """Print the version, as --version does."""
    click.echo(f"qgac {__version__}")
