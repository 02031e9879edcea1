"""The logs of a run: a table of its validations, curves for TensorBoard, and a sheet of restored crops."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from qgac.files.atomic import whole_file, write_atomically

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

__all__ = ["Log"]


class Log:
    """What a run writes for people to look at.

    Parameters
    ----------
    folder : Path
        Of the run. ``metrics.csv`` gets a row for every validation, ``sheet.png`` shows the latest one, and
        ``tensorboard`` holds the curves, the sheets of all validations included.
    step : int
        Where the run stands. What an interrupted run wrote after its last checkpoint is forgotten: it is made again.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self._folder = folder
        self._step = step
        self._writer: SummaryWriter | None = None
        path = folder / "metrics.csv"
        if path.exists() and path.stat().st_size:
            header, *rows = path.read_text().splitlines()
            kept = [row for row in rows if int(row.split(",", 1)[0]) <= step]
            text = "".join(f"{line}\n" for line in (header, *kept) if kept)
            write_atomically(text.encode(), path, overwrite=True)

    def write(
        self,
        step: int,
        loss: float,
        parts: dict[str, float],
        learning_rate: float,
        validation: dict[str, float] | None,
    ) -> None:
        """Log the means since the last report, and a validation if there was one."""
        curves = {"train/loss": loss, "train/learning_rate": learning_rate}
        curves |= {f"train/{name}": value for name, value in parts.items()}
        curves |= {f"validation/{name}": value for name, value in (validation or {}).items()}
        for name, value in curves.items():
            self._curves.add_scalar(name, value, step)
        if validation is None:
            return
        row = {"learning_rate": learning_rate, "loss": loss, **parts, **validation}
        with (self._folder / "metrics.csv").open("a", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            if file.tell() == 0:
                writer.writerow(["step", *row])
            writer.writerow([step, *(f"{value:.6g}" for value in row.values())])

    def show(self, step: int, sheet: NDArray[np.uint8]) -> None:
        """Keep a contact sheet, shape (H, W, 3), RGB."""
        with whole_file(self._folder / "sheet.png", overwrite=True) as partial:
            Image.fromarray(sheet).save(partial, "PNG")
        self._curves.add_image("sheet", sheet, step, dataformats="HWC")

    def close(self) -> None:
        """Write what is not written yet."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    @property
    def _curves(self) -> SummaryWriter:
        if self._writer is None:  # its import takes seconds
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(
                str(self._folder / "tensorboard"), purge_step=self._step + 1 if self._step else None
            )
        return self._writer
