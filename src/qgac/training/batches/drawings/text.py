"""Text of drawings: words that look like writing, in many typefaces."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import ImageDraw, ImageFont

__all__ = ["Color", "draw_font", "find_fonts", "words", "write"]

Color = str | tuple[int, ...]

# Those that come with matplotlib: the same files on every machine.
_FONTS = (
    *(f"DejaVuSans{style}.ttf" for style in ("", "-Bold", "-Oblique")),
    *(f"DejaVuSansMono{style}.ttf" for style in ("", "-Bold")),
    *(f"DejaVuSerif{style}.ttf" for style in ("", "-Bold", "-Italic")),
    *(f"STIXGeneral{style}.ttf" for style in ("", "Bol", "Italic")),
    *("cmr10.ttf", "cmss10.ttf", "cmtt10.ttf"),
)
_OWN_SHARE = 0.25
# As often as English has them, roughly; what is written does not matter, that it looks like writing does.
_LETTERS = np.array(
    list("eeeeeeeeeeeetttttttttaaaaaaaaooooooooiiiiiiinnnnnnnsssssshhhhhhrrrrrrddddllllccuummwwffggyyppbvk")
)
_OTHERS = np.array(list("ABCDEFGHIJKLMNOPRSTUVW0123456789.,:;-+()[]/!?%&=_'\"#*"))


def find_fonts(folder: Path) -> tuple[Path, ...]:
    """List the typefaces of a folder and of those in it.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    tuple of Path
        Files with the ending of TrueType or OpenType, sorted by name: the order decides what a seed draws.

    Raises
    ------
    ValueError
        If there is none, or one of them cannot be read.
    """
    files = [path for path in folder.rglob("*") if path.suffix.lower() in (".ttf", ".otf")]
    files.sort(key=lambda path: (path.name, str(path)))
    if not files:
        raise ValueError(f"{folder} holds no typefaces (.ttf, .otf); name a folder that does")
    for path in files:
        try:
            ImageFont.truetype(path, 12)
        except OSError as error:
            raise ValueError(f"{path} is no typeface that FreeType reads ({error}); take it out") from error
    return tuple(files)


def draw_font(height: float, generator: np.random.Generator, fonts: Sequence[Path]) -> ImageFont.FreeTypeFont:
    """Draw a typeface.

    Parameters
    ----------
    height : float
        Of a line, in pixels.
    generator : numpy.random.Generator
    fonts : sequence of Path
        Three in four are taken from these, if there are any, the others from those that come with matplotlib.

    Returns
    -------
    ImageFont.FreeTypeFont
    """
    if not fonts or generator.random() < _OWN_SHARE:
        return _font(str(generator.choice(_FONTS)), round(height))
    return _font(fonts[int(generator.integers(len(fonts)))], round(height))


@lru_cache(256)
def _font(name: str | Path, height: int) -> ImageFont.FreeTypeFont:
    if isinstance(name, Path):
        return ImageFont.truetype(name, height)
    import matplotlib

    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name, height)


def words(count: int, generator: np.random.Generator) -> str:
    """Return so many letters and what stands between them."""
    letters = generator.choice(_LETTERS, count)
    kind = generator.random(count)
    letters[kind < 0.12] = generator.choice(_OTHERS, int((kind < 0.12).sum()))
    letters[kind > 0.83] = " "
    return "".join(letters)


def write(
    draw: ImageDraw.ImageDraw,
    side: int,
    scale: int,
    color: Color,
    generator: np.random.Generator,
    fonts: Sequence[Path],
) -> None:
    """Write some lines, or a page full of them.

    Parameters
    ----------
    draw : ImageDraw.ImageDraw
    side : int
        Of the picture, in pixels.
    scale : int
        How much larger than in the end it is drawn.
    color : str or tuple of int
    generator : numpy.random.Generator
    fonts : sequence of Path
        See :func:`draw_font`.
    """
    height = scale * float(np.exp(generator.uniform(np.log(8), np.log(48))))
    font = draw_font(height, generator, fonts)
    draw.fontmode = "1" if scale == 1 and generator.random() < 0.2 else "L"  # without or with smoothed edges
    spacing = height * generator.uniform(1.1, 1.7)
    left = generator.uniform(-height, side / 3)
    top = generator.uniform(-height, height if generator.random() < 0.7 else side)
    lines = int(generator.integers(1, 4)) if generator.random() < 0.3 else 99
    while lines and top < side:
        draw.text((round(left), round(top)), words(int(2 * side / height) + 2, generator), fill=color, font=font)
        top += spacing
        lines -= 1
