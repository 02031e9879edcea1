"""Measurements of an evaluation that was interrupted, kept beside the result that it was to write."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from qgac.evaluation.record import Evaluation, Measurement, Settings
from qgac.evaluation.tables import from_json, to_json
from qgac.files.atomic import write_atomically

__all__ = ["Kept", "partial_of"]

_EVERY = 30  # seconds between two savings


def partial_of(result: Path) -> Path:
    """Return where the measurements are kept until a result is complete."""
    return result.with_name(result.name + ".partial")


class Kept:
    """What has been measured so far, saved now and then.

    Parameters
    ----------
    dataset : str
    settings : Settings
    pictures : sequence of Path
    result : Path or None
        Where the whole result will go; without it nothing is kept.
    resume : bool
        Whether to begin with what an interrupted evaluation, or an earlier result, holds of the same.

    Raises
    ------
    ValueError
        If what is there was measured otherwise, or is something else.
    """

    def __init__(
        self, dataset: str, settings: Settings, pictures: Sequence[Path], result: Path | None, *, resume: bool
    ) -> None:
        self._dataset, self._settings = dataset, settings
        self._partial = None if result is None else partial_of(result)
        self._saved = time.monotonic()
        self.measurements: list[Measurement] = []
        if resume and result is not None:
            wanted = {(path.name, quality) for path in pictures for quality in settings.qualities}
            self.measurements = [m for m in self._earlier(result) if (m.picture, m.quality) in wanted]

    @property
    def done(self) -> set[tuple[str, int]]:
        """Names and qualities of what is measured."""
        return {(m.picture, m.quality) for m in self.measurements}

    def add(self, measurement: Measurement) -> None:
        """Add a measurement, and save all if the last time is long ago."""
        self.measurements.append(measurement)
        if time.monotonic() - self._saved > _EVERY:
            self.save()

    def save(self) -> None:
        """Save what is measured so far."""
        if self._partial is not None and self.measurements:
            qualities = tuple(sorted({m.quality for m in self.measurements}))
            part = Evaluation(self._dataset, replace(self._settings, qualities=qualities), tuple(self.measurements))
            write_atomically(to_json(part).encode(), self._partial, overwrite=True)
            self._saved = time.monotonic()

    def forget(self) -> None:
        """Remove what was saved; the whole result is there."""
        if self._partial is not None:
            self._partial.unlink(missing_ok=True)

    def _earlier(self, result: Path) -> list[Measurement]:
        path = next((path for path in (partial_of(result), result) if path.exists()), None)
        if path is None:
            return []
        try:
            earlier = from_json(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{path} {error}") from error
        old, new = earlier.settings, self._settings
        same = replace(old, qualities=new.qualities, programs=new.programs, limit=new.limit) == new
        changed = any(new.programs.get(name, command) != command for name, command in old.programs.items())
        if earlier.dataset != self._dataset or not same or changed:
            raise ValueError(f"{path} was measured with other settings; name another file, or leave --resume out")
        needed = set(new.methods)
        return [
            replace(
                m,
                scores={name: m.scores[name] for name in new.methods},
                seconds={name: value for name, value in m.seconds.items() if name in needed},
                st_lpips={name: value for name, value in m.st_lpips.items() if name in needed},
            )
            for m in earlier.measurements
            if needed <= set(m.scores)
        ]
