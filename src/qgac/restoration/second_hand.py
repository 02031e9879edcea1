"""Restoring what was a JPEG before: pixels that one was decoded to, and files that were compressed twice.

Both ways end in levels and tables that :mod:`qgac.pixels` has found, and the same networks restore them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from qgac.jpeg.image import Color, Component, JPEGImage
from qgac.pixels.earlier import Earlier, find_earlier
from qgac.pixels.families import LUMA
from qgac.pixels.files import Picture
from qgac.pixels.past import Outcome, Past, from_pixels
from qgac.pixels.planes import luma_of
from qgac.pixels.proof import trust
from qgac.pixels.resaved import earlier_levels
from qgac.restoration.hints import Hints
from qgac.restoration.picture import Restored, pixel_type
from qgac.restoration.rescaled import restore_rescaled
from qgac.restoration.walk import Progress

__all__ = ["restore_earlier", "restore_pixels", "stand_in"]


class _Restores(Protocol):
    """What :class:`qgac.restoration.restorer.Restorer` does with a picture that is read."""

    device: str
    strength: float

    def __call__(
        self, source: JPEGImage, /, *, dtype: npt.DTypeLike = ..., progress: Progress | None = ...
    ) -> Restored: ...


def restore_pixels(
    restorer: _Restores,
    picture: Picture,
    *,
    hints: Hints | None = None,
    dtype: npt.DTypeLike = np.uint8,
    progress: Progress | None = None,
) -> Restored:
    """Restore a picture from its pixels.

    Parameters
    ----------
    restorer : Restorer
    picture : Picture
    hints : Hints, optional
        Its grid and quality, where they are known.
    dtype, progress
        As for calling the restorer.

    Returns
    -------
    Restored
        The size of the picture. A note of its `image` says what was taken for its past. Blocks that were changed since
        come back unchanged; so does a picture of which no JPEG was found, or most of which was changed, unless
        artifacts of a JPEG are found beyond doubt, see :mod:`qgac.restoration.rescaled`.

    Raises
    ------
    ValueError
        As :func:`qgac.pixels.past.from_pixels`; if `dtype` is another one.
    """
    kind, hints = pixel_type(dtype), hints or Hints()
    pixels, source = picture.pixels, stand_in(picture)
    if not isinstance(hints.rescaled, str):  # told, and not found
        return _without_grid(restorer, pixels, source, "rescaled", hints, kind, progress)
    past = from_pixels(pixels, grid=hints.grid, quality=hints.quality)
    told = hints.grid is not None or hints.quality is not None
    if past.levels is None or (past.outcome != "compressed" and not told):
        return _without_grid(restorer, pixels, source, past.outcome, hints, kind, progress)
    restored = restorer(past.levels.image, dtype=np.float32, progress=progress)
    result = np.ascontiguousarray(past.restored(restored.pixels, pixels))
    return _picture(result, replace(source, notes=(*source.notes, *_notes(past))), kind)


def _without_grid(
    restorer: _Restores,
    pixels: npt.NDArray[np.uint8],
    source: JPEGImage,
    outcome: Outcome,
    hints: Hints,
    kind: np.dtype[Any],
    progress: Progress | None,
) -> Restored:
    note, result = _UNCHANGED[outcome], pixels.astype(np.float32)
    if hints.rescaled != "off":
        quality = hints.rescaled if isinstance(hints.rescaled, int) else None
        found = restore_rescaled(pixels, source, quality=quality, device=restorer.device, progress=progress)
        if found is not None:
            note, result = _RESCALED, result + restorer.strength * (found - result)
    return _picture(result, replace(source, notes=(*source.notes, note)), kind)


def restore_earlier(
    restorer: _Restores,
    image: JPEGImage,
    *,
    hints: Hints | None = None,
    dtype: npt.DTypeLike = np.uint8,
    progress: Progress | None = None,
) -> Restored | None:
    """Restore a JPEG file as it was before it was compressed for the last time, if that is found.

    Luma comes from the levels of the earlier compression, but where these do not give the last file again: there, and
    in part where they do so not well, it is what the last file is restored to. Chroma is as the last file has it.

    Parameters
    ----------
    restorer : Restorer
    image : JPEGImage
        Gray or YCbCr; of others nothing is found.
    hints, dtype, progress
        As for :func:`restore_pixels`.

    Returns
    -------
    Restored or None
        None if no earlier compression is found or looked for. A note of its `image` says what it keeps to.
    """
    earlier = _earlier(image, (hints or Hints()).earlier)
    if earlier is None:
        return None
    luma, place, table = image.components[0], (earlier.top, earlier.left), LUMA.tables[earlier.index]
    last = restorer(image, dtype=np.float32, progress=progress).pixels
    brightness = luma_of(last)
    levels, top, left = earlier_levels(luma, place, table, brightness)
    before = luma_of(restorer(levels, dtype=np.float32).pixels)[top : top + image.height, left : left + image.width]
    share = trust(luma, place, table).repeat(8, 0).repeat(8, 1)[: image.height, : image.width]
    change = share * (before - brightness)
    note = (
        f"this JPEG was one before ({LUMA.names[earlier.index]}, blocks beginning at {earlier.left},{earlier.top}); "
        "the result keeps to that earlier compression and not to the file (--earlier off keeps to the file)"
    )
    told = replace(image, notes=(*image.notes, note))
    return _picture(last + (change if last.ndim == 2 else change[..., None]), told, pixel_type(dtype))


def _earlier(image: JPEGImage, wanted: Literal["auto", "off"] | int) -> Earlier | None:
    luma = image.components[0]
    full = all((luma.vertical, luma.horizontal) >= (part.vertical, part.horizontal) for part in image.components)
    if wanted == "off" or image.color not in ("gray", "YCbCr") or not full or luma.unsent is not None:
        return None
    index = None if wanted == "auto" else wanted - 1
    earlier = find_earlier(luma, index=index)
    return earlier if earlier is not None and (earlier.found or index is not None) else None


def _picture(pixels: npt.NDArray[np.float32], image: JPEGImage, kind: np.dtype[Any]) -> Restored:
    exact = Restored(np.clip(pixels, 0, 255), image)
    if kind == np.float32:
        return exact
    return Restored(exact.to_uint8() if kind == np.uint8 else exact.to_uint16(), image)


def stand_in(picture: Picture) -> JPEGImage:
    """Return what stands for the source of a picture that is no JPEG: its size, colours and metadata, no blocks."""
    color: Color = "gray" if picture.pixels.ndim == 2 else "RGB"
    height, width = picture.pixels.shape[:2]
    # The table is none that an encoder writes.
    nothing = Component(np.zeros((0, 0, 8, 8), np.int16), np.full((8, 8), 65535, np.uint16), 1, 1)
    components = (nothing,) * (1 if color == "gray" else 3)
    return JPEGImage(width, height, color, components, picture.metadata, "baseline", notes=picture.notes)


def _notes(past: Past) -> tuple[str, ...]:
    """Say what a picture was taken for, and what of it was not."""
    assert past.luma is not None
    assert past.levels is not None
    name = past.luma.name or "tables of no known encoder"
    notes = [f"restored as the JPEG it was: {name}, blocks beginning at {past.grid.left},{past.grid.top}"]
    blocks = past.levels.changed
    if past.changed.any():
        height, width = (8 * factor for factor in past.levels.image.largest_factors)
        share = f"{np.count_nonzero(blocks)} of its {blocks.size} blocks of {width} x {height} pixels"
        notes.append(f"{share} were changed since it was a JPEG, and left as they are")
    return tuple(notes)


_RESCALED = (
    "artifacts of a JPEG that was scaled or changed since were taken out of its brightness, with the model "
    "small-rescaled (--rescaled off leaves it as it is)"
)
_UNCHANGED = {
    "never": "no trace of a JPEG was found, so the picture was left as it is "
    "(restoring, blurring or editing leaves none)",
    "rescaled": "the picture was scaled, which leaves no grid to restore by; it was left as it is",
    "changed": "the picture was a JPEG that was changed since, so it was left as it is; name its grid or quality "
    "(--grid, --quality-was) to restore it all the same",
}
