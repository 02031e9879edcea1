"""What the analyses share on the command line: options, and how failures are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import rich_click as click

from qgac.commands.destinations import may_replace
from qgac.commands.options import dataset_option, root_option
from qgac.commands.terminal import fail, progress_bar, sentence

if TYPE_CHECKING:
    from qgac.analysis.crops import Crop
    from qgac.analysis.pictures import Picture
    from qgac.evaluation.test_sets import Channels

__all__ = [
    "analysis_errors",
    "counted",
    "crop_option",
    "data_options",
    "find_pictures",
    "read_pictures",
    "size_option",
    "told",
    "write",
]

_C = TypeVar("_C", bound=Callable[..., Any])
_T = TypeVar("_T")


def _parse_crop(context: click.Context, parameter: click.Parameter, value: str | None) -> Crop | None:
    if value is None:
        return None
    parts = value.split(",")
    if len(parts) != 3 or not all(part.strip().isdecimal() for part in parts) or int(parts[2]) == 0:
        raise click.BadParameter(
            f"{value!r} is not a crop; give three whole numbers such as 120,64,96", context, parameter
        )
    from qgac.analysis.crops import Crop

    return Crop(*map(int, parts))


def crop_option(command: _C) -> _C:
    """Add ``--crop``."""
    return click.option(
        "--crop", metavar="X,Y,SIZE", callback=_parse_crop, help="The detail to show; found automatically by default."
    )(command)


def size_option(default: int) -> Callable[[_C], _C]:
    """Add ``--size`` of details that are found automatically."""
    return click.option(
        "--size", type=click.IntRange(8, 1024), default=default, show_default=True, help="Side of such a detail."
    )


def data_options(command: _C) -> _C:
    """Add pictures as arguments, or ``--dataset`` with ``--root``, and ``--limit``."""
    options = (
        click.argument("pictures", nargs=-1, type=click.Path(path_type=Path), metavar="[PICTURE]..."),
        root_option(required=False),
        dataset_option(),
        click.option("--limit", type=click.IntRange(min=1), help="Take the first pictures only, so many."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def find_pictures(pictures: Sequence[Path], root: Path | None, dataset: str, limit: int | None) -> list[Path]:
    """Return the files that the options of :func:`data_options` mean."""
    if bool(pictures) == (root is not None):
        raise click.UsageError("name pictures, or a folder of them with --root, but not both")
    if root is None:
        return list(pictures)[:limit]
    from qgac.evaluation.test_sets import benchmark_pictures

    return benchmark_pictures(dataset, root)[:limit]


def read_pictures(paths: Sequence[Path], channels: Channels | None = None) -> Iterator[Picture]:
    """Read pictures one by one, so that a large test set needs no more memory than a small one."""
    from qgac.analysis.pictures import load_pictures

    for path in paths:
        yield from load_pictures([path], channels)


def counted(number: int, unit: str) -> str:
    """Return a number with its unit, in the plural where it is one."""
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


@contextmanager
def analysis_errors() -> Iterator[None]:
    """Tell what goes wrong in one sentence; a missing library is told before the work."""
    missing = [name for name in ("matplotlib", "sklearn") if find_spec(name) is None]
    if missing:
        fail(f"{' and '.join(missing)} must be installed for this; pip install 'qgac[eval]'")
    try:
        yield
    except (ValueError, OSError) as error:
        fail(sentence(error))


def told(items: Iterator[_T], total: int, unit: str) -> Iterator[_T]:
    """Pass items on, with a progress bar on a terminal."""
    with progress_bar(f"{{task.completed:.0f}}/{{task.total:.0f}} {unit}") as display:
        task = display.add_task("measuring", total=total)
        for item in items:
            display.advance(task)
            yield item


def write(out: Path, figure: Any, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write picture and numbers, and say so."""
    from qgac.evaluation.figures import write_report

    write_report(out, figure, columns, rows, overwrite=may_replace())
    click.echo(f"wrote {out}.png and {out}.csv")
