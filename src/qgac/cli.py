"""The command ``qgac``: its sub-commands, and what they share about interruption.

Each sub-command is a module of :mod:`qgac.commands` that parses and prints, and imports what is heavy only
when it runs.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Any, NoReturn

import rich_click as click

from qgac import __version__
from qgac.commands.ablate import ablate
from qgac.commands.analyze.group import analyze
from qgac.commands.compare import compare
from qgac.commands.evaluate import evaluate
from qgac.commands.export import export
from qgac.commands.frechet import frechet
from qgac.commands.info import info
from qgac.commands.plot import plot
from qgac.commands.prepare import prepare
from qgac.commands.restore import restore
from qgac.commands.results import results
from qgac.commands.terminal import fail
from qgac.commands.train import train
from qgac.extras import lacking

__all__ = ["cli", "main"]

# What a plain installation does not bring, by commands.
_EXTRAS = {
    "train": "train", "ablate": "train", "export": "export",
    **dict.fromkeys(("evaluate", "compare", "plot", "results", "analyze"), "eval"),
    "frechet": "frechet",
}  # fmt: skip

_INTERRUPTED = 128 + signal.SIGINT
_TERMINATED = 128 + signal.SIGTERM


class _Group(click.RichGroup):
    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except ModuleNotFoundError as error:
            name = context.invoked_subcommand or ""
            message = lacking(error, f"qgac {name}", _EXTRAS.get(name))
            if message is None:
                raise
            fail(message)
        except KeyboardInterrupt:
            click.echo("qgac: interrupted", err=True)
            context.exit(_INTERRUPTED)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="qgac %(version)s")
def cli() -> None:
    """Restore JPEG pictures from their own coefficients, guided by the quantisation tables every file carries."""


for _command in (restore, info, compare, prepare, train, export, evaluate, plot, frechet, ablate, results, analyze):
    cli.add_command(_command)


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)  # a second one would interrupt what removes half-written files
    sys.exit(_TERMINATED)


def main() -> None:
    """Run the command line; being terminated ends it as an exception does, so that nothing half-written stays."""
    signal.signal(signal.SIGTERM, _terminate)
    cli(prog_name="qgac")
