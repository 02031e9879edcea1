"""``qgac restore``: pictures in, restored pictures out."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click
from click import get_current_context
from click.core import ParameterSource
from click.exceptions import Exit

from qgac.commands.dry_run import tell_plan
from qgac.commands.encoding import check_containers, check_encoding, encoding_of
from qgac.commands.past import check_hints, hints_of
from qgac.commands.restore_cluster import (
    are_addresses,
    carry_out_on_cluster,
    pictures_at,
    pictures_of,
    shared_folder,
    tell_addresses,
)
from qgac.commands.restore_options import batch_options, input_options, output_options, result_options
from qgac.commands.restore_progress import carry_out, save_report
from qgac.commands.terminal import ManualCommand, fail, one_line, sentence

if TYPE_CHECKING:
    from qgac.pictures.formats import Format

__all__ = ["restore"]

_EPILOG = """\
Examples
  qgac restore photo.jpg                      photo.restored.png beside it
  qgac restore photo.jpg -o clean.webp        one file, the suffix chooses the format
  qgac restore photos -o restored             a folder, its tree mirrored
  qgac restore photos -o restored --skip-existing --jobs 2 --report report.json
  qgac restore scan.pdf comic.cbz -o clean    pictures inside other files, which keep their kind
  find . -name '*.jpg' -print0 | qgac restore --files-from - -0 -o restored

Exit codes
  0  everything restored, or skipped with --skip-existing
  1  at least one picture failed; the others are there
  2  the arguments contradict themselves; nothing was done
  130, 143  interrupted, terminated; every output that is there is whole

Environment
  OMP_NUM_THREADS  processor threads of each process; by default all are shared out
"""


@click.command(cls=ManualCommand, epilog=_EPILOG)
@input_options
@output_options
@result_options
@batch_options
def restore(
    inputs: tuple[str, ...],
    files_from: str | None,
    null: bool,
    all_pictures: bool,
    tolerant: bool,
    max_pixels: int,
    output: str | None,
    output_dir: str | None,
    in_place: bool,
    format: Format | None,  # noqa: A002
    depth: str,
    quality: int | None,
    consistent: bool,
    lossless: bool,
    break_signatures: bool,
    crf: int | None,
    srgb: bool,
    suffix: str | None,
    overwrite: bool,
    skip_existing: bool,
    times: bool,
    strip: bool,
    model: str,
    best: bool,
    strength: float,
    blend: float | None,
    blend_with: str | None,
    earlier: str,
    rescaled: str,
    grid: str | None,
    quality_was: int | None,
    no_projection: bool,
    jobs: int,
    cluster: str | None,
    dry_run: bool,
    quiet: bool,
    verbose: bool,
    report: str | None,
    tile: int | None,
    engine: str,
    device: str,
) -> None:
    """Restore JPEG pictures, also those inside comics and documents.

    INPUT is a file, a folder (searched recursively), a quoted pattern such as 'photos/**/*.jpg', or - for standard
    input. Without -o, photo.jpg becomes photo.restored.png beside it. An existing file is never replaced unless asked,
    and a file appears only when it is complete. A picture that fails is told in one line and does not stop the others.

    A PNG, WebP or BMP file that was a JPEG before is restored from its pixels; one that was none stays as it is.
    """
    from qgac.batch.inputs import check_names
    from qgac.batch.jobs import Failed, Job
    from qgac.batch.malloc import give_back_freed_memory
    from qgac.batch.many import new_restorer
    from qgac.batch.plan import STREAM, Plan, PlanError, plan, plan_in_place
    from qgac.batch.report import check_report
    from qgac.batch.settings import Settings
    from qgac.pictures.formats import format_of

    if not inputs and files_from is None:
        raise click.UsageError("no pictures are named; name files or folders, or a list of them (--files-from)")
    try:
        check_names(name for name in (*inputs, files_from, output, output_dir) if name is not None)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if blend_with is not None and blend is None:
        raise click.UsageError("--blend-with says what to mix in, but not how much; add --blend, 0.7 for example")
    if null and files_from is None:
        raise click.UsageError("-0 is about a list of names; name one (--files-from) or leave it out")
    if overwrite and skip_existing:
        raise click.UsageError("--overwrite and --skip-existing exclude one another; leave one out")
    if consistent and no_projection:
        raise click.UsageError("--consistent and --no-projection exclude one another; leave one out")
    if quiet and verbose:
        raise click.UsageError("--quiet and --verbose exclude one another; leave one out")
    if output is not None and output_dir is not None:
        raise click.UsageError("-o and --output-dir exclude one another; leave one out")
    if in_place and (
        output is not None or output_dir is not None or suffix is not None or format not in (None, "jpeg")
    ):
        raise click.UsageError(
            "--in-place says where the output goes, and that it is a jpeg; leave other words on it out"
        )
    if output_dir is not None:
        output = os.path.join(output_dir, "")  # noqa: PTH118 - a name that ends with a separator is a folder
    if all_pictures and strip:
        raise click.UsageError("--strip would drop what says which pictures there are (--all-pictures); leave one out")
    if all_pictures and format not in (None, "jpeg"):
        raise click.UsageError(f"a {format} file does not hold several pictures (--all-pictures); leave one out")
    encoding = encoding_of(depth, quality, consistent=consistent, srgb=srgb)
    asked = format
    if format is None and (output is None or format_of(Path(output)) is None):
        format = "jpeg" if consistent else "tiff" if depth == "float" else None  # noqa: A001
    addressed = are_addresses(inputs, output)
    if addressed and cluster is None:
        raise click.UsageError("addresses of stores are for clusters; add --cluster local, or name files")
    if addressed and (in_place or times or files_from is not None):
        raise click.UsageError("--in-place, --times and --files-from are for files, not for addresses; leave them out")
    if addressed and (all_pictures or lossless or break_signatures or crf is not None):
        raise click.UsageError("at addresses only JPEG files are restored; leave words on other files out")
    hints = hints_of(grid=grid, quality=quality_was, earlier=earlier, rescaled=rescaled)
    if consistent and not isinstance(hints.earlier, str):
        raise click.UsageError("--consistent keeps to the file, --earlier goes back behind it; leave one out")
    give_back_freed_memory()
    listed = None if files_from is None else _names(files_from, null=null)
    try:
        if addressed:
            check_encoding(encoding, Plan((Job("", None, None, format),), (), ()), quality=quality)
            stored = pictures_at(inputs, output=output, format=format, suffix=suffix, skip_existing=skip_existing)
            todo = Plan((), (), ())  # they are found as they are needed
        elif in_place:
            todo = plan_in_place(inputs, listed=listed, skip_existing=skip_existing, all_pictures=all_pictures)
        else:
            todo = plan(
                inputs,
                listed=listed,
                output=output,
                format=format,
                suffix=suffix,
                skip_existing=skip_existing,
                all_pictures=all_pictures,
            )
    except PlanError as error:
        raise click.UsageError(one_line(str(error))) from error
    check_containers(
        encoding,
        todo,
        format=asked,
        quality=quality,
        lossless=lossless,
        break_signatures=break_signatures,
        crf=crf,
    )
    check_encoding(encoding, todo, quality=quality)
    check_hints(hints, todo)
    if times and any(job.source is None or job.destination is None for job in todo.jobs):
        raise click.UsageError("--times is for files; standard input and output have no time")
    if cluster is not None and any(job.source is None or job.destination is None for job in todo.jobs):
        raise click.UsageError("a cluster restores files; name them, and where they go (-o)")
    settings = Settings(
        overwrite=overwrite,
        skip_existing=skip_existing,
        tolerant=tolerant,
        max_pixels=max_pixels,
        keep_times=times,
        strip=strip,
        encoding=encoding,
        lossless=lossless,
        break_signatures=break_signatures,
        crf=crf,
        hints=hints,
        restoration=repr((model, no_projection, best, strength, blend, blend_with)),
    )
    if dry_run:
        if not (tell_addresses(stored, overwrite=overwrite) if addressed else tell_plan(todo, settings)):
            raise Exit(1)
        return
    if any(job.destination is None for job in todo.jobs) and sys.stdout.isatty():
        raise click.UsageError("a picture is not written to a terminal; name a file with -o, or redirect the output")
    if report == "-":
        raise click.UsageError("a report goes into a file, not to the output; name one (--report)")
    if report is not None:
        lists = [Path(files_from)] if files_from not in (None, STREAM) else []
        try:
            check_report(Path(report), todo, lists, overwrite=overwrite)
        except PlanError as error:
            raise click.UsageError(one_line(str(error))) from error

    make_restorer = partial(
        new_restorer,
        model,
        engine=engine,
        device=device,
        project=not no_projection,
        tile=tile,
        best=best,
        strength=strength,
        blend=blend or 0.0,
        blend_with=blend_with,
    )
    if cluster is not None:
        source = get_current_context().get_parameter_source("jobs")
        if not carry_out_on_cluster(
            cluster,
            stored if addressed else pictures_of(todo),
            make_restorer,
            settings,
            workers=None if source is ParameterSource.DEFAULT else jobs,
            device=device,
            folder=shared_folder(inputs, output),
            report=None if report is None else Path(report),
            quiet=quiet,
            verbose=verbose,
        ):
            raise Exit(1)
        return
    outcomes = carry_out(todo, make_restorer, settings, jobs=jobs, quiet=quiet, verbose=verbose)
    if report is not None:
        save_report(Path(report), outcomes)
    if any(isinstance(outcome, Failed) for outcome in outcomes):
        raise Exit(1)


def _names(files_from: str, *, null: bool) -> list[str]:
    from qgac.batch.inputs import names_in

    try:
        content = sys.stdin.buffer.read() if files_from == "-" else Path(files_from).read_bytes()
    except OSError as error:
        fail(f"the list {sentence(error)}")
    names = names_in(content, null=null)
    if not names:
        fail(f"the list {files_from} names no file; check it")
    return names
