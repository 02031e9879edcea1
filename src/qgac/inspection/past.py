"""What a picture went through before, in JSON types and in lines for people."""

from __future__ import annotations

from typing import Any

import numpy as np

from qgac.coefficients.quantization import quality_of
from qgac.pixels.chroma import SAMPLINGS
from qgac.pixels.earlier import Earlier
from qgac.pixels.families import LUMA
from qgac.pixels.files import Picture
from qgac.pixels.past import Past, from_pixels
from qgac.pixels.steps import Steps

__all__ = ["describe_earlier", "describe_past", "describe_picture", "past_rows"]

_OUTCOMES = {
    "compressed": "these are the pixels of a JPEG",
    "changed": "a JPEG that was changed since",
    "rescaled": "a picture that was scaled; if it was a JPEG before, no grid of it is left",
    "never": "no trace of a JPEG (restoring, blurring or editing leaves none)",
}


def describe_picture(picture: Picture) -> dict[str, Any]:
    """Describe a picture that is no JPEG in JSON types: ``format``, ``width``, ``height``, its ``past``, ``notes``."""
    past = from_pixels(picture.pixels)
    return {
        "format": picture.kind,
        "width": past.width,
        "height": past.height,
        "past": describe_past(past),
        "notes": list(picture.notes),
    }


def describe_past(past: Past) -> dict[str, Any]:
    """Describe what was found in JSON types.

    Parameters
    ----------
    past : Past

    Returns
    -------
    dict
        ``outcome``, see :class:`qgac.pixels.past.Past`; ``grid`` (``x`` and ``y`` of the first whole block,
        ``confidence`` 0..1), ``sampling`` (``name`` such as ``"4:2:0"``, and ``confidence``), ``luma`` and ``chroma``
        (``table`` and ``confidence``, 8 rows of 8 each; ``measured``, how many of the 64 steps coefficients tell
        themselves; ``name`` of who writes the table, and its libjpeg ``quality``, None where there is none),
        ``explained`` (share of blocks, 0..1, that the levels found give to the pixel); None where there is no such
        thing.
    """
    found = past.luma is not None
    grid, chroma = past.grid, past.chroma
    return {
        "outcome": past.outcome,
        "grid": {"x": grid.left, "y": grid.top, "confidence": round(grid.confidence, 4)} if found else None,
        "sampling": {"name": SAMPLINGS[chroma.factors], "confidence": round(chroma.confidence, 4)} if chroma else None,
        "luma": _steps(past.luma, chroma=False),
        "chroma": _steps(chroma.steps if chroma else None, chroma=True),
        "explained": round(past.levels.explained, 4) if past.levels else None,
    }


def describe_earlier(earlier: Earlier | None) -> dict[str, Any] | None:
    """Describe the compression before the last one of a JPEG file; None if none was found.

    Returns
    -------
    dict or None
        ``grid`` (``x``, ``y``) and ``name`` of who writes its luma table.
    """
    if earlier is None or not earlier.found:
        return None
    return {"grid": {"x": earlier.left, "y": earlier.top}, "name": LUMA.names[earlier.index]}


def past_rows(entry: dict[str, Any]) -> list[tuple[str, str]]:
    """Return labels and texts for people, of what :func:`describe_past` returned."""
    rows = [("past", _OUTCOMES[entry["outcome"]])]
    if entry["grid"] is not None:
        rows.append(("grid", "blocks begin at {x},{y} (confidence {confidence:.0%})".format(**entry["grid"])))
        rows.append(("blocks", f"{entry['explained']:.0%} are those of the JPEG found, to the pixel"))
    if entry["sampling"] is not None:
        rows.append(("sampling", "{name} (confidence {confidence:.0%})".format(**entry["sampling"])))
    for plane in ("luma", "chroma"):
        if entry[plane] is not None:
            mean = float(np.mean(entry[plane]["confidence"]))
            name = entry[plane]["name"] or "of no known encoder"
            rows.append((plane, f"{name} (confidence {mean:.0%}, {entry[plane]['measured']} of 64 steps measured)"))
    return rows


def _steps(steps: Steps | None, *, chroma: bool) -> dict[str, Any] | None:
    if steps is None:
        return None
    return {
        "table": steps.table.tolist(),
        "confidence": steps.confidence.round(3).tolist(),
        "measured": int(steps.measured.sum()),
        "name": steps.name,
        "quality": quality_of(steps.table, chroma=chroma),
    }
