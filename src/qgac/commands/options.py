"""Options that several commands have: test sets, qualities, channels, models and limits."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import rich_click as click

from qgac.jpeg.limits import MAX_PIXELS

if TYPE_CHECKING:
    from qgac.evaluation.test_sets import Channels

__all__ = [
    "TEST_SETS",
    "FormatChoice",
    "NumberRange",
    "channels_of",
    "channels_option",
    "dataset_option",
    "max_pixels_option",
    "model_option",
    "models_option",
    "numbers",
    "programs_option",
    "qualities_option",
    "quality_option",
    "repeated_quality_option",
    "root_option",
]

_C = TypeVar("_C", bound=Callable[..., Any])

TEST_SETS = ("live1", "classic5", "bsds500", "icb")
"""Names of :data:`qgac.evaluation.test_sets.BENCHMARKS`, which is not loaded for a help text."""


class FormatChoice(click.Choice[str]):
    """A choice of picture formats, which may be written as their suffixes too."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name of a format."""
        name = value.lower().removeprefix(".")
        return super().convert({"jpg": "jpeg", "tif": "tiff"}.get(name, name), param, ctx)


class NumberRange(click.FloatRange):
    """A range of numbers, in which "nan" is none: no bound keeps it out."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return a number."""
        number: float = super().convert(value, param, ctx)
        if isnan(number):
            self.fail(f"{value!r} is not a number; give one in the range {self._describe_range()}.", param, ctx)
        return number


def dataset_option(names: tuple[str, ...] = TEST_SETS) -> Callable[[_C], _C]:
    """Add ``--dataset``, one of these test sets or any folder."""
    return click.option(
        "--dataset", type=click.Choice([*names, "folder"]), default="folder", show_default=True,
        help="Test set in --root, checked to be complete; `folder` takes whatever there is.",
    )  # fmt: skip


def root_option(description: str = "Folder of the original pictures.", *, required: bool = True) -> Callable[[_C], _C]:
    """Add ``--root``, where the pictures of the test set are."""
    path = click.Path(path_type=Path, file_okay=False)
    return click.option("--root", required=required, type=path, help=description)


def channels_option(command: _C) -> _C:
    """Add ``--channels``; see :func:`channels_of`."""
    return click.option(
        "--channels", type=click.Choice(["color", "y"]), help="RGB or Y; y for classic5, else color by default."
    )(command)


def channels_of(dataset: str, channels: str | None) -> Channels:
    """Return what a test set is measured on: what the option says, or else what the paper does."""
    from qgac.evaluation.test_sets import BENCHMARKS

    if channels is not None:
        return channels  # type: ignore[return-value]  # click has checked it
    return BENCHMARKS[dataset].channels if dataset in BENCHMARKS else "color"


def quality_option(command: _C) -> _C:
    """Add ``--quality``, one of 1..100."""
    return click.option(
        "--quality", type=click.IntRange(1, 100), default=10, show_default=True, help="libjpeg quality."
    )(command)


def qualities_option(default: str, *, low: int = 1) -> Callable[[_C], _C]:
    """Add ``--quality`` with these qualities by default, separated by commas."""
    return click.option(
        "--quality", "qualities", metavar="Q,Q,...", callback=numbers(low, 100), default=default, show_default=True,
        help="libjpeg qualities, separated by commas.",
    )  # fmt: skip


def repeated_quality_option(command: _C) -> _C:
    """Add ``--quality`` that may be given several times."""
    return click.option(
        "--quality", "qualities", multiple=True, type=click.IntRange(1, 100), default=(10, 20, 30), show_default=True,
        help="libjpeg quality, several times for several.",
    )(command)  # fmt: skip


def model_option(panel: str | None = None) -> Callable[[_C], _C]:
    """Add ``--model``, in a panel of the help."""
    return click.option(
        "--model", default="small", show_default=True, metavar="NAME|FILE", panel=panel,
        help="Shipped model or weights file.",
    )  # fmt: skip


def models_option(command: _C) -> _C:
    """Add ``--model`` that may be given several times."""
    return click.option(
        "--model", "models", multiple=True, default=("small",), show_default=True, metavar="NAME|FILE",
        help="Shipped models or weights files, several times for several.",
    )(command)  # fmt: skip


def programs_option(command: _C) -> _C:
    """Add ``--method``, other programs to measure, as a dictionary of commands by names."""
    return click.option(
        "--method", "programs", multiple=True, callback=_parse_programs, metavar="NAME=COMMAND",
        help="Measure another program too, a command such as 'jpegqs {input} {output.jpg}'; several times for several. "
        "{output} is a PNG file, {output.ppm} a PPM file.",
    )(command)  # fmt: skip


def _parse_programs(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    if not values:
        return {}
    from qgac.evaluation.programs import ProgramError, parse_program

    try:
        programs = dict(parse_program(value) for value in values)
    except ProgramError as error:
        raise click.BadParameter(str(error), context, parameter) from error
    if len(programs) < len(values):
        raise click.BadParameter("two methods have one name; rename one", context, parameter)
    return programs


def max_pixels_option(panel: str | None = None) -> Callable[[_C], _C]:
    """Add ``--max-pixels``, in a panel of the help."""
    return click.option(
        "--max-pixels", type=click.IntRange(min=1), default=MAX_PIXELS, show_default=True, panel=panel,
        help="Refuse larger pictures.",
    )  # fmt: skip


def numbers(low: float, high: float) -> Callable[[click.Context, click.Parameter, str | None], Any]:
    """Return a callback of options that reads numbers separated by commas.

    Parameters
    ----------
    low, high : int or float
        Bounds of each, included; their type is that of the numbers.

    Returns
    -------
    callable
        From the text to a tuple without repetitions, or None if the option is not given.
    """
    kind = type(low)

    def parse(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[float, ...] | None:
        if value is None:
            return None
        try:
            result = tuple(dict.fromkeys(kind(part) for part in value.split(",")))
        except ValueError as error:
            raise click.BadParameter(
                f"{value!r} is not a list of numbers such as {low:g},{high:g}", context, parameter
            ) from error
        for number in result:
            if not low <= number <= high:
                raise click.BadParameter(f"{number:g} is not between {low:g} and {high:g}", context, parameter)
        return result

    return parse
