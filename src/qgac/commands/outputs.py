"""Options that name files to write: in a folder that exists, and not there yet unless they may be replaced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import rich_click as click

__all__ = ["figure_option", "file_option"]

_C = TypeVar("_C", bound=Callable[..., Any])
_Callback = Callable[[click.Context, click.Parameter, "Path | None"], "Path | None"]
_MAY_REPLACE = "qgac.overwrite"


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


def _checked(suffixes: Sequence[str]) -> _Callback:
    def check(context: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
        if path is None:
            return None
        if not path.absolute().parent.is_dir():
            raise click.BadParameter(f"there is no folder {path.absolute().parent}; make it first", context, parameter)
        for file in (path.with_name(path.name + suffix) for suffix in suffixes):
            if file.exists() and not context.meta.get(_MAY_REPLACE):
                raise click.BadParameter(
                    f"{file} exists already; choose another name or overwrite it (--overwrite)", context, parameter
                )
        return path

    return check


def _remember(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    context.meta[_MAY_REPLACE] = value


def _with_overwrite(option: Callable[[_C], _C]) -> Callable[[_C], _C]:
    def add(command: _C) -> _C:
        known = getattr(command, "__click_params__", [])
        if not any(parameter.name == "overwrite" for parameter in known):
            # Eager: it is read before the names of the files are checked.
            command = click.option(
                "--overwrite", is_flag=True, is_eager=True, expose_value=False, callback=_remember,
                help="Replace files that exist.",
            )(command)  # fmt: skip
        return option(command)

    return add
