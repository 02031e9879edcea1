"""The state of a training run: weights, their average, optimisers, position; saved as one file, resumed exactly."""

from __future__ import annotations

import copy
import json
import math
import pickle
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from qgac.files.atomic import whole_file, write_atomically
from qgac.models.qgac import QGAC
from qgac.training.descent import Descent
from qgac.training.log import Log
from qgac.training.machine import TrainingError, wants
from qgac.training.recipe import Recipe
from qgac.weights.checkpoints import save_model

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["Progress", "Run"]

# A GPU is asked for what it found only this often: each time, it stands still.
_CHECK_EVERY = 50


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
        On the device of `fabric`; trained in place.
    trained : nn.Module
        The part of it that the optimiser moves.
    folder : Path
        Receives ``run.pt`` (everything needed to resume), ``last.safetensors`` and, but for the GAN stage,
        ``best.safetensors`` (the moving average), ``recipe.json`` and the logs, see :class:`qgac.training.log.Log`.
        Only the first process writes.
    fabric : Fabric
        From :func:`qgac.training.machine.start`.
    resume : bool
        Go on from ``run.pt``.
    stop : callable, optional
        Asked between steps; once it returns True in any process, the run is saved and its steps end in all of them.
    partners : mapping of Descent, optional
        Networks that are trained beside the model and have a place of their own in ``run.pt``, a discriminator for one.
        They take their steps with :meth:`Descent.step`; their learning rates are set here.

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
        fabric: Fabric,
        resume: bool,
        stop: Callable[[], bool] | None = None,
        partners: Mapping[str, Descent] | None = None,
    ) -> None:
        self.recipe = recipe
        self.fabric = fabric
        self.model = model
        self.folder = folder
        self.step = 0
        self.best = -math.inf
        self.partners = dict(partners or {})
        self._stop = stop
        self._descent = Descent(trained, recipe.optimization, fabric)
        self.average = copy.deepcopy(model).requires_grad_(False).eval()
        names = {id(p): name for name, p in model.named_parameters()}
        averaged = dict(self.average.named_parameters())
        self._averaged: list[Tensor] = [averaged[names[id(p)]] for p in self._descent.parameters]
        self._sums: dict[str, Tensor] = {}
        self._count = 0
        self._since_save = time.monotonic()
        state = folder / "run.pt"
        if resume:
            self._load(state)
        elif state.exists():
            raise TrainingError(
                f"{folder} holds a run already; add --resume to go on with it, or choose another folder"
            )
        fabric.barrier()  # nobody writes before everybody has looked
        if fabric.is_global_zero:
            folder.mkdir(parents=True, exist_ok=True)
            if not resume:
                content = json.dumps(recipe.to_dict(), indent=2) + "\n"
                write_atomically(content.encode(), folder / "recipe.json", overwrite=True)
        self.log = Log(folder, self.step) if fabric.is_global_zero else None

    @property
    def optimizer(self) -> torch.optim.Adam:
        """The optimiser of the model."""
        return self._descent.optimizer

    def steps(self) -> Iterator[int]:
        """Yield the number of each step that is left, with the learning rates set; checkpoints by the clock."""
        while self.step < self.recipe.optimization.steps:
            late = time.monotonic() - self._since_save > 60 * self.recipe.minutes_between_checkpoints
            stop, late = wants(self.fabric, self._stop is not None and self._stop(), late)
            if stop or late:
                self.save()
            if stop:
                return
            for descent in (self._descent, *self.partners.values()):
                descent.set_learning_rate(self.step)
            yield self.step

    def update(self, loss: Tensor, parts: Mapping[str, Tensor]) -> None:
        """Take one step of the model down the gradient of a loss; a batch whose gradient is not finite is left out.

        Parameters
        ----------
        loss : Tensor, shape ()
            Mean over this process's share of the batch.
        parts : mapping of Tensor, shape ()
            What else to log.

        Raises
        ------
        TrainingError
            If too many batches in a row gave no finite gradient.
        """
        figures = {name: value.detach().clone() for name, value in {"loss": loss, **parts}.items()}
        finite = self._descent.step(loss, list(figures.values()))
        self._update_average(finite)
        self.step += 1
        for name, value in figures.items():
            self._sums[name] = value.double() + self._sums.get(name, 0)
        self._count += 1
        if self.fabric.device.type == "cpu" or self.step % _CHECK_EVERY == 0:
            for descent in (self._descent, *self.partners.values()):
                descent.check()

    @torch.no_grad()
    def _update_average(self, finite: Tensor) -> None:
        decay = min(self.recipe.optimization.ema, (1 + self.step) / (10 + self.step))
        difference = torch._foreach_sub(self._descent.parameters, self._averaged)
        torch._foreach_mul_(difference, (1 - decay) * finite)
        torch._foreach_add_(self._averaged, difference)

    def report(self, validation: dict[str, float] | None = None) -> Progress:
        """Return the means since the last report, and log them and a validation."""
        means = {name: float(value) / max(1, self._count) for name, value in self._sums.items()}
        self._sums, self._count = {}, 0
        loss = means.pop("loss", math.nan)
        progress = Progress(self.step, loss, means, self.optimizer.param_groups[0]["lr"], validation)
        if self.log is not None:
            self.log.write(progress.step, progress.loss, progress.parts, progress.learning_rate, validation)
        return progress

    def save(self, validation: dict[str, float] | None = None) -> None:
        """Write ``run.pt`` and the exported weights, each whole or not at all; ``best`` if the validation says so.

        All processes return once it is done.
        """
        # Texture costs PSNR, so the best of a GAN stage is not found by it: its last weights are what it made.
        better = self.recipe.stage != "gan" and validation is not None and validation["mean"] > self.best
        if validation is not None and better:
            self.best = validation["mean"]
        if self.fabric.is_global_zero:
            if validation is not None:
                self._export("last", validation)
            if validation is not None and better:
                self._export("best", validation)
            self._write_state()
        self.fabric.barrier()
        self._since_save = time.monotonic()

    def _export(self, name: str, validation: dict[str, float]) -> None:
        record = {
            "stage": self.recipe.stage,
            "step": self.step,
            "recipe": self.recipe.to_dict(),
            "validation": validation,
        }
        save_model(self.average, self.folder / f"{name}.safetensors", record=record)

    def _write_state(self) -> None:
        state = {
            "recipe": json.dumps(self.recipe.to_dict()),
            "step": self.step,
            "best": self.best,
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self._descent.state_dict(),
            "partners": {
                name: {"network": descent.network.state_dict(), "optimizer": descent.state_dict()}
                for name, descent in self.partners.items()
            },
            "sums": {name: float(value) for name, value in self._sums.items()},
            "count": self._count,
        }
        with whole_file(self.folder / "run.pt", overwrite=True) as partial, partial.open("wb") as file:
            torch.save(state, file)

    def close(self) -> None:
        """Finish the logs."""
        if self.log is not None:
            self.log.close()

    def _load(self, path: Path) -> None:
        if not path.exists():
            raise TrainingError(f"{self.folder} holds no run to resume; start it without --resume")
        try:
            state: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
        except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
            raise TrainingError(
                f"{path} is damaged; start in another folder from the last.safetensors beside it (--start)"
            ) from error
        keys = {"recipe", "model", "average", "optimizer", "partners", "step", "best", "count", "sums"}
        if not isinstance(state, dict) or not keys <= state.keys():
            raise TrainingError(
                f"{path} was written by another version; start in another folder from the last.safetensors beside it "
                "(--start)"
            )
        if Recipe.from_dict(json.loads(state["recipe"])) != self.recipe:
            raise TrainingError(
                f"{self.folder} was made by another recipe; resume with the one kept in its recipe.json"
            )
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self._descent.load_state_dict(state["optimizer"])
        for name, descent in self.partners.items():
            descent.network.load_state_dict(state["partners"][name]["network"])
            descent.load_state_dict(state["partners"][name]["optimizer"])
        self.step, self.best, self._count = state["step"], state["best"], state["count"]
        self._sums = {
            name: torch.tensor(value, dtype=torch.float64, device=self.fabric.device)
            for name, value in state["sums"].items()
        }
