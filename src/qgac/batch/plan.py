"""Which pictures a command restores and where each goes; whatever contradicts itself is told before any work."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qgac.batch.inputs import MARK, Found, check_names, find_jpegs, find_listed, is_pattern
from qgac.batch.jobs import Failed, Job, Skipped
from qgac.batch.originals import ORIGINAL, original_of
from qgac.containers.kinds import Kind, fits, kind_of, suffix_of_result
from qgac.containers.tiff_directory import is_one_picture
from qgac.files.destination import identity
from qgac.files.names import folded, is_part_of_a_name
from qgac.pictures.formats import SUFFIXES, Format, format_of
from qgac.pixels.files import kind_of_picture

__all__ = ["STREAM", "Plan", "PlanError", "plan", "plan_in_place"]

STREAM = "-"


class PlanError(ValueError):
    """What was asked for contradicts itself; nothing has been done."""


@dataclass(frozen=True)
class Plan:
    """What is to be done.

    Attributes
    ----------
    jobs : tuple of Job
    skipped : tuple of Skipped
    failures : tuple of Failed
        Inputs that lead to no picture.
    passed_over : tuple of Failed
        The harmless ones among them, which are told and not counted.
    """

    jobs: tuple[Job, ...]
    skipped: tuple[Skipped, ...]
    failures: tuple[Failed, ...]
    passed_over: tuple[Failed, ...] = ()

    @property
    def inputs(self) -> tuple[Job, ...]:
        """What the inputs lead to, be it to be restored or skipped."""
        return (*self.jobs, *(skip.job for skip in self.skipped))


def plan(
    inputs: Sequence[str],
    *,
    listed: Sequence[str] | None = None,
    output: str | None = None,
    format: Format | None = None,  # noqa: A002
    suffix: str | None = None,
    skip_existing: bool = False,
    all_pictures: bool = False,
) -> Plan:
    """Decide what is restored and where it goes.

    Parameters
    ----------
    inputs : sequence of str
        As for :func:`qgac.batch.inputs.find_jpegs`, or ``-`` alone for the standard input.
    listed : sequence of str, optional
        Further files, as for :func:`qgac.batch.inputs.find_listed`.
    output : str, optional
        With one file as input: a file, whose suffix tells the format, or an existing folder. With several inputs, a
        list, a folder or a pattern: a folder, made if missing. ``-`` is the standard output. Without it, ``photo.jpg``
        becomes ``photo.restored.png`` beside it, and the standard input goes to the standard output. Containers keep
        their format.
    format : Format, optional
        Overrides the format that would be chosen.
    suffix : str, optional
        What is put between stem and suffix of the outputs: by default ``.restored`` beside the source and nothing in
        another folder.
    skip_existing : bool
        Whether to leave out pictures whose output is there.
    all_pictures : bool
        Whether JPEG files are taken for containers of all their pictures.

    Returns
    -------
    Plan

    Raises
    ------
    PlanError
        If a name is empty, the output does not fit the inputs or the format, two pictures would go to one file, or a
        picture onto an input.
    """
    _check_names(*inputs, *(listed or ()), *(() if output is None else (output,)))
    several = listed is not None or len(inputs) != 1 or Path(inputs[0]).is_dir() or is_pattern(inputs[0])
    if several and STREAM in (*inputs, output):
        raise PlanError("standard input and output (-) take one picture; name one file")
    if suffix is not None and not is_part_of_a_name(suffix):
        raise PlanError(f"--suffix {suffix!r} is no part of a file name; leave slashes and the like out")
    to_folder = output is not None and (several or _names_folder(output))
    if suffix is not None and (STREAM in inputs or (output is not None and not to_folder)):
        raise PlanError("--suffix is for outputs that are named after their sources; leave it or the name after -o out")
    if not several and inputs[0] == STREAM and all_pictures:
        raise PlanError("--all-pictures is for files; name one instead of the standard input (-)")
    if not several and inputs[0] == STREAM:
        return _plan([_stream_job(output, format)], [], skip_existing=skip_existing)

    marks = (MARK, suffix) if suffix and output is None else (MARK,)
    if output is None:
        _check_for_output(inputs)
    found, failures = find_jpegs(inputs, marks=marks)
    if output is None and len(inputs) > 1:
        failures = [_with_hint(failure, inputs[-1]) for failure in failures]
    folder = _output_folder(output) if output is not None and to_folder else None
    if folder is not None:
        found = [file for file in found if not _is_result(file, folder)]
    if listed is not None:
        more, missing = find_listed(listed)
        found, failures = found + more, failures + missing
    if output == STREAM:
        if any(_kind(file, all_pictures) for file in found):
            raise PlanError(f"{found[0].path} does not go to the standard output; name a file or a folder (-o)")
        return _plan([Job(str(file.path), file.path, None, format) for file in found], failures, skip_existing=False)

    if output is None:
        mark = MARK if suffix is None else suffix
        jobs = [_job(file, file.path.with_name(file.path.stem + mark), format, all_pictures) for file in found]
    elif folder is not None:
        places = [folder / file.relative.with_name(file.relative.stem + (suffix or "")) for file in found]
        jobs = [
            _job(file, place, format, all_pictures, makes_folders=True)
            for file, place in zip(found, places, strict=True)
        ]
    else:
        jobs = [_named_job(file, Path(output), format, all_pictures) for file in found]
    return _plan(_without_collisions(jobs), failures, skip_existing=skip_existing)


def plan_in_place(
    inputs: Sequence[str],
    *,
    listed: Sequence[str] | None = None,
    skip_existing: bool = False,
    all_pictures: bool = False,
) -> Plan:
    """Decide which pictures and containers are replaced by restored ones, the originals staying under another name.

    Parameters
    ----------
    inputs, listed
        As for :func:`plan`. Originals of earlier runs are passed over.
    skip_existing : bool
        Whether to leave out pictures whose original is there.
    all_pictures : bool
        As for :func:`plan`.

    Returns
    -------
    Plan
        Links are among its failures, and films and BMP files, which would become files of another kind.

    Raises
    ------
    PlanError
        If an input is a stream, or its name is empty.
    """
    _check_names(*inputs, *(listed or ()))
    if STREAM in inputs:
        raise PlanError("--in-place is for files; standard input (-) has no place")
    found, failures = find_jpegs(inputs, marks=(MARK, ORIGINAL))
    if listed is not None:
        more, missing = find_listed(listed)
        found, failures = found + more, failures + missing
    jobs: dict[str, Job] = {}
    for file in found:
        if file.path.is_symlink():
            failures.append(Failed(str(file.path), "is a link, and would be replaced itself; name what it leads to"))
            continue
        kind, format_ = _kind(file, all_pictures), _own_format(file.path)
        if kind == "film":
            failures.append(Failed(str(file.path), "is a film, which becomes a .mkv file; leave --in-place out"))
            continue
        if format_ is None:
            failures.append(Failed(str(file.path), "is a BMP file, and none is written; leave --in-place out"))
            continue
        name = str(file.path)
        job = Job(
            name, file.path, file.path, format_, original=original_of(file.path), container=kind, searched=file.searched
        )
        jobs.setdefault(_key(file.path), job)
    return _plan(tuple(jobs.values()), failures, skip_existing=skip_existing)


def _check_names(*names: str) -> None:
    try:
        check_names(names)
    except ValueError as error:
        raise PlanError(str(error)) from error


def _check_for_output(inputs: Sequence[str]) -> None:
    """Refuse an output that is named as the last of the inputs, as other programs have it."""
    last = inputs[-1] if len(inputs) > 1 else ""
    if last and not os.path.lexists(last) and not is_pattern(last):
        foreign = format_of(Path(last)) not in (None, "jpeg")
        if foreign or last.endswith(("/", os.sep)):
            raise PlanError(f"{last} does not exist; if the result is to go there, write -o {last}")


def _with_hint(failure: Failed, last: str) -> Failed:
    if failure.name != last or os.path.lexists(last) or is_pattern(last):
        return failure
    return Failed(last, f"there is no such file; check the name, or write -o {last} if the result is to go there")


def _plan(jobs: Sequence[Job], failures: list[Failed], *, skip_existing: bool) -> Plan:
    there = [
        Skipped(job, job.original or job.destination)
        for job in jobs
        if skip_existing and job.destination is not None and job.is_done
    ]
    skipped = {skip.job for skip in there}
    return Plan(
        tuple(job for job in jobs if job not in skipped),
        tuple(there),
        tuple(failure for failure in failures if not failure.harmless),
        tuple(failure for failure in failures if failure.harmless),
    )


def _kind(file: Found, all_pictures: bool) -> Kind | None:
    kind = kind_of(file.path)
    if kind == "tiff" and not file.searched and is_one_picture(file.path):  # a picture, as a PNG file is one
        return None
    return kind or ("pictures" if all_pictures else None)


def _own_format(path: Path) -> Format | None:
    """Return the format of a file by its first bytes, so that it stays what it is; None of one that is not written."""
    try:
        with path.open("rb") as file:
            kind = kind_of_picture(file.read(16))
    except OSError:  # told when its turn comes
        kind = None
    formats: dict[str | None, Format | None] = {"PNG": "png", "WEBP": "webp", "TIFF": "tiff", "BMP": None}
    return formats.get(kind, "jpeg")


def _named_job(file: Found, output: Path, format: Format | None, all_pictures: bool) -> Job:  # noqa: A002
    kind = _kind(file, all_pictures)
    if kind is None:
        return Job(str(file.path), file.path, output, _file_format(output, format))
    if not fits(output, file.path, kind):
        suffix = suffix_of_result(file.path, kind)
        raise PlanError(f"{file.path} becomes a {suffix} file, which {output} is not named as; end its name with that")
    return Job(str(file.path), file.path, output, "jpeg", container=kind)


def _job(
    file: Found,
    stem: Path,
    format: Format | None,  # noqa: A002
    all_pictures: bool,
    *,
    makes_folders: bool = False,
) -> Job:
    if (kind := _kind(file, all_pictures)) is not None:
        destination = stem.with_name(stem.name + suffix_of_result(file.path, kind))
        name = str(file.path)
        return Job(name, file.path, destination, "jpeg", makes_folders, container=kind, searched=file.searched)
    destination = stem.with_name(stem.name + SUFFIXES[format or "png"])
    return Job(str(file.path), file.path, destination, format, makes_folders)


def _stream_job(output: str | None, kind: Format | None) -> Job:
    if output is None or output == STREAM:
        return Job(STREAM, None, None, kind)
    if _names_folder(output):
        raise PlanError(f"standard input has no name; name a file in {output} (-o)")
    return Job(STREAM, None, Path(output), _file_format(Path(output), kind))


def _file_format(output: Path, kind: Format | None) -> Format:
    by_suffix = format_of(output)
    if kind is None and by_suffix is None:
        raise PlanError(
            f"{output} has no suffix of a picture file; use .png, .webp, .tiff or .jpg, add --format, "
            f"or write {output}/ for a folder"
        )
    if kind is not None and by_suffix not in (None, kind):
        raise PlanError(f"{output} is named as {by_suffix} but --format says {kind}; leave one of them out")
    chosen = kind or by_suffix
    assert chosen is not None
    return chosen


def _names_folder(output: str) -> bool:
    return output.endswith(("/", os.sep)) or Path(output).is_dir()


def _output_folder(output: str) -> Path:
    folder = Path(output)
    if folder.exists() and not folder.is_dir():
        raise PlanError(f"{output} is a file, but several pictures need a folder; name one (-o)")
    if not _names_folder(output) and (format_of(folder) is not None or kind_of(folder) is not None):
        raise PlanError(f"{output} is named as a file, but several pictures need a folder; name one (-o)")
    return folder


def _without_collisions(jobs: list[Job]) -> tuple[Job, ...]:
    """Drop jobs that are asked for twice, and refuse those that would destroy one another's pictures."""
    by_destination: dict[str, Job] = {}
    inputs = {identity(job.source): job for job in jobs if job.source is not None}
    for job in jobs:
        assert job.source is not None
        assert job.destination is not None
        other = by_destination.setdefault(_key(job.destination), job)
        assert other.source is not None
        if identity(other.source) != identity(job.source):
            raise PlanError(
                f"{other.name} and {job.name} would both become {job.destination}; rename one, or restore them apart"
            )
        for candidate in job.places:
            if candidate.exists() and identity(candidate) in inputs:
                raise PlanError(
                    f"{candidate} is itself one of the inputs; choose another output (-o) or format (--format)"
                )
    return tuple(by_destination.values())


def _key(path: Path) -> str:
    """Return what names of one file to come have in common."""
    return folded(os.path.abspath(path))  # noqa: PTH100 - folds ..


def _is_result(file: Found, folder: Path) -> bool:
    """Whether a file was found in the output folder only because that lies within the folder that was searched."""
    searched = file.path.parents[len(file.relative.parts) - 1].resolve()
    folder = folder.resolve()
    return folder != searched and folder.is_relative_to(searched) and file.path.resolve().is_relative_to(folder)
