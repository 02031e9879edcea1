"""``qgac info``: what a JPEG file says about itself."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from click.exceptions import Exit

from qgac.commands.options import max_pixels_option
from qgac.commands.terminal import fail, one_line, say
from qgac.files.destination import Obstacle, obstacle

if TYPE_CHECKING:
    from qgac.jpeg.image import JPEGImage

__all__ = ["info"]

_PLANES = {
    "gray": ("gray",),
    "YCbCr": ("Y", "Cb", "Cr"),
    "RGB": ("R", "G", "B"),
    "CMYK": ("C", "M", "Y", "K"),
    "YCCK": ("Y", "Cb", "Cr", "K"),
}
_REFUSALS = {
    Obstacle.FORBIDDEN_NAME: "{path} is a name that this system keeps for something else; choose another (--heat-map)",
    Obstacle.READ: "the heat map would replace {path} itself; choose another name (--heat-map)",
    Obstacle.EXISTS: "{path} exists already; choose another name or overwrite it (--overwrite)",
    Obstacle.NO_FILE: "{path} cannot be written (it is no file); choose another name",
    Obstacle.NO_FOLDER: "{path} cannot be written (No such file or directory); check the folder and its permissions",
    Obstacle.LOCKED_FOLDER: "{path} cannot be written (Permission denied); check the folder and its permissions",
}


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print JSON: an object for one file, a list for a folder, a pattern or several inputs.",
)
@click.option("--tolerant", is_flag=True, help="Describe damaged files too.")
@click.option("--earlier", is_flag=True, help="Look for a compression before the last one; takes about a second.")
@max_pixels_option()
@click.option(
    "--heat-map",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="OUT.png",
    help="Draw where the picture is uncertain: the expected error of each block. For one file.",
)
@click.option("--overwrite", is_flag=True, help="Replace an existing heat map.")
def info(
    inputs: tuple[str, ...],
    as_json: bool,
    tolerant: bool,
    earlier: bool,
    max_pixels: int,
    heat_map: Path | None,
    overwrite: bool,
) -> None:
    """Show size, sampling, quantisation tables and metadata of JPEG files, also of those inside comics and documents.

    Of a PNG, WebP, BMP or TIFF file it shows which JPEG its pixels were before, if they were one: the grid of blocks,
    the sampling and the tables, found in the pixels alone, with a confidence for each.

    INPUT is a file, a folder (searched recursively), a quoted pattern such as 'photos/**/*.jpg', or - for standard
    input. The quality is that of the libjpeg tables; tables of other software are custom.

    The error is that of quantisation, root mean square in levels of 0..255: the expected one, by a Laplace distribution
    of every frequency (an estimate); the one if errors were spread evenly over the quantisation intervals (too large
    but at high qualities); and the largest that there can be (a bound). Chroma counts at its own resolution, and what
    subsampling costs comes on top.
    """
    from qgac.batch.inputs import find_jpegs, is_pattern
    from qgac.batch.plan import STREAM
    from qgac.containers.container import ContainerError, Limits
    from qgac.containers.kinds import kind_of
    from qgac.inspection.description import describe
    from qgac.inspection.inside import describe_inside
    from qgac.inspection.past import describe_earlier, describe_picture
    from qgac.jpeg.errors import JPEGError
    from qgac.jpeg.reader import read_jpeg
    from qgac.pixels.earlier import find_earlier
    from qgac.pixels.files import is_picture, read_picture

    try:
        found, failures = find_jpegs([text for text in inputs if text != STREAM])
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    paths = [*([None] if STREAM in inputs else []), *(file.path for file in found)]
    if heat_map is not None and heat_map.suffix.lower() != ".png":
        raise click.UsageError(f"a heat map is a PNG picture, which {heat_map} is not named as; choose a name in .png")
    if heat_map is not None and (len(paths) > 1 or any(path and kind_of(path) for path in paths)):
        raise click.UsageError("a heat map is drawn of one picture; name one file")
    if heat_map is not None:
        _check(heat_map, [path for path in paths if path is not None], overwrite=overwrite)
    for failure in failures:
        say(f"{failure.name}: {failure.message}")
    failed = sum(not failure.harmless for failure in failures)
    entries: list[dict[str, Any]] = []
    for path in paths:
        name = STREAM if path is None else str(path)
        kind = None if path is None else kind_of(path)
        try:
            image = None
            if path is not None and kind is not None:
                entry = {"file": name, **describe_inside(path, kind, Limits(tolerant, max_pixels))}
                failed += sum(picture["reason"] is not None for picture in entry["pictures"])
            else:
                content = sys.stdin.buffer.read() if path is None else path.read_bytes()
                entry = {"file": name, "bytes": len(content)}
                if is_picture(content):
                    entry |= describe_picture(read_picture(content, max_pixels=max_pixels))
                else:
                    image = read_jpeg(content, tolerant=tolerant, max_pixels=max_pixels)
                    entry |= describe(image, len(content))
                if image is not None and earlier and image.color in ("gray", "YCbCr"):
                    entry["earlier"] = describe_earlier(find_earlier(image.components[0]))
        except (JPEGError, ContainerError) as error:
            say(f"{name}: {error}")
            failed += 1
            continue
        except OSError as error:
            say(f"{name}: cannot be read ({error.strerror or error}); check the file and its permissions")
            failed += 1
            continue
        entries.append(entry)
        if not as_json:
            text = _text if image is not None else _pixels_text if kind is None else _text_inside
            click.echo(text(entry | {"file": one_line(name)}))
        if heat_map is not None and image is None:
            say(f"{name}: no JPEG file, so there is nothing to draw a heat map of")
            failed += 1
        elif heat_map is not None and image is not None:
            _draw(image, heat_map, overwrite=overwrite)
    if as_json and (len(inputs) > 1 or Path(inputs[0]).is_dir() or is_pattern(inputs[0])):
        click.echo(json.dumps(entries, indent=2))
    elif as_json and entries:
        click.echo(json.dumps(entries[0], indent=2))
    if failed:
        raise Exit(1)


def _check(heat_map: Path, read: list[Path], *, overwrite: bool) -> None:
    """End the command, before any work, if the heat map may not be written."""
    found = obstacle(heat_map, overwrite=overwrite, read=read)
    if found is Obstacle.READ:
        raise click.UsageError(_REFUSALS[found].format(path=heat_map))
    if found is not None:
        fail(_REFUSALS[found].format(path=heat_map))


def _draw(image: JPEGImage, path: Path, *, overwrite: bool) -> None:
    from qgac.files.atomic import write_atomically
    from qgac.inspection.heat_map import draw_heat_map
    from qgac.inspection.uncertainty import expected_map

    plane = "Y, " if image.color in ("YCbCr", "YCCK") else ""
    content = draw_heat_map(expected_map(image), f"expected error of each block, {plane}RMS in levels of 0..255")
    try:
        write_atomically(content, path, overwrite=overwrite)
    except FileExistsError:
        fail(_REFUSALS[Obstacle.EXISTS].format(path=path))
    except OSError as error:
        fail(f"{path} cannot be written ({error.strerror or error}); check the folder and its permissions")


def _pixels_text(entry: dict[str, Any]) -> str:
    from qgac.inspection.past import past_rows

    size = f"{entry['width']} x {entry['height']} pixels, {entry['bytes']} bytes, {entry['format']}"
    rows = [("size", size), *past_rows(entry["past"]), *(("note", note) for note in entry["notes"])]
    lines = [entry["file"], *(f"  {label:<14} {value}" for label, value in rows)]
    for plane in ("luma", "chroma"):
        if entry["past"][plane] is not None:
            lines.append(f"  table of {plane}")
            lines += ["    " + " ".join(f"{step:>4}" for step in row) for row in entry["past"][plane]["table"]]
    return "\n".join(lines)


def _text(entry: dict[str, Any]) -> str:
    factors = ", ".join(f"{part['horizontal']}x{part['vertical']}" for part in entry["components"])
    quality, metadata = entry["quality"], entry["metadata"]
    chroma = "" if quality["chroma"] is None else f", chroma {quality['chroma']}"
    kept = [f"{name.upper()} {metadata[name]} bytes" for name in ("exif", "icc", "xmp", "iptc") if metadata[name]]
    kept += [f"comment {comment!r}" for comment in metadata["comments"]]
    if metadata["density"]:
        kept.append("density {x} x {y} {unit}".format(**metadata["density"]))
    rows = [
        ("size", f"{entry['width']} x {entry['height']} pixels, {entry['bytes']} bytes"),
        ("bytes a pixel", f"{entry['bytes_per_pixel']:.3f}"),
        ("colour", entry["color"]),
        ("sampling", f"{entry['sampling'] or 'factors'} ({factors})"),
        ("process", entry["process"]),
        ("quality", f"luma {quality['luma']}{chroma}"),
        *(("error" if not number else "", line) for number, line in enumerate(_error_lines(entry))),
        ("metadata", "; ".join(kept) or "none"),
        *(("missing", f"{entry['missing']:.1%}") for _ in range(entry["missing"] > 0)),
        *(("earlier", _earlier_text(entry["earlier"])) for _ in range("earlier" in entry)),
        *(("note", note) for note in entry["notes"]),
    ]
    lines = [entry["file"], *(f"  {label:<14} {value}" for label, value in rows)]
    for table, indices in _distinct_tables(entry):
        lines.append(f"  table of component {', '.join(indices)}")
        lines += ["    " + " ".join(f"{step:>4}" for step in row) for row in table]
    return "\n".join(lines)


def _text_inside(entry: dict[str, Any]) -> str:
    count = len(entry["pictures"])
    pictures = "1 JPEG picture" if count == 1 else f"{count} JPEG pictures"
    lines = [f"{entry['file']}: {pictures} inside, {entry['bytes']} bytes"]
    lines += [f"  note           {note}" for note in entry["notes"]]
    lines += ["  is signed"] * entry["signed"]
    for picture in entry["pictures"]:
        name = one_line(f"{entry['file']}: {picture['name']}")
        lines.append(f"{name}: {picture['reason']}" if picture["reason"] else _text(picture | {"file": name}))
    return "\n".join(lines)


def _earlier_text(earlier: dict[str, Any] | None) -> str:
    if earlier is None:
        return "no earlier compression found"
    return f"{earlier['name']}, blocks begin at {earlier['grid']['x']},{earlier['grid']['y']}"


def _error_lines(entry: dict[str, Any]) -> list[str]:
    lines = []
    for name, part in zip(_PLANES[entry["color"]], entry["components"], strict=True):
        error = part["error"]
        bounds = "without a bound"
        if error["largest"] is not None:
            bounds = f"evenly spread {error['uniform']:.2f}, at most {error['largest']:.2f} levels"
        lines.append(f"{name}: about {error['expected']:.2f}, {bounds}")
    return lines


def _distinct_tables(entry: dict[str, Any]) -> list[tuple[list[list[int]], list[str]]]:
    distinct: list[tuple[list[list[int]], list[str]]] = []
    for number, part in enumerate(entry["components"], 1):
        same = next((users for table, users in distinct if table == part["table"]), None)
        if same is None:
            distinct.append((part["table"], [str(number)]))
        else:
            same.append(str(number))
    return distinct
