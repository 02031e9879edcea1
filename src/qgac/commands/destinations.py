"""Options that name files to write: in a folder that exists, and not there yet unless they may be replaced.

What the command reads is never replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import update_wrapper
from pathlib import Path
from typing import Any, TypeVar

import rich_click as click
from click import get_current_context

__all__ = ["figure_option", "file_option", "may_replace"]

_C = TypeVar("_C", bound=Callable[..., Any])
_Callback = Callable[[click.Context, click.Parameter, "Path | None"], "Path | None"]
_REPLACE, _OUTPUTS = "qgac.overwrite", "qgac.outputs"


def file_option(name: str, parameter: str, description: str) -> Callable[[_C], _C]:
    """Add an option for a file to write, and ``--overwrite`` with the first one.

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
    return _with_overwrite(
        click.option(name, parameter, type=path, metavar="FILE", callback=_checked([""]), help=description)
    )


def figure_option(*more: str) -> Callable[[_C], _C]:
    """Add ``-o/--out`` for a figure and its numbers: OUT.png and OUT.csv, and what else is written, by suffix."""
    suffixes = (".png", ".csv", *more)
    listed = f"{', '.join(f'OUT{suffix}' for suffix in suffixes[:-1])} and OUT{suffixes[-1]}"
    check = _checked(suffixes)

    def parse(context: click.Context, parameter: click.Parameter, out: Path) -> Path | None:
        return check(context, parameter, out.with_suffix("") if out.suffix in (".png", ".csv") else out)

    return _with_overwrite(
        click.option(
            "-o", "--out", required=True, type=click.Path(path_type=Path), metavar="OUT", callback=parse,
            help=f"Writes {listed}.",
        )
    )  # fmt: skip


def may_replace() -> bool:
    """Whether the running command was given ``--overwrite``."""
    return bool(get_current_context().meta.get(_REPLACE))


def _checked(suffixes: Sequence[str]) -> _Callback:
    def check(context: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
        if path is None:
            return None
        if not path.absolute().parent.is_dir():
            raise click.BadParameter(f"there is no folder {path.absolute().parent}; make it first", context, parameter)
        outputs = context.meta.setdefault(_OUTPUTS, {})  # where they go, and the parameter that says so
        for file in (path.with_name(path.name + suffix) for suffix in suffixes):
            place = file.parent.resolve() / file.name
            if place in outputs:
                raise click.BadParameter(f"{file} is named for two things; choose another name", context, parameter)
            if file.exists() and not file.is_file():
                raise click.BadParameter(f"{file} is no file that can be replaced; name one", context, parameter)
            if file.exists() and not context.meta.get(_REPLACE):
                raise click.BadParameter(
                    f"{file} exists already; choose another name or overwrite it (--overwrite)", context, parameter
                )
            outputs[place] = parameter.name
        return path

    return check


def _refuse_what_is_read(context: click.Context) -> None:
    from qgac.batch.plan import identity
    from qgac.pictures.formats import READABLE

    outputs = context.meta.get(_OUTPUTS, {})
    there = [place for place in outputs if place.exists()]
    read = (value for name, value in context.params.items() if name not in outputs.values())
    for path in _paths(read):
        for place in there:
            pictured = path.is_dir() and place.suffix.lower() in READABLE and place.is_relative_to(path.resolve())
            if pictured or (path.is_file() and identity(path) == identity(place)):
                raise click.UsageError(f"{place} would be replaced, but is read; choose another name")


def _paths(values: Any) -> Iterator[Path]:
    for value in values:
        if isinstance(value, (str, Path)):
            yield Path(value)
        elif isinstance(value, (tuple, list)):
            yield from _paths(value)


def _remember(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    context.meta[_REPLACE] = value


def _with_overwrite(option: Callable[[_C], _C]) -> Callable[[_C], _C]:
    def add(command: _C) -> _C:
        if any(parameter.name == "overwrite" for parameter in getattr(command, "__click_params__", [])):
            return option(command)

        def guarded(*arguments: Any, **options: Any) -> Any:
            _refuse_what_is_read(get_current_context())
            return command(*arguments, **options)

        # With the options, too, that the command has already.
        whole: _C = update_wrapper(guarded, command)  # type: ignore[assignment]

        # Eager: it is read before the names of the files are checked.
        overwrite = click.option(
            "--overwrite", is_flag=True, is_eager=True, expose_value=False, callback=_remember,
            help="Replace files that exist.",
        )  # fmt: skip
        return option(overwrite(whole))

    return add
