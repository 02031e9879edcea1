"""Options that name files to write: in a folder that exists, and not there yet unless they may be replaced.

What the command reads is never replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import rich_click as click
from click import get_current_context

from qgac.files.destination import Obstacle, obstacle, place

__all__ = ["WritingCommand", "figure_option", "file_option", "may_replace"]

_C = TypeVar("_C", bound=Callable[..., Any])
_REPLACE = "qgac.overwrite"
_SENTENCES = {
    Obstacle.FORBIDDEN_NAME: "{path} is a name that this system keeps for something else; choose another",
    Obstacle.NO_FOLDER: "there is no folder {folder}; make it first",
    Obstacle.READ: "{place} would be replaced, but is read; choose another name",
    Obstacle.NAMED_TWICE: "{path} is named for two things; choose another name",
    Obstacle.NO_FILE: "{path} is no file that can be replaced; name one",
    Obstacle.EXISTS: "{path} exists already; choose another name or overwrite it (--overwrite)",
    Obstacle.LOCKED_FOLDER: "the folder {folder} may not be written to; choose another, or change its permissions",
}


class WritingCommand(click.RichCommand):
    """A command with options that name files to write, and ``--overwrite`` after the last of them.

    It does not run if one of the files may not be written.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        last = max(index for index, parameter in enumerate(self.params) if isinstance(parameter, _Destination))
        overwrite = click.RichOption(["--overwrite"], is_flag=True, help="Replace files that exist.")
        self.params.insert(last + 1, overwrite)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, and check where files are to go."""
        rest = super().parse_args(ctx, args)
        ctx.meta[_REPLACE] = ctx.params.pop("overwrite")
        if not ctx.resilient_parsing:  # shells that complete a line
            self._check(ctx)
        return rest

    def _check(self, context: click.Context) -> None:
        options = [parameter for parameter in self.params if isinstance(parameter, _Destination)]
        names = {option.name for option in options}
        read = list(_paths(value for name, value in context.params.items() if name not in names))
        outputs: list[Path] = []
        for option in options:
            for path in option.files(context):
                # That it exists is told first, since most often it is an earlier result; then that it is read.
                overwrite = may_replace(context)
                found = obstacle(path, overwrite=overwrite, others=outputs)
                found = found or obstacle(path, overwrite=overwrite, read=_in_danger(read, path))
                if found is not None:
                    folder = path.absolute().parent
                    sentence = _SENTENCES[found].format(path=path, folder=folder, place=place(path))
                    if found is Obstacle.READ:  # two parameters contradict each other
                        raise click.UsageError(sentence, context)
                    raise click.BadParameter(sentence, context, option)
                outputs.append(path)


class _Destination(click.RichOption):
    """An option that names a file to write, or several by what they have in common."""

    def __init__(self, *arguments: Any, suffixes: Sequence[str] = ("",), **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.suffixes = suffixes

    def files(self, context: click.Context) -> list[Path]:
        """Return the files that the parsed option names."""
        assert self.name is not None
        stem: Path | None = context.params[self.name]
        return [] if stem is None else [stem.with_name(stem.name + suffix) for suffix in self.suffixes]


def file_option(name: str, parameter: str, description: str) -> Callable[[_C], _C]:
    """Add an option for a file to write to a :class:`WritingCommand`.

    Parameters
    ----------
    name : str
        ``--json``, for example.
    parameter : str
        Of the function.
    description : str
        For the help.
    """
    path = click.Path(path_type=Path, dir_okay=False)
    return click.option(name, parameter, cls=_Destination, type=path, metavar="FILE", help=description)


def figure_option(*more: str) -> Callable[[_C], _C]:
    """Add ``-o/--out`` for a figure and its numbers: OUT.png and OUT.csv, and what else is written, by suffix."""
    suffixes = (".png", ".csv", *more)
    listed = f"{', '.join(f'OUT{suffix}' for suffix in suffixes[:-1])} and OUT{suffixes[-1]}"

    def parse(context: click.Context, parameter: click.Parameter, out: Path | None) -> Path | None:
        return out.with_suffix("") if out is not None and out.suffix in (".png", ".csv") else out

    return click.option(
        "-o", "--out", cls=_Destination, suffixes=suffixes, required=True, type=click.Path(path_type=Path),
        metavar="OUT", callback=parse, help=f"Writes {listed}.",
    )  # fmt: skip


def may_replace(context: click.Context | None = None) -> bool:
    """Whether a command, by default the running one, was given ``--overwrite``."""
    return bool((context or get_current_context()).meta[_REPLACE])


def _paths(values: Any) -> Iterator[Path]:
    for value in values:
        if isinstance(value, (str, Path)):
            yield Path(value)
        elif isinstance(value, (tuple, list)):
            yield from _paths(value)


def _in_danger(read: list[Path], output: Path) -> Iterator[Path]:
    """Yield the files that are read; of a folder, the output itself if it is there and one of its pictures."""
    target = place(output)
    for path in read:
        if path.is_file():
            yield path
        elif path.is_dir() and target.exists() and target.is_relative_to(path.resolve()):
            from qgac.pictures.formats import READABLE

            if target.suffix.lower() in READABLE:
                yield target
