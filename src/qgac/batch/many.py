"""Many pictures restored from Python: paths in, files out, and what became of each as soon as it is known."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

from qgac.batch.jobs import Failed, Outcome, Started
from qgac.batch.plan import STREAM, Plan, plan
from qgac.batch.restore import Settings, restore_files
from qgac.jpeg.limits import MAX_PIXELS
from qgac.pictures.formats import SUFFIXES, Depth, Encoding, Format, OutputError

if TYPE_CHECKING:
    from qgac.restoration.restorer import Restorer

__all__ = ["new_restorer", "restore_many"]


def restore_many(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    output: str | os.PathLike[str] | None = None,
    *,
    jobs: int = 1,
    model: str | os.PathLike[str] = "small",
    format: Format | None = None,  # noqa: A002
    suffix: str | None = None,
    depth: Depth = 8,
    quality: int = 95,
    consistent: bool = False,
    srgb: bool = False,
    strip: bool = False,
    times: bool = False,
    overwrite: bool = False,
    skip_existing: bool = False,
    tolerant: bool = False,
    max_pixels: int = MAX_PIXELS,
    **options: Any,
) -> Iterator[Outcome]:
    """Restore many JPEG files to picture files, and documents and the like to such, as ``qgac restore`` does.

    Whatever contradicts itself is told at the call; nothing is restored before the first outcome is asked for, and no
    more after the iterator is closed.

    Parameters
    ----------
    paths : path or iterable of paths
        Files; folders, which are searched; patterns.
    output : path, optional
        Folder that takes all results, made if missing, the tree below each input folder mirrored. By default
        ``photo.jpg`` becomes ``photo.restored.png`` beside it.
    jobs : int
        Pictures restored at a time. One is restored in this process; more are in processes of their own, which a
        picture may kill without harm to the others. As with all of :mod:`multiprocessing`, a script that asks for them
        keeps its own work below ``if __name__ == "__main__":``.
    model : str or path
        Name of a shipped model, or a weights file.
    format, suffix
        See :func:`qgac.batch.plan.plan`.
    depth, quality, consistent, srgb
        See :class:`qgac.pictures.formats.Encoding`.
    strip, times, overwrite, skip_existing, tolerant, max_pixels
        See :class:`qgac.batch.restore.Settings`; `times` is its `keep_times`.
    **options
        Of :class:`qgac.restoration.restorer.Restorer`: ``device``, ``best``, ``strength``, ``blend``, …

    Yields
    ------
    Finished, Skipped or Failed
        One for each file and for each path that leads to none, as they are done.

    Raises
    ------
    PlanError
        If a path is empty, two pictures would become one file, or one an input.
    OutputError
        If no file can be written so.
    ValueError
        If `jobs` is less than 1, `overwrite` and `skip_existing` contradict each other, or the restorer cannot be made.

    Examples
    --------
    >>> from qgac import Failed
    >>> for outcome in restore_many(["photo.jpg", "gone.jpg"], "restored"):
    ...     print(type(outcome).__name__, outcome.message if isinstance(outcome, Failed) else outcome.destination)
    Failed there is no such file; check the name
    Finished restored/photo.png
    """
    if jobs < 1:
        raise ValueError(f"at least 1 picture is restored at a time, got jobs={jobs}")
    if overwrite and skip_existing:
        raise ValueError("overwrite and skip_existing exclude one another; leave one out")
    if format is not None and format not in SUFFIXES:
        raise OutputError(f"no pictures of the format {format!r} are written; choose {', '.join(SUFFIXES)}")
    named = [paths] if isinstance(paths, (str, os.PathLike)) else paths
    inputs = [f"./{STREAM}" if os.fspath(path) == STREAM else os.fspath(path) for path in named]
    from qgac.restoration.hints import Hints

    encoding = Encoding(depth, quality, consistent, srgb)
    if format is None:
        format = "jpeg" if consistent else "tiff" if depth == "float" else None  # noqa: A001
    encoding.check(format or "png")
    folder = None if output is None else os.path.join(output, "")  # noqa: PTH118 - so it is no file
    todo = plan(inputs, output=folder, format=format, suffix=suffix, skip_existing=skip_existing)
    settings = Settings(
        overwrite=overwrite,
        skip_existing=skip_existing,
        tolerant=tolerant,
        max_pixels=max_pixels,
        keep_times=times,
        strip=strip,
        encoding=encoding,
        restoration=repr((os.fspath(model), sorted(options.items()))),
        hints=Hints(),
    )
    return _outcomes(todo, partial(new_restorer, os.fspath(model), **options), settings, jobs)


def _outcomes(todo: Plan, make: Callable[[], Restorer], settings: Settings, jobs: int) -> Iterator[Outcome]:
    yield from todo.failures
    yield from todo.skipped
    if not todo.jobs:
        return
    if jobs == 1:
        events = restore_files(todo.jobs, make(), settings)
    else:
        from qgac.batch.workers import restore_in_workers

        events = restore_in_workers(todo.jobs, make, settings, workers=jobs)
    with closing(events):
        for event in events:
            if not isinstance(event, Started) and not (isinstance(event, Failed) and event.harmless):
                yield event


def new_restorer(model: str, **options: Any) -> Restorer:
    """Make a restorer; unlike the class, this can be named without loading what restores."""
    from qgac.restoration.restorer import Restorer

    return Restorer(model, **options)
