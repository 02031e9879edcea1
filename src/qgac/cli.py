"""The command ``qgac``: its sub-commands, and what they share about interruption.

Each sub-command is a module of :mod:`qgac.commands` that parses and prints, and imports what is heavy only
when it runs.
"""

from __future__ import annotations

import atexit
import io
import os
import signal
import sys
import threading
from contextlib import suppress
from importlib import import_module
from types import FrameType
from typing import Any, NoReturn

import rich_click as click
from click.exceptions import NoSuchOption

from qgac import __version__
from qgac.commands.hints import explained, names_pictures
from qgac.commands.terminal import fail
from qgac.extras import lacking

__all__ = ["cli", "main", "run"]

# Where the commands are that are not in the module of their name.
_ELSEWHERE = {"analyze": "analyze.group", "version": "help"}
_COMMANDS = (
    "restore", "info", "serve", "compare", "prepare", "train", "export", "evaluate", "plot", "frechet", "ablate",
    "results", "analyze", "help", "version",
)  # fmt: skip

# What a plain installation does not bring, by commands.
_EXTRAS = {
    "train": "train", "ablate": "train", "export": "export",
    **dict.fromkeys(("evaluate", "compare", "plot", "results", "analyze"), "eval"),
    "frechet": "frechet", "serve": "web",
}  # fmt: skip

_INTERRUPTED = 128 + signal.SIGINT
_TERMINATED = 128 + signal.SIGTERM


class _Group(click.RichGroup):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command when it is asked for: importing all takes as long as decoding a picture."""
        if cmd_name in _COMMANDS and cmd_name not in self.commands:
            module = import_module(f"qgac.commands.{_ELSEWHERE.get(cmd_name, cmd_name)}")
            self.add_command(getattr(module, "show_help" if cmd_name == "help" else cmd_name))
        return super().get_command(ctx, cmd_name)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the name of a picture in the place of a command for ``restore``."""
        return super().parse_args(ctx, ["restore", *args] if names_pictures(self, ctx, args) else args)

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


def run() -> NoReturn:
    """Run the command line as a process of its own, which ends once all is done.

    Python would take libraries and weights apart first, for as long as it takes to write a picture.
    """
    try:
        main()
        code: Any = 0
    except SystemExit as end:
        code = end.code
    if not (sys.getprofile() or sys.gettrace()):  # else somebody waits for the end of it
        threading._shutdown()  # type: ignore[attr-defined] # threads end before anything else does, as in Python
        atexit._run_exitfuncs()
        # With nobody there any more to whom to write, it ends in the usual way.
        with suppress(OSError, ValueError, AttributeError):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(int(code or 0))
    sys.exit(code)
