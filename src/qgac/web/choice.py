"""What a client may choose: the options of ``qgac restore`` that concern one picture, with the command's sentences."""

from __future__ import annotations

from dataclasses import dataclass

from qgac.batch.restore import Settings
from qgac.pictures.formats import DEPTHS, SUFFIXES, Encoding, Format, OutputError
from qgac.web.problems import Problem

__all__ = ["Choice", "Output", "output_of"]


@dataclass(frozen=True)
class Choice:
    """How a picture is restored; see :class:`qgac.restoration.restorer.Restorer`.

    Attributes
    ----------
    model : str
        One of those that the service offers.
    best : bool
    strength, blend : float
        0..1.
    project : bool
    """

    model: str
    best: bool = False
    strength: float = 1.0
    blend: float = 0.0
    project: bool = True


@dataclass(frozen=True)
class Output:
    """How a restored picture is written.

    Attributes
    ----------
    format : Format or None
        None means PNG, or TIFF for CMYK.
    settings : Settings
    """

    format: Format | None
    settings: Settings


def output_of(
    *,
    format: str | None,  # noqa: A002
    depth: str,
    quality: int | None,
    consistent: bool,
    srgb: bool,
    strip: bool,
    tolerant: bool,
    max_pixels: int,
) -> Output:
    """Check what the output is to be, as ``qgac restore`` does.

    Parameters
    ----------
    format, depth, quality, consistent, srgb, strip, tolerant, max_pixels
        As the command takes them.

    Returns
    -------
    Output

    Raises
    ------
    Problem
        422, if they contradict each other.
    """
    chosen = next((known for known in DEPTHS if str(known) == depth), None)
    kind: Format | None = next((known for known in SUFFIXES if known == format), None)
    if chosen is None:
        raise Problem(422, f"a depth of {depth!r} is not known; choose 8, 16 or float (--depth)")
    if format is not None and kind is None:
        raise Problem(422, f"a format {format!r} is not known; choose png, webp, tiff or jpeg (--format)")
    if kind is None:
        kind = "jpeg" if consistent else "tiff" if depth == "float" else None
    try:
        encoding = Encoding(chosen, Encoding.quality if quality is None else quality, consistent, srgb)
        if quality is not None and kind != "jpeg":
            raise OutputError("--quality is for jpeg outputs; choose that (--format jpeg) or leave it out")
        encoding.check(kind or "png")
    except OutputError as error:
        raise Problem(422, str(error)) from error
    settings = Settings(tolerant=tolerant, strip=strip, max_pixels=max_pixels, encoding=encoding)
    return Output(kind, settings)
