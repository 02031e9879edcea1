"""The options of ``qgac restore``, a panel of its help each: input, output, restoration, batches and resources."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import rich_click as click

from qgac.commands.options import FormatChoice, NumberRange, max_pixels_option, model_option

__all__ = ["batch_options", "input_options", "output_options", "result_options"]

_C = TypeVar("_C", bound=Callable[..., Any])

# Completed by shells, but not checked: one file that may not be read must not stop the others.
_NAME = click.Path(readable=False)

# Panels of the help.
_INPUT, _OUTPUT, _RESULT, _BATCH = "Input", "Output", "Restoration", "Batches and resources"


def input_options(command: _C) -> _C:
    """Add what is restored, and how it is read."""
    options = (
        click.argument("inputs", nargs=-1, metavar="INPUT...", type=_NAME),
        click.option(
            "--files-from",
            metavar="FILE",
            type=_NAME,
            panel=_INPUT,
            help="Restore the files named in this list too, one a line; - for standard input. Their folders are "
            "mirrored.",
        ),
        click.option(
            "-0", "--null", is_flag=True, panel=_INPUT, help="Names in the list end with a zero byte (find -print0)."
        ),
        click.option(
            "--all-pictures",
            is_flag=True,
            panel=_INPUT,
            help="Restore all pictures of a file: of MPO files, and gain maps of Ultra HDR. The result is such a file "
            "again.",
        ),
        click.option("--tolerant", is_flag=True, panel=_INPUT, help="Restore what can be read of damaged files."),
        max_pixels_option(_INPUT),
        click.option_panel(_INPUT),
    )
    for option in reversed(options):
        command = option(command)
    return command


def output_options(command: _C) -> _C:
    """Add where outputs go, and what they are."""
    options = (
        click.option(
            "-o",
            "--output",
            metavar="OUT",
            type=_NAME,
            panel=_OUTPUT,
            help="File, or folder for several pictures; made if missing. - for standard output.",
        ),
        click.option(
            "--output-dir",
            metavar="FOLDER",
            type=click.Path(),
            panel=_OUTPUT,
            help="Folder for the outputs, whatever their number; made if missing.",
        ),
        click.option(
            "--in-place",
            is_flag=True,
            panel=_OUTPUT,
            help="Put the restored picture, a jpeg, in the place of its source, which stays as photo.original.jpg.",
        ),
        click.option(
            "--format",
            type=FormatChoice(["png", "webp", "tiff", "jpeg"]),
            panel=_OUTPUT,
            help="Format of the output; by default that of the name after -o, else png, or tiff for CMYK.",
        ),
        click.option(
            "--depth",
            type=click.Choice(["8", "16", "float"]),
            default="8",
            show_default=True,
            panel=_OUTPUT,
            help="Bits a sample: 16 in png and tiff, float (32 bits, 0 to 1) in tiff. More than 8 keep what was "
            "restored from being rounded again.",
        ),
        click.option(
            "--quality",
            type=click.IntRange(1, 100),
            metavar="1-100",
            panel=_OUTPUT,
            help="Of jpeg outputs; by default 95.",
        ),
        click.option(
            "--consistent",
            is_flag=True,
            panel=_OUTPUT,
            help="Write a jpeg of the restored coefficients: sampling of the source, tables as fine as those of "
            "--quality and of the source. Every viewer shows the restored picture, and rounding it by the source's "
            "tables gives the source.",
        ),
        click.option(
            "--lossless",
            is_flag=True,
            panel=_OUTPUT,
            help="Make the pictures inside PDF documents lossless, not --consistent JPEGs of --quality.",
        ),
        click.option(
            "--break-signatures",
            is_flag=True,
            panel=_OUTPUT,
            help="Restore documents that are signed, too; their signatures do not hold any more.",
        ),
        click.option(
            "--crf",
            type=click.IntRange(0, 51),
            metavar="0-51",
            panel=_OUTPUT,
            help="Write films in H.264 of this quality, 0 the best, instead of lossless FFV1; .mp4 files by default of "
            "16.",
        ),
        click.option(
            "--srgb",
            is_flag=True,
            panel=_OUTPUT,
            help="Convert the colours to sRGB by their ICC profile. CMYK without one is mixed by a plain formula; gray "
            "and RGB without one are sRGB already.",
        ),
        click.option(
            "--suffix",
            metavar="TEXT",
            panel=_OUTPUT,
            help="End of the names of outputs: by default .restored beside the source, nothing in another folder.",
        ),
        click.option("-f", "--overwrite", "--force", is_flag=True, panel=_OUTPUT, help="Replace existing files."),
        click.option(
            "--skip-existing",
            is_flag=True,
            panel=_OUTPUT,
            help="Leave out pictures whose output is there: resume a batch.",
        ),
        click.option(
            "--times", is_flag=True, panel=_OUTPUT, help="Give outputs the time of modification of their sources."
        ),
        click.option(
            "--strip",
            is_flag=True,
            panel=_OUTPUT,
            help="Write no metadata. The ICC profile and the orientation stay: colours and direction depend on them.",
        ),
        click.option_panel(_OUTPUT),
    )
    for option in reversed(options):
        command = option(command)
    return command


def result_options(command: _C) -> _C:
    """Add what the restoration is."""
    options = (
        model_option(_RESULT),
        click.option(
            "--best",
            is_flag=True,
            panel=_RESULT,
            help="Average over eight mirrored and transposed views: 0.1 to 0.2 dB better, eight times as long.",
        ),
        click.option(
            "--strength",
            type=NumberRange(0, 1),
            default=1.0,
            show_default=True,
            panel=_RESULT,
            help="How far to go from the decoded picture, with chroma upsampled by repetition (0), to the restored one "
            "(1). Less keeps more grain and artifacts.",
        ),
        click.option(
            "--blend",
            type=NumberRange(0, 1),
            metavar="0-1",
            panel=_RESULT,
            help="How much of the GAN's weights to mix in: 0 none (the default), 0.7 as in the paper's figures, 1 all. "
            "More gives more texture; it is invented, but never contradicts the file.",
        ),
        click.option(
            "--blend-with",
            metavar="NAME|FILE",
            panel=_RESULT,
            help="The GAN's weights; by default those shipped as MODEL-gan.",
        ),
        click.option(
            "--earlier",
            default="auto",
            show_default=True,
            metavar="auto|1-100|off",
            panel=_RESULT,
            help="Restore a JPEG that was saved twice as it was before the last time: if that is beyond doubt (auto), "
            "by an earlier quality that you know, or never (off).",
        ),
        click.option(
            "--grid",
            metavar="X,Y",
            panel=_RESULT,
            help="Of PNG and the like: where the first whole block of the JPEG begins.",
        ),
        click.option(
            "--quality-was",
            type=click.IntRange(1, 100),
            metavar="1-100",
            panel=_RESULT,
            help="Of PNG and the like: the quality of the JPEG that they were. Both are found by themselves as a rule.",
        ),
        click.option(
            "--rescaled",
            default="auto",
            show_default=True,
            metavar="auto|1-100|off",
            panel=_RESULT,
            help="Of PNG and the like without a grid: take out artifacts of a JPEG that was scaled since, if they are "
            "beyond doubt (auto), as strong as those of a quality, or never (off).",
        ),
        click.option(
            "--no-projection",
            is_flag=True,
            panel=_RESULT,
            help="Let the result contradict what the file says (not advised).",
        ),
        click.option_panel(_RESULT),
    )
    for option in reversed(options):
        command = option(command)
    return command


def batch_options(command: _C) -> _C:
    """Add how many at a time, on what, and what is told of them."""
    options = (
        click.option(
            "-j",
            "--jobs",
            type=click.IntRange(min=1),
            default=1,
            show_default=True,
            panel=_BATCH,
            help="Pictures restored at a time, each in a process of its own that takes about 0.2 GB, and 0.45 GB for "
            "12 megapixels.",
        ),
        click.option(
            "--cluster",
            metavar="ADDRESS",
            panel=_BATCH,
            help="Restore on this Ray cluster, ray://head:10001 for example, or local for Ray on this machine. Inputs "
            "and output may then be addresses such as s3://bucket/folder, --jobs is the number of workers, by "
            "default one a processor and GPU, and the report has a line a picture.",
        ),
        click.option(
            "-n",
            "--dry-run",
            is_flag=True,
            panel=_BATCH,
            help="Print where each picture would go and what containers hold, and do nothing.",
        ),
        click.option("-q", "--quiet", is_flag=True, panel=_BATCH, help="Tell failures alone."),
        click.option(
            "-v", "--verbose", is_flag=True, panel=_BATCH, help="Tell of every picture as soon as it is done."
        ),
        click.option(
            "--report", metavar="FILE", type=_NAME, panel=_BATCH, help="Write what became of each file, as JSON."
        ),
        click.option(
            "--tile",
            type=click.IntRange(min=1),
            panel=_BATCH,
            help="Side of the tiles in pixels; smaller ones need less memory and more time.",
        ),
        click.option(
            "--engine",
            type=click.Choice(["auto", "onnx", "torch"]),
            default="auto",
            show_default=True,
            panel=_BATCH,
            help="What runs the networks: ONNX Runtime, or PyTorch, which also takes weights of one's own.",
        ),
        click.option(
            "--device",
            type=click.Choice(["auto", "cpu", "cuda", "mps", "dml"]),
            default="auto",
            show_default=True,
            panel=_BATCH,
            help="Where to compute; auto takes a GPU that CUDA or Metal reaches.",
        ),
        click.option_panel(_BATCH),
    )
    for option in reversed(options):
        command = option(command)
    return command
