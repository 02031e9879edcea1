"""The command ``qgac``: its sub-commands, and what they share about interruption.

Each sub-command is a module of :mod:`qgac.commands` that parses and prints, and imports what is heavy only
when it runs.
"""

from __future__ import annotations

import io
import signal
import sys
from types import FrameType
from typing import Any, NoReturn

import rich_click as click
from click.exceptions import NoSuchOption

from qgac import __version__
from qgac.commands.ablate import ablate
from qgac.commands.analyze.group import analyze
from qgac.commands.compare import compare
from qgac.commands.evaluate import evaluate
from qgac.commands.export import export
from qgac.commands.frechet import frechet
from qgac.commands.help import show_help, version
from qgac.commands.hints import explained, names_pictures
from qgac.commands.info import info
from qgac.commands.plot import plot
from qgac.commands.prepare import prepare
from qgac.commands.restore import restore
from qgac.commands.results import results
from qgac.commands.serve import serve
from qgac.commands.terminal import fail
from qgac.commands.train import train
from qgac.extras import lacking

__all__ = ["cli", "main"]

# What a plain installation does not bring, by commands.
_EXTRAS = {
    "train": "train", "ablate": "train", "export": "export",
    **dict.fromkeys(("evaluate", "compare", "plot", "results", "analyze"), "eval"),
    "frechet": "frechet", "serve": "web",
}  # fmt: skip

_INTERRUPTED = 128 + signal.SIGINT
_TERMINATED = 128 + signal.SIGTERM


class _Group(click.RichGroup):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the name of a picture in the place of a command for ``restore``."""
        return super().parse_args(ctx, ["restore", *args] if names_pictures(self, args) else args)

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except ModuleNotFoundError as error:
            name = context.invoked_subcommand or ""
            # Few who evaluate need --cluster, so its libraries are in no command's extra.
            extra = None if error.name in ("ray", "fsspec") else _EXTRAS.get(name)
            message = lacking(error, f"qgac {name}", extra)
            if message is None:
                raise
            fail(message)
        except KeyboardInterrupt:
            click.echo("qgac: interrupted", err=True)
            context.exit(_INTERRUPTED)
        except NoSuchOption as error:
            raise explained(error) from None


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", message="qgac %(version)s")
def cli() -> None:
    """Restore JPEG pictures from their own coefficients, guided by the quantisation tables every file carries.

    `qgac photo.jpg` is short for `qgac restore photo.jpg`.
    """


for _command in (
    restore, info, serve, compare, prepare, train, export, evaluate, plot, frechet, ablate, results, analyze,
    show_help, version,
):  # fmt: skip
    cli.add_command(_command)


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)  # a second one would interrupt what removes half-written files
    sys.exit(_TERMINATED)


def main() -> None:
    """Run the command line; being terminated ends it as an exception does, so that nothing half-written stays."""
    signal.signal(signal.SIGTERM, _terminate)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name must not be the end of a listing
    # Patterns are not expanded beforehand, as click does on Windows: output folders mirror what lies below them.
    cli(prog_name="qgac", windows_expand_args=False)
