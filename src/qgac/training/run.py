"""The state of a training run: weights, their average, optimiser, position; saved as one file, resumed exactly."""

from __future__ import annotations

import copy
import csv
import json
import math
import os
import pickle
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from qgac.checkpoints import save_model
from qgac.models.qgac import QGAC
from qgac.training.recipe import Recipe

__all__ = ["Progress", "Run", "TrainingError"]

# This many batches in a row without a finite gradient mean that the run has diverged.
_PATIENCE = 20


class TrainingError(RuntimeError):
    """A run cannot go on."""


@dataclass(frozen=True)
class Progress:
    """What a step reports.

    Attributes
    ----------
    step : int
        Steps done.
    loss : float
        Mean total loss since the last report.
    parts : dict of float
        Its parts, likewise.
    learning_rate : float
    validation : dict of float or None
        Mean gain in dB over the decoded JPEG on held-out crops, for each quality (``q10`` ...) and in the ``mean``.
    """

    step: int
    loss: float
    parts: dict[str, float]
    learning_rate: float
    validation: dict[str, float] | None


class Run:
    """One run in its folder.

    Parameters
    ----------
    recipe : Recipe
    model : QGAC
        Trained in place.
    trained : nn.Module
        The part of it that the optimiser moves.
    folder : Path
        Receives ``run.pt`` (everything needed to resume), ``last.safetensors`` and ``best.safetensors`` (the moving
        average), ``metrics.csv`` and ``recipe.json``.
    resume : bool
        Go on from ``run.pt``.
    stop : callable, optional
        Asked between steps; once it returns True, the run is saved and its steps end.

    Raises
    ------
    TrainingError
        If there is a run in the folder and it should not be resumed, or the other way round, or the recipes differ.
    """

    def __init__(
        self,
        recipe: Recipe,
        model: QGAC,
        trained: nn.Module,
        folder: Path,
        *,
        resume: bool,
        stop: Callable[[], bool] | None = None,
    ) -> None:
        self.recipe = recipe
        self._stop = stop
        self.model = model
        self.folder = folder
        self.step = 0
        self.best = -math.inf
        self._parameters: list[Tensor] = [p for p in trained.parameters() if p.requires_grad]
        self.average = copy.deepcopy(model).requires_grad_(False).eval()
        names = {id(p): name for name, p in model.named_parameters()}
        averaged = dict(self.average.named_parameters())
        self._averaged: list[Tensor] = [averaged[names[id(p)]] for p in self._parameters]
        optimization = recipe.optimization
        self.optimizer = torch.optim.Adam(self._parameters, lr=optimization.learning_rate, betas=optimization.betas)
        self._sums: dict[str, float] = {}
        self._count = 0
        self._bad = 0
        self._since_save = time.monotonic()
        state = folder / "run.pt"
        if resume:
            self._load(state)
        elif state.exists():
            raise TrainingError(
                f"{folder} holds a run already; add --resume to go on with it, or choose another folder"
            )
        else:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "recipe.json").write_text(json.dumps(recipe.to_dict(), indent=2) + "\n")

    def steps(self) -> Iterator[int]:
        """Yield the number of each step that is left, with the learning rate set."""
        while self.step < self.recipe.optimization.steps:
            if self._stop is not None and self._stop():
                self.save()
                return
            for group in self.optimizer.param_groups:
                group["lr"] = self.recipe.optimization.learning_rate_at(self.step)
            yield self.step

    def update(self, loss: Tensor, parts: dict[str, Tensor]) -> None:
        """Take one optimiser step down the gradient of a loss; a batch whose gradient is not finite is left out.

        Raises
        ------
        TrainingError
            If too many batches in a row gave no finite gradient.
        """
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        limit = self.recipe.optimization.clip or math.inf
        norm = torch.nn.utils.clip_grad_norm_(self._parameters, limit)
        if torch.isfinite(norm):
            self._bad = 0
            self.optimizer.step()
            self._update_average()
        else:
            self._bad += 1
            if self._bad >= _PATIENCE:
                raise TrainingError(
                    f"no finite gradient in {_PATIENCE} batches up to step {self.step}; lower the learning rate"
                )
        self.step += 1
        for name, value in {"loss": loss.detach(), **parts}.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(value)
        self._count += 1

    @torch.no_grad()
    def _update_average(self) -> None:
        decay = min(self.recipe.optimization.ema, (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(self._averaged, self._parameters, 1 - decay)

    def report(self, validation: dict[str, float] | None = None) -> Progress:
        """Return the means since the last report, and keep them and a validation in ``metrics.csv``."""
        means = {name: value / max(1, self._count) for name, value in self._sums.items()}
        self._sums, self._count = {}, 0
        loss = means.pop("loss", math.nan)
        rate = self.optimizer.param_groups[0]["lr"]
        if validation is not None:
            row = {"step": self.step, "learning_rate": rate, "loss": loss, **means, **validation}
            path = self.folder / "metrics.csv"
            new = not path.exists()
            with path.open("a", newline="") as file:
                writer = csv.DictWriter(file, fieldnames=list(row))
                if new:
                    writer.writeheader()
                writer.writerow({key: f"{value:.6g}" for key, value in row.items()})
        return Progress(self.step, loss, means, rate, validation)

    def save(self, validation: dict[str, float] | None = None) -> None:
        """Write ``run.pt`` and the exported weights, each whole or not at all; ``best`` if the validation says so."""
        record = {
            "stage": self.recipe.stage,
            "step": self.step,
            "recipe": self.recipe.to_dict(),
            "validation": validation or {},
        }
        if validation is not None:
            save_model(self.average, self.folder / "last.safetensors", record=record)
            if validation["mean"] > self.best:
                self.best = validation["mean"]
                save_model(self.average, self.folder / "best.safetensors", record=record)
        state = {
            "recipe": json.dumps(self.recipe.to_dict()),
            "step": self.step,
            "best": self.best,
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "sums": self._sums,
            "count": self._count,
        }
        partial = self.folder / "run.pt.partial"
        with partial.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.folder / "run.pt")
        self._since_save = time.monotonic()

    def due(self) -> bool:
        """Whether a checkpoint is due by the clock."""
        return time.monotonic() - self._since_save > 60 * self.recipe.minutes_between_checkpoints

    def _load(self, path: Path) -> None:
        if not path.exists():
            raise TrainingError(f"{self.folder} holds no run to resume; start it without --resume")
        try:
            state: dict[str, Any] = torch.load(path, weights_only=True)
        except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
            raise TrainingError(
                f"{path} is damaged; start again from last.safetensors beside it with --start"
            ) from error
        if Recipe.from_dict(json.loads(state["recipe"])) != self.recipe:
            raise TrainingError(
                f"{self.folder} was made by another recipe; resume with the one kept in its recipe.json"
            )
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.best = state["step"], state["best"]
        self._sums, self._count = state["sums"], state["count"]
        self._drop_later_rows()

    def _drop_later_rows(self) -> None:
        """Forget the validations that an interrupted run made after its last checkpoint: they are made again."""
        path = self.folder / "metrics.csv"
        if path.exists() and path.stat().st_size:
            header, *rows = path.read_text().splitlines()
            kept = [row for row in rows if int(row.split(",", 1)[0]) <= self.step]
            path.write_text("\n".join([header, *kept]) + "\n")
