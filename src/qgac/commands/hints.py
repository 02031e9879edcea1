"""What users may have meant: a picture without the command, an option as other programs call it."""

from __future__ import annotations

import rich_click as click
from click.exceptions import NoSuchOption, UsageError

__all__ = ["explained", "names_pictures"]

_SAME = {
    "--dest": "--output",
    "--destination": "--output",
    "--directory": "--output-dir",
    "--ignore-existing": "--skip-existing",
    "--max-size": "--max-pixels",
    "--no-clobber": "--skip-existing",
    "--out": "--output",
    "--out-dir": "--output-dir",
    "--outdir": "--output-dir",
    "--output-file": "--output",
    "--output-folder": "--output-dir",
    "--preserve-times": "--times",
    "--processes": "--jobs",
    "--replace": "--overwrite",
    "--resume": "--skip-existing",
    "--silent": "--quiet",
    "--strip-metadata": "--strip",
    "--weights": "--model",
    "--workers": "--jobs",
    "--yes": "--overwrite",
    "-i": "--in-place",
    "-m": "--model",
    "-p": "--jobs",
    "-w": "--overwrite",
    "-y": "--overwrite",
}
_SENTENCES = {
    "--cpu": ("--device", "write --device cpu"),
    "--cuda": ("--device", "write --device cuda"),
    "--gpu": ("--device", "write --device cuda, or mps on a Mac"),
    "--input": ("--files-from", "write the names without an option"),
    "--recursive": ("--files-from", "folders are searched with all that is below them anyway; leave it out"),
    "-r": ("--files-from", "folders are searched with all that is below them anyway; leave it out"),
    "--threads": ("--jobs", "OMP_NUM_THREADS in the environment sets the threads of each process"),
}
_LIKENESS = 0.75  # of names to be taken for a slip; at 0.6, which is usual, --verbose is like --overwrite


def names_pictures(group: click.RichGroup, context: click.Context, args: list[str]) -> bool:
    """Whether the arguments of a group name pictures and none of its commands."""
    commands = group.list_commands(context)
    own = {option for parameter in group.params for option in parameter.opts} | {"-h", "--help"}
    names = [text for text in args if text == "-" or not text.startswith("-")]
    if not names or args[0] in own or any(name in commands for name in names):
        return False
    from qgac.batch.inputs import may_name_pictures  # NumPy comes with it

    # What stands first is a command, perhaps with a slip in it, unless it is a picture; an option may have a value.
    return any(may_name_pictures(name) for name in (names if args[0].startswith("-") else names[:1]))


def explained(error: NoSuchOption) -> UsageError:
    """Return an error that points from an unknown option to the one that was meant, if there is one.

    Parameters
    ----------
    error : NoSuchOption
        As click raises it, with guesses of its own.
    """
    if error.ctx is None:
        return error
    from difflib import get_close_matches

    known = {name for parameter in error.ctx.command.params for name in parameter.opts if name.startswith("-")}
    name = error.option_name
    needed, sentence = _SENTENCES.get(name, (None, ""))
    if needed in known:
        return click.UsageError(f"No such option '{name}'; {sentence}", error.ctx)
    meant = [_SAME[name]] if _SAME.get(name) in known else get_close_matches(name, sorted(known), cutoff=_LIKENESS)
    found = NoSuchOption(name, ctx=error.ctx)
    found.possibilities = meant  # its constructor would choose among them by the letters
    return found
