"""``qgac analyze throughput``: speed against gain (appendix B.5)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from qgac.commands.analyze.options import analysis_errors, counted, data_options, find_pictures, told, write
from qgac.commands.destinations import WritingCommand, figure_option
from qgac.commands.options import channels_of, channels_option, models_option, programs_option, quality_option

if TYPE_CHECKING:
    from qgac.analysis.pictures import Picture
    from qgac.analysis.throughput import Tradeoff

__all__ = ["throughput"]


@click.command(cls=WritingCommand)
@data_options
@models_option
@programs_option
@figure_option()
@quality_option
@click.option("--frames", type=click.IntRange(min=1), default=100, show_default=True, help="Frames that are timed.")
@channels_option
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), default="auto", show_default=True)
@click.option("--threads", type=click.IntRange(min=1), help="Processor cores to use; all by default.")
def throughput(
    pictures: tuple[Path, ...],
    root: Path | None,
    dataset: str,
    limit: int | None,
    models: tuple[str, ...],
    programs: dict[str, str],
    out: Path,
    quality: int,
    frames: int,
    channels: str | None,
    device: str,
    threads: int | None,
) -> None:
    """Time models on frames of 1280x720, and measure their gain in SSIM on the pictures.

    Frames are made of the pictures. Of models only the restoration is timed, from coefficients to pixels; of other
    programs all, from start to end, once on every picture's frame.
    """
    if threads is not None:  # read when PyTorch is imported, and when graphs are loaded
        os.environ["OMP_NUM_THREADS"] = str(threads)
    with analysis_errors():
        from qgac.analysis.pictures import load_pictures
        from qgac.analysis.plots import draw_tradeoffs
        from qgac.analysis.throughput import Tradeoff
        from qgac.evaluation.published import published

        paths = find_pictures(pictures, root, dataset, limit)
        kind = channels_of(dataset, channels)
        originals = load_pictures(paths, kind)
        found = _measure(models, programs, originals, device=device, quality=quality, frames=frames)
        tradeoffs = list(told(found, len(models) + len(programs), "models"))
        # The paper's figure is one of the whole test set.
        paper = published(dataset, kind, quality) if limit is None else None
        gain = paper.restored.ssim - paper.jpeg.ssim if paper else None
        write(out, draw_tradeoffs(tradeoffs, quality, gain), Tradeoff.COLUMNS, [t.row() for t in tradeoffs])
    for t in tradeoffs:
        click.echo(
            f"{t.model}: {t.speed.pictures_a_second:.3g} pictures a second ({t.speed.device}, "
            f"{counted(t.speed.threads, 'thread')}, {counted(len(t.speed.seconds), 'frame')}), "
            f"SSIM {t.gain:+.4f} on {counted(t.pictures, 'picture')}"
        )
    if gain is not None:
        click.echo(f"the paper: SSIM {gain:+.3f} (its speed is only plotted)")


def _measure(
    models: tuple[str, ...],
    programs: dict[str, str],
    originals: list[Picture],
    *,
    device: str,
    quality: int,
    frames: int,
) -> Iterator[Tradeoff]:
    from qgac.analysis.pictures import model_labels
    from qgac.analysis.throughput import (
        Tradeoff,
        frame_files,
        make_frames,
        measure_program,
        measure_speed,
        program_gain,
        ssim_gain,
    )
    from qgac.restoration.restorer import Restorer
    from qgac.weights.files import read_weights

    images = make_frames(originals[:frames], quality)
    for label, model in zip(model_labels(models), models, strict=True):
        restorer = Restorer(model, device=device)
        speed = measure_speed(restorer, images, frames)
        gains = [ssim_gain(picture, restorer, quality) for picture in originals]
        yield Tradeoff(label, read_weights(model).parameters, speed, sum(gains) / len(gains), len(gains))
    files = frame_files(originals[:frames], quality) if programs else []
    for name, command in programs.items():
        speed = measure_program(name, command, files, gray=originals[0].samples.ndim == 2)
        gains = [program_gain(picture, name, command, quality) for picture in originals]
        yield Tradeoff(name, None, speed, sum(gains) / len(gains), len(gains))
